"""What a ranked coin is by its words and price, where the token map does not know it.

Words only ever leave a coin out of the index; what it is held as is the token map's alone to say.
"""

from __future__ import annotations

import re
from decimal import Decimal

from agent.domain.signal import RankedCoin

CURRENCY = re.compile(r"USD|^(EUR|GBP)|^(DAI|FRAX|GHO|XSGD|MXNT)$")
CURRENCY_NAME = re.compile(r"\b(usd|dollar|stablecoin|euro coin)\b", re.IGNORECASE)
FORM = re.compile(
    r"\b(wrapped|bridged|staked|staking|restaked|liquid staking|pegged|binance-peg)\b",
    re.IGNORECASE,
)
DEAREST_CURRENCY_USD = Decimal(2)
"""What names a currency and costs more is something else."""


def is_stablecoin(row: RankedCoin) -> bool:
    """Return whether a coin names a currency; one dollar of price alone is no proof."""
    says_so = bool(CURRENCY.search(row.symbol.upper())) or bool(CURRENCY_NAME.search(row.name))
    return says_so and (row.price_usd is None or row.price_usd < DEAREST_CURRENCY_USD)


def is_duplicate(row: RankedCoin) -> bool:
    """Return whether a coin names itself as a wrapped, staked or bridged form of another."""
    return bool(FORM.search(row.name))
