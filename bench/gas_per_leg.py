"""Gas per leg of one batch over 100 v3 pools of the twin, beside what it costs without a contract of one's own.

Run from the root of the repository: `python -m bench.gas_per_leg`. Every way swaps the same amounts in the same pools
from the same state: half of the legs sell into WETH, half buy from it, all balances are non-zero, every price moves by
some 10 ticks. After a first round, one is measured in the same second and one 12 s later: once time has passed, each
pool also writes its oracle, some 3,900 gas a leg whoever swaps. Exits with 1 when a bar is missed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from bench.gas_ground import LEGS, Ground, ground
from bench.gas_ways import WAYS

BARS = {"swaps alone": 66_000, "vault": 69_000}
SLOT_S = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Gas per leg of one way, rounded up: in the second of the round before, and 12 s after it."""

    same_second: int
    later: int


def cost(on: Ground, name: str) -> Cost:
    with on.node.undone():
        run = WAYS[name](on)
        on.node.rpc("anvil_setBlockTimestampInterval", 0)
        run()
        same_second = run()
        on.node.rpc("anvil_setBlockTimestampInterval", SLOT_S)
        return Cost(same_second=-(-same_second // LEGS), later=-(-run() // LEGS))


def main() -> int:
    with ground() as on:
        costs = {name: cost(on, name) for name in WAYS}
    print(f"gas per leg, {LEGS} legs through {LEGS} v3 pools of the twin (x: of the vault's)")
    print(f"  {'':<36}{'same second':>18}{'12 s later':>18}")
    for name, of in costs.items():
        pairs = ((of.same_second, costs["vault"].same_second), (of.later, costs["vault"].later))
        print(f"  {name:<36}" + "".join(f"{gas:>11,}{gas / ours:>6.2f}x" for gas, ours in pairs))
    missed = [name for name, bar in BARS.items() if costs[name].same_second > bar]
    for name, bar in BARS.items():
        print(f"  {name}: bar of {bar:,} {'MISSED' if name in missed else 'met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
