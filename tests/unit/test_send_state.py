import pytest

from agent.domain.intent import NEXT_STATES, TERMINAL, AttemptKind, TxState
from agent.execution.send_state import Step, final_state, is_under_way, next_step, state_after
from agent.ports import SendAnswer


@pytest.mark.parametrize("state", TxState)
def test_every_state_has_a_next_step(state):
    assert (next_step(state) is Step.REST) == (state in TERMINAL)


def test_only_acceptance_ends_doubt():
    assert TxState.SEEN is state_after(SendAnswer(is_accepted=True, text=""))
    assert TxState.IN_DOUBT is state_after(SendAnswer(is_accepted=False, text="already known"))
    assert TxState.IN_DOUBT is state_after(SendAnswer(is_accepted=False, text="HTTP 500"))


@pytest.mark.parametrize("state", TxState)
def test_a_nonce_is_under_way_from_its_reservation_until_it_is_mined(state):
    holds_nonce = state not in TERMINAL | {TxState.INTENT, TxState.MINED}

    assert holds_nonce == is_under_way(state)


def test_final_states_follow_the_receipt():
    assert TxState.FINAL_OK is final_state(AttemptKind.SEND, is_success=True)
    assert TxState.FINAL_REVERTED is final_state(AttemptKind.BUMP, is_success=False)
    assert TxState.CANCELLED is final_state(AttemptKind.CANCEL, is_success=True)
    ends = {final_state(kind, is_success=ok) for kind in AttemptKind for ok in (True, False)}
    assert ends <= NEXT_STATES[TxState.MINED]
