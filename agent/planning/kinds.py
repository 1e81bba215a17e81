"""What a ranked coin is by its words and price, where the token map does not know it.

Words only ever leave a coin out of the index; what it is held as is the token map's alone to say.
"""

from __future__ import annotations

from decimal import Decimal

from agent.domain.signal import RankedCoin

CURRENCY_BEGINNINGS = ("EUR", "GBP")
CURRENCIES = frozenset({"DAI", "FRAX", "GHO", "XSGD", "MXNT"})
CURRENCY_WORDS = frozenset({"usd", "dollar", "stablecoin"})
FORM_WORDS = frozenset({"wrapped", "bridged", "staked", "staking", "restaked", "pegged", "peg"})
DEAREST_CURRENCY_USD = Decimal(2)
"""What names a currency and costs more is something else."""


def is_stablecoin(row: RankedCoin) -> bool:
    """Return whether a coin names a currency; one dollar of price alone is no proof."""
    symbol = row.symbol.upper()
    says_so = (
        "USD" in symbol
        or symbol.startswith(CURRENCY_BEGINNINGS)
        or symbol in CURRENCIES
        or not CURRENCY_WORDS.isdisjoint(_words(row.name))
    )
    return says_so and (row.price_usd is None or row.price_usd < DEAREST_CURRENCY_USD)


def is_duplicate(row: RankedCoin) -> bool:
    """Return whether a coin names itself as a wrapped, staked or bridged form of another."""
    return not FORM_WORDS.isdisjoint(_words(row.name))


def _words(name: str) -> frozenset[str]:
    return frozenset(name.lower().replace("-", " ").replace("(", " ").replace(")", " ").split())
