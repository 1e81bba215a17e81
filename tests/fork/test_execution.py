"""Rehearsal, sending and settlement against the compiled vault and real pools on the forked twin."""

from dataclasses import replace
from decimal import Decimal

import pytest
from pydantic import SecretStr

from agent.adapters.broadcaster import RpcBroadcaster
from agent.adapters.chain import RpcChain
from agent.adapters.ledger import open_ledger
from agent.adapters.rpc import Rpc
from agent.adapters.simulator_fork import ForkSimulator
from agent.adapters.simulator_rpc import RpcSimulator
from agent.domain.canonical import content_id
from agent.domain.intent import FeeCap, TxState
from agent.domain.portfolio import Price
from agent.domain.units import ZERO_ADDRESS, Address
from agent.errors import (
    NodeUnfitError,
    RehearsalMismatchError,
    RpcUnavailableError,
    TokenUnreadableError,
    WrongChainError,
)
from agent.execution.fees import FeeLimits, fee_cap
from agent.execution.prepared import open_batches
from agent.execution.report import cycle_report
from agent.execution.sender import Pace, Sender
from agent.execution.settlement import check_balances, net_changes
from agent.ports import SimulatedCall, Watch
from agent.rehearsal.gate import Gate, misfit
from anvil.abi import ZERO, call_data, raw
from anvil.addresses import MULTICALL3, PERMIT2
from anvil.calls import read, transact
from anvil.fund import balance, fund
from anvil.node import anvil
from tests.fakes import FakeLedger, StillClock
from tests.fork.proxies import node_without
from tests.fork.stands import (
    AAVE,
    KNOWN,
    LINK,
    TOKENS,
    UNI,
    USDC,
    WETH,
    buys,
    custody_of,
    sells,
    stand_on,
)
from tests.fork.vaults import OWNER, add_page
from tests.logbook import SteppingClock

pytestmark = pytest.mark.fork

FEES = FeeCap(max_fee_per_gas=30 * 10**9, max_priority_fee_per_gas=10**9)
ANNA = Address("0x00000000000000000000000000000000000A44a1")
ALL = tuple(TOKENS.values())
CLOSED = "http://127.0.0.1:9"
"""The discard port: nothing listens there."""


@pytest.fixture
def rpc(fork):
    with Rpc(SecretStr(fork.url)) as one:
        yield one


@pytest.fixture
def stand(fork, rpc):
    return stand_on(fork, rpc)


@pytest.fixture(params=[RpcSimulator, ForkSimulator])
def simulator(request, rpc):
    return request.param(rpc)


def opened(plan, ledger=None):
    return open_batches(ledger or FakeLedger(), plan, plan_id=content_id(plan))


# The position


def position(stand, *, tokens=ALL, feeds=(), block=None):
    block = block or stand.chain.fetch_head()
    return stand.chain.fetch_position(block=block, tokens=tokens, feeds=feeds)


def test_a_position_is_what_the_chain_says_one_by_one(stand, twin):
    feeds = tuple(Address(feed["address"]) for feed in twin["feeds"])
    found = position(stand, feeds=feeds)

    assert {
        (UNI.address, 10_000 * 10**18),
        (LINK.address, 5_000 * 10**18),
        (WETH.address, 20 * 10**18),
        (USDC.address, 50_000 * 10**6),
    } == {(h.token.address, h.amount) for h in found.portfolio.holdings}
    assert stand.vault == found.contract.address == found.portfolio.account
    assert (OWNER, stand.signer.address, 0, False, 0, 100 * 10**18) == (
        found.contract.owner,
        found.contract.agent,
        found.contract.sequence,
        found.contract.is_paused,
        found.contract.agent_nonce,
        found.contract.agent_wei,
    )
    assert [
        (feed["address"], feed["decimals"], int(Decimal(feed["price"]).scaleb(feed["decimals"])))
        for feed in twin["feeds"]
    ] == [(answer.feed, answer.decimals, answer.answer) for answer in found.feeds]
    assert [p["address"] for p in stand.pools] == [p.address for p in found.pools]
    assert [p["tick_spacing"] or 0 for p in stand.pools] == [p.tick_spacing for p in found.pools]
    assert found.priority_fee_per_gas > 0


