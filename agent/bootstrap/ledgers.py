"""The ledger of a deployment for those who look at it or add to it, and a chain to hold it against."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from agent.adapters.clock import SystemClock
from agent.adapters.ledger import Access, SqlLedger
from agent.adapters.ledger import open_ledger as open_at
from agent.domain.units import ZERO_ADDRESS
from agent.log.keys import load_key
from agent.ports import Chain
from agent.settings import Settings

__all__ = ["Access", "SqlLedger", "open_ledger", "witness"]


def open_ledger(settings: Settings, *, access: Access) -> SqlLedger:
    """Open the deployment's ledger; a context manager.

    Raises:
        LedgerError, CheckpointKeyError
    """
    is_writing = access is not Access.READ
    return open_at(
        settings.ledger.place,
        clock=SystemClock(),
        access=access,
        origin=settings.portfolio.name,
        checkpoint_key=load_key(settings.log.checkpoint_key) if is_writing else None,
    )


@contextmanager
def witness(url: str, *, chain_id: int) -> Iterator[Chain]:
    """Provide a chain to look transactions and blocks up on."""
    from agent.adapters.chain import RpcChain  # noqa: PLC0415 - slow to import, as the next
    from agent.adapters.rpc import Rpc  # noqa: PLC0415

    with Rpc(SecretStr(url)) as rpc:
        yield RpcChain(rpc, chain_id=chain_id, contract=ZERO_ADDRESS)
