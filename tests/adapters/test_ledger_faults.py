"""What the ledger does when the file, the disk, or another process is in its way."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from agent.adapters.ledger import Access, SqlLedger, open_ledger
from agent.adapters.ledger.engine import create_schema, sqlite_engine
from agent.domain.bodies import Halted
from agent.domain.intent import TxState
from agent.errors import LedgerError
from agent.log.keys import create_key
from tests.logbook import START, SteppingClock, Week, intent, record_week

ROOT = Path(__file__).parents[2]
HALT = Halted(error="E", reason="r")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agent.sqlite"


@contextmanager
def worker(role: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.ledger_worker", role, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.kill()


def opened(path: Path, access: Access = Access.TRADE) -> SqlLedger:
    return open_ledger(path, clock=SteppingClock(), access=access, origin="index")


def filled(path: Path) -> None:
    with opened(path) as ledger:
        for number in range(60):
            ledger.append(Halted(error="E", reason=f"{number}" * 100), cycle_id="index-1")


def says(path: Path, complaint: str, access: Access = Access.TRADE) -> None:
    with pytest.raises(LedgerError, match=complaint):
        opened(path, access).close()


@pytest.mark.parametrize("access", [Access.READ, Access.APPEND])
def test_a_missing_ledger_is_not_created_by_a_reader(path: Path, access: Access) -> None:
    says(path, r"there is none at .*: check ledger\.path, or run a cycle first", access)

    assert not path.exists()


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    says(tmp_path / "nowhere" / "agent.sqlite", "nowhere.*No such file or directory.*make its")


@pytest.mark.parametrize("access", list(Access))
def test_a_file_of_garbage_is_refused(path: Path, access: Access) -> None:
    path.write_bytes(b"this is not a database, it is a letter " * 200)

    says(path, "not a database.*restore the last backup", access)


@pytest.mark.parametrize("kept", [0.95, 0.5, 0.1])
def test_a_cut_file_is_refused(path: Path, kept: float) -> None:
    filled(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])

    says(path, "damaged.*restore the last backup")


def test_a_scribbled_page_is_refused(path: Path) -> None:
    filled(path)
    content = bytearray(path.read_bytes())
    content[8192 : 8192 + 4096] = b"\xa5" * 4096
    path.write_bytes(content)

    says(path, "damaged.*restore the last backup")


def test_an_empty_file_becomes_a_ledger(path: Path) -> None:
    path.touch()

    filled(path)


def test_another_database_is_not_a_ledger(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE cooking (recipe TEXT)")

    says(path, "is not a ledger: check ledger.path", Access.APPEND)


@pytest.mark.parametrize("version", ["0", "2", "abc"])
def test_another_schema_is_refused(path: Path, version: str) -> None:
    filled(path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE ledger_meta SET value=? WHERE key='schema_version'", (version,))

    for access in Access:
        says(path, f"has schema {version}, this release knows 1: run the release", access)


def rewritten(path: Path, *statements: str) -> None:
    """Change history behind the triggers' back."""
    with closing(sqlite3.connect(path)) as database, database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall()
        for (name,) in names:
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            database.execute(statement)


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE log_records SET body = replace(body, '5', '6') WHERE seq = 55", "record 55"),
        ("UPDATE log_records SET at = '2020-01-01T00:00:00Z' WHERE seq = 3", "record 3"),
        ("DELETE FROM log_records WHERE seq = 7", "record 7: record 8 stands in its place"),
        ("UPDATE log_records SET hash = upper(hash) WHERE seq = 9", "record 9"),
    ],
)
def test_a_rewritten_record_is_named(path: Path, statement: str, place: str) -> None:
    filled(path)
    rewritten(path, statement)

    says(path, f"damaged .*at {place}")


def test_records_cut_off_behind_a_checkpoint_are_missed(path: Path, tmp_path: Path) -> None:
    key = create_key(tmp_path / "checkpoint.pem")
    with open_ledger(path, clock=SteppingClock(), origin="i", checkpoint_key=key) as ledger:
        record_week(ledger, Week(number=0))
        last = len(ledger.records())
    rewritten(path, "DELETE FROM log_records WHERE seq = (SELECT max(seq) FROM log_records)")

    says(path, f"record {last}: it is missing, and {last} were sealed")


