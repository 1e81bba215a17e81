"""Stable and weighted pools as they were on mainnet, from tests/data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from agent.domain.pool import PoolKind, PoolRef, StablePool, WeightedPool
from agent.domain.units import Address
from tests.pools import TOKEN0, TOKEN1

DATA = Path(__file__).parent / "data"
Record = Mapping[str, Any]


@cache
def recorded(name: str) -> Sequence[Record]:
    """Return the pools of tests/data/NAME_pools.json."""
    pools: Sequence[Record] = json.loads((DATA / f"{name}_pools.json").read_text())["pools"]
    return pools


def stable_pool(record: Record, coin0: int = 0, coin1: int = 1, *, number: int = 0) -> StablePool:
    return StablePool(
        ref=_ref(PoolKind.STABLE, int(record["fee"]) // 10_000, number),
        balances=tuple(map(int, record["balances"])),
        rates=tuple(10 ** (36 - decimals) for decimals in record["decimals"]),
        coin0=coin0,
        coin1=coin1,
        amplification=record["amplification"],
        a_precision=record["a_precision"],
        fee=record["fee"],
        admin_fee=record["admin_fee"],
    )


def weighted_pool(record: Record, one: int = 0, two: int = 1, *, number: int = 0) -> WeightedPool:
    return WeightedPool(
        ref=_ref(PoolKind.WEIGHTED, -(-int(record["fee"]) // 10**12), number),
        balance0=int(record["balances"][one]),
        balance1=int(record["balances"][two]),
        weight0=int(record["weights"][one]),
        weight1=int(record["weights"][two]),
        scale0=10 ** (18 - record["decimals"][one]),
        scale1=10 ** (18 - record["decimals"][two]),
        fee=int(record["fee"]),
        multiplies=record["version"] > 1,
    )


def _ref(kind: PoolKind, fee_pips: int, number: int) -> PoolRef:
    return PoolRef(
        address=Address(f"0x{number + 0x5A5A:040x}"),
        kind=kind,
        token0=TOKEN0,
        token1=TOKEN1,
        fee_pips=fee_pips,
        tick_spacing=0,
        page=0,
        record=number,
    )
