"""The transactions of a deployment, for an operator to look at and to act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agent.adapters.broadcaster import RpcBroadcaster
from agent.adapters.clock import SystemClock
from agent.adapters.keystore import load_key
from agent.adapters.signer import LocalSigner
from agent.bootstrap.ledgers import Access, SqlLedger, open_ledger
from agent.bootstrap.wiring import chain_of, endpoints
from agent.domain.bodies import NoncesAdopted
from agent.domain.happening import Happening
from agent.domain.intent import TERMINAL
from agent.domain.units import Address
from agent.errors import UnknownTransactionError
from agent.execution.account import AccountDiagnosis, examined_account
from agent.execution.acting import Deed, act
from agent.execution.custody import Custody
from agent.execution.diagnosis import Diagnosis, examined
from agent.execution.fees import FeeLimits
from agent.execution.sender import Pace, Sender
from agent.ports import Chain, IntentStatus, Ledger
from agent.settings import Settings

__all__ = ["Deed", "Report", "act_on", "doctor", "found", "reconcile", "transactions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the doctor says: of the account, and of each transaction that is open."""

    accounts: tuple[AccountDiagnosis, ...]
    open: tuple[Diagnosis, ...]


def transactions(settings: Settings, *, every: bool) -> tuple[IntentStatus, ...]:
    """Return the intents that have not ended, or every one.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
    """
    with open_ledger(settings, access=Access.READ) as ledger:
        return tuple(s for s in ledger.intents() if every or s.state not in TERMINAL)


def found(statuses: tuple[IntentStatus, ...], name: str) -> IntentStatus:
    """Return the intent that a nonce, a transaction hash, or the beginning of its id names.

    Raises:
        UnknownTransactionError: none, or more than one.
    """
    hits = [s for s in statuses if _is_named(s, name)]
    if len(hits) != 1:
        raise UnknownTransactionError(name=name, count=len(hits))
    return hits[0]


def _is_named(status: IntentStatus, name: str) -> bool:
    if name.isdecimal():
        return status.nonce == int(name)
    if name.startswith("0x"):
        return any(attempt.tx_hash == name for attempt in status.attempts)
    return status.intent.intent_id.startswith(name)


def doctor(settings: Settings) -> Report:
    """Return what is true of every open transaction, why, and what comes next; nothing is changed."""
    with open_ledger(settings, access=Access.READ) as ledger, _chain(settings) as chain:
        chain.ping()
        statuses = ledger.intents()
        position = chain.fetch_position(block=chain.fetch_head(), tokens=(), feeds=())
        accounts = sorted({*(s.intent.account for s in statuses), position.contract.agent})
        return Report(
            accounts=tuple(
                examined_account(
                    chain,
                    ledger,
                    chain_id=settings.chain.id,
                    account=account,
                    contract=settings.portfolio.vault,
                )
                for account in accounts
            ),
            open=tuple(examined(chain, s) for s in statuses if s.state not in TERMINAL),
        )


@contextmanager
def _chain(settings: Settings) -> Iterator[Chain]:
    with endpoints(settings) as nodes:
        yield chain_of(settings, nodes)


def act_on(settings: Settings, name: str, deed: Deed) -> IntentStatus:
    """Do something to a transaction through the machine that sends it, and return how it stands then.

    Raises:
        LedgerError: the service runs, and holds the ledger. TransactionRefusedError: not as it stands.
    """
    with _trading(settings) as (sender, ledger):
        sender.custody.check()
        status = _meant(sender, name, deed)
        act(sender.pusher, status, deed)
        return _standing(ledger, status)


def _meant(sender: Sender, name: str, deed: Deed) -> IntentStatus:
    """Return the intent that an act is on; a gap that is to be filled has none yet, and gets one."""
    if deed is Deed.FILL_GAP and name.isdecimal() and int(name) in sender.filler.gaps():
        return sender.filler.open(int(name))
    return found(sender.ledger.intents(), name)


def reconcile(settings: Settings, *, by: str, note: str) -> NoncesAdopted | None:
    """Let the ledger account for what the chain is ahead by, as somebody says; None if it is by nothing.

    No key is read: the account is the one that the vault has appointed.

    Raises:
        LedgerError: the service runs, and holds the ledger.
    """
    with open_ledger(settings, access=Access.TRADE) as ledger, _chain(settings) as chain:
        chain.ping()
        position = chain.fetch_position(block=chain.fetch_head(), tokens=(), feeds=())
        return _custody(settings, chain, ledger, position.contract.agent).reconcile(
            by=by, note=note
        )


@contextmanager
def _trading(settings: Settings) -> Iterator[tuple[Sender, SqlLedger]]:
    """Provide the machine that sends, with the operator's key, for acts of an operator."""
    with open_ledger(settings, access=Access.TRADE) as ledger, endpoints(settings) as nodes:
        signer = LocalSigner(load_key(settings.key.keystore, settings.key.password_file))
        chain = chain_of(settings, nodes)
        sender = Sender(
            chain=chain,
            signer=signer,
            ledger=ledger,
            broadcaster=RpcBroadcaster(*nodes.public, private=nodes.private),
            clock=SystemClock(),
            pace=Pace(
                confirmations=settings.chain.confirmations,
                bump_blocks=settings.chain.bump_blocks,
                public_after_blocks=settings.chain.public_after_blocks,
            ),
            limits=FeeLimits(
                ceiling=settings.policy.policy().max_fee_per_gas_wei,
                raise_bps=settings.chain.replacement_raise_bps,
            ),
            custody=_custody(settings, chain, ledger, signer.address),
            route=settings.chain.route,
        )
        chain.ping()
        yield sender, ledger


def _custody(settings: Settings, chain: Chain, ledger: Ledger, account: Address) -> Custody:
    return Custody(
        chain=chain,
        ledger=ledger,
        account=account,
        chain_id=settings.chain.id,
        contract=settings.portfolio.vault,
        tell=_nobody,
    )


def _nobody(_: Happening) -> None:
    """Tell nobody: the command prints what came of it."""


def _standing(ledger: Ledger, status: IntentStatus) -> IntentStatus:
    return next(s for s in ledger.intents() if s.intent.intent_id == status.intent.intent_id)