def test_damaged_content_is_not_handed_out(path: Path) -> None:
    with opened(path) as ledger:
        ledger.append(HALT, cycle_id="index-1", contents=(b"ranking",))
        with closing(sqlite3.connect(path)) as database:
            (sha256,) = database.execute("SELECT sha256 FROM log_contents").fetchone()
    rewritten(path, "UPDATE log_contents SET deflated = x'00ff'")

    with opened(path) as ledger, pytest.raises(LedgerError, match=f"content {sha256} is damaged"):
        ledger.load_content(sha256)


def test_a_full_disk_changes_nothing(path: Path) -> None:
    engine = sqlite_engine(path)
    create_schema(engine, origin="index", at=START)
    with SqlLedger(
        engine, clock=SteppingClock(), access=Access.TRADE, checkpoint_key=None
    ) as ledger:
        ledger.open_intent(intent())
        before = ledger.records()
        with engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

        with pytest.raises(LedgerError, match=r"the disk is full .*make room"):
            ledger.append(HALT, cycle_id="index-1", contents=(os.urandom(100_000),))

        assert ledger.records() == before


def test_a_locked_database_is_named(path: Path) -> None:
    filled(path)
    engine = sqlite_engine(path, busy_timeout_s=0)
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        SqlLedger(
            engine, clock=SteppingClock(), access=Access.TRADE, checkpoint_key=None
        ) as ledger,
    ):
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(LedgerError, match=r"database is locked .*stop that process"):
            ledger.append(HALT, cycle_id="index-1")
        assert len(ledger.records()) == 60


@pytest.mark.parametrize("mode", [0o555, 0o755])
def test_a_file_that_cannot_be_written_is_named(mode: int) -> None:
    home = Path(tempfile.mkdtemp())
    try:
        filled(home / "agent.sqlite")
        (home / "agent.sqlite").chmod(0o444)
        (home / "agent.sqlite.lock").chmod(0o666)
        home.chmod(mode)
        with worker("trade", home / "agent.sqlite") as process:
            said, _ = process.communicate(timeout=60)
    finally:
        home.chmod(0o755)
        shutil.rmtree(home)

    assert said.startswith(f"ledger: {home / 'agent.sqlite'} cannot be written (Permission denied)")
    assert "make the file and its directory writable" in said


def test_one_instance_trades(path: Path) -> None:
    with opened(path):
        says(path, rf"another agent \(process {os.getpid()}\) holds .*one instance may trade")
    opened(path).close()


def test_a_second_process_is_refused_until_the_first_is_dead(path: Path) -> None:
    with worker("hold", path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

        says(path, rf"another agent \(process {process.pid}\) holds")
        opened(path, Access.APPEND).close()

        process.send_signal(signal.SIGKILL)
        process.wait()
        opened(path).close()


def test_death_within_a_transaction_leaves_what_was_committed(path: Path) -> None:
    with worker("die", path) as process:
        assert process.wait(timeout=60) == -signal.SIGKILL

    with opened(path) as ledger:
        (status,) = ledger.intents()
        assert status.state is TxState.SIGNED
        assert [r.kind for r in ledger.records()] == ["intent", "moved", "signed"]
        ledger.advance(status.intent.intent_id, state=TxState.IN_DOUBT)


def test_what_was_acknowledged_survives_a_kill(path: Path) -> None:
    with worker("stream", path) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(50)]
        process.send_signal(signal.SIGKILL)
        acknowledged += process.stdout.read().split()

    with opened(path) as ledger:
        hashes = [record.hash for record in ledger.records()]
    assert hashes[: len(acknowledged)] == acknowledged
    assert len(hashes) <= len(acknowledged) + 1


def test_processes_take_turns_appending(path: Path) -> None:
    filled(path)
    with opened(path) as ledger, worker("append", path) as one, worker("append", path) as other:
        for number in range(40):
            ledger.append(Halted(error="E", reason=str(number)), cycle_id="index-2")
        assert (one.wait(timeout=60), other.wait(timeout=60)) == (0, 0)

    with opened(path) as ledger:
        assert [record.seq for record in ledger.records()] == list(range(1, 181))
