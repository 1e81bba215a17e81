"""What records claim about each other, and that it holds: each names only what came before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.domain.canonical import content_id
from agent.domain.intent import NO_PLAN, TERMINAL, Route, TxState
from agent.domain.record import BETWEEN_CYCLES, RecordKind
from agent.domain.signal import NO_BYTES_SHA256, Regime
from agent.domain.units import Address
from agent.log.nonces import Nonces
from agent.log.records import RawRecord
from agent.log.trail import Landing, PlannedBatch, Trail, planned_batches
from agent.log.trees import Tree, parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPlan:
    """What later records of a plan are held against."""

    cycle_id: str
    contract: str
    agent: str
    batches: Mapping[int, PlannedBatch]


class Claims:
    """Takes records in order; raises LogVerificationError at the first whose claims do not hold."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.cycles: set[str] = set()
        self.plans: dict[str, KnownPlan] = {}
        self.trails: dict[str, Trail] = {}
        self.nonces = Nonces()
        self.attempts: set[str] = set()
        self._signals: set[tuple[str, str]] = set()
        self._inputs: dict[str, tuple[str, str]] = {}
        self._proposals: set[str] = set()
        self._hashes: set[str] = set()
        self._check_by_kind: Mapping[RecordKind, Callable[[RawRecord, Tree], None]] = {
            RecordKind.SIGNAL_ACCEPTED: self._signal,
            RecordKind.PROPOSAL: self._proposal,
            RecordKind.APPROVAL: self._approval,
            RecordKind.REJECTION: self._rejection,
            RecordKind.PLAN: self._plan,
            RecordKind.INTENT: self._intent,
            RecordKind.ADOPTED: self._adopted,
            RecordKind.REHEARSAL: self._rehearsal,
            RecordKind.REROUTED: self._rerouted,
            RecordKind.MOVED: self._moved,
            RecordKind.SIGNED: self._signed,
            RecordKind.OUTCOME: self._outcome,
            RecordKind.REPORT: self._report,
            RecordKind.SIGN_OFF: self._sign_off,
        }

    def check(self, record: RawRecord, *, content: bytes | None) -> None:
        """Check one record, with the content that it names, if that is new."""
        where = f"record {record.seq} ({record.kind})"
        body = Tree(parsed(record.body), where=where)
        if record.kind is RecordKind.INPUTS and content is not None:
            self._fixed(body, content)
        check = self._check_by_kind.get(record.kind)
        if check is not None:
            check(record, body)
        self._hashes.add(record.hash)
        if record.kind is not RecordKind.SIGN_OFF and record.cycle_id != BETWEEN_CYCLES:
            self.cycles.add(record.cycle_id)

    @property
    def landings(self) -> tuple[Landing, ...]:
        return tuple(t.landing for t in self.trails.values() if t.landing is not None)

    @property
    def open_intents(self) -> tuple[str, ...]:
        return tuple(name for name, t in self.trails.items() if t.state not in TERMINAL)

    def _signal(self, _: RawRecord, body: Tree) -> None:
        self._signals.add((body.text("signal"), body.text("sha256")))

    def _fixed(self, body: Tree, content: bytes) -> None:
        try:
            inputs = Tree(parsed(content), where=body.where)
        except ValueError:
            raise body.wrong("the inputs that it names are not JSON") from None
        signals = inputs.text("ranking", "sha256"), inputs.text("regime", "sha256")
        self._inputs[body.text("inputs_sha256")] = signals

    def _check_inputs(self, decision: Tree) -> None:
        """Check that a proposal or plan was made from recorded inputs and accepted signals."""
        signals = decision.text("ranking_sha256"), decision.text("regime_sha256")
        known = self._inputs.get(decision.text("inputs_sha256"))
        if known is None:
            raise decision.wrong("the inputs that it was made from are not recorded before it")
        decision.must("the pair of signals", signals, known)
        is_exit = decision.text("regime") == Regime.BEARISH
        for name, sha256 in zip(("ranking", "regime"), signals, strict=True):
            if is_exit and sha256 == NO_BYTES_SHA256:
                continue
            if (name, sha256) not in self._signals:
                raise decision.wrong(f"its {name} was not accepted before it")

    def _proposal(self, record: RawRecord, body: Tree) -> None:
        proposal = Tree(body.at("proposal"), where=body.where)
        body.must("proposal_id", body.text("proposal_id"), content_id(proposal.value))
        body.must("its cycle", proposal.text("cycle_id"), record.cycle_id)
        self._check_inputs(proposal)
        self._proposals.add(body.text("proposal_id"))

    def _approval(self, _: RawRecord, body: Tree) -> None:
        if body.text("proposal_id") not in self._proposals:
            raise body.wrong("the proposal that it approves is not recorded before it")

    def _rejection(self, _: RawRecord, body: Tree) -> None:
        if body.text("proposal_id") not in self._proposals:
            raise body.wrong("the proposal that it rejects is not recorded before it")

    def _plan(self, record: RawRecord, body: Tree) -> None:
        plan, plan_id = Tree(body.at("plan"), where=body.where), body.text("plan_id")
        body.must("plan_id", plan_id, content_id(plan.value))
        body.must("its cycle", plan.text("cycle_id"), record.cycle_id)
        self._check_inputs(plan)
        proposal = plan.text("proposal_id")
        if proposal and proposal not in self._proposals:
            raise body.wrong("the proposal that it carries out is not recorded before it")
        self.plans[plan_id] = KnownPlan(
            cycle_id=record.cycle_id,
            contract=plan.text("contract"),
            agent=plan.text("agent"),
            batches=planned_batches(plan_id, plan),
        )

    def _intent(self, record: RawRecord, body: Tree) -> None:
        intent = Tree(body.at("intent"), where=body.where)
        if intent.text("plan_id") == NO_PLAN:
            self._filler(record, intent)
            return
        plan = self.plans.get(intent.text("plan_id"))
        if plan is None:
            raise body.wrong("the plan that it carries out is not recorded before it")
        batch = plan.batches.get(intent.number("batch_index"))
        if batch is None:
            raise body.wrong("its plan has no such batch")
        for what, found, wanted in (
            ("its cycle", (intent.text("cycle_id"), record.cycle_id), (plan.cycle_id,) * 2),
            ("contract", intent.text("contract"), plan.contract),
            ("account", intent.text("account"), plan.agent),
            ("sequence", intent.number("sequence"), batch.sequence),
            ("intent_id is known", intent.text("intent_id") in self.trails, False),
        ):
            body.must(what, found, wanted)
        self._begin(record, intent, batch)

    def _filler(self, record: RawRecord, intent: Tree) -> None:
        """Take an intent that carries out no plan: all it may do is use up a nonce of its account."""
        for what, found, wanted in (
            ("its cycle", intent.text("cycle_id"), record.cycle_id),
            ("a filler's contract", intent.text("contract"), intent.text("account")),
            ("a filler's sequence", intent.number("sequence"), 0),
            ("intent_id is known", intent.text("intent_id") in self.trails, False),
        ):
            intent.must(what, found, wanted)
        self._begin(record, intent, None)

    def _begin(self, record: RawRecord, intent: Tree, batch: PlannedBatch | None) -> None:
        self.trails[intent.text("intent_id")] = Trail(
            intent_id=intent.text("intent_id"),
            record_hash=record.hash,
            chain_id=intent.number("chain_id"),
            account=Address(intent.text("account")),
            contract=Address(intent.text("contract")),
            cycle_id=record.cycle_id,
            route=intent.text("route"),
            batch=batch,
        )

    def _adopted(self, _: RawRecord, body: Tree) -> None:
        owner = body.number("chain_id"), Address(body.text("account"))
        first, end = body.number("first_nonce"), body.number("next_nonce")
        if end < first:
            raise body.wrong(f"it adopts nonces from {first} to {end}")
        self.nonces.adopt(owner, range(first, end), body)

    def _trail(self, record: RawRecord, body: Tree, *path: str) -> Trail:
        trail = self.trails.get(body.text(*path))
        if trail is None:
            raise body.wrong("its intent is not recorded before it")
        body.must("its cycle", record.cycle_id, trail.cycle_id)
        return trail

    def _rerouted(self, record: RawRecord, body: Tree) -> None:
        trail = self._trail(record, body, "intent_id")
        body.must("the route it leaves", trail.route, Route.PRIVATE.value)
        body.must("route", body.text("route"), Route.PUBLIC.value)

    def _rehearsal(self, record: RawRecord, body: Tree) -> None:
        self._trail(record, body, "intent_id")

    def _moved(self, record: RawRecord, body: Tree) -> None:
        trail = self._trail(record, body, "intent_id")
        trail.move(body)
        if trail.state is TxState.RESERVED:
            self.nonces.reserve(trail, body)

    def _signed(self, record: RawRecord, body: Tree) -> None:
        trail = self._trail(record, body, "attempt", "intent_id")
        says = trail.sign(body)
        if says.tx_hash in self.attempts:
            raise body.wrong("the same bytes were signed before")
        self.attempts.add(says.tx_hash)
        self.nonces.sign(trail)

    def _outcome(self, record: RawRecord, body: Tree) -> None:
        trail = self._trail(record, body, "intent_id")
        trail.end(body)
        if trail.state is TxState.EXTERNAL:
            self.nonces.give_up(trail)

    def _report(self, _: RawRecord, body: Tree) -> None:
        if body.text("report", "plan_id") not in self.plans:
            raise body.wrong("the plan that it reports on is not recorded before it")
        for outcome in body.trees("report", "outcomes"):
            if outcome.text("tx_hash") not in self.attempts:
                raise body.wrong(f"transaction {outcome.text('tx_hash')} was never signed")

    def _sign_off(self, record: RawRecord, body: Tree) -> None:
        if record.cycle_id not in self.cycles:
            raise body.wrong(f"cycle {record.cycle_id} is not recorded before it")
        if body.text("head") not in self._hashes:
            raise body.wrong("what it reviewed is not a record before it")
