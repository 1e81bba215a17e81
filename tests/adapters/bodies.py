"""Signal bodies to bend: valid ones, and ways to spoil them."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

SAMPLES = Path(__file__).parents[2] / "agent" / "data" / "samples"
ISSUED_AT = "2026-11-22T11:00:00Z"


def ranking_tree(row_count: int = 100) -> dict[str, Any]:
    return {
        "schema": "agent.ranking/1",
        "issued_at": ISSUED_AT,
        "source": "desk",
        "rows": [
            {
                "rank": rank,
                "coin_id": f"coin-{rank}",
                "symbol": f"C{rank}",
                "name": f"Coin {rank}",
                "market_cap_usd": str(10**12 // rank),
                "price_usd": "1.5",
            }
            for rank in range(1, row_count + 1)
        ],
    }


def regime_tree() -> dict[str, Any]:
    return {
        "schema": "agent.regime/1",
        "issued_at": ISSUED_AT,
        "source": "desk",
        "regime": "bearish",
        "probability": "0.81",
    }


def body(tree: object) -> bytes:
    return json.dumps(tree).encode()


JUNK: list[object] = [
    None, True, 0, -1, 1, 2**70, 1.5, 1e400, float("nan"), "", " ", "x", "NaN", "1e400", "-0",
    "0.5", "\ud800", "\x00", "a\nb", [], {}, [[]], "2026-13-01T00:00:00Z", "bullish",
    "agent.ranking/2", "é" * 300, "1" * 400,
]  # fmt: skip


def mutated(raw: bytes, random: Random) -> bytes:
    """Return `raw` with one to three random faults in its bytes or in its tree."""
    for _ in range(random.randint(1, 3)):
        raw = random.choice(MUTATIONS)(raw, random)
    return raw


def _flip(raw: bytes, random: Random) -> bytes:
    at = random.randrange(max(1, len(raw)))
    return raw[:at] + bytes([random.randrange(256)]) + raw[at + 1 :]


def _cut(raw: bytes, random: Random) -> bytes:
    start = random.randrange(max(1, len(raw)))
    return raw[:start] + raw[start + random.randrange(1, 9) :]


def _repeat(raw: bytes, random: Random) -> bytes:
    start = random.randrange(max(1, len(raw)))
    return raw[:start] + raw[start : start + 40] * 2 + raw[start + 40 :]


def _bend(raw: bytes, random: Random) -> bytes:
    """Replace, drop, rename or add one node of the tree, if it is still JSON."""
    try:
        tree = json.loads(raw)
    except ValueError:
        return _flip(raw, random)
    node = tree
    while isinstance(node, dict | list) and node:
        key: Any = random.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if isinstance(node[key], dict | list) and random.random() < 0.8:
            node = node[key]
            continue
        _bend_entry(node, key, random)
        break
    return json.dumps(tree).encode()


def _bend_entry(node: Any, key: Any, random: Random) -> None:
    match random.randrange(4):
        case 0:
            del node[key]
        case 1 if isinstance(node, dict):
            node[f"{key}?"] = node.pop(key)
        case 2 if isinstance(node, list):
            node.append(node[key])
        case _:
            node[key] = random.choice(JUNK)


MUTATIONS: list[Callable[[bytes, Random], bytes]] = [_flip, _cut, _repeat, _bend, _bend, _bend]
