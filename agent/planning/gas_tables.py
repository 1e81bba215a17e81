"""What swaps cost in gas under each fork's rules, and which fork's rules hold at a time.

Osaka is measured with the vault and Uniswap's published bytecode over plain ERC-20s on Anvil
(`bench/gas_forecast.py` shows by how much it is off); Prague prices nothing that a swap does
otherwise. Amsterdam cannot be run yet: its table is Osaka's with the slots that were seen written at
the prices of EIP-8037 and EIP-8038 (drafts of August 2026), an estimate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from agent.domain.pool import PoolKind


class Fork(StrEnum):
    """The rules of a chain by the name of the fork that brought them."""

    PRAGUE = "prague"
    OSAKA = "osaka"
    AMSTERDAM = "amsterdam"


MAINNET = 1
OSAKA_AT: Mapping[int, int] = MappingProxyType({MAINNET: 1_764_798_551})
"""When Osaka began on a chain, Unix seconds (EIP-7607 for mainnet); elsewhere it is taken to hold."""


def fork_at(chain_id: int, timestamp: int, *, amsterdam_at: int | None = None) -> Fork:
    """Return whose rules hold in a block; Amsterdam's only from `amsterdam_at` on, if that is known."""
    if amsterdam_at is not None and timestamp >= amsterdam_at:
        return Fork.AMSTERDAM
    return Fork.PRAGUE if timestamp < OSAKA_AT.get(chain_id, 0) else Fork.OSAKA


@dataclass(frozen=True, slots=True, kw_only=True)
class GasTable:
    """Gas of a batch by its parts, calldata included.

    `batch` is the transaction itself with sequence, event and the first hub's balance; `token` the
    floor of each token. A swap in a pool (`swap_by_kind`, which in v3 writes the oracle) costs
    `tick` more for each initialised tick that it crosses, `still` less where it moves no v3 price by
    a tick, and `again_by_kind` less where the batch has swapped in the pool before. `rewrite` is
    saved by a leg whose tokens were both moved before. `unlock` is what v4 legs in a row share,
    `settle` each token that they sell. A balance that rises from nothing costs `fresh`, one that
    falls to nothing brings `emptied` back, a fifth of all at most (EIP-3529).
    """

    batch: int
    token: int
    swap_by_kind: Mapping[PoolKind, int]
    again_by_kind: Mapping[PoolKind, int]
    tick: int
    still: int
    rewrite: int
    unlock: int
    settle: int
    fresh: int
    emptied: int

    def leg(self, kind: PoolKind, ticks_crossed: int) -> int:
        """Return what using a pool adds to a batch: its swap, and the floor of one token."""
        settle = self.settle if kind is PoolKind.V4 else 0
        return self.swap_by_kind[kind] + ticks_crossed * self.tick + self.token + settle

    def swap(self, kind: PoolKind, ticks_crossed: int, *, is_still: bool) -> int:
        """Return what a swap costs in itself; `is_still` if its pool's tick is as before."""
        saved = self.still if is_still and kind is PoolKind.V3 else 0
        return self.swap_by_kind[kind] + ticks_crossed * self.tick - saved


OSAKA = GasTable(
    batch=45_000,
    token=6_700,
    swap_by_kind=MappingProxyType(
        {
            PoolKind.V2: 56_900,
            PoolKind.V3: 66_250,
            PoolKind.V4: 43_900,
            # Both with an approval. A stable pool's is an estimate: its code is in no package.
            PoolKind.WEIGHTED: 88_300,
            PoolKind.STABLE: 133_300,
        }
    ),
    again_by_kind=MappingProxyType(
        {
            PoolKind.V2: 25_000,
            PoolKind.V3: 36_300,
            PoolKind.V4: 26_400,
            PoolKind.WEIGHTED: 0,
            PoolKind.STABLE: 0,
        }
    ),
    tick=24_000,
    still=7_900,
    rewrite=2_800,
    unlock=12_600,
    settle=3_900,
    fresh=17_100,
    emptied=4_800,
)

SLOT_WRITE_RISE = 7_200
"""By how much Amsterdam's STORAGE_WRITE (10,000) exceeds what writing a slot cost before (2,800)."""

FRESH_AMSTERDAM = 97_920

SLOTS_BY_KIND: Mapping[PoolKind, int] = MappingProxyType(
    {
        PoolKind.V2: 4,
        PoolKind.V3: 5,
        PoolKind.V4: 4,
        PoolKind.WEIGHTED: 5,
        PoolKind.STABLE: 5,
    }
)
"""Slots that a swap writes, rounded."""

AMSTERDAM = GasTable(
    batch=OSAKA.batch + 2 * SLOT_WRITE_RISE,
    token=OSAKA.token,
    swap_by_kind=MappingProxyType(
        {
            kind: gas + SLOTS_BY_KIND[kind] * SLOT_WRITE_RISE
            for kind, gas in OSAKA.swap_by_kind.items()
        }
    ),
    again_by_kind=MappingProxyType(
        {
            kind: gas + (SLOTS_BY_KIND[kind] - 1) * SLOT_WRITE_RISE if gas else 0
            for kind, gas in OSAKA.again_by_kind.items()
        }
    ),
    tick=OSAKA.tick + 3 * SLOT_WRITE_RISE,
    still=OSAKA.still + SLOT_WRITE_RISE,
    rewrite=OSAKA.rewrite + SLOT_WRITE_RISE,
    unlock=OSAKA.unlock,
    settle=OSAKA.settle,
    fresh=FRESH_AMSTERDAM,
    emptied=OSAKA.emptied,
)

TABLE_BY_FORK: Mapping[Fork, GasTable] = MappingProxyType(
    {Fork.PRAGUE: OSAKA, Fork.OSAKA: OSAKA, Fork.AMSTERDAM: AMSTERDAM}
)
