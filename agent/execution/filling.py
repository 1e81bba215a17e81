"""Nonces that nothing of ours will use and that others wait for: each is used up by a transfer to oneself.

A gap comes about where somebody else's transaction, which the ledger accounted for, is taken away by a
reorganisation, or where a nonce was taken and never signed for. Every filler is an intent like any
other: opened, reserved and signed in the ledger before it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.domain.intent import TxState, filler
from agent.domain.record import BETWEEN_CYCLES
from agent.execution.custody import Custody
from agent.execution.pushing import Push, Pusher
from agent.ports import IntentStatus


@dataclass(slots=True, kw_only=True)
class Filler:
    """Fills the gaps of one account. One must stand for as many blocks as a bump waits: nodes lag."""

    pusher: Pusher
    custody: Custody
    _since_by_nonce: dict[int, int] = field(default_factory=dict, init=False)

    def fill(self) -> None:
        """Open a filler for each gap that stands long enough, and sign what is open."""
        for nonce in self._due():
            self.open(nonce)
        for status in self.pusher.ledger.intents():
            if status.intent.is_filler:
                self._forward(status)

    def open(self, nonce: int) -> IntentStatus:
        """Record that a nonce is to be used up, and reserve it; twice is as once."""
        custody, ledger = self.custody, self.pusher.ledger
        intent = filler(
            chain_id=custody.chain_id,
            account=custody.account,
            nonce=nonce,
            cycle_id=BETWEEN_CYCLES,
            route=self.pusher.route,
        )
        standing = [s for s in ledger.intents() if s.intent.intent_id == intent.intent_id]
        if not standing:
            ledger.open_intent(intent)
        if not standing or standing[0].state is TxState.INTENT:
            ledger.reserve_nonce(intent.intent_id, nonce=nonce)
        return next(s for s in ledger.intents() if s.intent.intent_id == intent.intent_id)

    def gaps(self) -> tuple[int, ...]:
        """Return the nonces from the chain's on that the ledger accounts for and no intent holds."""
        following = self.custody.explained().next_nonce
        if following is None:
            return ()
        account = self.custody.account
        held = {s.nonce for s in self.pusher.ledger.intents() if s.intent.account == account}
        used = self.pusher.chain.fetch_nonce(account)
        return tuple(nonce for nonce in range(used, following) if nonce not in held)

    def _due(self) -> tuple[int, ...]:
        gaps = self.gaps()
        if not gaps:
            self._since_by_nonce.clear()
            return ()
        height = self.pusher.chain.fetch_head().number
        self._since_by_nonce = {n: self._since_by_nonce.get(n, height) for n in gaps}
        patience = self.pusher.bump_blocks
        return tuple(n for n in gaps if height - self._since_by_nonce[n] >= patience)

    def _forward(self, status: IntentStatus) -> None:
        """Take a filler to where it is pushed like everything that is out."""
        if status.state is TxState.INTENT and status.nonce is None:
            self.open(int(status.intent.intent_id.rpartition("-")[2]))
            status = self.pusher.again(status)
        if status.state is TxState.RESERVED:
            if self.pusher.is_nonce_used(status):
                self.pusher.give_up_if_final(status)
                return
            if not self.pusher.replace(status, Push.CANCEL):
                return
            status = self.pusher.again(status)
        if status.state is TxState.SIGNED:
            self.pusher.ledger.advance(status.intent.intent_id, state=TxState.IN_DOUBT)
