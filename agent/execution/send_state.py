"""One transaction's way from intent to its end: what to do next in each state, and what answers mean."""

from __future__ import annotations

from enum import StrEnum, auto
from typing import assert_never

from agent.domain.intent import TxState
from agent.ports import SendAnswer


class Step(StrEnum):
    """What is done next for an intent."""

    RESERVE = auto()
    SIGN = auto()
    DOUBT = auto()
    WATCH = auto()
    CONFIRM = auto()
    REST = auto()


def next_step(state: TxState) -> Step:
    """Return the step that is due; each is committed before the act that it permits."""
    match state:
        case TxState.INTENT:
            return Step.RESERVE
        case TxState.RESERVED:
            return Step.SIGN
        case TxState.SIGNED:
            return Step.DOUBT
        case TxState.IN_DOUBT | TxState.SEEN:
            return Step.WATCH
        case TxState.MINED:
            return Step.CONFIRM
        case TxState.FINAL_OK | TxState.FINAL_REVERTED | TxState.CANCELLED | TxState.EXTERNAL:
            return Step.REST
        case _:
            assert_never(state)


class Meaning(StrEnum):
    """What an endpoint's answer to a broadcast says of the transaction."""

    ACCEPTED = auto()
    POSSIBLY_OURS = auto()
    UNKNOWN = auto()


POSSIBLY_OURS = (
    "already known",
    "transaction already imported",
    "same hash was already imported",
    "nonce too low",
    "nonce is too low",
)
"""Words of nodes that hold these bytes already, or have seen their nonce used, by them perhaps."""


def meaning(answer: SendAnswer) -> Meaning:
    """Return what an answer means. By its text: codes differ between nodes for the same thing.

    What is not listed is unknown, and unknown is not failed.
    """
    if answer.is_accepted:
        return Meaning.ACCEPTED
    text = answer.text.lower()
    if any(words in text for words in POSSIBLY_OURS):
        return Meaning.POSSIBLY_OURS
    return Meaning.UNKNOWN


def state_after(answer: SendAnswer) -> TxState:
    """Return the state of a transaction that was in doubt when it was sent."""
    return TxState.SEEN if meaning(answer) is Meaning.ACCEPTED else TxState.IN_DOUBT


def final_state(*, is_success: bool) -> TxState:
    return TxState.FINAL_OK if is_success else TxState.FINAL_REVERTED


def is_under_way(state: TxState) -> bool:
    """Return whether a nonce is taken and not known to be used: the next one has to wait."""
    return state in {TxState.RESERVED, TxState.SIGNED, TxState.IN_DOUBT, TxState.SEEN}
