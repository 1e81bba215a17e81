"""The line between the agent under torture and its torturer: one JSON object a line, on a Unix socket.

The agent asks for the time, sleeps, and says which point it has reached; the answer may be to die there.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Message = Mapping[str, Any]
Answer = Callable[[Message], Message]


class Line:
    """The agent's end. Threads take turns."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._reader = self._socket.makefile("rb")
        self._turn = threading.RLock()

    def ask(self, **message: Any) -> Message:  # noqa: ANN401 - JSON
        with self._turn:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
            answer: Message = json.loads(self._reader.readline())
            return answer


@contextmanager
def answering(path: Path, answer: Answer) -> Iterator[None]:
    """Answer whoever connects, until the block is left and the last one has hung up."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    serving: list[threading.Thread] = []
    accepting = threading.Thread(target=_accept, args=(server, answer, serving), daemon=True)
    accepting.start()
    try:
        yield
    finally:
        # shutdown wakes the thread that waits in accept, closing alone does not
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        accepting.join()
        for thread in serving:
            thread.join()
        path.unlink()


def _accept(server: socket.socket, answer: Answer, serving: list[threading.Thread]) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:  # closed
            return
        thread = threading.Thread(target=_serve, args=(connection, answer), daemon=True)
        thread.start()
        serving.append(thread)


def _serve(connection: socket.socket, answer: Answer) -> None:
    with connection, connection.makefile("rb") as reader:
        try:
            for line in reader:
                connection.sendall(json.dumps(answer(json.loads(line))).encode() + b"\n")
        except ConnectionError:  # killed between question and answer
            return
