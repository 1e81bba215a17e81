"""The quarantine beside a running service: what it says of a ranking, and the word that lets one pass."""

from __future__ import annotations

from agent.bootstrap.ledgers import Access, open_ledger
from agent.daemon.gather import Sources
from agent.daemon.ranking_book import RankingBook
from agent.daemon.standing import body_of
from agent.domain.bodies import SignalName, SignalRefused
from agent.domain.record import BETWEEN_CYCLES, RecordKind
from agent.domain.signal import Ranking
from agent.domain.vetting import RankingCleared, Vetting
from agent.errors import DataFileError
from agent.ports import Ledger
from agent.settings import Settings


def vetting_on_record(settings: Settings, given: Sources, ranking: Ranking) -> Vetting:
    """Return what the quarantine says of a ranking, by the rankings on record.

    Raises:
        RankingStoppedError, LedgerError
    """
    if not settings.ledger.is_begun:
        return _book(given, None).vet(ranking)
    with open_ledger(settings, access=Access.READ) as ledger:
        return _book(given, ledger).vet(ranking)


def _book(given: Sources, ledger: Ledger | None) -> RankingBook:
    return RankingBook(ledger=ledger, token_map=given.token_map, rules=given.quarantine)


def clear(settings: Settings, sha256: str, *, by: str, reason: str) -> RankingCleared:
    """Record that the refused ranking whose hash begins with `sha256` may pass, and return that.

    Raises:
        DataFileError: no ranking of that name was refused. LedgerError: it cannot be written.
    """
    with open_ledger(settings, access=Access.APPEND) as ledger:
        bodies = map(body_of, ledger.records(kinds=(RecordKind.SIGNAL_REFUSED,)))
        refused = {
            body.sha256
            for body in bodies
            if isinstance(body, SignalRefused)
            and body.signal is SignalName.RANKING
            and (body.sha256 or "").startswith(sha256)
        }
        if len(refused) != 1:
            raise DataFileError(
                path="the log",
                field="sha256",
                value=sha256,
                mend=f"{len(refused)} refused rankings begin so, give more of one of them",
            )
        cleared = RankingCleared(ranking_sha256=refused.pop() or "", by=by, reason=reason)
        ledger.append(cleared, cycle_id=BETWEEN_CYCLES)
        return cleared
