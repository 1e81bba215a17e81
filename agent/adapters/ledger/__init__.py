"""The ledger on a database: what was intended, signed and seen, and the log of it."""

from agent.adapters.ledger.errors import RESTORE, translated
from agent.adapters.ledger.integrity import Integrity
from agent.adapters.ledger.opening import open_ledger
from agent.adapters.ledger.outbox import SqlOutbox
from agent.adapters.ledger.store import Access, SqlLedger

__all__ = ["RESTORE", "Access", "Integrity", "SqlLedger", "SqlOutbox", "open_ledger", "translated"]
