"""Cycles as they stand in a ledger: real decisions, real signatures, receipts that fit them."""

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
from agent.domain.order import Batch, Leg
from agent.domain.plan import Plan, PlanInputs
from agent.domain.portfolio import Price
from agent.domain.units import Address
from agent.execution.calls import encode
from agent.planning.planner import normalised, plan
from agent.planning.proposing import propose
from tests import batches
from tests.worlds import NOW, with_contract, world

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
        return normalised(
            replace(
                inputs,
                cycle_id=self.cycle_id,
                ranking=replace(inputs.ranking, sha256=_sha256(self.ranking_bytes)),
                regime=replace(inputs.regime, sha256=_sha256(self.regime_bytes)),
            )
        )

    @property
    def batches(self) -> tuple[Batch, ...]:
        first = 2 * self.number + 1
        return replace(batches.BATCH, sequence=first), replace(
            batches.SECOND_BATCH, sequence=first + 1
        )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


PRICES = {
    batches.WETH.address: Price(usd=Decimal(3_000), source="feed"),
    batches.UNI.address: Price(usd=Decimal(9), source="pool"),
    batches.LINK.address: Price(usd=Decimal("14.75"), source="pool"),
    batches.USDC.address: Price(usd=Decimal("0.9999"), source="feed"),
}


def plan_of(inputs: PlanInputs, proposal_id: str, week_batches: tuple[Batch, ...]) -> Plan:
    """Return a real plan but for its batches, and the prices of what they trade."""
    made = plan(inputs, proposal_id=proposal_id)
    prices = {**made.price_by_token, **PRICES}
    return replace(made, batches=week_batches, price_by_token=prices)


def record_week(ledger: SqlLedger, week: Week, *, first_nonce: int = 11) -> None:
    """Record a whole cycle, from its signals to its checkpoint."""
    nonce = first_nonce + 2 * week.number
    planned = record_decision(ledger, week)
    outcomes = tuple(
        record_batch(ledger, planned, batch, nonce=nonce + batch.index) for batch in planned.batches
    )
    report = _report(planned, outcomes)
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
    proposal = propose(inputs, executes_at=START)
    made = ProposalMade(proposal_id=content_id(proposal), proposal=proposal)
    ledger.append(made, cycle_id=week.cycle_id, key=made.proposal_id)
    approved = ApprovalGiven(proposal_id=made.proposal_id, by="policy", note="")
    ledger.append(approved, cycle_id=week.cycle_id)
    planned = plan_of(inputs, made.proposal_id, week.batches)
    plan_made = PlanMade(plan_id=content_id(planned), plan=planned)
    ledger.append(plan_made, cycle_id=week.cycle_id, key=plan_made.plan_id)
    return planned


def record_batch(ledger: SqlLedger, planned: Plan, batch: Batch, *, nonce: int) -> BatchOutcome:
    """Record one batch, from its intent to its finalized receipt."""
    plan_id = content_id(planned)
    opened = Intent(
        intent_id=f"{planned.cycle_id}/{batch.index}", cycle_id=planned.cycle_id, plan_id=plan_id,
        batch_index=batch.index, chain_id=1, account=ACCOUNT, contract=VAULT,
        sequence=batch.sequence, route=Route.PUBLIC,
    )  # fmt: skip
    witness = ledger.open_intent(opened).hash
    data = encode(batch, deadline=planned.deadline, plan_id=plan_id, intent_hash=witness)
    rehearsed = Rehearsed(
        intent_id=opened.intent_id, simulator="fork", block=planned.block,
        calldata_sha256=_sha256(data), gas_used=290_000, deltas={batches.UNI.address: -(100 * 10**18)},
    )  # fmt: skip
    ledger.append(rehearsed, cycle_id=planned.cycle_id)
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


def _report(planned: Plan, outcomes: tuple[BatchOutcome, ...]) -> CycleReport:
    return CycleReport(
        cycle_id=planned.cycle_id, plan_id=content_id(planned), outcomes=outcomes,
        planned_cost_usd=planned.cost.total_usd, realised_gas_usd=Decimal("0.87"),
        realised_slippage_usd=Decimal("0.05"), traded_usd=Decimal("899.10"),
        max_drift_after_ppm=420,
    )  # fmt: skip


def sign_off(ledger: SqlLedger, week: Week, *, by: str = "ann") -> None:
    seen = ledger.records(cycle_id=week.cycle_id)[-1]
    ledger.append(SignedOff(by=by, head=seen.hash, note="as planned"), cycle_id=week.cycle_id)
