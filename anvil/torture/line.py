"""The line between the agent under torture and its torturer: a Unix socket, a question and its answer at a time.

The agent asks for the time, sleeps, and says which point it has reached; the answer may be to die there.
Its requests to the nodes go over it as well, so that they cost little and their time is the torturer's.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

import requests

from anvil.strict.server import Reply

Message = Mapping[str, Any]
Answer = Callable[[Message], Message]
Exchange = Callable[[int, bytes], Reply]
"""The reply of an endpoint, by its number, to the body of a request."""

HEAD = struct.Struct("!iI")
"""What a frame begins with: a number that says what it is, and the length of what follows."""

MESSAGE = -1
"""The number of a frame with a message; any other is an endpoint's, or a status."""

TIMED_OUT = -2
BROKEN = 0


class Line:
    """The agent's end. Threads take turns."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._reader = self._socket.makefile("rb")
        self._turn = threading.RLock()

    def ask(self, **message: Any) -> Message:  # noqa: ANN401 - JSON
        with self._turn:
            self._socket.sendall(_frame(MESSAGE, json.dumps(message).encode()))
            _, body = _read(self._reader)
            answer: Message = json.loads(body)
            return answer

    def exchange(self, endpoint: int, body: bytes) -> tuple[int, bytes]:
        """Return the HTTP status and body of an endpoint's reply, TIMED_OUT or BROKEN for the status."""
        with self._turn:
            self._socket.sendall(_frame(endpoint, body))
            return _read(self._reader)


class Provider:
    """What the agent's JSON-RPC client asks instead of web3's provider: it answers and fails like that one."""

    def __init__(self, line: Line, url: str) -> None:
        self._line = line
        self._endpoint = int(url.rpartition("-")[2])

    def make_request(self, method: str, params: Any) -> Any:  # noqa: ANN401 - any JSON
        return self._posted(_call(0, method, params))

    def make_batch_request(self, calls: Sequence[tuple[str, Any]]) -> Any:  # noqa: ANN401 - any JSON
        return self._posted([_call(i, method, params) for i, (method, params) in enumerate(calls)])

    def _posted(self, document: object) -> Any:  # noqa: ANN401 - any JSON
        status, body = self._line.exchange(self._endpoint, json.dumps(document).encode())
        if status == TIMED_OUT:
            raise requests.ReadTimeout
        if status == BROKEN:
            raise requests.ConnectionError
        if status != HTTPStatus.OK:
            response = requests.Response()
            response.status_code = status
            raise requests.HTTPError(response=response)
        return json.loads(body)


def _call(number: int, method: str, params: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def address(endpoint: int) -> str:
    """Return the address that means an endpoint of the line."""
    return f"http://node-{endpoint}"


@contextmanager
def answering(path: Path, answer: Answer, exchange: Exchange) -> Iterator[None]:
    """Answer whoever connects, until the block is left and the last one has hung up."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    serving: list[threading.Thread] = []
    accepting = threading.Thread(
        target=_accept, args=(server, answer, exchange, serving), daemon=True
    )
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


def _accept(
    server: socket.socket, answer: Answer, exchange: Exchange, serving: list[threading.Thread]
) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:  # closed
            return
        thread = threading.Thread(target=_serve, args=(connection, answer, exchange), daemon=True)
        thread.start()
        serving.append(thread)


def _serve(connection: socket.socket, answer: Answer, exchange: Exchange) -> None:
    with connection, connection.makefile("rb") as reader:
        try:
            while True:
                number, body = _read(reader)
                connection.sendall(_answered(number, body, answer, exchange))
        except (ConnectionError, EOFError):  # gone, or killed between question and answer
            return


def _answered(number: int, body: bytes, answer: Answer, exchange: Exchange) -> bytes:
    if number == MESSAGE:
        return _frame(MESSAGE, json.dumps(answer(json.loads(body))).encode())
    reply = exchange(number, body)
    status = TIMED_OUT if reply.delay_s else reply.status
    return _frame(status, reply.body or b"")


def _frame(number: int, body: bytes) -> bytes:
    return HEAD.pack(number, len(body)) + body


def _read(reader: BinaryIO) -> tuple[int, bytes]:
    head = reader.read(HEAD.size)
    if len(head) < HEAD.size:
        raise EOFError
    number, length = HEAD.unpack(head)
    return number, reader.read(length)
