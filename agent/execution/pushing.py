"""What is done for a transaction that is out and not mined: send again, pay more, cancel, or give the nonce up.

One look, one act. Whatever is signed is recorded before it is sent, on the nonce that the intent holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum, auto

from agent import observe
from agent.domain.block import Block
from agent.domain.bodies import Rerouted
from agent.domain.happening import Listener, NonceTaken
from agent.domain.intent import AttemptKind, Intent, Route, TxState
from agent.domain.units import Address
from agent.errors import NonceTakenError
from agent.execution.broadcasting import broadcast, routes_of
from agent.execution.classifier import Meaning
from agent.execution.custody import BY_RULE, adoptions
from agent.execution.fees import FeeLimits, next_cap
from agent.execution.payload import deadline_of
from agent.execution.receipts import find_receipt
from agent.execution.signing import sign_replacement
from agent.ports import Broadcaster, Chain, IntentStatus, Ledger, Signer

THERE = frozenset({Meaning.ACCEPTED, Meaning.POSSIBLY_OURS})
"""Answers after which waiting is worth while, and paying more only after a while."""

OUTBID = frozenset({Meaning.SLOT_HELD, Meaning.FEE_TOO_LOW})
"""Answers that no patience mends: what is sent pays too little."""


class Push(StrEnum):
    """What is due for a transaction that is out."""

    NOTHING = auto()
    BUMP = auto()
    CANCEL = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of the newest attempt: how long it is out, in blocks, and what the last answer meant."""

    is_cancel: bool
    is_expired: bool
    blocks: int
    meaning: Meaning | None


def due_push(standing: Standing, *, bump_blocks: int) -> Push:
    """Return whether another attempt is due.

    A batch whose deadline has passed is cancelled at once: mined it would only revert. An attempt that
    a pool holds is given `bump_blocks` to be mined; one that pays too little for the pool, one block.
    What was answered otherwise is not known to be anywhere, and is first sent again as it is.
    """
    if standing.is_expired and not standing.is_cancel:
        return Push.CANCEL
    patience = 1 if standing.meaning in OUTBID else bump_blocks
    is_due = standing.meaning in THERE | OUTBID and standing.blocks >= patience
    return Push.BUMP if is_due else Push.NOTHING


