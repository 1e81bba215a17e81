"""The cycle's own time: signals to inputs and to the plan for a hundred coins, then the whole cycle.

`python -m bench.cycle` stages a fork of the twin, counts what passes between the agent and the node, and
adds 50 ms to every answer, as a node across the internet does. The first planning of a process is shown
beside the later ones, which is what a service does on Mondays: it has planned the proposal before.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
from pydantic import SecretStr

from agent.adapters.fork import ForkClock
from agent.adapters.rpc import Rpc
from agent.bootstrap.wiring import Endpoints, schedule, sources
from agent.daemon.gather import Sources, fetch_inputs, fetch_signals
from agent.domain.plan import Plan
from agent.planning.planner import plan
from agent.settings import load_settings
from anvil.assets import RANKING
from anvil.monday import SETTINGS
from anvil.node import Node
from anvil.sample import MAX_WEIGHT, sample, write_signals
from anvil.stage import OWNER, allow_pools, deploy_vault, fund_vault
from anvil.twin import forked_twin
from bench.timing import verdict

LATENCY_S = 0.05
ROUND_TRIPS = 3
INPUTS_S = 0.22
WHOLE_S = 10.0
RUNS = 7


class FarSession(requests.Session):
    """A connection to a node that is `LATENCY_S` away; it counts and times what passes."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.passed, self.node_s = 0, 0.0

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401 - as the library has it
        time.sleep(LATENCY_S)
        begun = time.perf_counter()
        response = super().send(request, **options)
        self.passed, self.node_s = self.passed + 1, self.node_s + time.perf_counter() - begun
        return response


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One planning: what came out, in how many round trips, and what took how long."""

    plan: Plan
    round_trips: int
    inputs_s: float
    node_s: float
    plan_s: float

    def line(self, name: str) -> str:
        waited_s = self.round_trips * LATENCY_S
        own_s = self.inputs_s - waited_s - self.node_s
        return (
            f"{name:<10} {self.round_trips:>11} {self.inputs_s * 1e3:>9,.0f} ms = {waited_s * 1e3:,.0f} latency"
            f" + {self.node_s * 1e3:,.0f} node + {own_s * 1e3:,.0f} own {self.plan_s * 1e3:>12,.0f} ms"
        )


def main() -> int:
    with forked_twin() as node, tempfile.TemporaryDirectory() as place:
        out = Path(place)
        _stage(node, out, node.url)
        first, *later = _plannings(out, node.url)
        best = min(later, key=lambda planned: planned.inputs_s)
        made = best.plan
        legs = sum(len(batch.legs) for batch in made.batches)
        print(f"{len(made.basket.targets)} coins, {len(made.orders)} orders, {legs} legs")
        print(
            f"{'planning':<10} {'round trips':>11} {'signals to inputs':>52} {'inputs to plan':>18}"
        )
        print(first.line("first"))
        print(best.line("later"))
        whole_s = _whole_cycle(node, out)
        print(f"whole dry run, start of the process and its log included: {whole_s:.1f} s")
    most = max(planned.round_trips for planned in (first, *later))
    held = [
        verdict(f"{most} sequential round trips, {ROUND_TRIPS} at most", holds=most <= ROUND_TRIPS),
        verdict(
            f"{best.inputs_s * 1e3:,.0f} ms from signals to inputs with {LATENCY_S * 1e3:.0f} ms a round trip,"
            f" {INPUTS_S * 1e3:.0f} at most",
            holds=best.inputs_s <= INPUTS_S,
        ),
        verdict(
            f"{whole_s:.1f} s for a whole cycle, {WHOLE_S:.0f} s at most", holds=whole_s <= WHOLE_S
        ),
    ]
    return 0 if all(held) else 1


def _plannings(out: Path, url: str) -> list[Planned]:
    """Return the plannings of one process, one after the other."""
    settings, session = load_settings(out / "agent.toml"), FarSession()
    with Rpc(SecretStr(url), session=session) as rpc, Rpc(SecretStr(url)) as near:
        clock = ForkClock(near)
        given = sources(settings, nodes=Endpoints(public=(rpc,)), clock=clock)
        cycle_id = schedule(settings, notice=timedelta(0)).latest(clock.now()).cycle_id
        given.chain.ping()
        return [_planned(given, session, cycle_id) for _ in range(RUNS)]


def _planned(given: Sources, session: FarSession, cycle_id: str) -> Planned:
    session.passed, session.node_s = 0, 0.0
    begun = time.perf_counter()
    inputs = fetch_inputs(given, cycle_id=cycle_id, signals=fetch_signals(given))
    gathered = time.perf_counter()
    made = plan(inputs, proposal_id="")
    return Planned(
        plan=made,
        round_trips=session.passed,
        inputs_s=gathered - begun,
        node_s=session.node_s,
        plan_s=time.perf_counter() - gathered,
    )


def _whole_cycle(node: Node, out: Path) -> float:
    command = ("dry-run", "--settings", "agent.toml", "--fork-url", node.url, "--out", "run")
    begun = time.perf_counter()
    subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "agent", *command], cwd=out, check=True, stdout=subprocess.DEVNULL,
        env={"PYTHONPATH": str(Path(__file__).parent.parent)},
    )  # fmt: skip
    return time.perf_counter() - begun


def _stage(node: Node, out: Path, url: str) -> None:
    at = datetime.fromtimestamp(int(node.head()["timestamp"], 16), UTC)
    ranking = json.loads(RANKING.read_bytes())
    shown = sample(node.rpc, ranking=ranking, universe="fill", usd=Decimal(2_000_000), issued_at=at)
    vault = deploy_vault(node, agent=OWNER)
    allow_pools(node, vault, shown.pools)
    fund_vault(node, vault, shown.wanted)
    write_signals(out, shown.ranking, regime="bullish", issued_at=at)
    settings = SETTINGS.format(
        vault=vault, url=url, universe="fill", max_coin_weight_ppm=int(MAX_WEIGHT * 1_000_000),
        batch_gas_share_ppm=900_000,
    )  # fmt: skip
    (out / "agent.toml").write_text(settings)


if __name__ == "__main__":
    sys.exit(main())
