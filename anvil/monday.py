"""Monday's rebalance on a forked chain, from signals to a verified log; `make run` starts it.

It stages the chain (the twin, or mainnet where MAINNET_RPC_URL is set), writes the settings and the
signals, and then runs the agent's own commands as an operator would type them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from rich.console import Console

from anvil.aggregators.desk import Mode
from anvil.aggregators.staging import allowed, services_of, serving
from anvil.assets import RANKING
from anvil.node import Node
from anvil.rpc import NodeError, Rpc
from anvil.sample import MAX_WEIGHT, Sample, sample, write_signals
from anvil.stage import OWNER, allow_pools, deploy_vault, fund_vault
from anvil.twin import fork, forked_twin

AGENT = (sys.executable, "-m", "agent")
BATCH_GAS_SHARE_PPM = {"strict": 70_000, "fill": 250_000}
"""Small enough that a demonstration takes more than one transaction."""

NOTICE = timedelta(hours=13)
"""How long before the cycle the sample signals are issued."""

SETTINGS = """\
# Written by `make run`: the settings of a demonstration. `agent init` writes one to start from.
[portfolio]
name = "index"
vault = "{vault}"

[chain]
rpc_url = "{url}"

[signals]
ranking = "ranking.json"
regime = "regime.json"

[policy]
universe = "{universe}"
max_coin_weight_ppm = {max_coin_weight_ppm}
batch_gas_share_ppm = {batch_gas_share_ppm}

[key]
keystore = "none.json"        # a dry run never reads it
password_file = "none"

[log]
checkpoint_key = "checkpoint.pem"
"""

console = Console(highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for; `usd` is the size of the portfolio."""

    universe: str
    regime: str
    usd: Decimal
    ranking: Path
    batch_gas_share_ppm: int
    venues: str
    mode: Mode
    out: Path


def main() -> int:
    """Run the demonstration and return the exit code of the first command that failed, or 0."""
    asked = _asked()
    began = time.monotonic()
    shutil.rmtree(asked.out, ignore_errors=True)
    asked.out.mkdir(parents=True)
    try:
        with _chain() as (node, origin, moment):
            shown, vault = _stage(node, origin, moment, asked)
            with serving(
                node,
                shown.pools,
                services_of(asked.venues),
                vault=vault,
                mode=asked.mode,
                settings_file=asked.out / "agent.toml",
            ):
                code = _run_cycle(node, asked)
    except NodeError as error:
        console.print(f"[red]error:[/red] {error}")
        return 7
    console.print(
        f"\n{time.monotonic() - began:.1f} s in all; everything is in {_shown(asked.out)}/"
    )
    return code


@contextmanager
def _chain() -> Iterator[tuple[Node, Rpc, datetime]]:
    """Yield a fork, the endpoint that it forks, and the time that the cycle is due at."""
    mainnet = os.environ.get("MAINNET_RPC_URL")
    if mainnet:
        with fork(mainnet) as node:
            yield node, Rpc(mainnet), _head_time(node)
        return
    with forked_twin() as node:
        now = _head_time(node)
        monday = (now + timedelta(days=7 - now.weekday())).replace(hour=0, minute=0, second=0)
        yield node, Rpc(node.url), monday


def _stage(node: Node, origin: Rpc, moment: datetime, asked: Asked) -> tuple[Sample, str]:
    issued_at = min(moment - NOTICE, _head_time(node))
    with console.status("reading the market"):
        shown = sample(
            origin,
            ranking=json.loads(asked.ranking.read_bytes()),
            universe=asked.universe,
            usd=asked.usd,
            issued_at=issued_at,
        )
    with console.status("deploying the vault"):
        vault = deploy_vault(node, agent=OWNER)
        seen = allowed(shown.pools) if services_of(asked.venues) else shown.pools
        pages = allow_pools(node, vault, seen)
        fund_vault(node, vault, shown.wanted)
    write_signals(asked.out, shown.ranking, regime=asked.regime, issued_at=issued_at)
    (asked.out / "agent.toml").write_text(
        SETTINGS.format(
            vault=vault,
            url=node.url,
            universe=asked.universe,
            max_coin_weight_ppm=int(MAX_WEIGHT * 1_000_000),
            batch_gas_share_ppm=asked.batch_gas_share_ppm,
        )
    )
    if moment > _head_time(node):
        node.rpc("evm_setNextBlockTimestamp", int(moment.timestamp()))
        node.rpc("evm_mine")
    _tell_stage(
        node, vault, shown, f"{len(seen)} of {len(shown.pools)} pools in {pages} pages", asked
    )
    return shown, vault


