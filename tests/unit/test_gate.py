from dataclasses import replace
from hashlib import sha256

import pytest
from eth_abi.abi import encode as encode_abi
from eth_utils.crypto import keccak

from agent.domain.canonical import content_id
from agent.domain.intent import FeeCap
from agent.domain.offer import Service
from agent.domain.units import ZERO_ADDRESS
from agent.errors import CalldataError, RehearsalMismatchError
from agent.execution.calls import encode
from agent.execution.prepared import open_batches
from agent.execution.settlement import net_changes
from agent.ports import SimulatedOutcome
from agent.rehearsal.gate import PERMIT2, Gate, misfit
from tests.batches import (
    BATCH,
    BUY_LINK,
    LINK,
    ROUTED_USDC,
    SECOND_BATCH,
    SELL_UNI,
    UNI,
    UNI_WETH,
    USDC,
    WETH,
)
from tests.fakes import FakeLedger, FakeSimulator
from tests.logbook import ACCOUNT, VAULT, Week, block, plan_of
from tests.receipts import approval, batch_logs, executed
from tests.routers import FIREWALL, honest

FEES = FeeCap(max_fee_per_gas=30 * 10**9, max_priority_fee_per_gas=10**9)
PLAN = plan_of(Week(number=0).inputs, "aa" * 32, (BATCH, SECOND_BATCH))
PREPARED = open_batches(FakeLedger(), PLAN, plan_id=content_id(PLAN))
FIRST, SECOND = PREPARED
STRANGER = "0x00000000000000000000000000000000000BE401"


def outcome(one, **changes):
    good = SimulatedOutcome(
        is_success=True,
        revert_reason="",
        gas_used=290_000,
        deltas={ZERO_ADDRESS: 0, STRANGER: 0} | net_changes(one.batch.legs),
        allowances={},
        logs=batch_logs(one),
    )
    return replace(good, **changes)


def gate(*outcomes):
    return Gate(simulator=FakeSimulator(outcomes), known=(STRANGER, LINK.address))


def rehearse(*outcomes, at=PLAN.block):
    return gate(*outcomes).rehearse(PLAN, PREPARED, fee_cap=FEES, block=at)


def test_what_was_rehearsed_is_on_record():
    first, second = rehearse(outcome(FIRST), outcome(SECOND))

    assert (FIRST.intent.intent_id, "fake", PLAN.block) == (
        first.intent_id,
        first.simulator,
        first.block,
    )
    assert sha256(FIRST.calldata).hexdigest() == first.calldata_sha256
    assert net_changes(SECOND_BATCH.legs) == second.deltas


def test_the_exact_calldata_runs_with_every_known_token_watched():
    one = gate(outcome(FIRST), outcome(SECOND))
    one.rehearse(PLAN, PREPARED, fee_cap=FEES, block=PLAN.block)
    asked = one.simulator

    assert [FIRST.calldata, SECOND.calldata] == [call.data for call in asked.calls]
    assert {(ACCOUNT, VAULT, 0, 400_000, FEES)} == {
        (c.sender, c.to, c.value_wei, c.gas_limit, c.fee_cap) for c in asked.calls
    }
    assert (VAULT, (PERMIT2,)) == (asked.watch.account, asked.watch.spenders)
    assert {STRANGER, LINK.address, WETH.address, UNI.address, USDC.address} == set(
        asked.watch.tokens
    )


def test_every_batch_must_have_been_reached():
    failed = outcome(FIRST, is_success=False, revert_reason="boom")

    with pytest.raises(RehearsalMismatchError, match="batch 0 refused: the result is boom"):
        rehearse(failed)
    with pytest.raises(RehearsalMismatchError, match="batch 1 refused: the result is not reached"):
        rehearse(outcome(FIRST))


def deltas(**changes):
    by_symbol = {"WETH": WETH, "UNI": UNI, "USDC": USDC, "LINK": LINK}
    return (
        net_changes(BATCH.legs)
        | {ZERO_ADDRESS: 0}
        | {by_symbol[symbol].address: amount for symbol, amount in changes.items()}
    )