def test_a_position_takes_one_request_after_the_heads(fork):
    with node_without(fork) as url, Rpc(SecretStr(url)) as rpc:
        stand = stand_on(fork, rpc)
        head = stand.chain.fetch_head()
        seen = []
        stand.rpc._session.hooks["response"].append(lambda r, *_, **__: seen.append(r))  # noqa: SLF001
        position(stand, block=head)

    assert 1 == len(seen)


def test_a_position_is_pinned_to_its_block(stand):
    before = stand.chain.fetch_head()
    withdraw = call_data("withdraw(address,address,uint256)", UNI.address, ANNA, 10**18)
    transact(stand.node, OWNER, stand.vault, withdraw)
    transact(stand.node, OWNER, stand.vault, call_data("pause()"))

    then, now = position(stand, block=before), position(stand)

    assert (10_000 * 10**18, False) == (
        then.portfolio.amount(UNI.address),
        then.contract.is_paused,
    )
    assert (9_999 * 10**18, True) == (now.portfolio.amount(UNI.address), now.contract.is_paused)


def test_an_agent_and_pages_that_are_newer_than_the_head_are_read_all_the_same(stand):
    stand.chain.fetch_head()
    transact(stand.node, OWNER, stand.vault, call_data("setAgent(address)", ANNA))
    assert add_page(stand.node, stand.vault, stand.pools[:2]) == 1
    fund(stand.node.rpc, ZERO, ANNA, 5)

    later = RpcChain(stand.rpc, chain_id=1, contract=stand.vault).fetch_head()
    found = stand.chain.fetch_position(block=later, tokens=(), feeds=())

    assert (ANNA, 5) == (found.contract.agent, found.contract.agent_wei)
    assert len(stand.pools) == len(found.pools)


def test_a_page_that_was_cleared_allows_nothing(stand):
    transact(stand.node, OWNER, stand.vault, call_data("clearPage(uint256)", 0))

    assert () == position(stand).pools


def test_a_token_without_code_is_not_held_and_one_that_reverts_halts(stand):
    absent = replace(UNI, address=ANNA)
    broken = replace(UNI, address=Address(MULTICALL3))

    assert () == position(stand, tokens=(absent,)).portfolio.holdings
    with pytest.raises(TokenUnreadableError, match=MULTICALL3):
        position(stand, tokens=(broken,))


def test_a_feed_that_does_not_answer_is_left_out(stand):
    assert () == position(stand, feeds=(ANNA, Address(MULTICALL3))).feeds


# Rehearsal: both simulators answer alike


def call(stand, prepared, fees=FEES):
    return SimulatedCall(
        sender=stand.signer.address,
        to=stand.vault,
        data=prepared.calldata,
        value_wei=0,
        gas_limit=prepared.batch.gas_limit,
        fee_cap=fees,
    )


def simulated(stand, simulator, *calls, account=None, spenders=()):
    return simulator.simulate(
        calls=calls,
        watch=Watch(account=account or stand.vault, tokens=KNOWN, spenders=spenders),
        block=stand.chain.fetch_head(),
    )


def changed(outcome):
    return {token: change for token, change in outcome.deltas.items() if change}


def test_batches_in_sequence_do_exactly_what_quoters_said(stand, simulator):
    first, second = opened(stand.plan(sells(stand), buys(stand)))

    one, two = simulated(stand, simulator, call(stand, first), call(stand, second))

    assert (True, "", {}) == (one.is_success, one.revert_reason, one.allowances)
    assert net_changes(first.batch.legs) == changed(one)
    assert two.is_success
    assert net_changes(second.batch.legs)[AAVE.address] == changed(two)[AAVE.address]
    assert set(KNOWN) | {ZERO_ADDRESS} == set(one.deltas)
    assert misfit(first, one, is_exact=True) is None


def test_a_later_batch_stands_on_what_the_earlier_left(stand, simulator):
    first, again = opened(stand.plan(sells(stand), sells(stand)))

    one, two = simulated(stand, simulator, call(stand, first), call(stand, again))

    assert changed(two)[WETH.address] < changed(one)[WETH.address]


def test_both_simulators_say_the_same(stand, rpc):
    first, second = opened(stand.plan(sells(stand), buys(stand)))
    calls = (call(stand, first), call(stand, second))

    assert simulated(stand, RpcSimulator(rpc), *calls) == simulated(
        stand, ForkSimulator(rpc), *calls
    )


