"""Whether ledger and chain agree on an account, said for those who have to look."""

from __future__ import annotations

from dataclasses import dataclass

from agent.domain.intent import TxState
from agent.domain.units import Address
from agent.execution.custody import Explained, adoptions, explained
from agent.ports import Chain, Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDiagnosis:
    """An account and its contract: what the chain says, what the ledger explains, and what comes next.

    `gaps` are nonces that others wait for and nothing of ours will use, `foreign_nonces` those that
    somebody else used, `delegate` whose code the account runs (EIP-7702).
    """

    account: Address
    nonce_on_chain: int
    nonce_in_ledger: int | None
    sequence_on_chain: int
    sequence_in_ledger: int | None
    gaps: tuple[int, ...]
    foreign_nonces: tuple[int, ...]
    delegate: Address | None
    is_sound: bool
    next_step: str


RESTORE = (
    "the chain is ahead of the ledger, so nothing is signed: stop the agent; if an old copy of the ledger "
    "was restored, put the newest one back; if that is lost, or somebody else has the key, have the owner "
    "appoint another account, or accept what happened with agent tx reconcile"
)
FILL = "the agent fills the gap by a transfer to itself after chain.bump_blocks: agent tx fill-gap does so now"
NOTHING = "nothing is to be done"


def examined_account(
    chain: Chain, ledger: Ledger, *, chain_id: int, account: Address, contract: Address
) -> AccountDiagnosis:
    """Return whether the chain is where the ledger says it must be."""
    known = explained(ledger, chain_id=chain_id, account=account, contract=contract)
    used, sequence = chain.fetch_nonce(account), chain.fetch_sequence()
    gaps = _gaps(ledger, known, account, used=used)
    is_sound = _is_sound(known, used=used, sequence=sequence)
    return AccountDiagnosis(
        account=account,
        nonce_on_chain=used,
        nonce_in_ledger=known.next_nonce,
        sequence_on_chain=sequence,
        sequence_in_ledger=known.sequence,
        gaps=gaps,
        foreign_nonces=foreign_nonces(ledger, account),
        delegate=chain.fetch_delegate(account),
        is_sound=is_sound,
        next_step=(FILL if gaps else NOTHING) if is_sound else RESTORE,
    )


def foreign_nonces(ledger: Ledger, account: Address | None = None) -> tuple[int, ...]:
    """Return the nonces of an account, or of all, that somebody else used, as far as the ledger knows."""
    statuses = [s for s in ledger.intents() if account in {None, s.intent.account}]
    taken = {s.nonce for s in statuses if s.state is TxState.EXTERNAL and s.nonce is not None}
    filled = {s.nonce for s in statuses if s.intent.is_filler} - taken
    adopted = {
        nonce
        for a in adoptions(ledger)
        if account in {None, a.account}
        for nonce in range(a.first_nonce, a.next_nonce)
    }
    return tuple(sorted(taken | (adopted - filled)))


def _gaps(ledger: Ledger, known: Explained, account: Address, *, used: int) -> tuple[int, ...]:
    held = {s.nonce for s in ledger.intents() if s.intent.account == account}
    end = used if known.next_nonce is None else known.next_nonce
    return tuple(nonce for nonce in range(used, end) if nonce not in held)


def _is_sound(known: Explained, *, used: int, sequence: int) -> bool:
    if known.next_nonce is None and known.sequence is None:
        return used == 0 or sequence == 0
    is_ahead = used > (used if known.next_nonce is None else known.next_nonce)
    return not is_ahead and sequence <= (sequence if known.sequence is None else known.sequence)
