"""The plan of a hundred coins against the chain in the same block, leg by leg, to the wei.

Run from the root of the repository: `python -m bench.plan_exact`. Exits with 1 on any difference.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from agent.domain.plan import PlanInputs
from agent.domain.rules import DriftRules
from agent.domain.units import Ppm
from agent.planning.planner import plan
from anvil.twin import forked_twin
from bench.timing import verdict
from tests.fork.exact_plan import paid, staged_inputs
from tests.worlds import with_policy

USD = 10_000_000
ORDERS = 100


def sensitive(inputs: PlanInputs) -> PlanInputs:
    """Return the inputs under a policy for which nearly every coin's drift is due."""
    return with_policy(
        inputs, drift_band_ppm=Ppm(1), drift_band_of_target_ppm=Ppm(10_000), drift=DriftRules()
    )


def main() -> int:
    with forked_twin() as node, tempfile.TemporaryDirectory() as place:
        inputs = sensitive(staged_inputs(node, Path(place), universe="fill", usd=USD))
        made = plan(inputs, proposal_id="")
        found = paid(node, made)
    wrong = [each for each in found if each[1] != each[2]]
    for order_id, planned, got in wrong:
        print(f"  {order_id}: planned {planned}, paid {got}")
    print(
        f"{len(made.orders)} orders of {len({o.coin_id for o in made.orders})} coins, "
        f"{len(found)} legs in {len(made.batches)} batches"
    )
    held = [
        verdict(f"{len(made.orders)} orders, at least {ORDERS}", holds=len(made.orders) >= ORDERS),
        verdict(f"{len(wrong)} legs not to the wei", holds=not wrong),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