def test_a_broken_floor_is_reported_and_nothing_after_it_runs(stand, simulator):
    plan = stand.plan(sells(stand), buys(stand))
    floors = tuple(
        replace(floor, min_delta=10**30) if floor.symbol == "WETH" else floor
        for floor in plan.batches[0].floors
    )
    plan = replace(plan, batches=(replace(plan.batches[0], floors=floors), plan.batches[1]))
    first, second = opened(plan)

    (outcome,) = simulated(stand, simulator, call(stand, first), call(stand, second))

    assert not outcome.is_success
    assert {} == changed(outcome)
    assert f"FloorBroken(token={WETH.address}" in misfit(first, outcome, is_exact=True)[2]


def test_an_account_without_ether_for_gas_is_refused(stand, simulator):
    (prepared,) = opened(stand.plan(sells(stand)))
    fund(stand.node.rpc, ZERO, stand.signer.address, 10**15)
    stand.node.rpc("evm_mine")

    (outcome,) = simulated(stand, simulator, call(stand, prepared))

    assert not outcome.is_success
    assert "insufficient funds" in outcome.revert_reason.lower()


def test_a_second_call_that_cannot_be_paid_is_told_from_the_first(stand, simulator):
    first, second = opened(stand.plan(sells(stand), buys(stand)))
    most = first.batch.gas_limit * FEES.max_fee_per_gas
    fund(stand.node.rpc, ZERO, stand.signer.address, most)
    stand.node.rpc("evm_mine")

    one, two = simulated(stand, simulator, call(stand, first), call(stand, second))

    assert (True, False) == (one.is_success, two.is_success)
    assert "insufficient funds" in two.revert_reason.lower()


def test_a_fee_cap_below_the_base_fee_is_refused(stand, simulator):
    (prepared,) = opened(stand.plan(sells(stand)))
    low = FeeCap(max_fee_per_gas=7, max_priority_fee_per_gas=1)

    (outcome,) = simulated(stand, simulator, call(stand, prepared, low))

    assert (False, "max fee per gas less than block base fee") == (
        outcome.is_success,
        outcome.revert_reason,
    )


def test_an_allowance_that_is_left_behind_is_seen(stand, simulator):
    approve = SimulatedCall(
        sender=stand.signer.address,
        to=UNI.address,
        data=raw(call_data("approve(address,uint256)", PERMIT2, 77)),
        value_wei=0,
        gas_limit=100_000,
        fee_cap=FEES,
    )
    account, permit2 = stand.signer.address, Address(PERMIT2)

    (outcome,) = simulated(stand, simulator, approve, account=account, spenders=(permit2,))

    assert {(UNI.address, permit2): 77} == outcome.allowances


def pending_base_fee(stand):
    return stand.node.rpc("eth_getBlockByNumber", "pending", False)["baseFeePerGas"]  # noqa: FBT003


def test_a_rehearsal_leaves_no_trace(stand, simulator):
    (prepared,) = opened(stand.plan(sells(stand)))
    before, held = stand.chain.fetch_head(), balance(stand.node.rpc, UNI.address, stand.vault)
    base_fee = pending_base_fee(stand)

    simulated(stand, simulator, call(stand, prepared), call(stand, prepared))

    assert before == stand.chain.fetch_head()
    assert base_fee == pending_base_fee(stand)
    assert held == balance(stand.node.rpc, UNI.address, stand.vault)
    assert 0 == stand.chain.fetch_nonce(stand.signer.address)
    assert 0 == read(stand.node, stand.vault, "sequence()", returns="uint64")


def test_a_fork_that_moved_on_does_not_rehearse(stand, rpc):
    (prepared,) = opened(stand.plan(sells(stand)))
    block = stand.chain.fetch_head()
    stand.node.rpc("evm_mine")

    with pytest.raises(NodeUnfitError, match="plan again at the fork's head"):
        ForkSimulator(rpc).simulate(
            calls=[call(stand, prepared)],
            watch=Watch(account=stand.vault, tokens=(), spenders=()),
            block=block,
        )


# The gate


def rehearsed(simulator, plan, prepared):
    gate = Gate(simulator=simulator, known=KNOWN)
    return gate.rehearse(plan, prepared, fee_cap=FEES, block=plan.block)


