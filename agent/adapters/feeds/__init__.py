"""Rankings and regimes of public data providers, in their own formats."""

from agent.adapters.feeds.coingecko import COINGECKO
from agent.adapters.feeds.coinmarketcap import COINMARKETCAP
from agent.adapters.feeds.coinpaprika import COINPAPRIKA
from agent.adapters.feeds.provider import Provider, ProviderRanking, ProviderRegime
from agent.adapters.feeds.tokenmetrics import TOKENMETRICS

PROVIDERS = {p.name: p for p in (COINGECKO, COINMARKETCAP, COINPAPRIKA, TOKENMETRICS)}

__all__ = [
    "COINGECKO",
    "COINMARKETCAP",
    "COINPAPRIKA",
    "PROVIDERS",
    "TOKENMETRICS",
    "Provider",
    "ProviderRanking",
    "ProviderRegime",
]
