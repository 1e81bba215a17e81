"""A node that keeps mainnet's rules and can be made to fail: loopback endpoints in front of Anvil."""