def test_what_quoters_said_passes_the_gate_to_the_base_unit(stand, simulator):
    plan = stand.plan(sells(stand))

    (record,) = rehearsed(simulator, plan, opened(plan))

    assert net_changes(plan.batches[0].legs) == record.deltas
    assert simulator.name == record.simulator


@pytest.mark.parametrize("off", [-1, 1])
def test_a_plan_that_is_one_base_unit_off_is_refused(stand, simulator, off):
    uni, *rest = sells(stand)
    plan = stand.plan((replace(uni, amount_out=uni.amount_out + off), *rest))

    with pytest.raises(RehearsalMismatchError, match=r"batch 0 refused: the change of WETH"):
        rehearsed(simulator, plan, opened(plan))


def test_a_vault_that_is_paused_is_refused_in_words(stand, simulator):
    transact(stand.node, OWNER, stand.vault, call_data("pause()"))
    plan = stand.plan(sells(stand))

    with pytest.raises(RehearsalMismatchError, match=r"the result is IsPaused\(\)"):
        rehearsed(simulator, plan, opened(plan))


def test_no_ether_for_gas_is_refused_by_the_gate(stand, simulator):
    fund(stand.node.rpc, ZERO, stand.signer.address, 0)
    stand.node.rpc("evm_mine")
    plan = stand.plan(sells(stand))

    with pytest.raises(RehearsalMismatchError, match=r"the result is [Ii]nsufficient funds"):
        rehearsed(simulator, plan, opened(plan))


# Sending


class Trade:
    """A sender on the fork with a ledger on disk; each wait mines a block."""

    def __init__(self, stand, path):
        self.stand, self.path = stand, path
        self.clock = StillClock(on_sleep=lambda: stand.node.rpc("evm_mine"))
        self.broadcaster = RpcBroadcaster(stand.rpc)

    def ledger(self):
        return open_ledger(self.path, clock=SteppingClock(), origin="test")

    def sender(self, ledger):
        return Sender(
            chain=self.stand.chain,
            signer=self.stand.signer,
            ledger=ledger,
            broadcaster=self.broadcaster,
            clock=self.clock,
            pace=Pace(confirmations=2, poll_s=0.01),
            limits=FeeLimits(ceiling=100 * 10**9),
            custody=custody_of(self.stand, ledger, self.stand.chain),
        )

    def fees(self):
        return fee_cap(
            base_fee_per_gas=self.stand.chain.fetch_head().base_fee_per_gas,
            priority_fee_per_gas=10**9,
            ceiling=100 * 10**9,
        )


@pytest.fixture
def trade(stand, tmp_path):
    return Trade(stand, tmp_path / "agent.sqlite")


def test_a_cycle_fills_exactly_as_rehearsed_and_becomes_final(stand, trade, rpc):
    before = position(stand)
    plan = stand.plan(sells(stand), block=before.block)
    with trade.ledger() as ledger:
        (prepared,) = opened(plan, ledger)
        (record,) = rehearsed(ForkSimulator(rpc), plan, (prepared,))
        sender = trade.sender(ledger)
        outcome = sender.send(prepared, fee_cap=trade.fees())
        after = position(stand)
        check_balances(before.portfolio, after.portfolio, [outcome])
        for _ in range(3):
            stand.node.rpc("evm_mine")
        pending = sender.settle_pending()
        states = [status.state for status in ledger.intents()]

    assert outcome.is_success
    assert [leg.amount_out for leg in prepared.batch.legs] == [f.amount_out for f in outcome.fills]
    assert record.gas_used == outcome.gas_used
    assert 1 == after.contract.sequence
    assert ((), [TxState.FINAL_OK]) == (pending, states)


def test_the_report_adds_up(stand, trade):
    plan = stand.plan(sells(stand))
    price = Price(usd=Decimal(3000), source="test")
    plan = replace(plan, price_by_token={token.address: price for token in ALL})
    with trade.ledger() as ledger:
        (prepared,) = opened(plan, ledger)
        outcome = trade.sender(ledger).send(prepared, fee_cap=trade.fees())

    report = cycle_report(
        plan,
        plan_id=content_id(plan),
        outcomes=[outcome],
        after=position(stand).portfolio,
        native=WETH.address,
    )

    assert 0 == report.realised_slippage_usd
    assert (1_000 + 500 + 10_000) * 3000 == report.traded_usd
    paid_wei = 100 * 10**18 - position(stand).contract.agent_wei
    assert (Decimal(paid_wei) * 3000 / 10**18).quantize(Decimal("0.01")) == report.realised_gas_usd


