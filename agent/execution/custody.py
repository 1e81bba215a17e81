"""Whether the ledger explains what an account and its contract did on chain; where nonces come from."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent import observe
from agent.domain.bodies import NoncesAdopted
from agent.domain.canonical import from_json
from agent.domain.happening import Listener
from agent.domain.intent import Intent, TxState
from agent.domain.record import BETWEEN_CYCLES, RecordKind
from agent.domain.units import Address
from agent.errors import LedgerError, NonceMismatchError, SequenceMismatchError
from agent.execution.send_state import is_under_way
from agent.ports import Chain, IntentStatus, Ledger

OUT = frozenset({TxState.IN_DOUBT, TxState.SEEN})

BY_RULE = "agent"
LOOKED_ON = "used while the agent looked on, by no transaction of its ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What the ledger knows of an account and its contract; None where it knows nothing.

    `next_nonce` is the first nonce that it does not account for, `sequence` the highest that it can
    explain.
    """

    next_nonce: int | None
    sequence: int | None


def explained(ledger: Ledger, *, chain_id: int, account: Address, contract: Address) -> Explained:
    """Return how far the ledger accounts for nonces and sequences."""
    statuses = [s for s in ledger.intents() if s.intent.chain_id == chain_id]
    adopted = [a for a in adoptions(ledger) if a.chain_id == chain_id]
    sealed = [c for c in ledger.checkpoints() if (c.chain_id, c.account) == (chain_id, account)]
    nexts = [
        *(s.nonce + 1 for s in statuses if s.nonce is not None and s.intent.account == account),
        *(a.next_nonce for a in adopted if a.account == account),
        *(c.next_nonce for c in sealed),
    ]
    ours = [s for s in statuses if s.intent.contract == contract]
    sequences = [
        *(s.intent.sequence for s in ours if s.attempts),
        # A plan's first batch follows what the contract had run when it was made.
        *(s.intent.sequence - 1 for s in ours if s.intent.batch_index == 0),
        *(a.sequence for a in adopted if a.contract == contract),
    ]
    return Explained(next_nonce=max(nexts, default=None), sequence=max(sequences, default=None))


def adoptions(ledger: Ledger) -> tuple[NoncesAdopted, ...]:
    """Return what the ledger accounts for without having given it out."""
    records = ledger.records(kinds=(RecordKind.ADOPTED,))
    return tuple(from_json(NoncesAdopted, record.body) for record in records)


@dataclass(slots=True, kw_only=True)
class Custody:
    """Holds one account's ledger against the chain, for as long as this process trades.

    The ledger is this process's alone. So once it has explained the chain, a nonce beyond it was used
    by somebody else; before that, an old copy of the ledger explains it just as well.
    `may_begin_anew`: an empty ledger on an account with a past is what is wanted, as on a fork.
    """

    chain: Chain
    ledger: Ledger
    account: Address
    chain_id: int
    contract: Address
    tell: Listener
    may_begin_anew: bool = False
    _is_sound: bool = field(default=False, init=False)

    def explained(self) -> Explained:
        return explained(
            self.ledger, chain_id=self.chain_id, account=self.account, contract=self.contract
        )

    def check(self) -> None:
        """Return if the ledger explains the chain; account for what somebody else did meanwhile.

        Raises:
            SequenceMismatchError: the contract ran a batch that the ledger does not know.
            NonceMismatchError: the account's nonce is ahead, and was when this process began.
        """
        known = self.explained()
        used, sequence = self.chain.fetch_nonce(self.account), self.chain.fetch_sequence()
        self._check_sequence(known, used=used, sequence=sequence)
        if known.next_nonce is not None and used > known.next_nonce:
            if not self._is_sound:
                raise NonceMismatchError(
                    account=self.account, expected=known.next_nonce, found=used
                )
            self._record(
                self._adopted(known.next_nonce, used, sequence=sequence, by=BY_RULE, note=LOOKED_ON)
            )
        self._is_sound = True

    def _check_sequence(self, known: Explained, *, used: int, sequence: int) -> None:
        """Raise where a batch was run that this ledger should know: by an account that never sent, none was."""
        if known.sequence is None:
            is_new = known.next_nonce is not None or used == 0 or self.may_begin_anew
            limit = sequence if is_new else 0
        else:
            limit = known.sequence
        if sequence > limit:
            raise SequenceMismatchError(contract=self.contract, known=limit, found=sequence)

    def reconcile(self, *, by: str, note: str) -> NoncesAdopted | None:
        """Account for whatever the chain is ahead by, because somebody says so; None if it is by nothing.

        What is open at such a nonce goes on: it ends by a receipt of its own, else as external.
        """
        known, sequence = self.explained(), self.chain.fetch_sequence()
        used = self.chain.fetch_nonce(self.account)
        is_ahead = used > (used if known.next_nonce is None else known.next_nonce)
        if not is_ahead and sequence <= (known.sequence or 0) and not self._open_but_run(sequence):
            return None
        first = used if known.next_nonce is None else min(known.next_nonce, used)
        adopted = self._adopted(first, used, sequence=sequence, by=by, note=note)
        self._record(adopted)
        return adopted

    def _open_but_run(self, sequence: int) -> bool:
        """Return whether a batch is open that the contract has run: with bytes that were lost, it seems."""
        return any(
            is_under_way(s.state) and not s.intent.is_filler and s.intent.sequence <= sequence
            for s in self.ledger.intents()
        )

    def _adopted(self, first: int, end: int, *, sequence: int, by: str, note: str) -> NoncesAdopted:
        return NoncesAdopted(
            chain_id=self.chain_id,
            account=self.account,
            contract=self.contract,
            first_nonce=first,
            next_nonce=end,
            sequence=sequence,
            block=self.chain.fetch_head(),
            by=by,
            note=note,
        )

    def _record(self, adopted: NoncesAdopted) -> None:
        """Write down that the ledger accounts for nonces, and say so loudly."""
        self.ledger.append(adopted, cycle_id=BETWEEN_CYCLES)
        observe.nonces_adopted(adopted)
        self.tell(adopted)

    def next_nonce(self, intent: Intent) -> int | None:
        """Return the nonce that the account uses next; None while others are out, or the chain lags behind.

        Raises:
            LedgerError: another intent of the account holds a nonce, and is not sent yet.
            NonceMismatchError, SequenceMismatchError: the ledger does not explain the chain.
        """
        self.check()
        used = self.chain.fetch_nonce(intent.account)
        before = [s for s in self.ledger.intents() if self._is_before(s, used=used)]
        for other in before:
            if other.state not in OUT and not other.intent.is_filler:
                raise LedgerError(
                    what=f"intent {other.intent.intent_id} is {other.state} with nonce {other.nonce}",
                    mend="it has to end first: agent run goes on with it",
                )
        if before:
            return None
        following = self.explained().next_nonce
        if following is None:
            return used
        return following if used == following else None

    def _is_before(self, other: IntentStatus, *, used: int) -> bool:
        """Return whether another intent must end first; a filler has done its work once its nonce is used."""
        if other.intent.account != self.account or not is_under_way(other.state):
            return False
        return not (other.intent.is_filler and other.nonce is not None and other.nonce < used)
