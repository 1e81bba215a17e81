"""One fake in memory for each port: what it does is what the tests say, and nothing leaves the process."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import rlp

from agent.domain.block import Block
from agent.domain.bodies import KIND_BY_BODY, Body, IntentOpened, Moved, Outcome, Signed
from agent.domain.canonical import content_id, to_json
from agent.domain.fill import Fill
from agent.domain.intent import (
    NEXT_STATES,
    TERMINAL,
    Attempt,
    Intent,
    LogEntry,
    MarketFees,
    Receipt,
    Route,
    SignedTransaction,
    TxState,
    UnsignedTransaction,
)
from agent.domain.notice import Delivery, Notice
from agent.domain.plan import Plan, PlanInputs, Position, Proposal
from agent.domain.pool import PoolRef, PoolState
from agent.domain.quote import QuoteRequest
from agent.domain.record import Checkpoint, Record, RecordKind
from agent.domain.signal import Ranking, RegimeSignal
from agent.domain.token import Token
from agent.domain.units import Address
from agent.errors import (
    LedgerError,
    MessengerUnavailableError,
    RpcUnavailableError,
    StopRequestedError,
)
from agent.planning.planner import plan
from agent.planning.proposing import propose
from agent.ports import IntentStatus, SendAnswer, SimulatedCall, SimulatedOutcome, Watch

START = datetime(2026, 11, 23, tzinfo=UTC)
GENESIS_S = int(START.timestamp())
SLOT_S = 12
CALM = MarketFees(base_fee_per_gas=10**9, priority_fee_per_gas=10**8)
ACCEPTED = SendAnswer(is_accepted=True, text="")


@dataclass
class StillClock:
    """A clock that only sleeping moves; `on_sleep` is what the world does meanwhile."""

    time: datetime = START
    on_sleep: Callable[[], None] = lambda: None
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)
        self.on_sleep()


class HeldClock:
    """A clock that stands still until a test lets time pass; whoever sleeps waits for that.

    `waiting` counts the threads that sleep.
    """

    def __init__(self, time: datetime = START) -> None:
        self._time = time
        self._changed = threading.Condition()
        self._is_stopped = False
        self.waiting = 0

    def now(self) -> datetime:
        return self._time

    def sleep(self, seconds: float) -> None:
        due = self._time + timedelta(seconds=seconds)
        with self._changed:
            self.waiting += 1
            self._changed.wait_for(lambda: self._is_stopped or self._time >= due)
            self.waiting -= 1
        if self._is_stopped:
            raise StopRequestedError

    def advance(self, duration: timedelta) -> None:
        with self._changed:
            self._time += duration
            self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()


@dataclass
class FakeSupervisor:
    """Keeps what it is told, in order."""

    heartbeat_s: float | None = 5.0
    said: list[str] = field(default_factory=list)

    def ready(self) -> None:
        self.said.append("ready")

    def status(self, text: str) -> None:
        self.said.append(text)

    def heartbeat(self) -> None:
        self.said.append("heartbeat")

    def stopping(self) -> None:
        self.said.append("stopping")


@dataclass(frozen=True)
class Effect:
    """What a transaction does once it is mined."""

    logs: tuple[LogEntry, ...] = ()
    is_success: bool = True
    gas_used: int = 290_000


@dataclass
class FakeChain:
    """A chain of one account: what is in `pool` is mined by `mine`, and gone again after `reorg`."""

    account: Address
    nonce: int = 0
    effect: Effect = Effect()
    position: Position | None = None
    finalized_depth: int = 64
    height: int = 100
    fork: str = "a"
    reorgs: list[int] = field(default_factory=list)
    pool: dict[str, int] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    is_down: bool = False
    asked: tuple[tuple[Token, ...], tuple[Address, ...]] = ((), ())
    sequence: int = 0
    fees: MarketFees = CALM
    effect_by_hash: dict[str, Effect] = field(default_factory=dict)
    nonce_by_height: dict[int, int] = field(default_factory=dict)
    delegate: Address | None = None

    def ping(self) -> None:
        self._answer()

    def fetch_head(self) -> Block:
        self._answer()
        return self.block(self.height)

    def fetch_finalized(self) -> Block:
        self._answer()
        return self.block(max(self.height - self.finalized_depth, 0))

    def fetch_position(
        self, *, block: Block, tokens: Sequence[Token], feeds: Sequence[Address]
    ) -> Position:
        self._answer()
        assert self.position is not None
        self.asked = (tuple(tokens), tuple(feeds))
        return replace(self.position, block=block)

    def fetch_nonce(self, account: Address, *, at: str | None = None) -> int:
        self._answer()
        if account != self.account:
            return 0
        if at is None:
            return self.nonce
        heights = [n for n in range(self.height, -1, -1) if self.block(n).hash == at]
        later = [nonce for height, nonce in self.nonce_by_height.items() if height > heights[0]]
        return min([*later, self.nonce])

    def fetch_delegate(self, account: Address) -> Address | None:
        self._answer()
        return self.delegate if account == self.account else None

    def fetch_sequence(self) -> int:
        self._answer()
        return self.sequence

    def fetch_fees(self) -> MarketFees:
        self._answer()
        return self.fees

    def fetch_receipt(self, tx_hash: str) -> Receipt | None:
        self._answer()
        return self.receipts.get(tx_hash)

    def fetch_block_hash(self, number: int) -> str | None:
        self._answer()
        return self.block(number).hash if number <= self.height else None

    def block(self, number: int) -> Block:
        """Return a block; those of another fork have other hashes from height 100 on."""
        rewritten = sum(number > last_kept for last_kept in self.reorgs)
        name = f"{number} {self.fork if number > 100 else ''} {rewritten}"
        return Block(
            chain_id=1,
            number=number,
            hash="0x" + hashlib.sha256(name.encode()).hexdigest(),
            timestamp=GENESIS_S + SLOT_S * (number - 100),
            base_fee_per_gas=10**9,
        )

    def mine(self, blocks: int = 1) -> None:
        """Add blocks; the first takes what is in the pool and has the next nonce."""
        self.height += 1
        for tx_hash, nonce in reversed(self.pool.items()):
            if nonce == self.nonce:
                self.receipts[tx_hash] = self._receipt(tx_hash)
                self._use_nonce()
        self.pool = {h: n for h, n in self.pool.items() if n >= self.nonce}
        self.height += blocks - 1

    def use_nonce(self) -> None:
        """Add a block in which somebody else's transaction uses the account's nonce."""
        self.height += 1
        self._use_nonce()

    def _use_nonce(self) -> None:
        self.nonce_by_height[self.height] = self.nonce
        self.nonce += 1

    def reorg(self, *, depth: int) -> None:
        """Replace the last blocks by as many empty ones; what they held is forgotten."""
        self.reorgs.append(self.height - depth)
        gone = [r for r in self.receipts.values() if r.block_number > self.height - depth]
        for receipt in gone:
            del self.receipts[receipt.tx_hash]
        for height in [h for h in self.nonce_by_height if h > self.height - depth]:
            self.nonce = min(self.nonce, self.nonce_by_height.pop(height))

    def _receipt(self, tx_hash: str) -> Receipt:
        block = self.block(self.height)
        effect = self.effect_by_hash.get(tx_hash, self.effect)
        return Receipt(
            tx_hash=tx_hash,
            sender=self.account,
            block_number=block.number,
            block_hash=block.hash,
            is_success=effect.is_success,
            gas_used=effect.gas_used,
            effective_gas_price=2 * 10**9,
            logs=effect.logs if effect.is_success else (),
        )

    def _answer(self) -> None:
        if self.is_down:
            raise RpcUnavailableError(endpoint="fake", reason="it is down")


@dataclass
class FakeRankings:
    """Gives one ranking, or raises what a test wants it to."""

    ranking: Ranking
    raw: bytes = b"ranking"
    error: Exception | None = None
    name: str = "ranking.json"

    def fetch_ranking(self, *, now: datetime) -> tuple[Ranking, bytes]:
        assert now.tzinfo is not None
        if self.error is not None:
            raise self.error
        return replace(self.ranking, sha256=hashlib.sha256(self.raw).hexdigest()), self.raw


@dataclass
class FakeRegimes:
    """Gives one regime, or raises what a test wants it to."""

    regime: RegimeSignal
    raw: bytes = b"regime"
    error: Exception | None = None
    name: str = "regime.json"

    def fetch_regime(self, *, now: datetime) -> tuple[RegimeSignal, bytes]:
        assert now.tzinfo is not None
        if self.error is not None:
            raise self.error
        return replace(self.regime, sha256=hashlib.sha256(self.raw).hexdigest()), self.raw


@dataclass
class FakeBroadcaster:
    """Puts what it is sent into the pool of `chain`, unless `answers` says something else first."""

    chain: FakeChain
    answers: list[SendAnswer] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)

    def send_raw(self, raw: bytes, *, route: Route = Route.PUBLIC) -> SendAnswer:
        self.sent.append(raw)
        self.routes.append(route)
        if self.answers:
            return self.answers.pop(0)
        tx_hash, nonce = fake_hash(raw), fake_nonce(raw)
        if nonce < self.chain.nonce:
            return SendAnswer(is_accepted=False, text="nonce too low")
        self.chain.pool[tx_hash] = nonce
        return ACCEPTED


def fake_hash(raw: bytes) -> str:
    return "0x" + hashlib.sha256(raw).hexdigest()


def fake_nonce(raw: bytes) -> int:
    return int.from_bytes(rlp.decode(raw[1:])[1], "big")


@dataclass
class FakeSigner:
    """Signs with nothing, so that no chain takes the bytes; every signature is counted."""

    address: Address
    signed: list[UnsignedTransaction] = field(default_factory=list)

    def sign(self, transaction: UnsignedTransaction) -> SignedTransaction:
        self.signed.append(transaction)
        cap = transaction.fee_cap
        fields = [
            *(transaction.chain_id, transaction.nonce),
            *(cap.max_priority_fee_per_gas, cap.max_fee_per_gas, transaction.gas_limit),
            *(bytes.fromhex(transaction.to[2:]), transaction.value_wei, transaction.data),
            *([], 0, 0, 0),
        ]
        raw = b"\x02" + rlp.encode(fields)
        return SignedTransaction(tx_hash=fake_hash(raw), raw=raw)


@dataclass
class FakeSimulator:
    """Answers with `outcomes`, and keeps what it was asked."""

    outcomes: tuple[SimulatedOutcome, ...]
    calls: tuple[SimulatedCall, ...] = ()
    watch: Watch | None = None
    block: Block | None = None
    name: str = "fake"

    def simulate(
        self, *, calls: Sequence[SimulatedCall], watch: Watch, block: Block
    ) -> tuple[SimulatedOutcome, ...]:
        self.calls, self.watch, self.block = tuple(calls), watch, block
        return self.outcomes


@dataclass
class FakeLedger:
    """The ledger's rules without its database: what may follow what, and that twice is as once."""

    by_key: dict[tuple[RecordKind, str], Record] = field(default_factory=dict)
    status_by_id: dict[str, IntentStatus] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    content_by_sha256: dict[str, bytes] = field(default_factory=dict)
    sealed: list[Checkpoint] = field(default_factory=list)

    def append(
        self, body: Body, *, cycle_id: str, key: str | None = None, contents: Sequence[bytes] = ()
    ) -> Record:
        for content in contents:
            self.content_by_sha256[hashlib.sha256(content).hexdigest()] = content
        return self._append(body, cycle_id, key or f"{cycle_id}/{content_id(body)}")

    def _append(self, body: Body, cycle_id: str, key: str) -> Record:
        kind = KIND_BY_BODY[type(body)]
        found = self.by_key.get((kind, key))
        if found is not None and found.body != to_json(body):
            raise LedgerError(what=f"{kind} {key} stands otherwise", mend="test")
        return found or self._record(kind, body, cycle_id, key)

    def _record(self, kind: RecordKind, body: Body, cycle_id: str, key: str) -> Record:
        record = Record(
            seq=len(self.by_key) + 1,
            prev="0" * 64,
            at=START.isoformat(),
            cycle_id=cycle_id,
            kind=kind,
            body=to_json(body),
            hash=content_id([kind, key, body]),
        )
        self.by_key[kind, key] = record
        return record

    def open_intent(self, intent: Intent) -> Record:
        record = self._append(IntentOpened(intent=intent), intent.cycle_id, intent.intent_id)
        self.status_by_id.setdefault(
            intent.intent_id,
            IntentStatus(
                intent=intent,
                state=TxState.INTENT,
                nonce=None,
                attempts=(),
                intent_record_hash=record.hash,
            ),
        )
        return record

    def reserve_nonce(self, intent_id: str, *, nonce: int) -> None:
        taken = {s.nonce for i, s in self.status_by_id.items() if i != intent_id}
        if nonce in taken or self.status_by_id[intent_id].nonce not in {None, nonce}:
            raise LedgerError(what=f"nonce {nonce} is taken", mend="test")
        self._move(intent_id, TxState.RESERVED, nonce=nonce)

    def record_signed(self, attempt: Attempt) -> Record:
        status = self.status_by_id[attempt.intent_id]
        key = f"{attempt.intent_id}/{attempt.number}"
        record = self._append(Signed(attempt=attempt), status.intent.cycle_id, key)
        if attempt not in status.attempts:
            if attempt.number != len(status.attempts) + 1 or attempt.nonce != status.nonce:
                raise LedgerError(what=f"attempt {key} does not fit", mend="test")
            is_first = status.state is TxState.RESERVED
            state = TxState.SIGNED if is_first else status.state
            self._move(attempt.intent_id, state, attempts=(*status.attempts, attempt))
        return record

    def advance(
        self,
        intent_id: str,
        *,
        state: TxState,
        receipt: Receipt | None = None,
        fills: Sequence[Fill] = (),
        note: str = "",
    ) -> None:
        if state is self.status_by_id[intent_id].state:
            return
        self._move(intent_id, state)
        if state in TERMINAL or state is TxState.MINED:
            outcome = Outcome(
                intent_id=intent_id, state=state, receipt=receipt, fills=tuple(fills), note=note
            )
            self._append(outcome, self._cycle(intent_id), f"{intent_id}/{len(self.by_key)}")
            self.outcomes.append(outcome)

    def _move(self, intent_id: str, state: TxState, **changes: object) -> None:
        status = self.status_by_id[intent_id]
        if state is not status.state and state not in NEXT_STATES[status.state]:
            raise LedgerError(what=f"{status.state} cannot become {state}", mend="test")
        self.status_by_id[intent_id] = replace(status, state=state, **changes)
        moved = Moved(intent_id=intent_id, state=state, nonce=self.status_by_id[intent_id].nonce)
        self._append(moved, self._cycle(intent_id), f"{intent_id}/{len(self.by_key)}")

    def _cycle(self, intent_id: str) -> str:
        return self.status_by_id[intent_id].intent.cycle_id

    def intents(self, *, cycle_id: str | None = None) -> tuple[IntentStatus, ...]:
        return tuple(
            status
            for status in self.status_by_id.values()
            if cycle_id in {None, status.intent.cycle_id}
        )

    def records(
        self,
        *,
        cycle_id: str | None = None,
        kinds: Collection[RecordKind] = (),
        after: int = 0,
    ) -> tuple[Record, ...]:
        return tuple(
            record
            for record in self.by_key.values()
            if cycle_id in {None, record.cycle_id}
            and (not kinds or record.kind in kinds)
            and record.seq > after
        )

    def load_content(self, sha256: str) -> bytes:
        return self.content_by_sha256[sha256]

    def seal(self, *, block: Block, account: Address, next_nonce: int) -> Checkpoint:
        records = self.records()
        checkpoint = Checkpoint(
            origin="fake",
            size=len(records),
            head=records[-1].hash,
            at=START.isoformat(),
            chain_id=block.chain_id,
            block_number=block.number,
            block_hash=block.hash,
            account=account,
            first_nonce=0,
            next_nonce=next_nonce,
            previous="0" * 64,
            key_id="fake",
            signature="",
        )
        self.sealed.append(checkpoint)
        return checkpoint

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        return tuple(self.sealed)


