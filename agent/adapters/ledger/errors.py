"""What databases say when something is wrong, and what the operator should do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from agent.errors import LedgerUnusableError

RESTORE = "stop the agent, restore the last backup, and let `agent check` compare it with the chain"
WRITABLE = "make the file and its directory writable for the agent's user"
SPACE = "make room on its disk and start again; nothing was half written"
HARDWARE = "check the disk and the kernel log, then run `agent check`"
OTHERS = "another process holds it: stop that process and start again"

SQLITE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "SQLITE_CORRUPT": ("the database is damaged", RESTORE),
        "SQLITE_NOTADB": ("the file is not a database", RESTORE),
        "SQLITE_READONLY": ("the database cannot be written", WRITABLE),
        "SQLITE_CANTOPEN": ("the database cannot be opened", WRITABLE),
        "SQLITE_PERM": ("the database cannot be opened", WRITABLE),
        "SQLITE_FULL": ("the disk is full", SPACE),
        "SQLITE_IOERR": ("the disk does not read or write", HARDWARE),
        "SQLITE_BUSY": ("the database is locked", OTHERS),
        "SQLITE_LOCKED": ("the database is locked", OTHERS),
        "SQLITE_CONSTRAINT": ("a rule of the tables was broken", "report this as a bug"),
    }
)
"""By SQLite's primary result code: what happened, and the mend."""

POSTGRES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "53100": ("the disk is full", SPACE),
        "58030": ("the disk does not read or write", HARDWARE),
        "XX001": ("the database is damaged", RESTORE),
        "XX002": ("the database is damaged", RESTORE),
        "25006": ("the database cannot be written", "let the agent's role write to it"),
        "42501": ("the database cannot be written", "let the agent's role write to it"),
        "55P03": ("the database is locked", OTHERS),
        "23505": ("a rule of the tables was broken", "report this as a bug"),
    }
)
"""By PostgreSQL's SQLSTATE, as above."""

UNKNOWN = ("the database failed", "check the database server and its log, then start again")


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn whatever the database raises inside into a LedgerUnusableError about the database at `place`."""
    try:
        yield
    except SQLAlchemyError as error:
        what, mend = _meaning(error)
        raise LedgerUnusableError(what=f"{place}: {what} ({_words(error)})", mend=mend) from error


def _meaning(error: SQLAlchemyError) -> tuple[str, str]:
    if not isinstance(error, DBAPIError):
        return UNKNOWN
    name = str(getattr(error.orig, "sqlite_errorname", ""))
    primary = "_".join(name.split("_")[:2])
    state = str(getattr(error.orig, "sqlstate", ""))
    return SQLITE.get(primary) or POSTGRES.get(state, UNKNOWN)


def _words(error: SQLAlchemyError) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(cause).split())
