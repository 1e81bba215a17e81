"""One transaction's way from intent to its end: what to do next in each state, and what answers mean."""

from __future__ import annotations

from enum import StrEnum, auto
from typing import assert_never

from agent.domain.intent import AttemptKind, TxState
from agent.execution.classifier import Meaning, meaning
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


def state_after(answer: SendAnswer) -> TxState:
    """Return the state of a transaction that was in doubt when it was sent."""
    return TxState.SEEN if meaning(answer) is Meaning.ACCEPTED else TxState.IN_DOUBT


def final_state(kind: AttemptKind, *, is_success: bool) -> TxState:
    if kind is AttemptKind.CANCEL:
        return TxState.CANCELLED
    return TxState.FINAL_OK if is_success else TxState.FINAL_REVERTED


def is_under_way(state: TxState) -> bool:
    """Return whether a nonce is taken and not known to be used: the next one has to wait."""
    return state in {TxState.RESERVED, TxState.SIGNED, TxState.IN_DOUBT, TxState.SEEN}
