"""A plan of a staged portfolio, executed on its fork, and what each of its legs paid."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address
from pydantic import SecretStr

from agent.adapters.fork import ForkClock
from agent.adapters.rpc import Rpc
from agent.bootstrap.wiring import Endpoints, schedule, sources
from agent.daemon.gather import fetch_inputs, fetch_signals
from agent.domain.intent import LogEntry
from agent.domain.plan import Plan, PlanInputs
from agent.domain.units import Address
from agent.execution.calls import encode
from agent.execution.events import swaps
from agent.settings import load_settings
from anvil.assets import RANKING
from anvil.calls import transact
from anvil.monday import SETTINGS
from anvil.node import Node
from anvil.sample import MAX_WEIGHT, sample, write_signals
from anvil.stage import OWNER, allow_pools, deploy_vault, fund_vault

FULL_GAS_SHARE_PPM = 900_000


def staged_inputs(node: Node, out: Path, *, universe: str, usd: int) -> PlanInputs:
    """Return what a cycle would be planned on: a drifted portfolio of so many dollars, at the head."""
    at = datetime.fromtimestamp(int(node.head()["timestamp"], 16), UTC)
    ranking = json.loads(RANKING.read_bytes())
    shown = sample(node.rpc, ranking=ranking, universe=universe, usd=Decimal(usd), issued_at=at)
    vault = deploy_vault(node, agent=OWNER)
    allow_pools(node, vault, shown.pools)
    fund_vault(node, vault, shown.wanted)
    write_signals(out, shown.ranking, regime="bullish", issued_at=at)
    settings = SETTINGS.format(
        vault=vault,
        url=node.url,
        universe=universe,
        max_coin_weight_ppm=int(MAX_WEIGHT * 1_000_000),
        batch_gas_share_ppm=FULL_GAS_SHARE_PPM,
    )
    (out / "agent.toml").write_text(settings)
    with Rpc(SecretStr(node.url)) as rpc:
        clock = ForkClock(rpc)
        given = sources(
            load_settings(out / "agent.toml"), nodes=Endpoints(public=(rpc,)), clock=clock
        )
        slot = schedule(load_settings(out / "agent.toml"), notice=timedelta(0)).latest(clock.now())
        return fetch_inputs(given, cycle_id=slot.cycle_id, signals=fetch_signals(given))


def paid(node: Node, made: Plan) -> list[tuple[str, int, int]]:
    """Run the plan's batches as its agent; return (order, planned, paid) of every leg, by the pools' events."""
    found = []
    for batch in made.batches:
        data = encode(batch, deadline=made.deadline, plan_id="00" * 32, intent_hash="00" * 32)
        receipt = transact(node, made.agent, made.contract, "0x" + data.hex())
        pools = frozenset(leg.pool for leg in batch.legs)
        outs = [s.amount_out for s in swaps(_logs(receipt["logs"]), pools, by=made.contract)]
        found += [
            (leg.order_id, leg.amount_out, out) for leg, out in zip(batch.legs, outs, strict=True)
        ]
    return found


def _logs(found: list[dict[str, Any]]) -> list[LogEntry]:
    return [
        LogEntry(
            address=Address(to_checksum_address(log["address"])),
            topics=tuple(log["topics"]),
            data=log["data"],
            index=int(log["logIndex"], 16),
        )
        for log in found
    ]
