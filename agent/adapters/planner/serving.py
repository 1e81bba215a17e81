"""The other end of a planner process: does what is asked over the socket, and says what came of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

from agent.adapters.planner.freight import packed, unpacked
from agent.errors import AgentError

Deeds = Mapping[str, Callable[..., object]]


def serve(descriptor: int, deeds: Deeds) -> None:
    """Do what is asked over the socket until it ends: the loop of the process itself."""
    with Connection(descriptor) as connection:
        while True:
            try:
                request = connection.recv_bytes()
            except EOFError:
                return
            connection.send_bytes(packed(_done(request, deeds)))


def _done(request: bytes, deeds: Deeds) -> tuple[str, Any]:
    deed, inputs, named = unpacked(request)
    try:
        return "done", deeds[deed](inputs, **named)
    except AgentError as error:
        # Errors of ours take their facts by keyword, which no pickle of an exception can give them.
        return "refused", (type(error), error.args, vars(error))
    except Exception as error:  # noqa: BLE001 - told to whoever asked, who halts on it
        return "failed", (f"{type(error).__name__}: {error}", traceback.format_exc())
