"""Compiles the twin's own Solidity with npm's solc."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from anvil.rpc import NodeError

SOURCES = Path(__file__).parent / "contracts"
SOLC = Path(__file__).parent / "solc"

SETTINGS = {
    "evmVersion": "cancun",
    "optimizer": {"enabled": True, "runs": 10_000},
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
    "outputSelection": {"*": {"*": ["evm.deployedBytecode.object"]}},
}


def compile_runtimes() -> dict[str, bytes]:
    """Return the runtime code of every contract in anvil/contracts, by contract name."""
    sources = {path.name: {"content": path.read_text()} for path in sorted(SOURCES.glob("*.sol"))}
    request = {"language": "Solidity", "sources": sources, "settings": SETTINGS}
    run = subprocess.run(
        [str(SOLC), "--standard-json"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        raise NodeError(f"solc failed: {run.stderr.strip()}")
    output: dict[str, Any] = json.loads(run.stdout)
    if problems := output.get("errors"):
        raise NodeError("solc: " + "\n".join(p["formattedMessage"] for p in problems))
    return {
        name: bytes.fromhex(contract["evm"]["deployedBytecode"]["object"])
        for by_name in output["contracts"].values()
        for name, contract in by_name.items()
    }
