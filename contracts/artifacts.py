"""Compiled contracts as the package carries them: built from `src/` with npm's solc, written to `agent/data/contracts`."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "agent" / "data" / "contracts"
CONTRACTS = ("Vault", "Delegate", "PoolLens")

Json = dict[str, Any]


class CompilationError(Exception):
    """Solc refused the sources; the message is its own."""


def build() -> dict[str, str]:
    """Return the artifact of each contract as JSON text, the same for the same sources and compiler."""
    request = compiler_input(sorted((HERE / "src").rglob("*.sol")))
    answer = compiled(request)
    return {
        name: json.dumps(artifact(name, request, answer), indent=1, sort_keys=True) + "\n"
        for name in CONTRACTS
    }


def compiler_input(sources: Sequence[Path]) -> Json:
    """Return solc's standard JSON input for sources under this directory, set as in `foundry.toml`."""
    profile = tomllib.loads((HERE / "foundry.toml").read_text())["profile"]["default"]
    return {
        "language": "Solidity",
        "sources": {
            path.relative_to(HERE).as_posix(): {"content": path.read_text()} for path in sources
        },
        "settings": {
            "optimizer": {"enabled": profile["optimizer"], "runs": profile["optimizer_runs"]},
            "evmVersion": profile["evm_version"],
            "viaIR": profile["via_ir"],
            "metadata": {
                "bytecodeHash": profile["bytecode_hash"],
                "appendCBOR": profile["cbor_metadata"],
            },
            "outputSelection": {
                "*": {"*": ["abi", "evm.bytecode", "evm.deployedBytecode"], "": ["ast"]}
            },
        },
    }


def compiled(request: Json) -> Json:
    """Return solc's standard JSON output; raises `CompilationError`."""
    answer: Json = json.loads(
        subprocess.run(  # noqa: S603 the project's own compiler
            [HERE.parent / "anvil" / "solc", "--standard-json"],
            input=json.dumps(request),
            capture_output=True,
            check=True,
            text=True,
        ).stdout
    )
    errors = [e["formattedMessage"] for e in answer.get("errors", []) if e["severity"] == "error"]
    if errors:
        raise CompilationError("\n".join(errors))
    return answer


def artifact(name: str, request: Json, answer: Json) -> Json:
    """Return what the package needs of one contract; immutables go by their names, as node ids change."""
    contract = answer["contracts"][f"src/{name}.sol"][name]
    deployed = contract["evm"]["deployedBytecode"]
    names = variable_names(answer)
    settings = {k: v for k, v in request["settings"].items() if k != "outputSelection"}
    return {
        "contractName": name,
        "abi": contract["abi"],
        "bytecode": "0x" + contract["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + deployed["object"],
        "immutableReferences": {
            names[node]: places for node, places in deployed["immutableReferences"].items()
        },
        "compiler": {"version": compiler_version(), "settings": settings},
    }


def variable_names(answer: Json) -> dict[str, str]:
    """Return the names of the contracts' variables by AST node id."""
    return {
        str(node["id"]): node["name"]
        for source in answer["sources"].values()
        for contract in source["ast"]["nodes"]
        for node in contract.get("nodes", [])
        if node["nodeType"] == "VariableDeclaration"
    }


def compiler_version() -> str:
    """Return solc's version with its commit, such as `0.8.30+commit.73712a01`."""
    said = subprocess.run(  # noqa: S603 the project's own compiler
        [HERE.parent / "anvil" / "solc", "--version"], capture_output=True, check=True, text=True
    ).stdout
    return said.rsplit("Version: ", 1)[1].split(".Linux", 1)[0]


def main() -> None:
    """Write the artifacts."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, text in build().items():
        path = TARGET / f"{name}.json"
        path.write_text(text)
        sys.stdout.write(f"{path.relative_to(HERE.parent)}: {len(text)} bytes\n")


if __name__ == "__main__":
    main()
