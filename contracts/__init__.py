"""The contracts in Solidity, and what builds their artifacts."""
