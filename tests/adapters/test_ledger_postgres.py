"""What the ledger does when the database server is in its way."""

import psycopg
import pytest

from agent.adapters.ledger import Access, open_ledger
from agent.adapters.ledger.engine import postgres_engine
from agent.domain.bodies import Halted
from agent.errors import LedgerError
from tests.logbook import SteppingClock

HALT = Halted(error="E", reason="r")


def opened(url, access=Access.TRADE):
    return open_ledger(url, clock=SteppingClock(), access=access, origin="index")


@pytest.fixture
def admin(new_database):
    with psycopg.connect(new_database.get_secret_value(), autocommit=True) as connection:
        yield connection


def test_a_database_that_may_not_be_written_is_named(new_database, admin):
    admin.execute(f"ALTER DATABASE {admin.info.dbname} SET default_transaction_read_only = on")

    with pytest.raises(LedgerError, match=r"cannot be written.*let the agent's role write"):
        opened(new_database)


def test_a_role_without_rights_is_named(new_database, admin):
    opened(new_database).close()
    role = f"reader_{admin.info.dbname}"
    admin.execute(f"CREATE ROLE {role} LOGIN SUPERUSER")
    admin.execute(f"ALTER ROLE {role} NOSUPERUSER")
    url = new_database.get_secret_value().replace("postgres:", f"{role}:", 1)

    with pytest.raises(LedgerError, match=r"cannot be written.*let the agent's role write"):
        opened(type(new_database)(url))


def test_a_writer_that_holds_the_ledger_is_waited_for_and_then_named(new_database, admin):
    with opened(new_database, Access.TRADE) as ledger, admin.transaction():
        admin.execute("SELECT value FROM ledger_meta FOR UPDATE")
        with pytest.raises(LedgerError, match=r"the database is locked"):
            ledger.append(HALT, cycle_id="index-1")

    with opened(new_database) as ledger:
        assert () == ledger.records()


def test_a_session_that_the_server_ends_loses_the_lock_and_the_fence_keeps_it_out(
    new_database, admin
):
    first = opened(new_database)
    admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with opened(new_database) as second:
        second.append(HALT, cycle_id="index-1")
        with pytest.raises(LedgerError, match="another agent has taken over"):
            first.append(Halted(error="E", reason="late"), cycle_id="index-1")
        assert 1 == len(second.records())
    first.close()


def test_a_record_that_was_rewritten_behind_its_back_is_found_at_the_next_start(
    new_database, admin
):
    with opened(new_database) as ledger:
        for number in range(3):
            ledger.append(Halted(error="E", reason=str(number)), cycle_id="index-1")
    admin.execute("ALTER TABLE log_records DISABLE TRIGGER ALL")
    admin.execute("UPDATE log_records SET body = replace(body, '\"1\"', '\"9\"') WHERE seq = 2")

    with pytest.raises(LedgerError, match=r"damaged .*record 2.*restore the last backup"):
        opened(new_database)


def test_a_server_that_is_gone_is_named(new_database):
    url = type(new_database)("postgresql://nobody@127.0.0.1:9/none?connect_timeout=2")

    with pytest.raises(LedgerError, match="check the database server"):
        opened(url)
    assert postgres_engine(url).dialect.name == "postgresql"
