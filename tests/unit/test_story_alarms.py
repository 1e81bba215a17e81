"""What a terminal shows of alarms and waits while a cycle is under way."""

import pytest
from rich.text import Text

from agent.cli.views_run import Story
from agent.domain.bodies import NoncesAdopted
from agent.domain.happening import FeeHeld, NonceTaken
from tests.logbook import ACCOUNT, VAULT, block

ADOPTED = NoncesAdopted(
    chain_id=1, account=ACCOUNT, contract=VAULT, first_nonce=8, next_nonce=10, sequence=1,
    block=block(9), by="agent", note="",
)  # fmt: skip


@pytest.mark.parametrize(
    ("happening", "words"),
    [
        (ADOPTED, "nonces 8 to 9 of"),
        (NonceTaken(account=ACCOUNT, nonce=7, intent_id="i"), "planned anew"),
        (FeeHeld(asked=81 * 10**9, ceiling=50 * 10**9), "nothing is signed until it costs less"),
    ],
)
def test_alarms_and_waits_are_one_line_each(happening, words):
    told = Story().told(happening)

    assert isinstance(told, Text)
    assert words in told.plain
    assert "\n" not in told.plain
