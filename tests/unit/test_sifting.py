"""Sifting: coins whose trades fail when a plan is tried are left out of it, and said so."""

from dataclasses import replace

import pytest
from eth_abi.abi import encode as encode_abi
from eth_utils.crypto import keccak

from agent.execution.calls import decode
from agent.execution.settlement import net_changes
from agent.planning.planner import plan
from agent.ports import SimulatedOutcome
from agent.rehearsal.sifting import MOST_TRIES, Sifting
from tests.worlds import USDC, WETH, world


def error(signature, types, *values):
    return "0x" + (keccak(text=signature)[:4] + encode_abi(types, values)).hex()


def leg_failed(index):
    return error("LegFailed(uint256,bytes)", ["uint256", "bytes"], index, b"")


def transfer_failed(token):
    types = ["address", "address", "uint256"]
    return error("TransferFailed(address,address,uint256)", types, token, WETH.address, 5)


class Picky:
    """Runs batches as planned, but one that moves a token of `bad` fails as `fails` says."""

    name = "picky"

    def __init__(self, bad, fails):
        self.bad, self.fails, self.plans = bad, fails, []

    def plan(self, inputs):
        self.plans.append(plan(inputs, proposal_id="aa" * 32))
        return self.plans[-1]

    def simulate(self, *, calls, watch, block):
        moved = {leg.token_out.address for batch in self.plans[-1].batches for leg in batch.legs}
        assert moved <= set(watch.tokens)
        batches = self.plans[-1].batches
        assert [decode(call.data).sequence for call in calls] == [b.sequence for b in batches]
        assert block == self.plans[-1].block
        outcomes = []
        for batch in batches:
            outcomes.append(self.outcome(batch))
            if not outcomes[-1].is_success:
                break
        return tuple(outcomes)

    def outcome(self, batch):
        done = SimulatedOutcome(
            is_success=True,
            revert_reason="",
            gas_used=1,
            deltas=dict(net_changes(batch.legs)),
            allowances={},
            logs=(),
        )
        for index, leg in enumerate(batch.legs):
            for token in {leg.token_in.address, leg.token_out.address} & self.bad:
                return self.fails(done, index, token)
        return done


def reverts(done, index, _):
    return replace(done, is_success=False, revert_reason=leg_failed(index))


def refuses(done, _, token):
    return replace(done, is_success=False, revert_reason=transfer_failed(token))


def keeps_a_fee(done, _, token):
    return replace(done, deltas={**done.deltas, token: done.deltas[token] - 1})


INPUTS = world(coins=12)
WHOLE = plan(INPUTS, proposal_id="aa" * 32)
COINS = sorted(
    {t.address for o in WHOLE.orders for t in (o.token_in, o.token_out)}
    - {hub.address for hub in INPUTS.chain_book.hubs}
)


def sifted(bad, fails):
    picky = Picky(set(bad), fails)
    return Sifting(simulator=picky).sifted(INPUTS, picky.plan), picky


@pytest.mark.parametrize("fails", [reverts, refuses, keeps_a_fee])
def test_a_coin_that_fails_is_left_out_and_the_rest_is_traded(fails):
    inputs, picky = sifted(COINS[:1], fails)
    made = plan(inputs, proposal_id="aa" * 32)
    traded = {t.address for o in made.orders for t in (o.token_in, o.token_out)}
    (token, reason), *others = inputs.set_aside_by_token.items()

    assert (token, others) == (COINS[0], [])
    assert token not in traded
    assert len(COINS) - 1 == len(traded & set(COINS))
    assert any(reason in skipped.reason for skipped in made.skipped)
    assert len(picky.plans) == 2


def test_several_are_found_one_after_the_other():
    inputs, _ = sifted(COINS[:3], reverts)

    assert set(COINS[:3]) == set(inputs.set_aside_by_token)


def test_a_plan_that_runs_is_left_as_it_is():
    inputs, picky = sifted([], reverts)

    assert inputs is INPUTS
    assert len(picky.plans) == 1


def test_a_hub_is_never_set_aside():
    inputs, picky = sifted([WETH.address, USDC.address], refuses)

    assert not inputs.set_aside_by_token
    assert len(picky.plans) == 1


def test_what_nobody_can_be_blamed_for_is_left_to_the_gate():
    inputs, _ = sifted(COINS[:1], lambda done, *_: replace(done, is_success=False))

    assert inputs is INPUTS


def test_trying_has_an_end():
    _, picky = sifted(COINS, reverts)

    assert len(picky.plans) <= MOST_TRIES
