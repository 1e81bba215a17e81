"""Losing power takes back what was not synced, and nothing else."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from anvil.torture.powerloss import lose_power, survive_start, synced_copies

WAL = "-wal"


def written(database: Path, *, synchronous: str) -> sqlite3.Connection:
    """Return an open connection that has committed a row twice, the second one not checkpointed."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE rows (row INTEGER)")
    connection.execute("INSERT INTO rows VALUES (1)")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute("INSERT INTO rows VALUES (2)")
    return connection


def survivors(database: Path, place: Path) -> list[int]:
    """Return the rows that another process finds after the machine has come up again."""
    place.mkdir()
    for path in (database, database.with_name(database.name + WAL)):
        if path.exists():
            shutil.copy(path, place)
    connection = sqlite3.connect(place / database.name)
    rows = [row for (row,) in connection.execute("SELECT row FROM rows ORDER BY row")]
    connection.close()
    return rows


@pytest.mark.parametrize(
    ("synchronous", "rows", "lost"), [("FULL", [1, 2], []), ("NORMAL", [1], ["ledger-wal"])]
)
def test_only_synced_commits_survive(
    synchronous: str, rows: list[int], lost: list[str], tmp_path: Path
) -> None:
    database = tmp_path / "ledger"
    with synced_copies(is_wanted=True):
        connection = written(database, synchronous=synchronous)
        found = lose_power(database)
        kept = survivors(database, tmp_path / "after")
        connection.close()

    assert (found, kept) == (lost, rows)


def test_the_files_of_a_database_lie_beside_it(tmp_path: Path) -> None:
    with synced_copies(is_wanted=True):
        connection = written(tmp_path / "ledger", synchronous="FULL")
        names = {path.name.removesuffix(".synced") for path in tmp_path.iterdir()}
        connection.close()

    assert names == {"ledger", "ledger-wal", "ledger-shm"}


def test_what_was_there_at_the_start_survives(tmp_path: Path) -> None:
    database = tmp_path / "ledger"
    written(database, synchronous="NORMAL").close()
    survive_start(database)

    assert lose_power(database) == []
    assert survivors(database, tmp_path / "after") == [1, 2]
