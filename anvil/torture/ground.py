"""Where schedules run: staged chains to go back to, fork servers, and the points that an agent passes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from typing import IO, Any

from anvil.torture.schedule import Points, Start
from anvil.torture.stage import Stage, staged

MEMORY = Path("/dev/shm")  # noqa: S108 - the kernel's own; a directory of ours is made in it
PATIENCE_S = 120.0
"""How long an agent may take in real time, on however busy a machine, before it counts as hanging."""


class HangError(Exception):
    """An agent did not end, although no time passes for it while it waits."""


class Zygote:
    """A fork server; see `anvil.torture.zygote`."""

    def __init__(self, running: ExitStack) -> None:
        self._process: subprocess.Popen[str] = running.enter_context(_started())
        self._told()

    def run(self, errand: Mapping[str, Any]) -> int:
        """Let an agent live, and return its exit code; the negative signal where one ended it."""
        _line(self._process.stdin, json.dumps(errand))
        self._told()
        return int(self._told()["exit"])

    def _told(self) -> dict[str, Any]:
        pipe = self._process.stdout
        if pipe is None or not select([pipe], [], [], PATIENCE_S)[0]:
            raise HangError(f"no end after {PATIENCE_S:.0f} real seconds")
        text = pipe.readline()
        if not text:
            raise RuntimeError("the fork server ended; its words are above")
        answer: dict[str, Any] = json.loads(text)
        return answer


@contextmanager
def _started() -> Iterator[subprocess.Popen[str]]:
    # Threads of numerical libraries would not survive a fork, and idle ones cost time.
    environ = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "anvil.torture.zygote"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def _line(pipe: IO[str] | None, text: str) -> None:
    if pipe is not None:
        pipe.write(text + "\n")
        pipe.flush()


@dataclass(slots=True)
class Site:
    """A staged chain as a kind of start wants it, and the files that a deployment begins with."""

    stage: Stage
    files: Path
    snapshot: str
    clock_s: float
    points: Points = field(default_factory=dict)

    def reset(self) -> None:
        """Take the chain back to where it was."""
        node = self.stage.node
        node.rpc("evm_revert", self.snapshot)
        self.snapshot = node.rpc("evm_snapshot")

    def deploy(self, directory: Path, *, endpoints: int) -> Path:
        """Copy the files, and let them use so many endpoints; return the settings file."""
        shutil.copytree(self.files, directory)
        return self.stage.write_settings(directory, endpoints=endpoints)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """All that schedules need, in memory where the machine has such a place."""

    workplace: Path
    sites: Mapping[Start, Site]
    zygotes: tuple[Zygote, Zygote]


@contextmanager
def prepared(*starts: Start) -> Iterator[Ground]:
    """Provide the ground for schedules of some starts; both zygotes are for agents that live at once."""
    with ExitStack() as running:
        place = MEMORY if MEMORY.is_dir() else None
        directory = running.enter_context(tempfile.TemporaryDirectory(prefix="torture-", dir=place))
        workplace = Path(directory)
        sites = {start: _site(running, workplace / start) for start in starts}
        zygotes = Zygote(running), Zygote(running)
        yield Ground(workplace=workplace, sites=sites, zygotes=zygotes)


def _site(running: ExitStack, workplace: Path) -> Site:
    workplace.mkdir()
    stage = running.enter_context(staged(workplace))
    node = stage.node
    return Site(
        stage=stage,
        files=stage.template,
        snapshot=node.rpc("evm_snapshot"),
        clock_s=float(int(node.head()["timestamp"], 16) + 1),
    )
