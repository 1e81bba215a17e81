"""Puts stand-ins for aggregators' routers at their real addresses on a fork."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

from agent.adapters.router_book import bundled_router_book
from anvil.node import Node
from anvil.rpc import NodeError
from anvil.solidity import SETTINGS, SOLC

SOURCE = Path(__file__).parent / "contracts" / "RouterStandIn.sol"
SETTLER = "0x00000000000000000000000000000000005e771E"


def stand_in(node: Node) -> dict[str, str]:
    """Set the code of every router that the agent knows, of 0x's registry and of one Settler.

    Returns the code hashes of the routers, as `aggregators.code_hashes` takes them.
    """
    runtimes = _compiled()
    book = bundled_router_book(1, {})
    router = runtimes["RouterStandIn"]
    venues = [r.address for r in book.routers.values() if r.venue in VENUES]
    for address in (*venues, SETTLER):
        node.rpc("anvil_setCode", address, "0x" + router.hex())
    node.rpc(
        "anvil_setCode",
        book.settler_registry,
        "0x" + runtimes["SettlerRegistryStandIn"].hex(),
    )
    return dict.fromkeys(venues, "0x" + keccak(router).hex())


VENUES = frozenset({"0x", "1inch", "velora", "kyberswap", "odos", "openocean"})


def _compiled() -> dict[str, bytes]:
    request = {
        "language": "Solidity",
        "sources": {SOURCE.name: {"content": SOURCE.read_text()}},
        "settings": SETTINGS,
    }
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
        for name, contract in output["contracts"][SOURCE.name].items()
    }
