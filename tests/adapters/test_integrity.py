"""The integrity report: everything that is wrong with a ledger, in the file, the log, and the tables."""

import sqlite3
from contextlib import closing

import psycopg
import pytest

from agent.adapters.ledger import Access, open_ledger
from agent.log.keys import create_key
from tests.logbook import SteppingClock, Week, record_week


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """A ledger of a week, on both databases."""
    if request.param == "sqlite":
        where = tmp_path / "agent.sqlite"
    else:
        where = request.getfixturevalue("new_database")
    key = create_key(tmp_path / "checkpoint.pem")
    with open_ledger(where, clock=SteppingClock(), origin="test", checkpoint_key=key) as ledger:
        record_week(ledger, Week(number=0))
    return where


def tamper(place, *statements):
    """Change what the tables' triggers forbid."""
    if hasattr(place, "get_secret_value"):
        with psycopg.connect(place.get_secret_value(), autocommit=True) as connection:
            for table in ("log_records", "log_checkpoints", "intents", "attempts"):
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            for statement in statements:
                connection.execute(statement)
        return
    with closing(sqlite3.connect(place, isolation_level=None)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)


def report(place):
    with open_ledger(place, clock=SteppingClock(), access=Access.READ) as ledger:
        return ledger.integrity()


def test_a_sound_ledger_has_no_problems(place):
    found = report(place)

    assert () == found.problems
    assert found.records > 10
    assert 1 == found.checkpoints


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE log_records SET hash = 'ff' WHERE seq = 4", "record 4"),
        ("UPDATE intents SET state = 'intent' WHERE batch_index = 0", "is intent, its last record"),
        ("DELETE FROM attempts", "has 0 attempts, the log 1"),
        ("UPDATE log_checkpoints SET size = 999", "is missing, and 999 were sealed"),
    ],
)
def test_each_damage_is_named(place, statement, problem):
    tamper(place, statement)

    assert any(problem in one for one in report(place).problems)


def test_all_damages_are_named_together(place):
    tamper(place, "UPDATE intents SET state = 'seen'", "DELETE FROM attempts")

    assert 4 == len(report(place).problems)
