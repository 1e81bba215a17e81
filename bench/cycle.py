"""The cycle's own time: signals to plan for a hundred coins, in round trips and computing; then all of it.

`python -m bench.cycle` stages a fork of the twin, counts what passes between the agent and the node,
and compares the agent's own computing with the time that the node takes to answer, in the same run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from pydantic import SecretStr

from agent.adapters.fork import ForkClock
from agent.adapters.rpc import Rpc
from agent.bootstrap.wiring import Endpoints, schedule, sources
from agent.daemon.gather import fetch_inputs, fetch_signals
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

ROUND_TRIPS = 3
OWN_S = 1.0
WHOLE_S = 10.0
RUNS = 5


@dataclass(slots=True)
class Meter:
    """What passed through: requests, and the seconds that the node took for them."""

    requests: int = 0
    node_s: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reset(self) -> None:
        self.requests, self.node_s = 0, 0.0


def main() -> int:
    with (
        forked_twin() as node,
        tempfile.TemporaryDirectory() as place,
        _metered(node) as (url, meter),
    ):
        out = Path(place)
        _stage(node, out, url)
        made, trips, own_s, node_s = min(
            (_signals_to_plan(out, url, meter) for _ in range(RUNS)), key=lambda run: run[2]
        )
        legs = sum(len(batch.legs) for batch in made.batches)
        print(f"{len(made.basket.targets)} coins, {len(made.orders)} orders, {legs} legs")
        print(
            f"signals to plan: {trips} round trips, own computing {own_s * 1e3:,.0f} ms, node {node_s * 1e3:,.0f} ms, ratio {own_s / node_s:.2f}"
        )
        whole_s = _whole_cycle(node, out)
        print(f"whole dry run, start of the process and its log included: {whole_s:.1f} s")
    held = [
        verdict(
            f"{trips} sequential round trips, {ROUND_TRIPS} at most", holds=trips <= ROUND_TRIPS
        ),
        verdict(f"{own_s:.2f} s of own computing, {OWN_S} s at most", holds=own_s <= OWN_S),
        verdict(
            f"{whole_s:.1f} s for a whole cycle, {WHOLE_S:.0f} s at most", holds=whole_s <= WHOLE_S
        ),
    ]
    return 0 if all(held) else 1


def _signals_to_plan(out: Path, url: str, meter: Meter) -> tuple[Plan, int, float, float]:
    """Return a plan, its round trips, and the seconds of our own and of the node."""
    settings = load_settings(out / "agent.toml")
    with Rpc(SecretStr(url)) as rpc:
        clock = ForkClock(rpc)
        given = sources(settings, nodes=Endpoints(public=(rpc,)), clock=clock)
        slot = schedule(settings, notice=timedelta(0)).latest(clock.now())
        given.chain.ping()
        meter.reset()
        begun = time.perf_counter()
        signals = fetch_signals(given)
        asked_the_time = meter.requests
        inputs = fetch_inputs(given, cycle_id=slot.cycle_id, signals=signals)
        made = plan(inputs, proposal_id="")
        took_s = time.perf_counter() - begun
    return made, meter.requests - asked_the_time, took_s - meter.node_s, meter.node_s


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


@contextmanager
def _metered(node: Node) -> Iterator[tuple[str, Meter]]:
    """Serve the node on another loopback port, and meter what passes."""
    meter, upstream = Meter(), httpx.Client(timeout=60, trust_env=False)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            begun = time.perf_counter()
            answer = upstream.post(
                node.url, content=body, headers={"Content-Type": "application/json"}
            )
            with meter.lock:
                meter.requests += 1
                meter.node_s += time.perf_counter() - begun
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with upstream, ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", meter
        finally:
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    sys.exit(main())
