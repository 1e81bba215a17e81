"""The twin, built once and cached, and forks of it; `python -m anvil.twin` builds and describes it."""

from __future__ import annotations

import argparse
import fcntl
import gzip
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from anvil.assets import MAINNET, RANKING, TOKEN_MAP
from anvil.build import BLOCK_TIME_S, BLOCKS_AFTER_LOADING, HEAD, Progress, build, dumped, mine_at
from anvil.describe import table
from anvil.node import Node, anvil
from anvil.rpc import NodeError

HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache" / "twin"

BUILDERS = (
    *("abi", "addresses", "assets", "build", "bytecode", "creation", "curves", "deployments"),
    *("market", "model", "solidity", "storage", "twin"),
)
"""The modules that decide what the twin is."""

MAINNET_RULES = (
    *("--hardfork", "osaka", "--accounts", "0", "--slots-in-an-epoch", "1"),
    "--enable-tx-gas-limit",
)
"""The chain's own rules as far as Anvil has them; no account starts with money."""


FORK_OF_TWIN = (
    *("--no-storage-caching", "--no-request-size-limit"),
    *("--max-persisted-states", "100"),
)
"""Anvil keeps what it fetched by chain and block number alone: another twin's state would answer.
The state of each older block takes 27 MB on disk, so only so many are kept."""


def twin_state(progress: Progress | None = None) -> Path:
    """Return the directory of the built twin, building it if its inputs changed.

    It holds `state.json` and `accounts.hex` (Anvil's state, whole and for forks) and
    `manifest.json` (what stands there).
    """
    directory = CACHE / _key()
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.exists():
            _build_into(directory, progress or _to_stderr)
            _drop_others(directory)
    return directory


def manifest() -> dict[str, Any]:
    """Return what stands on the twin: `head`, `contracts`, `tokens`, `feeds`, `pools`."""
    document: dict[str, Any] = json.loads((twin_state() / "manifest.json").read_bytes())
    return document


def pools() -> list[dict[str, Any]]:
    """Return every pool of the twin; docs/twin.md names the fields."""
    listed: list[dict[str, Any]] = manifest()["pools"]
    return listed


@contextmanager
def twin() -> Iterator[Node]:
    """Run the twin itself; agents and tests use a fork of it."""
    directory = twin_state()
    head = json.loads((directory / "manifest.json").read_bytes())["head"]
    with _loaded(directory / "state.json") as node:
        block = node.head()
        if block["hash"] != head["hash"]:
            raise NodeError(f"{directory} loads as {block['hash']}, not {head['hash']}: delete it")
        yield node


@contextmanager
def forked_twin(*arguments: str) -> Iterator[Node]:
    """Run a fork of the twin with more arguments for Anvil; both end together.

    Every block of the fork comes 12 s after the one before, whatever the wall clock says; set the
    next block's time (`evm_setNextBlockTimestamp`) to walk further.
    """
    with twin() as origin, fork(origin.url, *FORK_OF_TWIN, *arguments) as node:
        node.rpc("anvil_loadState", (twin_state() / "accounts.hex").read_text())
        node.rpc("anvil_setBlockTimestampInterval", BLOCK_TIME_S)
        yield node


@contextmanager
def fork(url: str, *arguments: str) -> Iterator[Node]:
    """Run a fork of any endpoint, such as a mainnet node's."""
    with anvil("--fork-url", url, "--no-rate-limit", *MAINNET_RULES, *arguments) as node:
        yield node


@contextmanager
def _loaded(state: Path) -> Iterator[Node]:
    arguments = ("--load-state", str(state), "--chain-id", "1", "--no-request-size-limit")
    with anvil(*arguments, *MAINNET_RULES) as node:
        for remaining in reversed(range(BLOCKS_AFTER_LOADING)):
            mine_at(node, int(HEAD.timestamp()) - remaining * BLOCK_TIME_S)
        yield node


def _build_into(directory: Path, progress: Progress) -> None:
    with tempfile.TemporaryDirectory(dir=CACHE) as workplace:
        unfinished = Path(workplace) / "twin"
        unfinished.mkdir()
        state, listed = build(progress)
        (unfinished / "state.json").write_text(json.dumps(state, separators=(",", ":")))
        with _loaded(unfinished / "state.json") as node:
            block = node.head()
            accounts = dumped(node) | {"blocks": [], "transactions": []}
        packed = gzip.compress(json.dumps(accounts).encode(), 6)
        (unfinished / "accounts.hex").write_text("0x" + packed.hex())
        head = {key: block[key] for key in ("number", "hash", "timestamp")}
        (unfinished / "manifest.json").write_text(json.dumps({"head": head} | listed, indent=1))
        unfinished.rename(directory)


def _drop_others(directory: Path) -> None:
    """Remove twins of former inputs, 50 MB each."""
    for other in CACHE.iterdir():
        if other.is_dir() and other != directory:
            shutil.rmtree(other)


def _key() -> str:
    """Return the SHA-256 of everything that the twin is made from."""
    inputs = [TOKEN_MAP, RANKING, MAINNET, HERE / "package-lock.json"]
    inputs += sorted((HERE / "contracts").glob("*.sol"))
    inputs += [HERE / f"{name}.py" for name in BUILDERS]
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _to_stderr(step: str) -> None:
    print(f"building the twin: {step}", file=sys.stderr, flush=True)


def main() -> None:
    """Say what stands on the twin, building it first where it is missing or asked for."""
    parser = argparse.ArgumentParser(prog="python -m anvil.twin", description=main.__doc__)
    parser.add_argument("--rebuild", action="store_true", help="build it even if it is there")
    if parser.parse_args().rebuild:
        shutil.rmtree(CACHE / _key(), ignore_errors=True)
    started = time.monotonic()
    try:
        built = manifest()
    except NodeError as error:
        sys.exit(f"the twin was not built: {error}")
    console = Console()
    console.print(table(built))
    console.print(f"Ready in {time.monotonic() - started:.1f} s, kept in {CACHE}.")
    console.print("Next: `make run` rebalances a sample portfolio on a fork of it.")


if __name__ == "__main__":
    main()
