"""The rankings that were acted on, as the log has them, and what the quarantine says of the next one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

from agent.daemon.standing import body_of
from agent.domain.canonical import canonical_bytes, from_json
from agent.domain.record import RecordKind
from agent.domain.signal import Ranking
from agent.domain.token import TokenMap
from agent.domain.vetting import (
    NOTHING_SEEN,
    QuarantineRules,
    RankingCleared,
    RankingMemory,
    RankingVetted,
    Vetting,
)
from agent.errors import RankingStoppedError
from agent.planning.quarantine import remembered, stops, vetted
from agent.ports import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingBook:
    """Vets rankings against those before; `ledger` None is one that nothing was recorded in yet."""

    ledger: Ledger | None
    token_map: TokenMap
    rules: QuarantineRules

    def vet(self, ranking: Ranking) -> Vetting:
        """Return what the quarantine says of a ranking; of one that was vetted before, the same.

        Raises:
            RankingStoppedError: too much changed at once, and nobody let it pass.
        """
        last = self._last()
        if last is not None and last.ranking_sha256 == ranking.sha256:
            return last.vetting
        memory = self.memory()
        stopped = stops(ranking, memory=memory, token_map=self.token_map, rules=self.rules)
        if stopped is not None and not self._is_cleared(ranking):
            raise RankingStoppedError(sha256=ranking.sha256, reason=stopped)
        return vetted(ranking, memory=memory, token_map=self.token_map, rules=self.rules)

    def remember(self, ranking: Ranking, vetting: Vetting, *, cycle_id: str) -> None:
        """Record that a ranking is acted on; the next one is held against it."""
        last = self._last()
        if self.ledger is None or (last is not None and last.ranking_sha256 == ranking.sha256):
            return
        memory = remembered(ranking, vetting, memory=self.memory(), rules=self.rules)
        content = canonical_bytes(memory)
        body = RankingVetted(
            ranking_sha256=ranking.sha256,
            memory_sha256=sha256(content).hexdigest(),
            vetting=vetting,
        )
        self.ledger.append(body, cycle_id=cycle_id, contents=(content,))

    def memory(self) -> RankingMemory:
        last = self._last()
        if self.ledger is None or last is None:
            return NOTHING_SEEN
        tree = json.loads(self.ledger.load_content(last.memory_sha256))
        memory: RankingMemory = from_json(RankingMemory, tree)
        return memory

    def _last(self) -> RankingVetted | None:
        if self.ledger is None:
            return None
        records = self.ledger.records(kinds=(RecordKind.RANKING_VETTED,))
        body = body_of(records[-1]) if records else None
        return body if isinstance(body, RankingVetted) else None

    def _is_cleared(self, ranking: Ranking) -> bool:
        if self.ledger is None:
            return False
        cleared = map(body_of, self.ledger.records(kinds=(RecordKind.RANKING_CLEARED,)))
        return any(
            isinstance(body, RankingCleared) and body.ranking_sha256 == ranking.sha256
            for body in cleared
        )
