"""One intent's trail through the log: that each of its records follows from those before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.domain.intent import NEXT_STATES, SIGNABLE, AttemptKind, TxState
from agent.domain.units import Address
from agent.errors import CanonicalFormError
from agent.log.calldata import EXECUTED, claim
from agent.log.transactions import DecodedTransaction, decoded
from agent.log.trees import Tree

STEPS = frozenset({TxState.RESERVED, TxState.IN_DOUBT, TxState.SEEN})
"""The states that are reached without an end or signed bytes to show for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBatch:
    """What a plan says that one of its batches must be when it is signed."""

    plan_id: str
    sequence: int
    deadline: int
    floors: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """What the log says of a transaction on chain, for the chain to confirm."""

    where: str
    tx_hash: str
    block_number: int
    block_hash: str
    is_success: bool
    gas_used: int
    contract: Address
    topics: tuple[str, str, str] | None
    """The batch's event, None where none is due: a revert, or a cancel."""


@dataclass(slots=True, kw_only=True)
class Trail:
    """What the log has said of an intent so far; `record_hash` is its witness on chain."""

    intent_id: str
    record_hash: str
    chain_id: int
    account: Address
    contract: Address
    cycle_id: str
    route: str
    batch: PlannedBatch | None
    """None for a filler, which carries out no plan."""
    state: TxState = TxState.INTENT
    nonce: int | None = None
    kind_by_hash: dict[str, AttemptKind] = field(default_factory=dict)
    landing: Landing | None = None

    def move(self, body: Tree) -> None:
        """Follow a record of a step that ends nothing."""
        state, nonce = _state(body), body.number("nonce")
        if state not in STEPS:
            raise body.wrong(f"{state} needs a record of another kind")
        if state is TxState.RESERVED:
            self.nonce = nonce
        body.must("nonce", nonce, self.nonce)
        self._follow(body, state)
        self.landing = None

    def sign(self, body: Tree) -> DecodedTransaction:
        """Follow a record of signed bytes, and return what they say."""
        if self.state not in SIGNABLE:
            raise body.wrong(f"something was signed while its intent was {self.state}")
        body.must("number", body.number("attempt", "number"), len(self.kind_by_hash) + 1)
        try:
            says = decoded(body.data("attempt", "raw"))
            kind = AttemptKind(body.text("attempt", "kind"))
            self._check_signed(body, says, kind)
        except (CanonicalFormError, ValueError) as error:
            raise body.wrong(str(error)) from error
        self.kind_by_hash[says.tx_hash] = kind
        if self.state is TxState.RESERVED:
            self.state = TxState.SIGNED
        return says

    def _check_signed(self, body: Tree, says: DecodedTransaction, kind: AttemptKind) -> None:
        body.must("the signer of the signed bytes", says.signer, self.account)
        body.must("the chain of the signed bytes", says.chain_id, self.chain_id)
        body.must("the nonce of the signed bytes", says.nonce, self.nonce)
        body.must("the value of the signed bytes", says.value_wei, 0)
        body.must("tx_hash", body.text("attempt", "tx_hash"), says.tx_hash)
        for path, found in (
            (("nonce",), says.nonce),
            (("gas_limit",), says.gas_limit),
            (("fee_cap", "max_fee_per_gas"), says.max_fee_per_gas),
            (("fee_cap", "max_priority_fee_per_gas"), says.max_priority_fee_per_gas),
        ):
            body.must(".".join(path), body.number("attempt", *path), found)
        if kind is AttemptKind.CANCEL:
            body.must("the cancel's target", (says.to, says.data), (self.account, b""))
            return
        body.must("the target of the signed bytes", says.to, self.contract)
        self._check_claim(body, says.data)

    def _check_claim(self, body: Tree, data: bytes) -> None:
        if self.batch is None:
            raise body.wrong("a filler's bytes are no transfer to oneself")
        signed = claim(data)
        for what, found, wanted in (
            ("plan id", signed.plan_id, self.batch.plan_id),
            ("intent hash", signed.intent_hash, self.record_hash),
            ("sequence", signed.sequence, self.batch.sequence),
            ("deadline", signed.deadline, self.batch.deadline),
        ):
            body.must(f"the {what} of the signed calldata", found, wanted)
        if signed.floors != self.batch.floors:
            raise body.wrong("the floors of the signed calldata are not those of the plan")

    def end(self, body: Tree) -> None:
        """Follow a record of what became of the transaction."""
        state = _state(body)
        if body.at("receipt") is not None:
            self._land(body, state)
        elif state in {TxState.MINED, TxState.FINAL_OK, TxState.FINAL_REVERTED}:
            raise body.wrong(f"{state} has no receipt")
        elif self.state is TxState.MINED:
            raise body.wrong(f"it was mined, and {state} has no receipt")
        self._follow(body, state)

    def _land(self, body: Tree, state: TxState) -> None:
        receipt = Tree(body.at("receipt"), where=body.where)
        tx_hash = receipt.text("tx_hash")
        kind = self.kind_by_hash.get(tx_hash)
        if kind is None:
            raise body.wrong(f"transaction {tx_hash} was never signed for this intent")
        receipt.must("the receipt's sender", receipt.text("sender"), self.account)
        is_success = receipt.at("is_success") is True
        self.landing = Landing(
            where=body.where,
            tx_hash=tx_hash,
            block_number=receipt.number("block_number"),
            block_hash=receipt.text("block_hash"),
            is_success=is_success,
            gas_used=receipt.number("gas_used"),
            contract=self.contract,
            topics=self._event() if is_success and kind is not AttemptKind.CANCEL else None,
        )
        self._check_end(receipt, state, kind)

    def _event(self) -> tuple[str, str, str]:
        assert self.batch is not None  # noqa: S101 - a filler's attempts are cancels
        return EXECUTED, "0x" + self.batch.plan_id, "0x" + self.record_hash

    def _check_end(self, receipt: Tree, state: TxState, kind: AttemptKind) -> None:
        assert self.landing is not None  # noqa: S101 - set by the only caller
        ends = {
            TxState.MINED: True,
            TxState.FINAL_OK: self.landing.topics is not None,
            TxState.FINAL_REVERTED: not self.landing.is_success and kind is not AttemptKind.CANCEL,
            TxState.CANCELLED: kind is AttemptKind.CANCEL,
        }
        if not ends.get(state, False):
            raise receipt.wrong(f"{state} does not follow from its receipt")
        if state is TxState.FINAL_OK and not any(
            entry.at("address") == self.contract and entry.at("topics") == list(self._event())
            for entry in receipt.trees("logs")
        ):
            raise receipt.wrong("the receipt lacks the event with its plan id and intent hash")

    def _follow(self, body: Tree, state: TxState) -> None:
        if state not in NEXT_STATES[self.state]:
            raise body.wrong(f"{self.state} cannot become {state}")
        self.state = state


def _state(body: Tree) -> TxState:
    try:
        return TxState(body.text("state"))
    except ValueError:
        raise body.wrong(f"there is no state {body.text('state')}") from None


def planned_batches(plan_id: str, plan: Tree) -> Mapping[int, PlannedBatch]:
    """Return what each batch of a plan must be when it is signed, by its index."""
    return {
        batch.number("index"): PlannedBatch(
            plan_id=plan_id,
            sequence=batch.number("sequence"),
            deadline=plan.number("deadline"),
            floors=tuple(
                (floor.text("token").lower(), floor.number("min_delta"))
                for floor in batch.trees("floors")
            ),
        )
        for batch in plan.trees("batches")
    }
