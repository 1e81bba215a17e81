"""On-chain execution agent for crypto index portfolios."""

__version__ = "0.1.0"