@dataclass(kw_only=True)
class FakePlanner:
    """The planner itself, in this process; `prepared` counts how often it was told to get ready."""

    prepared: int = 0

    def prepare(self) -> None:
        self.prepared += 1

    def propose(self, inputs: PlanInputs, *, executes_at: datetime) -> Proposal:
        return propose(inputs, executes_at=executes_at)

    def plan(self, inputs: PlanInputs, *, proposal_id: str) -> Plan:
        return plan(inputs, proposal_id=proposal_id)


@dataclass
class FakeVenue:
    """A venue whose pools stand as `states` say; it remembers which pairs it was asked for."""

    states: tuple[PoolState, ...] = ()
    name: str = "pools"
    asked: list[frozenset[Address]] = field(default_factory=list)

    def ping(self) -> None:
        """Is always there."""

    def foresee(self, *, block: Block) -> None:
        assert block.number >= 0

    def fetch_liquidity(
        self, *, requests: Sequence[QuoteRequest], pools: Sequence[PoolRef], block: Block
    ) -> tuple[PoolState, ...]:
        assert block.number >= 0
        pairs = [frozenset((r.token_in.address, r.token_out.address)) for r in requests]
        self.asked.extend(pairs)
        addresses = {
            pool.address for pool in pools if frozenset((pool.token0, pool.token1)) in pairs
        }
        return tuple(state for state in self.states if state.ref.address in addresses)