@pytest.mark.parametrize(
    ("changes", "what", "expected", "found"),
    [
        (
            {"is_success": False, "revert_reason": "0x" + "ab" * 4},
            "the result",
            "success",
            "0xabababab",
        ),
        ({"gas_used": 400_001}, "gas used", "400000 at most", "400001"),
        ({"allowances": {(UNI.address, STRANGER): 5}}, "the allowance of", "0", "5"),
        (
            {"logs": (approval(UNI.address, VAULT, STRANGER, 6), *batch_logs(FIRST))},
            "the allowance of",
            "0",
            "6",
        ),
        ({"logs": batch_logs(FIRST)[:-1]}, "the event of the batch", FIRST.intent_hash, "()"),
        (
            {"logs": (*batch_logs(FIRST)[:-1], executed(SECOND))},
            "the event of the batch",
            FIRST.intent_hash,
            SECOND.intent_hash,
        ),
        (
            {"deltas": deltas(LINK=119 * 10**18 - 1)},
            "the change of LINK",
            f"{119 * 10**18} at least",
            str(119 * 10**18 - 1),
        ),
        (
            {"deltas": deltas(UNI=-100 * 10**18 - 1)},
            "the change of UNI",
            f"{-100 * 10**18} at least",
            str(-100 * 10**18 - 1),
        ),
        (
            {"deltas": deltas(UNI=-100 * 10**18 + 1)},
            "the change of UNI",
            str(-100 * 10**18),
            str(-100 * 10**18 + 1),
        ),
        ({"deltas": deltas() | {STRANGER: 1}}, f"the change of token .{STRANGER}", "0", "1"),
        ({"deltas": deltas() | {STRANGER: -1}}, f"the change of token .{STRANGER}", "0", "-1"),
        ({"deltas": deltas() | {ZERO_ADDRESS: 1}}, "the change of ETH", "0", "1"),
        ({"deltas": deltas() | {ZERO_ADDRESS: -1}}, "the change of ETH", "0 at least", "-1"),
        (
            {"deltas": {t: d for t, d in deltas().items() if t != USDC.address}},
            "the change of USDC",
            str(-1_000 * 10**6),
            "not measured",
        ),
    ],
)
@pytest.mark.parametrize("is_exact", [True, False])
def test_whatever_differs_from_the_plan_is_found(changes, what, expected, found, is_exact):
    got_what, got_expected, got_found = misfit(FIRST, outcome(FIRST, **changes), is_exact=is_exact)

    assert what.replace(".", "(") in got_what
    assert expected in got_expected
    assert found in got_found


def test_all_of_the_gas_limit_may_be_used():
    assert misfit(FIRST, outcome(FIRST, gas_used=400_000), is_exact=True) is None


@pytest.mark.parametrize("change", [-1, 1])
def test_only_on_the_plans_own_block_must_proceeds_come_out_to_the_base_unit(change):
    off = outcome(FIRST, deltas=deltas(LINK=120 * 10**18 + change))

    assert misfit(FIRST, off, is_exact=True) is not None
    assert misfit(FIRST, off, is_exact=False) is None


def test_a_later_block_is_judged_by_floors():
    less = deltas(LINK=119 * 10**18)

    rehearse(outcome(FIRST, deltas=less), outcome(SECOND), at=block(999))
    with pytest.raises(RehearsalMismatchError, match="LINK"):
        rehearse(outcome(FIRST, deltas=less), outcome(SECOND))


def test_a_broken_floor_is_named_in_words():
    reason = (
        "0x"
        + keccak(text="FloorBroken(address,int256,int256)")[:4].hex()
        + encode_abi(["address", "int256", "int256"], [LINK.address, 7, -5]).hex()
    )
    failed = outcome(FIRST, is_success=False, revert_reason=reason)

    assert f"FloorBroken(token={LINK.address}, minDelta=7, delta=-5)" in misfit(
        FIRST, failed, is_exact=True
    )


def test_calldata_of_another_batch_is_refused_before_it_runs():
    swapped = replace(FIRST, calldata=SECOND.calldata)
    one = gate(outcome(FIRST), outcome(SECOND))

    with pytest.raises(RehearsalMismatchError, match="batch 0 refused: the calldata is"):
        one.rehearse(PLAN, (swapped, SECOND), fee_cap=FEES, block=PLAN.block)
    assert () == one.simulator.calls


def test_calldata_with_another_deadline_is_refused():
    other = encode(
        BATCH, deadline=PLAN.deadline + 1, plan_id=content_id(PLAN), intent_hash=FIRST.intent_hash
    )

    with pytest.raises(RehearsalMismatchError, match="the calldata is"):
        gate().rehearse(PLAN, (replace(FIRST, calldata=other),), fee_cap=FEES, block=PLAN.block)


def test_calldata_that_is_none_is_refused():
    with pytest.raises(CalldataError):
        gate().rehearse(PLAN, (replace(FIRST, calldata=b"\0"),), fee_cap=FEES, block=PLAN.block)


