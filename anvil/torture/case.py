"""A schedule under way: what the agent is answered, when it is struck, and who else acts meanwhile."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from eth_account import Account

from anvil.strict.chain import BLOCK_TIME_S
from anvil.strict.fleet import Fleet
from anvil.strict.server import Reply, reply
from anvil.strict.transaction import decoded
from anvil.torture.ground import Zygote
from anvil.torture.line import Message, answering
from anvil.torture.oracle import Finding, Wrong
from anvil.torture.schedule import DEADLY, Blow, Schedule, Strike
from anvil.torture.stage import ACCOUNT, KEY, SETTINGS_NAME
from anvil.torture.victim import Errand

TIMEOUT_S = 20.0
"""How long the agent waits for an endpoint's reply."""

MOST_BLOCKS = 600
"""Two hours: whatever is not settled by then is stuck."""

HALTED = 6
GWEI = 10**9


@dataclass(slots=True)
class Case:
    """A schedule under way, as the line and the network see it."""

    schedule: Schedule
    fleet: Fleet
    directory: Path
    clock_s: float
    second: Zygote
    life: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    struck: list[Strike] = field(default_factory=list)
    blow: Blow | None = None
    ends: list[str] = field(default_factory=list)
    wrong: list[Finding] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)
    is_hung: bool = False
    turn: threading.RLock = field(default_factory=threading.RLock)

    @property
    def ledger(self) -> Path:
        return self.directory / "agent.sqlite"

    @property
    def is_stuck(self) -> bool:
        return self.fleet.world.chain.made > MOST_BLOCKS

    def answer(self, message: Message) -> Message:
        """Answer the agent over the line."""
        with self.turn:
            if "sleep" in message:
                self.pass_time(float(message["sleep"]))
                return {}
            if "now" in message:
                return {"t": self.clock_s + self.schedule.skew_s}
            if "reached" in message:
                return {"die": self._reach(str(message["reached"]))}
            self.ends.append(": ".join(filter(None, (message["ended"], message["reason"]))))
            self.note("ended", how=self.ends[-1])
            return {}

    def exchange(self, endpoint: int, body: bytes) -> Reply:
        """Let an endpoint reply; what it holds back for too long takes that long, and never arrives."""
        with self.turn:
            found = reply(partial(self.fleet.ask, endpoint), body)
            if found.delay_s:
                self.pass_time(min(found.delay_s, TIMEOUT_S))
            return found

    def find(self, kind: Wrong, what: str) -> None:
        self.wrong.append(Finding(kind=kind, what=what))

    def note(self, what: str, **facts: Any) -> None:  # noqa: ANN401 - facts
        height = self.fleet.world.chain.height
        self.fleet.history.note(f"agent {self.life}: {what}", height=height, **facts)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and make the blocks that fall due."""
        self.clock_s += seconds
        chain = self.fleet.world.chain
        while chain.timestamp + BLOCK_TIME_S <= self.clock_s:
            self.fleet.mine()

    def errand(self, settings: Path, *, line: Path, is_powered: bool) -> Mapping[str, Any]:
        """Return what the agent is to be told for this life."""
        errand = Errand(
            settings=str(settings),
            line=str(line),
            seed=self.schedule.seed + self.life,
            bug=self.schedule.bug,
            is_power_watched=is_powered,
        )
        return errand.document() | {"words": str(self.directory / "words")}

    def _reach(self, point: str) -> bool:
        if self.is_stuck:
            return True
        self.hits[point] += 1
        self.passed[point] += 1
        self.note(point)
        for strike in self.schedule.strikes:
            if (strike.life, strike.point, strike.hit) == (self.life, point, self.hits[point]):
                return self._strike(strike)
        return False

    def _strike(self, strike: Strike) -> bool:
        self.struck.append(strike)
        self.blow = strike.blow
        self.note("struck", by=strike.blow)
        if strike.blow is Blow.SECOND_INSTANCE:
            self._try_second()
        elif strike.blow is Blow.FOREIGN_NONCE:
            self._use_nonce()
        return strike.blow in DEADLY

    def _try_second(self) -> None:
        """Start a second agent on the same files: it must end at once, without having done anything."""
        ends: list[str] = []
        line = self.directory / "second"

        def answer(message: Message) -> Message:
            if "ended" in message:
                ends.append(str(message["ended"]))
            return {"t": self.clock_s, "die": False}

        def exchange(endpoint: int, body: bytes) -> Reply:
            return reply(partial(self.fleet.ask, endpoint), body)

        with answering(line, answer, exchange):
            settings = self.directory / SETTINGS_NAME
            code = self.second.run(self.errand(settings, line=line, is_powered=False))
        self.note("a second instance ended", code=code, how=ends)
        if (code, ends) != (HALTED, ["LedgerError"]):
            self.find(Wrong.DOUBLE, f"a second instance was let in: {code} {ends}")

    def _use_nonce(self) -> None:
        """Sign with the agent's key what the agent knows nothing of, and give it to all block builders."""
        chain = self.fleet.world.chain
        nonce = chain.account(ACCOUNT.lower(), at=chain.height).nonce
        signed = Account.sign_transaction(
            {
                "type": 2, "chainId": 1, "nonce": nonce, "to": ACCOUNT, "value": 0, "gas": 21_000,
                "maxFeePerGas": 2 * chain.base_fee + 20 * GWEI, "maxPriorityFeePerGas": 20 * GWEI,
            },
            KEY,
        )  # fmt: skip
        transaction = decoded(bytes(signed.raw_transaction))
        for node in self.fleet.world.nodes:
            node.pool.put(transaction)
        self.foreign.add(transaction.hash)
        self.note("a foreign transaction", nonce=nonce, tx=transaction.hash)