@dataclass
class FakeMessenger:
    """A channel that keeps what it is sent, unless it is down or refuses the next few."""

    name: str = "team"
    sent: list[Notice] = field(default_factory=list)
    refuses: int = 0

    def send(self, notice: Notice) -> None:
        if self.refuses:
            self.refuses -= 1
            raise MessengerUnavailableError(channel=self.name, reason="it is down")
        self.sent.append(notice)


@dataclass
class FakeOutbox:
    """The outbox's rules without its database."""

    position: int | None = None
    waiting: list[tuple[Delivery, datetime]] = field(default_factory=list)
    done: list[Delivery] = field(default_factory=list)
    given_up: list[Delivery] = field(default_factory=list)

    def read_up_to(self) -> int | None:
        return self.position

    def put(self, deliveries: Sequence[tuple[Delivery, datetime]], *, read_up_to: int) -> None:
        self.waiting.extend(deliveries)
        self.position = read_up_to

    def due(self, now: datetime) -> tuple[Delivery, ...]:
        return tuple(delivery for delivery, at in self.waiting if at <= now)

    def open(self) -> tuple[Delivery, ...]:
        return tuple(delivery for delivery, _ in self.waiting)

    def delivered(self, delivery: Delivery, *, at: datetime) -> None:
        assert at.tzinfo is not None
        self._take(delivery)
        self.done.append(delivery)

    def failed(self, delivery: Delivery, *, again_at: datetime | None, reason: str) -> None:
        assert reason
        place = self._take(delivery)
        if again_at is None:
            self.given_up.append(delivery)
        else:
            again = replace(delivery, attempts=delivery.attempts + 1)
            self.waiting.insert(place, (again, again_at))

    def _take(self, delivery: Delivery) -> int:
        place = next(i for i, (waits, _) in enumerate(self.waiting) if waits == delivery)
        del self.waiting[place]
        return place
