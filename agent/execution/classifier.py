"""What an endpoint's answer to a broadcast says of a transaction, by its words.

Codes differ between nodes for the same thing, so only the text counts, in lower case. The words are
those of the clients' own sources. What is not listed is unknown, and unknown is not failed: whatever
the meaning, only evidence from the chain ends a transaction.
"""

from __future__ import annotations

import re
from enum import StrEnum, auto

from agent.ports import SendAnswer


class Meaning(StrEnum):
    """What an answer says; in the order in which one outweighs another among several endpoints."""

    ACCEPTED = auto()
    POSSIBLY_OURS = auto()
    """These bytes are there already, or their nonce is used, by them perhaps."""
    SLOT_HELD = auto()
    """Another payload holds the nonce in the pool, and pays too much to be replaced by this one."""
    UNDERFUNDED = auto()
    FEE_TOO_LOW = auto()
    DELEGATED_POOL = auto()
    """The account carries a delegation, and the pool holds one transaction of it at most."""
    GAP = auto()
    """An earlier nonce is missing where the endpoint looks."""
    UNKNOWN = auto()


WORDS: tuple[tuple[Meaning, tuple[str, ...]], ...] = (
    (
        Meaning.DELEGATED_POOL,
        (
            "in-flight transaction limit reached",
            "from delegated accounts",
            "authority already reserved",
            "authority nonce too low",
            "delegation nonce gap",
            "delegation authority has pending transaction",
            "notcurrentnoncefordelegation",
            "futurenoncefordelegatedaccount",
            "delegatorhaspendingtx",
            "pendingdelegation",
        ),
    ),
    (
        Meaning.SLOT_HELD,
        (
            "replacement transaction underpriced",
            "replacementnotallowed",
            "ownnoncealreadyused",
            "replaced by transaction with higher tip",
            "could not replace existing tx",
            "to replace existing transaction",
            "another transaction with same nonce in the queue",
        ),
    ),
    (
        Meaning.POSSIBLY_OURS,
        (
            "already known",
            "alreadyknown",
            r"\bknown transaction",
            "same hash",
            "already imported",
            "nonce too low",
            "nonce is too low",
            "oldnonce",
        ),
    ),
    (
        Meaning.GAP,
        (
            "nonce too high",
            "nonce is too high",
            "tx-nonce-too-high",
            "nonce too far in (?:the )?future",
            r"\bnoncegap",
            "nonce out of range",
            "exceeds next nonce",
            "too distant from current sender nonce",
            "transaction with a lower nonce exists",
            "future transaction tries to replace pending",
        ),
    ),
    (
        Meaning.UNDERFUNDED,
        (
            "insufficient funds",
            "insufficientfunds",
            "insufficient balance",
            "would cause overdraft",
            "upfront cost exceeds account balance",
        ),
    ),
    (
        Meaning.FEE_TOO_LOW,
        (
            "transaction underpriced",
            "fee_too_low",
            "feetoolow",
            "fee too low",
            "max fee per gas less than block base fee",
            "gas price below",
            "gas price is too low",
            "priority fee below minimum",
            "dropped due to limit. try increasing the fee",
        ),
    ),
)
"""Patterns by meaning; a text has the first meaning that one of its patterns is found for."""

_PATTERNS = tuple((meaning, re.compile("|".join(words))) for meaning, words in WORDS)


def meaning(answer: SendAnswer) -> Meaning:
    """Return what an answer means; of several endpoints' lines, the one that outweighs the others."""
    if answer.is_accepted:
        return Meaning.ACCEPTED
    found = {_meaning_of(line) for line in answer.text.lower().splitlines()}
    return next((meaning for meaning in Meaning if meaning in found), Meaning.UNKNOWN)


def _meaning_of(line: str) -> Meaning:
    return next((meaning for meaning, words in _PATTERNS if words.search(line)), Meaning.UNKNOWN)