def test_a_batch_that_is_not_the_plans_is_refused():
    batch = replace(BATCH, legs=(replace(SELL_UNI, pool=UNI_WETH, amount_in=1),))
    data = encode(
        batch,
        deadline=PLAN.deadline,
        plan_id=content_id(PLAN),
        intent_hash=FIRST.intent_hash,
    )

    with pytest.raises(RehearsalMismatchError, match="the batch is another"):
        gate().rehearse(
            PLAN, (replace(FIRST, batch=batch, calldata=data),), fee_cap=FEES, block=PLAN.block
        )


ROUTED_BATCH = replace(BATCH, legs=(SELL_UNI, ROUTED_USDC, BUY_LINK))
ROUTED = replace(FIRST, batch=ROUTED_BATCH)


def test_what_a_router_pays_may_vary_within_the_floors_even_on_the_plans_own_block():
    planned = net_changes(ROUTED_BATCH.legs)
    less = planned | {WETH.address: planned[WETH.address] - 1, ZERO_ADDRESS: 0}

    assert misfit(ROUTED, outcome(ROUTED, deltas=less), is_exact=True) is None


@pytest.mark.parametrize("token", [UNI, USDC, LINK], ids=lambda t: t.symbol)
def test_nothing_else_of_a_batch_with_a_router_leg_may_vary(token):
    planned = net_changes(ROUTED_BATCH.legs) | {ZERO_ADDRESS: 0}
    more = planned | {token.address: planned[token.address] + 1}

    found = misfit(ROUTED, outcome(ROUTED, deltas=more), is_exact=True)

    assert found is not None
    assert token.symbol in found[0]


def test_a_router_that_keeps_an_allowance_is_found():
    left = {(USDC.address, ROUTED_USDC.router): 1}

    found = misfit(ROUTED, outcome(ROUTED, allowances=left), is_exact=True)

    assert found is not None
    assert "allowance" in found[0]


class FakeGuard:
    def firewall(self, _block):
        return FIREWALL


CALLDATA = honest(
    Service.KYBERSWAP,
    token_in=USDC.address,
    token_out=WETH.address,
    amount=ROUTED_USDC.amount_in,
    least=ROUTED_USDC.min_amount_out,
    taker=VAULT,
)


def rehearse_routed(guard, **changes):
    batch = replace(
        BATCH, legs=(SELL_UNI, replace(ROUTED_USDC, calldata=CALLDATA, **changes), BUY_LINK)
    )
    plan = plan_of(Week(number=0).inputs, "aa" * 32, (batch,))
    prepared = open_batches(FakeLedger(), plan, plan_id=content_id(plan))
    simulator = FakeSimulator([outcome(prepared[0])])
    gate = Gate(simulator=simulator, known=(STRANGER,), guard=guard)
    return gate.rehearse(plan, prepared, fee_cap=FEES, block=plan.block)


def test_a_router_is_called_when_the_firewall_allows_it():
    assert len(rehearse_routed(FakeGuard())) == 1


def test_no_router_is_called_without_a_firewall():
    with pytest.raises(RehearsalMismatchError, match="no router is known"):
        rehearse_routed(None)


def test_what_the_firewall_refuses_is_not_even_simulated():
    with pytest.raises(RehearsalMismatchError, match="it sells 1000000000, not 999999999"):
        rehearse_routed(FakeGuard(), amount_in=ROUTED_USDC.amount_in - 1)


def test_a_router_that_pays_less_on_the_plans_own_block_than_it_was_quoted_is_refused():
    planned = net_changes(ROUTED_BATCH.legs)
    skimmed = ROUTED_USDC.amount_out * 11 // 10_000
    less = planned | {WETH.address: planned[WETH.address] - skimmed, ZERO_ADDRESS: 0}

    assert misfit(ROUTED, outcome(ROUTED, deltas=less), is_exact=True) is not None
    assert misfit(ROUTED, outcome(ROUTED, deltas=less), is_exact=False) is None


def test_what_a_router_used_up_stands_no_more_though_its_approval_was_told():
    told = approval(USDC.address, VAULT, ROUTED_USDC.router, ROUTED_USDC.amount_in)
    logs = (told, *batch_logs(ROUTED))
    elsewhere = (approval(USDC.address, VAULT, STRANGER, 1), *batch_logs(ROUTED))

    assert misfit(ROUTED, outcome(ROUTED, logs=logs), is_exact=True) is None
    assert misfit(ROUTED, outcome(ROUTED, logs=elsewhere), is_exact=True) is not None
