"""Everything that a cycle needs, tried one by one before any runs; nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial

from agent.adapters.aggregators.service import RemoteService
from agent.adapters.clock import SystemClock
from agent.adapters.keystore import load_key
from agent.adapters.ledger import RESTORE
from agent.adapters.signer import LocalSigner
from agent.bootstrap.aggregators import probed, router_guard, services
from agent.bootstrap.ledgers import Access, open_ledger
from agent.bootstrap.notifying import messengers
from agent.bootstrap.regime import stance_on_record
from agent.bootstrap.venues import allows
from agent.bootstrap.wiring import Endpoints, endpoints, schedule, sources
from agent.daemon.gather import Sources, fetch_signals
from agent.domain.plan import Position
from agent.domain.units import Address, whole_tokens
from agent.errors import AgentError, LedgerError, VaultUnfitError
from agent.execution.account import examined_account
from agent.log import keys as log_keys
from agent.settings import Settings
from agent.settings.venues import BALANCER_VAULT

ETHER_DECIMALS = 18
AHEAD = "put the newest copy back; if it is lost see agent tx doctor and agent tx reconcile"


class Verdict(StrEnum):
    """What came of a check; one is not tried where what it builds on is wrong."""

    OK = "ok"
    WRONG = "wrong"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: what was found if it is ok, else what is wrong and how to mend it."""

    name: str
    verdict: Verdict
    words: str
    exit_code: int = 0


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield what each check finds, as soon as it is known."""
    yield Finding(name="settings", verdict=Verdict.OK, words=_schedule(settings))
    with endpoints(settings) as nodes:
        yield from _Checks(settings, nodes).all()


def _schedule(settings: Settings) -> str:
    notice = timedelta(hours=settings.schedule.notice_hours)
    upcoming = schedule(settings, notice=notice).upcoming(SystemClock().now())
    return f"next cycle {upcoming.cycle_id}, proposed {settings.schedule.notice_hours} h before"


class _Checks:
    """The checks, and what the earlier ones found for the later ones."""

    def __init__(self, settings: Settings, nodes: Endpoints) -> None:
        self._settings, self._nodes = settings, nodes
        self._sources: Sources
        self._position: Position
        self._account: Address

    def all(self) -> Iterator[Finding]:
        sourced = yield from self._tried("token map", self._token_map)
        yield from self._tried("signals", self._signals, needs=sourced)
        node = yield from self._tried("node", self._node, needs=sourced)
        vault = yield from self._tried("vault", self._vault, needs=node)
        key = yield from self._tried("trading key", self._key)
        yield from self._tried("vault's agent", self._agent, needs=vault and key)
        yield from self._tried("gas", self._gas, needs=vault and key)
        yield from self._aggregators(needs=vault)
        if self._settings.venues.weighted:
            yield from self._tried("weighted pools", self._weighted, needs=vault)
        yield from self._tried("checkpoint key", self._checkpoint_key)
        ledger = yield from self._tried("ledger", self._ledger)
        yield from self._tried("ledger and chain", self._custody, needs=vault and ledger)
        yield from self._tried("notices", self._notices)

    def _aggregators(self, *, needs: bool) -> Iterator[Finding]:
        for service in services(self._settings, clock=SystemClock()):
            yield from self._tried(
                f"aggregator {service.name}", partial(self._aggregator, service), needs=needs
            )

    def _aggregator(self, service: RemoteService) -> str:
        contract = self._position.contract
        book = self._sources.chain_book
        brings = probed(service, book, taker=contract.address, origin=contract.agent)
        guard = router_guard(self._settings, self._nodes.first)
        return f"{brings}; {guard.pinned(service.name, self._position.block)} is as pinned"

    def _tried(
        self, name: str, act: Callable[[], str], *, needs: bool = True
    ) -> Generator[Finding, None, bool]:
        if not needs:
            yield Finding(name=name, verdict=Verdict.NOT_TRIED, words="mend the above first")
            return False
        try:
            yield Finding(name=name, verdict=Verdict.OK, words=act())
        except AgentError as error:
            yield Finding(
                name=name, verdict=Verdict.WRONG, words=str(error), exit_code=error.exit_code
            )
            return False
        return True

    def _token_map(self) -> str:
        self._sources = sources(self._settings, nodes=self._nodes, clock=SystemClock())
        held = len(self._sources.token_map.held_by_coin)
        return f"{held} coins can be held on chain {self._settings.chain.id}"

    def _signals(self) -> str:
        signals = fetch_signals(self._sources, state=stance_on_record(self._settings))
        ranking, regime = signals.ranking, signals.regime
        return (
            f"{len(ranking.coins)} coins of {ranking.issued_at:%Y-%m-%d %H:%M}, "
            f"{regime.regime} of {regime.issued_at:%Y-%m-%d %H:%M}"
        )

    def _node(self) -> str:
        self._sources.chain.ping()
        self._sources.venue.ping()
        head = self._sources.chain.fetch_head()
        return (
            f"{self._nodes.first.endpoint} serves chain {head.chain_id} at block {head.number}, and "
            f"simulates; {self._nodes.quorum} of {len(self._nodes.public)} must agree"
        )

    def _vault(self) -> str:
        chain = self._sources.chain
        self._position = chain.fetch_position(block=chain.fetch_head(), tokens=(), feeds=())
        contract = self._position.contract
        if contract.is_paused:
            raise self._unfit("it is paused", "its owner may unpause it")
        if not self._position.pools:
            raise self._unfit("its allowlist names no pool", "its owner adds pages of pools")
        return f"{len(self._position.pools)} pools allowed, {contract.sequence} batches so far"

    def _key(self) -> str:
        given = self._settings.key
        self._account = LocalSigner(load_key(given.keystore, given.password_file)).address
        return f"opens, account {self._account}"

    def _agent(self) -> str:
        appointed = self._position.contract.agent
        if appointed != self._account:
            raise self._unfit(
                f"its agent is {appointed}, the key is {self._account}'s",
                "its owner appoints the key's account, or key.keystore names the right file",
            )
        return f"is {appointed}"

    def _gas(self) -> str:
        has = whole_tokens(self._position.contract.agent_wei, ETHER_DECIMALS)
        wanted = self._settings.policy.min_gas_reserve_eth
        if has < wanted:
            raise self._unfit(
                f"its agent {self._position.contract.agent} has {has} ETH for gas",
                f"send it ETH: policy.min_gas_reserve_eth is {wanted}",
            )
        return f"{has:.4f} ETH"

    def _weighted(self) -> str:
        if not allows(self._nodes.first, self._position, BALANCER_VAULT):
            raise self._unfit(
                f"it does not allow Balancer's Vault {BALANCER_VAULT} as a router",
                "its owner allows it by setRouter, or venues.weighted stays empty",
            )
        guard = router_guard(self._settings, self._nodes.first)
        objection = guard.objection(BALANCER_VAULT, self._position.block)
        if objection is not None:
            raise self._unfit(
                f"Balancer's Vault may not be called: {objection}",
                "pin it in aggregators.code_hashes once you know it to be right",
            )
        return f"{len(self._settings.venues.weighted)} named, Balancer's Vault is as pinned"

    def _checkpoint_key(self) -> str:
        key = log_keys.load_key(self._settings.log.checkpoint_key)
        return f"opens, key {key.public.key_id}"

    def _ledger(self) -> str:
        path = self._settings.ledger.path
        if not self._settings.ledger.is_begun:
            if not os.access(path.parent, os.W_OK):
                mend = "make its directory writable, or set ledger.path"
                raise LedgerError(what=f"{path} cannot be created", mend=mend)
            return f"{path} is created by the first run"
        with open_ledger(self._settings, access=Access.READ) as ledger:
            found = ledger.integrity()
        if found.problems:
            raise LedgerError(what=f"it is damaged: {'; '.join(found.problems)}", mend=RESTORE)
        return f"sound, {found.records} records, {found.checkpoints} checkpoints"

    def _custody(self) -> str:
        """Hold the ledger against the chain, as every cycle does before it plans."""
        contract = self._position.contract
        if not self._settings.ledger.is_begun:
            if contract.sequence and contract.agent_nonce:
                raise LedgerError(what="there is none, and batches were sent before", mend=AHEAD)
            return "nothing was sent before"
        with open_ledger(self._settings, access=Access.READ) as ledger:
            account = examined_account(
                self._sources.chain,
                ledger,
                chain_id=self._settings.chain.id,
                account=contract.agent,
                contract=contract.address,
            )
        if not account.is_sound:
            what = (
                f"the chain is at nonce {account.nonce_on_chain} and sequence {account.sequence_on_chain}, "
                f"it knows {account.nonce_in_ledger} and {account.sequence_in_ledger}"
            )
            raise LedgerError(what=what, mend=AHEAD)
        return f"explains nonce {account.nonce_on_chain} and sequence {account.sequence_on_chain}"

    def _notices(self) -> str:
        names = [channel.name for channel in messengers(self._settings)]
        if not names:
            return "go to nobody: notify.channels names no channel"
        return f"go to {', '.join(names)}; agent notify sends one"

    def _unfit(self, what: str, mend: str) -> VaultUnfitError:
        return VaultUnfitError(vault=self._settings.portfolio.vault, what=what, mend=mend)
