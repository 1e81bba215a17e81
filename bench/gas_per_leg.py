"""Gas per leg of one batch over 100 v3 and 100 v4 pools, beside what it costs without a contract of one's own.

Run from the root of the repository: `python -m bench.gas_per_leg`. Every way swaps the same amounts in the same pools
from the same state: half of the legs sell into WETH, half buy from it, all balances are non-zero, every price moves by
some 10 ticks. After a first round, one is measured in the same second and one 12 s later: once time has passed, each
v3 pool also writes its oracle, some 3,900 gas a leg whoever swaps. The v4 pools are made for the run, each as deep as
the leg's v3 pool and at its price. Exits with 1 when a bar is missed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench import gas_ways, gas_ways_v4
from bench.gas_ground import LEGS, Ground, ground

Ways = Mapping[str, Callable[[Ground], gas_ways.Way]]

TABLES: Mapping[str, Ways] = {"v3": gas_ways.WAYS, "v4": gas_ways_v4.WAYS}
BARS = {
    ("v3", "swaps alone"): 66_000,
    ("v3", "vault"): 69_000,
    ("v4", "swaps alone"): 52_000,
    ("v4", "vault"): 55_000,
}
SLOT_S = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Gas per leg of one way, rounded up: in the second of the round before, and 12 s after it."""

    same_second: int
    later: int


def cost(on: Ground, way: Callable[[Ground], gas_ways.Way]) -> Cost:
    with on.node.undone():
        run = way(on)
        on.node.rpc("anvil_setBlockTimestampInterval", 0)
        run()
        same_second = run()
        on.node.rpc("anvil_setBlockTimestampInterval", SLOT_S)
        return Cost(same_second=-(-same_second // LEGS), later=-(-run() // LEGS))


def tell(protocol: str, costs: Mapping[str, Cost]) -> None:
    print(f"gas per leg, {LEGS} legs through {LEGS} {protocol} pools (x: of the vault's)")
    print(f"  {'':<36}{'same second':>18}{'12 s later':>18}")
    for name, of in costs.items():
        pairs = ((of.same_second, costs["vault"].same_second), (of.later, costs["vault"].later))
        print(f"  {name:<36}" + "".join(f"{gas:>11,}{gas / ours:>6.2f}x" for gas, ours in pairs))


def main() -> int:
    missed = 0
    with ground() as on:
        for protocol, ways in TABLES.items():
            costs = {name: cost(on, way) for name, way in ways.items()}
            tell(protocol, costs)
            for name, of in costs.items():
                bar = BARS.get((protocol, name))
                if bar is not None:
                    is_met = of.same_second <= bar
                    missed += not is_met
                    print(f"  {name}: bar of {bar:,} {'met' if is_met else 'MISSED'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
