"""What the agent needs from outside, as Protocols; each has one or more adapters and one fake."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agent.domain.block import Block
from agent.domain.bodies import Body
from agent.domain.fill import Fill
from agent.domain.intent import (
    Attempt,
    FeeCap,
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
from agent.domain.offer import Ask, Declined, FirmOffer, Offer, Service
from agent.domain.plan import Plan, PlanInputs, Position, Proposal
from agent.domain.pool import PoolRef, PoolState
from agent.domain.quote import QuoteRequest
from agent.domain.record import Checkpoint, Record, RecordKind
from agent.domain.signal import Ranking, RegimeSignal
from agent.domain.token import Token
from agent.domain.units import Address
from agent.domain.window import FeeSample


class Clock(Protocol):
    """The time that decides what is due."""

    def now(self) -> datetime: ...

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`.

        Raises:
            StopRequestedError: the process is asked to stop, at once if it already was.
        """


class Supervisor(Protocol):
    """Whoever started the service and watches over it."""

    @property
    def heartbeat_s(self) -> float | None:
        """How often a sign of life is wanted, None if never."""

    def ready(self) -> None: ...

    def status(self, text: str) -> None:
        """Say in one line what the service is at."""

    def heartbeat(self) -> None: ...

    def stopping(self) -> None: ...


class RankingSource(Protocol):
    """Where rankings come from."""

    @property
    def name(self) -> str: ...

    def fetch_ranking(self, *, now: datetime) -> tuple[Ranking, bytes]:
        """Return the current ranking and the bytes that carried it.

        Raises:
            SignalError: refused. SourceUnavailableError: not reachable.
        """


class SignalSource(Protocol):
    """Where regime signals come from."""

    @property
    def name(self) -> str: ...

    def fetch_regime(self, *, now: datetime) -> tuple[RegimeSignal, bytes]:
        """Return the current regime and the bytes that carried it; errors as for a ranking."""


class Chain(Protocol):
    """Reads of one chain. Everything read for one decision names one block."""

    def ping(self) -> None:
        """Raise WrongChainError, NodeUnfitError or RpcUnavailableError unless the node is fit."""

    def fetch_head(self) -> Block: ...

    def fetch_finalized(self) -> Block: ...

    def fetch_position(
        self, *, block: Block, tokens: Sequence[Token], feeds: Sequence[Address]
    ) -> Position:
        """Return balances, feeds, contract state and allowlisted pools at `block`, in one round trip."""

    def fetch_nonce(self, account: Address, *, at: str | None = None) -> int:
        """Return the account's nonce at the block with hash `at`, by default the latest."""

    def fetch_delegate(self, account: Address) -> Address | None:
        """Return whose code the account runs (EIP-7702), None for one without a delegation."""

    def fetch_sequence(self) -> int:
        """Return the number of the last batch that the contract ran."""

    def fetch_fees(self) -> MarketFees:
        """Return what the next block asks for, from the fee history."""

    def fetch_receipt(self, tx_hash: str) -> Receipt | None:
        """Return the receipt, None if there is none yet.

        Raises:
            RpcUnavailableError: it is not known whether there is one.
        """

    def fetch_block_hash(self, number: int) -> str | None: ...


class Planner(Protocol):
    """Whoever makes proposals and plans of inputs, and always the same of the same."""

    def prepare(self) -> None:
        """Get ready, in the background, for what will soon be asked."""

    def propose(self, inputs: PlanInputs, *, executes_at: datetime) -> Proposal:
        """Return what a cycle would do.

        Raises:
            FeedUnusableError, InfeasibleTargetError: nothing can be planned on these inputs.
            PlanningProcessError: whoever plans failed.
        """

    def plan(self, inputs: PlanInputs, *, proposal_id: str) -> Plan:
        """Return what a cycle will do; errors as for a proposal."""


class FeeHistory(Protocol):
    """What blocks asked for, long ago."""

    def fetch_base_fees(self, heights: Sequence[int]) -> tuple[FeeSample, ...]:
        """Return the base fees of these blocks, as far as they are still known."""


class Venue(Protocol):
    """A family of places to trade. It answers at one block how much out there is for how much in."""

    @property
    def name(self) -> str: ...

    def ping(self) -> None:
        """Raise NodeUnfitError or RpcUnavailableError unless the venue can be asked."""

    def foresee(self, *, block: Block) -> None:
        """Say that liquidity will be asked for at `block`, like last time: it may be read ahead."""

    def fetch_liquidity(
        self, *, requests: Sequence[QuoteRequest], pools: Sequence[PoolRef], block: Block
    ) -> tuple[PoolState, ...]:
        """Return the state of every allowlisted pool that a request could use, in one round trip."""


