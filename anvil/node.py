"""Starts Anvil on a free loopback port and makes sure that it never outlives its user."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from anvil.rpc import Call, NodeError, Rpc

ANVIL = Path(__file__).parent / "node_modules" / ".bin" / "anvil"

STARTUP_S = 60.0
PORT_ATTEMPTS = 5

GUARD = 'read _; kill -KILL "$1"; rm -rf -- "$2"'
"""Waits until the pipe from our process closes, which every death of it does, then ends Anvil and
removes the old states that it wrote to disk: gigabytes, which it leaves behind when it is killed."""


class Node:
    """A running Anvil: its `url`, its `pid`, and JSON-RPC calls to it."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.url = url
        self.pid = process.pid
        self._rpc = Rpc(url)

    def rpc(self, method: str, *params: Any) -> Any:  # noqa: ANN401 - any JSON
        """Call a method; raises `NodeError` with the node's own text when it refuses."""
        return self._rpc(method, *params)

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Call many methods in order, in few requests."""
        return self._rpc.batch(calls)

    def head(self) -> dict[str, Any]:
        """Return the latest block, with the hashes of its transactions."""
        block: dict[str, Any] = self.rpc("eth_getBlockByNumber", "latest", False)  # noqa: FBT003
        return block

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Take the chain back, when the block is left, to where it was when it was entered."""
        base_fee = self.rpc("eth_getBlockByNumber", "pending", False)["baseFeePerGas"]  # noqa: FBT003
        snapshot = self.rpc("evm_snapshot")
        try:
            yield
        finally:
            self.rpc("evm_revert", snapshot)
            # reverting leaves the fee that was due after the blocks that are gone
            self.rpc("anvil_setNextBlockBaseFeePerGas", base_fee)

    def close(self) -> None:
        self._rpc.close()


@contextmanager
def anvil(*arguments: str) -> Iterator[Node]:
    """Run Anvil with the arguments until the block is left, however it is left.

    A clean exit, an exception and Ctrl-C end it here; when our process is killed, a guard does.
    """
    if not ANVIL.exists():
        raise NodeError(f"{ANVIL} is missing: install the chain tools with `npm ci` in anvil/")
    with tempfile.TemporaryFile() as output, ExitStack() as running:
        node = _started(arguments, output, running)
        running.callback(node.close)
        yield node


def _started(arguments: Sequence[str], output: IO[bytes], running: ExitStack) -> Node:
    for _ in range(PORT_ATTEMPTS):
        port = _free_port()
        with ExitStack() as attempt:
            process = attempt.enter_context(_process(arguments, port, output))
            if _answers(process, port):
                running.push(attempt.pop_all())
                return Node(process, _url(port))
    output.seek(0)
    text = output.read().decode(errors="replace").strip()
    raise NodeError(f"anvil did not start with {' '.join(arguments)}: {text[-2_000:]}")


@contextmanager
def _process(
    arguments: Sequence[str], port: int, output: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    states = tempfile.mkdtemp(prefix="anvil-")
    listening = ("--host", "127.0.0.1", "--port", str(port), "--quiet", "--cache-path", states)
    process = subprocess.Popen(
        [str(ANVIL), *listening, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    guard = subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "guard", str(process.pid), states],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)
        _end(guard)
        shutil.rmtree(states, ignore_errors=True)


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Return whether the node came up; False when it ended by itself, as on a taken port."""
    rpc = Rpc(_url(port))
    deadline = time.monotonic() + STARTUP_S
    try:
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(NodeError):
                rpc("web3_clientVersion")
                return _listens(process.pid, port)
            time.sleep(0.02)
    finally:
        rpc.close()
    return False


def _listens(pid: int, port: int) -> bool:
    """Return whether it is this process that answers there, not another that took the port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}")}
    try:
        return any(str(f.readlink()) in sockets for f in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it ended meanwhile, and its files with it
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin:
        process.stdin.close()


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