@dataclass(slots=True)
class _Watch:
    """What this process remembers of an intent's newest attempt; a restart only makes it more patient."""

    number: int
    since_block: int
    meaning: Meaning | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pusher:
    """Pushes the transactions of one account, whoever opened their intents."""

    chain: Chain
    signer: Signer
    ledger: Ledger
    broadcaster: Broadcaster
    limits: FeeLimits
    bump_blocks: int
    tell: Listener
    route: Route = Route.PUBLIC
    """Of what the account does for itself; a batch has its intent's."""
    public_after_blocks: int | None = None
    """How many blocks what is private may be out before it goes the public way, too; None: it never does."""
    _watches: dict[str, _Watch] = field(default_factory=dict)
    _out_since: dict[str, int] = field(default_factory=dict)

    def push(self, status: IntentStatus, *, is_send_due: bool = True) -> None:
        """Do once what is due for an intent that is in doubt or seen and has no receipt.

        Raises:
            NonceTakenError: somebody else used its nonce, for good; the intent has ended as external.
        """
        if self.is_nonce_used(status):
            self.give_up_if_final(status)
            return
        if self._waits_its_turn(status):
            return
        head = self.chain.fetch_head()
        due = due_push(self._standing(status, head), bump_blocks=self.bump_blocks)
        if due is not Push.NOTHING and self.replace(status, due):
            status, is_send_due = self.again(status), True
            self._watch(status, head)
        if self._reroute(status, head) or is_send_due:
            self._send(status, head)

    def replace(self, status: IntentStatus, push: Push) -> bool:
        """Sign and record another attempt; return whether the limits allowed it. It is not sent yet."""
        intent = status.intent
        last = status.attempts[-1].fee_cap if status.attempts else None
        cap = next_cap(last, self.chain.fetch_fees(), self.limits)
        if cap is None:
            observe.replacement_held(
                intent_id=intent.intent_id,
                nonce=-1 if status.nonce is None else status.nonce,
                ceiling_wei=self.limits.ceiling,
            )
            return False
        is_cancel = push is Push.CANCEL or _is_cancelled(status)
        sign_replacement(
            self.signer,
            self.ledger,
            status,
            kind=AttemptKind.CANCEL if is_cancel else AttemptKind.BUMP,
            fee_cap=cap,
            is_delegated=is_cancel and self.is_delegated(intent.account),
        )
        if status.state is TxState.SEEN:
            self.ledger.advance(intent.intent_id, state=TxState.IN_DOUBT)
        return True

    def _reroute(self, status: IntentStatus, head: Block) -> bool:
        """Record that a private intent goes the public way, too, if that is due; return whether it was."""
        intent, limit = status.intent, self.public_after_blocks
        if limit is None or Route.PUBLIC in routes_of(self.ledger, status):
            return False
        if head.number - self._out_since.setdefault(intent.intent_id, head.number) < limit:
            return False
        policy = f"chain.public_after_blocks = {limit}"
        body = Rerouted(intent_id=intent.intent_id, route=Route.PUBLIC, policy=policy, block=head)
        self.ledger.append(body, cycle_id=intent.cycle_id, key=intent.intent_id)
        observe.intent_rerouted(intent_id=intent.intent_id, policy=policy, block=head.number)
        return True

    def _waits_its_turn(self, status: IntentStatus) -> bool:
        """Return whether an earlier nonce is open on an account of which pools hold one transaction."""
        account = status.intent.account
        is_early = status.nonce is not None and self.chain.fetch_nonce(account) < status.nonce
        return is_early and self.is_delegated(account)

    def is_delegated(self, account: Address) -> bool:
        """Return whether the account runs a delegate's code: then pools hold one transaction of it, no more."""
        return self.chain.fetch_delegate(account) is not None

    def _send(self, status: IntentStatus, head: Block) -> None:
        self._watch(status, head).meaning = broadcast(self.broadcaster, self.ledger, status)

    def _watch(self, status: IntentStatus, head: Block) -> _Watch:
        number, key = len(status.attempts), status.intent.intent_id
        watch = self._watches.get(key)
        if watch is None or watch.number != number:
            seen = Meaning.ACCEPTED if status.state is TxState.SEEN else None
            watch = self._watches[key] = _Watch(number, head.number, seen)
        return watch

    def _standing(self, status: IntentStatus, head: Block) -> Standing:
        watch, deadline = self._watch(status, head), deadline_of(status.attempts)
        return Standing(
            is_cancel=status.attempts[-1].kind is AttemptKind.CANCEL,
            is_expired=deadline is not None and head.timestamp >= deadline,
            blocks=head.number - watch.since_block,
            meaning=watch.meaning,
        )

    def again(self, status: IntentStatus) -> IntentStatus:
        """Return the status as the ledger has it now."""
        intent_id = status.intent.intent_id
        return next(s for s in self.ledger.intents() if s.intent.intent_id == intent_id)

    def is_nonce_used(self, status: IntentStatus) -> bool:
        """Return whether the account is past the nonce that the intent holds."""
        return status.nonce is not None and (
            self.chain.fetch_nonce(status.intent.account) > status.nonce
        )

    def give_up_if_final(self, status: IntentStatus) -> None:
        """End an intent whose nonce a foreign transaction used, once that cannot change any more.

        A batch that the contract has run was not foreign, whatever receipts a node does not show.
        """
        intent, nonce = status.intent, status.nonce
        finalized = self.chain.fetch_finalized()
        used = self.chain.fetch_nonce(intent.account, at=finalized.hash)
        if nonce is None or used <= nonce or self._is_run(intent):
            return
        if find_receipt(self.chain, status) is not None:
            return
        note = f"nonce {nonce} was used by another transaction, final at block {finalized.number}"
        self.ledger.advance(intent.intent_id, state=TxState.EXTERNAL, note=note)
        observe.nonce_taken(intent_id=intent.intent_id, nonce=nonce)
        self.tell(NonceTaken(account=intent.account, nonce=nonce, intent_id=intent.intent_id))
        raise NonceTakenError(account=intent.account, nonce=nonce)

    def _is_run(self, intent: Intent) -> bool:
        """Return whether the contract ran the intent's batch, as far as anybody accounts for it by this ledger."""
        if intent.is_filler or self.chain.fetch_sequence() < intent.sequence:
            return False
        return not any(
            (a.contract, a.by == BY_RULE) == (intent.contract, False)
            and a.sequence >= intent.sequence
            for a in adoptions(self.ledger)
        )


def _is_cancelled(status: IntentStatus) -> bool:
    return any(attempt.kind is AttemptKind.CANCEL for attempt in status.attempts)