def _tell_stage(node: Node, vault: str, shown: Sample, allowlist: str, asked: Asked) -> None:
    block = int(node.head()["number"], 16)
    now = f"{_head_time(node):%A %Y-%m-%d %H:%M:%S} UTC"
    mainnet = bool(os.environ.get("MAINNET_RPC_URL"))
    rows = shown.ranking["rows"]
    lines = (
        (
            "chain",
            f"fork of {'mainnet' if mainnet else 'the twin'} at {node.url}, block {block}, {now}",
        ),
        ("vault", f"{vault}, owned by {OWNER}"),
        ("allowlist", allowlist),
        (
            "venues",
            f"pools and {asked.venues}, {asked.mode}" if services_of(asked.venues) else "pools",
        ),
        ("portfolio", f"${asked.usd:,.0f} in {len(shown.wanted)} tokens, drifted"),
        ("signals", f"regime {asked.regime}, {len(rows)} coins by {shown.ranking['source']}"),
    )
    for name, text in lines:
        console.print(f"[bold]{name:<10}[/bold] {text}", soft_wrap=True)


def _run_cycle(node: Node, asked: Asked) -> int:
    settings = str(_shown(asked.out / "agent.toml"))
    run = _shown(asked.out / "run")
    export = str(run / "log.jsonl")
    commands = (
        ("dry-run", "--settings", settings, "--fork-url", node.url, "--out", str(run)),
        ("log", "verify", export, "--key", str(run / "checkpoint.pub"), "--rpc", node.url),
    )
    for command in commands:
        console.print(f"\n[bold cyan]$ agent {' '.join(command)}[/bold cyan]", soft_wrap=True)
        code = subprocess.run([*AGENT, *command], cwd=Path.cwd(), check=False).returncode
        if code:
            console.print(f"[red]agent {command[0]} ended with exit code {code}[/red]")
            return code
    return 0


def _asked() -> Asked:
    parser = argparse.ArgumentParser(prog="python -m anvil.monday", description=__doc__)
    parser.add_argument("--universe", choices=("strict", "fill"), default="strict")
    parser.add_argument("--regime", choices=("bullish", "bearish"), default="bullish")
    parser.add_argument("--usd", type=Decimal, default=Decimal(2_000_000), help="portfolio size")
    parser.add_argument(
        "--ranking", type=Path, default=RANKING, help="as `agent signals convert` writes it"
    )
    parser.add_argument(
        "--venues", default="pools", help="pools, all, or a list of aggregators such as odos,velora"
    )
    parser.add_argument("--mode", type=Mode, choices=tuple(Mode), default=Mode.HONEST)
    parser.add_argument("--batch-gas-share-ppm", type=int, help="of the 2^24 gas of a transaction")
    parser.add_argument("--out", type=Path, default=Path("var/monday"))
    given = parser.parse_args()
    return Asked(
        universe=given.universe,
        regime=given.regime,
        usd=given.usd,
        ranking=given.ranking,
        batch_gas_share_ppm=given.batch_gas_share_ppm or BATCH_GAS_SHARE_PPM[given.universe],
        venues=given.venues,
        mode=given.mode,
        out=given.out,
    )


def _head_time(node: Node) -> datetime:
    return datetime.fromtimestamp(int(node.head()["timestamp"], 16), UTC)


def _shown(path: Path) -> Path:
    """Return the path as one types it from here, where it is below."""
    whole = path.resolve()
    return whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole


if __name__ == "__main__":
    sys.exit(main())