@pytest.mark.parametrize("is_sent", [False, True], ids=["before", "after"])
def test_a_process_that_dies_around_the_broadcast_sends_one_transaction(stand, trade, is_sent):
    class DiedError(BaseException):
        pass

    class DyingBroadcaster:
        def send_raw(self, raw_bytes, **_):
            if is_sent:
                RpcBroadcaster(stand.rpc).send_raw(raw_bytes)
            raise DiedError

    plan = stand.plan(sells(stand))
    trade.broadcaster = DyingBroadcaster()
    with trade.ledger() as ledger:
        (prepared,) = opened(plan, ledger)
        with pytest.raises(DiedError):
            trade.sender(ledger).send(prepared, fee_cap=trade.fees())
        (left,) = ledger.intents()

    trade.broadcaster = RpcBroadcaster(stand.rpc)
    with trade.ledger() as ledger:
        (again,) = opened(plan, ledger)
        outcome = trade.sender(ledger).send(again, fee_cap=trade.fees())
        (status,) = ledger.intents()

    assert TxState.IN_DOUBT == left.state
    assert prepared == again
    assert outcome.is_success
    assert left.attempts == status.attempts
    assert outcome.tx_hash == left.attempts[0].tx_hash
    assert 1 == stand.chain.fetch_nonce(stand.signer.address)


def test_a_batch_that_the_market_overtakes_reverts_and_moves_nothing(stand, trade):
    plan = stand.plan(sells(stand))
    before = position(stand).portfolio
    with trade.ledger() as ledger:
        (prepared,) = opened(plan, ledger)
        transact(stand.node, OWNER, stand.vault, call_data("pause()"))
        outcome = trade.sender(ledger).send(prepared, fee_cap=trade.fees())
        (status,) = ledger.intents()

    assert (False, (), TxState.MINED) == (outcome.is_success, outcome.fills, status.state)
    assert before == position(stand).portfolio


# Nodes that will not do


def test_the_fork_is_fit(stand):
    stand.chain.ping()


def test_another_chain_id_is_refused(stand):
    with pytest.raises(WrongChainError, match="serves chain 1, settings say 10"):
        RpcChain(stand.rpc, chain_id=10, contract=stand.vault).ping()


def test_a_node_that_is_down_is_named(stand):
    with Rpc(SecretStr(CLOSED), sleep=lambda _: None) as down:
        with pytest.raises(RpcUnavailableError, match=r"RPC http://127\.0\.0\.1:9 .*no connection"):
            RpcChain(down, chain_id=1, contract=stand.vault).ping()
        answer = RpcBroadcaster(down).send_raw(b"\x02")

    assert (False, "no connection") == (answer.is_accepted, answer.text)


def test_a_node_without_simulation_is_refused_with_the_mend(stand):
    plan = stand.plan(sells(stand))
    with node_without(stand.node, "eth_simulateV1") as url, Rpc(SecretStr(url)) as rpc:
        with pytest.raises(NodeUnfitError, match=r"lacks eth_simulateV1.*use a node that offers"):
            RpcChain(rpc, chain_id=1, contract=stand.vault).ping()
        with pytest.raises(NodeUnfitError, match="lacks eth_simulateV1"):
            rehearsed(RpcSimulator(rpc), plan, opened(plan))


def test_a_dry_run_wants_a_fork_of_a_chain(stand, rpc):
    ForkSimulator(rpc).ping()
    with (
        node_without(stand.node, "anvil_nodeInfo") as url,
        Rpc(SecretStr(url)) as live,
        pytest.raises(NodeUnfitError, match="it is not Anvil"),
    ):
        ForkSimulator(live).ping()
    with (
        anvil() as alone,
        Rpc(SecretStr(alone.url)) as own,
        pytest.raises(NodeUnfitError, match="it is an Anvil chain of its own"),
    ):
        ForkSimulator(own).ping()
