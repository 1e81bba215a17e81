"""The chain twin: mainnet's contracts, tokens and pools on a local Anvil, and forks of it."""
