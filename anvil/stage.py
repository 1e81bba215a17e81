"""Sets a development chain up for a cycle: the vault, its allowlist, and a portfolio that drifted."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from eth_abi.abi import encode

from anvil.abi import ZERO, call_data, created_address, raw
from anvil.addresses import V4_POOL_MANAGER, WETH
from anvil.calls import GAS, mined, transact
from anvil.discovery import FoundPool
from anvil.fund import fund
from anvil.node import Node

VAULT = Path(__file__).parent.parent / "agent" / "data" / "contracts" / "Vault.json"

OWNER = "0x00000000000000000000000000000000C01dC01D"
"""Plays the owner of the money; nobody has its key, the fork impersonates it."""

RECORDS_PER_PAGE = 150
"""Keeps one page's transaction below the gas cap."""

RECORD_KIND = {"v2": 2, "v3": 3, "v4": 4}

ETHER = 10**18


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A token and how many dollars of it the portfolio shall hold."""

    address: str
    decimals: int
    usd: Decimal
    price_usd: Decimal


def deploy_vault(node: Node, *, agent: str) -> str:
    """Deploy the vault from `OWNER` and return its address, the same on every fresh fork."""
    fund(node.rpc, ZERO, OWNER, 100 * ETHER)
    code = json.loads(VAULT.read_bytes())["bytecode"]
    arguments = encode(["address"] * 4, [OWNER, agent, WETH, V4_POOL_MANAGER])
    nonce = int(node.rpc("eth_getTransactionCount", OWNER, "latest"), 16)
    node.rpc("anvil_impersonateAccount", OWNER)
    try:
        transaction = {"from": OWNER, "data": code + arguments.hex(), "gas": GAS}
        mined(node, node.rpc("eth_sendTransaction", transaction))
    finally:
        node.rpc("anvil_stopImpersonatingAccount", OWNER)
    return created_address(OWNER, nonce)


def allow_pools(node: Node, vault: str, pools: Sequence[FoundPool]) -> int:
    """Publish the pools as the vault's allowlist and return the number of pages."""
    pages = [pools[i : i + RECORDS_PER_PAGE] for i in range(0, len(pools), RECORDS_PER_PAGE)]
    for page in pages:
        records = b"".join(map(_record, page))
        transact(node, OWNER, vault, call_data("addPage(bytes)", records))
    return len(pages)


def fund_vault(node: Node, vault: str, wanted: Iterable[Wanted]) -> None:
    for one in wanted:
        amount = int((one.usd / one.price_usd).scaleb(one.decimals))
        fund(node.rpc, one.address, vault, amount)


def drifted(weights: Mapping[str, Decimal], *, seed: int) -> dict[str, Decimal]:
    """Return the weights (which sum to 1) as weeks without a rebalance might have left them."""
    rng = random.Random(seed)  # noqa: S311 - a sample, not a secret
    moved = {key: weight * Decimal(rng.randint(60, 150)) / 100 for key, weight in weights.items()}
    total = sum(moved.values())
    return {key: weight / total for key, weight in moved.items()}


def _record(pool: FoundPool) -> bytes:
    tokens = pool.currencies or sorted((pool.token, pool.hub), key=lambda address: int(address, 16))
    place = raw(pool.address) if pool.kind != "v4" else pool.tick_spacing.to_bytes(20)
    kind = RECORD_KIND[pool.kind].to_bytes(1)
    return place + b"".join(map(raw, tokens)) + kind + pool.fee_pips.to_bytes(3)