class Aggregators(Protocol):
    """Places to trade that somebody else computes routes through. What they say is never trusted."""

    def fetch_offers(self, asks: Sequence[Ask]) -> tuple[Offer | Declined, ...]:
        """Return what each service says to each ask; those that can gain most are asked first.

        It ends at a deadline of its own, and never fails.
        """

    def fetch_firm(self, asks: Sequence[tuple[Service, Ask]]) -> tuple[FirmOffer | Declined, ...]:
        """Return to each ask an offer with the calldata that takes it, or why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What a rehearsal measures around each call: balances of `account` and allowances it granted."""

    account: Address
    tokens: tuple[Address, ...]
    spenders: tuple[Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedCall:
    """A transaction to be rehearsed, not signed; `fee_cap` is what it would be signed with."""

    sender: Address
    to: Address
    data: bytes
    value_wei: int
    gas_limit: int
    fee_cap: FeeCap


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedOutcome:
    """What one rehearsed call did. `deltas` by token address (zero address: ETH of the account).

    `allowances` maps (token, spender) to what stands afterwards, zeros left out. `revert_reason` is
    the 0x-hex data that the call reverted with, or the node's words where there is none.
    """

    is_success: bool
    revert_reason: str
    gas_used: int
    deltas: Mapping[Address, int]
    allowances: Mapping[tuple[Address, Address], int]
    logs: tuple[LogEntry, ...]


class Simulator(Protocol):
    """Executes calls in sequence on the state after `block`, without leaving a trace."""

    @property
    def name(self) -> str: ...

    def simulate(
        self, *, calls: Sequence[SimulatedCall], watch: Watch, block: Block
    ) -> tuple[SimulatedOutcome, ...]:
        """Return what each call did, a block for each; the first that fails is the last one run.

        Raises:
            NodeUnfitError: the node cannot simulate, or not on that block.
            RpcUnavailableError: it does not answer.
        """


class Signer(Protocol):
    """Holds the trading key, and never shows it."""

    @property
    def address(self) -> Address: ...

    def sign(self, transaction: UnsignedTransaction) -> SignedTransaction: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAnswer:
    """What an endpoint said to a broadcast; `text` is its words when it did not accept."""

    is_accepted: bool
    text: str


class Broadcaster(Protocol):
    """Sends signed bytes, once per call; what the answer means is decided elsewhere."""

    def send_raw(self, raw: bytes, *, route: Route = Route.PUBLIC) -> SendAnswer:
        """Send to every endpoint of a route. One that accepts is enough; else a line from each says why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentStatus:
    """An intent as the ledger knows it."""

    intent: Intent
    state: TxState
    nonce: int | None
    attempts: tuple[Attempt, ...]
    intent_record_hash: str


class Ledger(Protocol):
    """The truth about money. Each writing method is one database transaction with its log record inside.

    Writing methods are idempotent: doing again what stands already changes nothing; doing otherwise
    raises LedgerError, as does a database that is corrupt, locked, full or not writable.
    """

    def append(
        self, body: Body, *, cycle_id: str, key: str | None = None, contents: Sequence[bytes] = ()
    ) -> Record:
        """Append a record that changes no transaction's state, and keep `contents` by their SHA-256.

        `key` names the record among its kind for ever: the same key with the same body is the same
        record, with another body an error. Without a key, the cycle and the body are the key. Content
        that the body names must be given here or be kept already.
        """

    def open_intent(self, intent: Intent) -> Record:
        """Record the decision to send a batch. The record's hash is the batch's witness on chain."""

    def reserve_nonce(self, intent_id: str, *, nonce: int) -> None:
        """Bind an intent to a nonce of its account, for ever."""

    def record_signed(self, attempt: Attempt) -> Record:
        """Record signed bytes, before they may leave. Attempts at a nonce count from 1 without gaps."""

    def advance(
        self,
        intent_id: str,
        *,
        state: TxState,
        receipt: Receipt | None = None,
        fills: Sequence[Fill] = (),
        note: str = "",
    ) -> None:
        """Move an intent along an arrow of NEXT_STATES; its own state again changes nothing.

        `mined` and what follows it, but a fall back to `in_doubt`, need the receipt of one of the
        intent's attempts; no other step takes one. `reserved` and `signed` are reached by
        `reserve_nonce` and `record_signed` alone.
        """

    def intents(self, *, cycle_id: str | None = None) -> tuple[IntentStatus, ...]:
        """Return the intents in the order in which they were opened."""

    def records(
        self,
        *,
        cycle_id: str | None = None,
        kinds: Collection[RecordKind] = (),
        after: int = 0,
    ) -> tuple[Record, ...]:
        """Return records in order: of one cycle or all, of some kinds or all, behind number `after`."""

    def load_content(self, sha256: str) -> bytes: ...

    def seal(self, *, block: Block, account: Address, next_nonce: int) -> Checkpoint:
        """Close the log up to now with a signed checkpoint.

        `next_nonce` is the account's nonce at `block`. The first nonce that the log knows of the
        account is where its completeness begins.
        """

    def checkpoints(self) -> tuple[Checkpoint, ...]: ...


class Messenger(Protocol):
    """A channel to the operators."""

    @property
    def name(self) -> str: ...

    def send(self, notice: Notice) -> None:
        """Hand a notice over.

        Raises:
            MessengerUnavailableError: it was not taken, or nobody knows.
        """


class Outbox(Protocol):
    """Notices on their way, durably: what was put is sent at least once to each channel it is for."""

    def read_up_to(self) -> int | None:
        """Return the last record of the log that was turned into notices, None before the first time."""

    def put(self, deliveries: Sequence[tuple[Delivery, datetime]], *, read_up_to: int) -> None:
        """Keep what is to be sent, each not before its time, and how far the log was read; all or nothing."""

    def due(self, now: datetime) -> tuple[Delivery, ...]:
        """Return what is to be sent now, in the order in which it was put."""

    def delivered(self, delivery: Delivery, *, at: datetime) -> None: ...

    def failed(self, delivery: Delivery, *, again_at: datetime | None, reason: str) -> None:
        """Note a failed attempt; None gives the delivery up."""

    def open(self) -> tuple[Delivery, ...]:
        """Return what was neither delivered nor given up."""
