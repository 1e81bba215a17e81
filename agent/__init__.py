"""On-chain execution agent for crypto index portfolios."""
