"""What `agent status` says when somebody else used the agent's nonces."""

import json

from agent.adapters.ledger import open_ledger
from agent.domain.bodies import NoncesAdopted
from agent.domain.record import BETWEEN_CYCLES
from agent.log.keys import load_key
from tests.adapters.test_cli_tx import agent, deployment
from tests.logbook import ACCOUNT, VAULT, SteppingClock, block

__all__ = ["deployment"]


def test_nonces_of_strangers_are_an_alarm_until_somebody_looks(deployment):
    assert "alarm" not in agent("status", "--settings", deployment).stdout
    directory = deployment.parent
    key = load_key(directory / "checkpoint.pem")
    with open_ledger(
        directory / "agent.sqlite", clock=SteppingClock(), checkpoint_key=key
    ) as ledger:
        body = NoncesAdopted(
            chain_id=1, account=ACCOUNT, contract=VAULT, first_nonce=13, next_nonce=15,
            sequence=2, block=block(9), by="agent", note="",
        )  # fmt: skip
        ledger.append(body, cycle_id=BETWEEN_CYCLES)

    assert "somebody else used nonces 13, 14" in agent("status", "--settings", deployment).stdout
    tree = json.loads(agent("status", "--settings", deployment, "--json").stdout)
    assert ["13", "14"] == tree["foreign_nonces"]
