"""What is asked of venues and what they answer."""

from __future__ import annotations

from dataclasses import dataclass

from agent.domain.token import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRequest:
    """A pair and the input sizes, ascending, at which an order may use a venue."""

    order_id: str
    token_in: Token
    token_out: Token
    amounts_in: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A venue's offer for one exact input size of one order, and what became of it.

    `venue` is the pool's address for a pool. `taken_amount_in` is what the split gave it; 0 means
    that the quote lost, and `verdict` says why.
    """

    order_id: str
    venue: str
    amount_in: int
    amount_out: int
    gas: int
    taken_amount_in: int
    verdict: str
