"""Cycles as they stand in a ledger: real plans in form, real signatures, receipts that fit them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from eth_account import Account
from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from agent.adapters.ledger import SqlLedger
from agent.domain.block import Block
from agent.domain.bodies import (
    ApprovalGiven,
    InputsFixed,
    PlanMade,
    ProposalMade,
    Rehearsed,
    Reported,
    SignalAccepted,
    SignalName,
    SignedOff,
)
from agent.domain.canonical import canonical_bytes, content_id
from agent.domain.fill import BatchOutcome, CycleReport, Fill
from agent.domain.intent import (
    Attempt,
    AttemptKind,
    FeeCap,
    Intent,
    LogEntry,
    Receipt,
    Route,
    TxState,
)
from agent.domain.order import Batch, Leg, Order, Side, SkippedOrder
from agent.domain.plan import Bounds, CostPreview, OrderCost, Plan, PlanInputs, Proposal
from agent.domain.portfolio import Basket, Price
from agent.domain.units import Address, Bps, Ppm
from agent.execution.calls import encode
from tests.batches import BATCH, SECOND_BATCH
from tests.worlds import NOW, token, with_contract, world

KEY = "0x" + "5a" * 32
SIGNER = Account.from_key(KEY)
ACCOUNT = Address(SIGNER.address)
VAULT = Address(to_checksum_address("0x00000000000000000000000000000000000fa017"))
START = datetime.fromtimestamp(NOW, UTC)
EVENT = "0x" + keccak(b"BatchExecuted(bytes32,bytes32,uint64)").hex()
FEES = FeeCap(max_fee_per_gas=30 * 10**9, max_priority_fee_per_gas=10**9)


class SteppingClock:
    """A clock that moves one second at each look, so that no two records share a time."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


def block(number: int) -> Block:
    block_hash = "0x" + hashlib.sha256(b"block %d" % number).hexdigest()
    return Block(
        chain_id=1, number=number, hash=block_hash, timestamp=NOW + 12 * number,
        base_fee_per_gas=10**9,
    )  # fmt: skip


def intent(number: int = 0, *, cycle_id: str = "index-1", plan_id: str = "11" * 32) -> Intent:
    return Intent(
        intent_id=f"{cycle_id}/{number}",
        cycle_id=cycle_id,
        plan_id=plan_id,
        batch_index=number,
        chain_id=1,
        account=ACCOUNT,
        contract=VAULT,
        sequence=number + 1,
        route=Route.PUBLIC,
    )


def attempt(  # noqa: PLR0913 - an attempt has this many degrees of freedom
    intent_id: str,
    *,
    nonce: int,
    number: int = 1,
    kind: AttemptKind = AttemptKind.SEND,
    to: Address = VAULT,
    data: bytes = b"",
    fees: FeeCap = FEES,
) -> Attempt:
    signed = SIGNER.sign_transaction(
        {
            "type": 2,
            "chainId": 1,
            "nonce": nonce,
            "to": to,
            "value": 0,
            "data": data,
            "gas": 400_000,
            "maxFeePerGas": fees.max_fee_per_gas + number,
            "maxPriorityFeePerGas": fees.max_priority_fee_per_gas,
        }
    )
    return Attempt(
        intent_id=intent_id,
        nonce=nonce,
        number=number,
        kind=kind,
        tx_hash="0x" + bytes(signed.hash).hex(),
        raw=bytes(signed.raw_transaction),
        fee_cap=replace(fees, max_fee_per_gas=fees.max_fee_per_gas + number),
        gas_limit=400_000,
    )


def receipt(
    tx_hash: str, at: Block, *, logs: tuple[LogEntry, ...] = (), is_success: bool = True
) -> Receipt:
    return Receipt(
        tx_hash=tx_hash,
        sender=ACCOUNT,
        block_number=at.number,
        block_hash=at.hash,
        is_success=is_success,
        gas_used=290_000,
        effective_gas_price=2 * 10**9,
        logs=logs,
    )


