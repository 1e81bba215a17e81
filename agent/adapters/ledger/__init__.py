"""The ledger on a database: what was intended, signed and seen, and the log of it."""

from agent.adapters.ledger.outbox import SqlOutbox
from agent.adapters.ledger.store import Access, SqlLedger, open_ledger

__all__ = ["Access", "SqlLedger", "SqlOutbox", "open_ledger"]
