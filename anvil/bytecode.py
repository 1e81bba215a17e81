"""Reads published bytecode out of the installed npm packages; none of it is kept in the project."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from anvil.rpc import NodeError

PACKAGES = Path(__file__).parent / "node_modules"

V2_CORE = "@uniswap/v2-core/build/{0}.json"
V2_PERIPHERY = "@uniswap/v2-periphery/build/{0}.json"
V3_CORE = "@uniswap/v3-core/artifacts/contracts/{0}.sol/{0}.json"
V3_PERIPHERY = "@uniswap/v3-periphery/artifacts/contracts/{0}.sol/{0}.json"
V3_LENS = "@uniswap/v3-periphery/artifacts/contracts/lens/{0}.sol/{0}.json"
SWAP_ROUTER = "@uniswap/swap-router-contracts/artifacts/contracts/{0}.sol/{0}.json"
UNIVERSAL_ROUTER = "@uniswap/universal-router/out/{0}.sol/{0}.json"
V4_CORE = "@uniswap/v4-core/out/{0}.sol/{0}.json"
V4_PERIPHERY = "@uniswap/v4-periphery/foundry-out/{0}.sol/{0}.json"
WETH = "canonical-weth/build/contracts/{0}.json"

PERMIT2_SOURCE = "@uniswap/v4-periphery/lib/permit2/test/utils/DeployPermit2.sol"
MULTICALL3_SOURCE = "viem/constants/contracts.ts"


def creation_code(template: str, name: str) -> bytes:
    """Return a contract's creation code; understands Hardhat's, Foundry's and Waffle's files."""
    return _code(json.loads(_text(template.format(name)))["bytecode"])


def recorded_creation(path: str) -> bytes:
    """Return the creation code of a recorded deployment, as Balancer's package has them."""
    return _code(json.loads(_text(path))["creationCode"])


def immutable_offsets(template: str, name: str) -> tuple[int, ...]:
    """Return where the runtime code keeps immutable values; only Foundry's files say so."""
    document = json.loads(_text(template.format(name)))
    references: dict[str, list[dict[str, int]]] = document["deployedBytecode"][
        "immutableReferences"
    ]
    return tuple(place["start"] for places in references.values() for place in places)


def permit2_runtime() -> bytes:
    """Permit2 is published as runtime code inside the script that sets it up for tests."""
    return _quoted(PERMIT2_SOURCE, r'hex"([0-9a-f]+)"')


def multicall3_creation() -> bytes:
    return _quoted(MULTICALL3_SOURCE, r"multicall3Bytecode =\s*'0x([0-9a-f]+)'")


def _quoted(path: str, pattern: str) -> bytes:
    found = re.search(pattern, _text(path))
    if not found:
        raise NodeError(f"no bytecode in {path}: install the pinned packages with `npm ci`")
    return bytes.fromhex(found[1])


def _code(value: str | dict[str, Any]) -> bytes:
    text = value["object"] if isinstance(value, dict) else value
    return bytes.fromhex(text.removeprefix("0x"))


def _text(path: str) -> str:
    try:
        return (PACKAGES / path).read_text()
    except FileNotFoundError as error:
        raise NodeError(f"{path} is missing: install it with `npm ci` in anvil/") from error