def executed(plan_id: str, intent_hash: str, sequence: int) -> LogEntry:
    """Return the event by which the contract says that a batch ran."""
    return LogEntry(
        address=VAULT,
        topics=(EVENT, "0x" + plan_id, "0x" + intent_hash),
        data=f"0x{sequence:064x}",
        index=3,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One cycle's facts: `number` counts weeks from 0, two batches a week."""

    number: int

    @property
    def cycle_id(self) -> str:
        return f"index-{(START + timedelta(weeks=self.number)):%Y-%m-%dT%H%MZ}"

    @property
    def ranking_bytes(self) -> bytes:
        return b'{"schema":"agent.ranking/1","week":"%d","note":"\xe2\x82\xac"}' % self.number

    @property
    def regime_bytes(self) -> bytes:
        return b"\xff regime of week %d, not text" % self.number

    @property
    def inputs(self) -> PlanInputs:
        inputs = with_contract(world(coins=3, positions=1), address=VAULT, agent=ACCOUNT)
        return replace(
            inputs,
            cycle_id=self.cycle_id,
            ranking=replace(inputs.ranking, sha256=_sha256(self.ranking_bytes)),
            regime=replace(inputs.regime, sha256=_sha256(self.regime_bytes)),
        )

    @property
    def batches(self) -> tuple[Batch, ...]:
        first = 2 * self.number + 1
        return replace(BATCH, sequence=first), replace(SECOND_BATCH, sequence=first + 1)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


COIN = token(1_003, "C003")
ORDER = Order(
    id="sell:coin-003", side=Side.SELL, coin_id="coin-003", token_in=COIN, token_out=token(2, "WETH"),
    amount_in=100 * 10**18, notional_usd=Decimal("900.50"), drift_ppm=Ppm(12_000),
)  # fmt: skip
SKIPPED = SkippedOrder(
    coin_id="coin-004", symbol="C004", side=Side.BUY, notional_usd=Decimal(12), drift_ppm=Ppm(-90),
    reason="within the drift band",
)  # fmt: skip
COST = CostPreview(
    orders=(
        OrderCost(
            order_id=ORDER.id, notional_usd=Decimal("900.50"), gas_usd=Decimal("0.90"),
            venue_fee_usd=Decimal("2.70"), price_impact_usd=Decimal("0.40"),
            total_usd=Decimal("4.00"), total_bps=Decimal("44.42"),
        ),
    ),
    portfolio_usd=Decimal(1_000_000), notional_usd=Decimal("900.50"),
    turnover_usd=Decimal("900.50"), gas_usd=Decimal("0.90"),
    venue_fee_usd=Decimal("2.70"), price_impact_usd=Decimal("0.40"), total_usd=Decimal("4.00"),
    total_bps=Decimal("44.42"), year_usd=Decimal(208), year_bps=Decimal("2.08"),
)  # fmt: skip


def proposal_of(inputs: PlanInputs) -> Proposal:
    return Proposal(
        cycle_id=inputs.cycle_id,
        executes_at=START,
        ranking_sha256=inputs.ranking.sha256,
        regime_sha256=inputs.regime.sha256,
        regime=inputs.regime.regime,
        policy_sha256=content_id(inputs.policy),
        inputs_sha256=content_id(inputs),
        block=inputs.position.block,
        account=ACCOUNT,
        basket=Basket(targets=(), left_out=(), covered_ppm=Ppm(0), notes=()),
        price_by_token={COIN.address: Price(usd=Decimal("9.005"), source="pool")},
        orders=(ORDER,),
        skipped=(SKIPPED,),
        cost=COST,
        bounds=Bounds(
            max_order_usd_by_coin={"coin-003": Decimal(1_000)},
            max_turnover_usd=Decimal(2_000),
            max_cost_usd=Decimal(20),
            max_price_move_bps=Bps(1_000),
        ),
    )


def plan_of(inputs: PlanInputs, proposal_id: str, batches: tuple[Batch, ...]) -> Plan:
    proposal = proposal_of(inputs)
    return Plan(
        cycle_id=inputs.cycle_id,
        proposal_id=proposal_id,
        ranking_sha256=proposal.ranking_sha256,
        regime_sha256=proposal.regime_sha256,
        regime=proposal.regime,
        policy_sha256=proposal.policy_sha256,
        inputs_sha256=proposal.inputs_sha256,
        block=proposal.block,
        contract=VAULT,
        agent=ACCOUNT,
        deadline=NOW + 1_800,
        basket=proposal.basket,
        price_by_token=proposal.price_by_token,
        orders=proposal.orders,
        skipped=proposal.skipped,
        quotes=(),
        batches=batches,
        cost=COST,
    )


def record_week(ledger: SqlLedger, week: Week, *, first_nonce: int = 11) -> None:
    """Record a whole cycle, from its signals to its checkpoint."""
    nonce = first_nonce + 2 * week.number
    plan = record_decision(ledger, week)
    outcomes = tuple(
        record_batch(ledger, plan, batch, nonce=nonce + batch.index) for batch in plan.batches
    )
    report = _report(plan, outcomes)
    ledger.append(Reported(report=report), cycle_id=week.cycle_id)
    ledger.seal(block=block(200 * week.number + 90), account=ACCOUNT, next_nonce=nonce + 2)


def record_decision(ledger: SqlLedger, week: Week) -> Plan:
    """Record everything of a cycle before its first intent."""
    inputs = week.inputs
    for signal, content in (
        (SignalName.RANKING, week.ranking_bytes),
        (SignalName.REGIME, week.regime_bytes),
    ):
        accepted = SignalAccepted(
            signal=signal, source="file", issued_at=START, sha256=_sha256(content)
        )
        ledger.append(accepted, cycle_id=week.cycle_id, contents=(content,))
    fixed = InputsFixed(inputs_sha256=content_id(inputs))
    ledger.append(fixed, cycle_id=week.cycle_id, contents=(canonical_bytes(inputs),))
    proposal = proposal_of(inputs)
    made = ProposalMade(proposal_id=content_id(proposal), proposal=proposal)
    ledger.append(made, cycle_id=week.cycle_id, key=made.proposal_id)
    approved = ApprovalGiven(proposal_id=made.proposal_id, by="policy", note="")
    ledger.append(approved, cycle_id=week.cycle_id)
    plan = plan_of(inputs, made.proposal_id, week.batches)
    plan_made = PlanMade(plan_id=content_id(plan), plan=plan)
    ledger.append(plan_made, cycle_id=week.cycle_id, key=plan_made.plan_id)
    return plan


def record_batch(ledger: SqlLedger, plan: Plan, batch: Batch, *, nonce: int) -> BatchOutcome:
    """Record one batch, from its intent to its finalized receipt."""
    plan_id = content_id(plan)
    opened = Intent(
        intent_id=f"{plan.cycle_id}/{batch.index}", cycle_id=plan.cycle_id, plan_id=plan_id,
        batch_index=batch.index, chain_id=1, account=ACCOUNT, contract=VAULT,
        sequence=batch.sequence, route=Route.PUBLIC,
    )  # fmt: skip
    witness = ledger.open_intent(opened).hash
    data = encode(batch, deadline=plan.deadline, plan_id=plan_id, intent_hash=witness)
    rehearsed = Rehearsed(
        intent_id=opened.intent_id, simulator="fork", block=plan.block,
        calldata_sha256=_sha256(data), gas_used=290_000, deltas={COIN.address: -(100 * 10**18)},
    )  # fmt: skip
    ledger.append(rehearsed, cycle_id=plan.cycle_id)
    ledger.reserve_nonce(opened.intent_id, nonce=nonce)
    sent = attempt(opened.intent_id, nonce=nonce, data=data)
    ledger.record_signed(sent)
    for state in (TxState.IN_DOUBT, TxState.SEEN):
        ledger.advance(opened.intent_id, state=state)
    mined_in = block(100 * nonce)
    log = executed(plan_id, witness, batch.sequence)
    seen = receipt(sent.tx_hash, mined_in, logs=(log,))
    fills = tuple(_fill(batch, index, leg) for index, leg in enumerate(batch.legs))
    ledger.advance(opened.intent_id, state=TxState.MINED, receipt=seen, fills=fills)
    ledger.advance(opened.intent_id, state=TxState.FINAL_OK, receipt=seen)
    return BatchOutcome(
        batch_index=batch.index, tx_hash=sent.tx_hash, block_number=mined_in.number,
        block_hash=mined_in.hash, is_success=True, gas_forecast=batch.gas_forecast,
        gas_used=seen.gas_used, effective_gas_price=seen.effective_gas_price, fills=fills,
    )  # fmt: skip


def _fill(batch: Batch, index: int, leg: Leg) -> Fill:
    return Fill(
        order_id=leg.order_id, batch_index=batch.index, leg_index=index, pool=leg.pool,
        token_in=leg.token_in, token_out=leg.token_out, amount_in=leg.amount_in,
        amount_out=leg.amount_out - 10**12, planned_amount_out=leg.amount_out,
        realised_slippage_bps=Decimal("0.03"),
    )  # fmt: skip


def _report(plan: Plan, outcomes: tuple[BatchOutcome, ...]) -> CycleReport:
    return CycleReport(
        cycle_id=plan.cycle_id, plan_id=content_id(plan), outcomes=outcomes,
        planned_cost_usd=plan.cost.total_usd, realised_gas_usd=Decimal("0.87"),
        realised_slippage_usd=Decimal("0.05"), traded_usd=Decimal("899.10"),
        max_drift_after_ppm=420,
    )  # fmt: skip


def sign_off(ledger: SqlLedger, week: Week, *, by: str = "ann") -> None:
    seen = ledger.records(cycle_id=week.cycle_id)[-1]
    ledger.append(SignedOff(by=by, head=seen.hash, note="as planned"), cycle_id=week.cycle_id)
