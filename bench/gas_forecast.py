"""The gas forecast beside receipts: batches of the vault on a forked twin, of one kind of pool and mixed.

Run from the root of the repository: `python -m bench.gas_forecast`. Prints the forecast's error for each
batch and exits with 1 when one of 100 legs is off by more than 2 %. The legs are those of
`bench.gas_per_leg`: half sell into WETH, half buy from it.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator, Sequence

from eth_abi.abi import encode

from agent.domain.order import Leg as PlannedLeg
from agent.domain.pool import PoolKind
from agent.domain.token import Token
from agent.domain.units import Address
from agent.planning.gas_tables import TABLE_BY_FORK, fork_at
from agent.planning.metering import metered
from anvil import addresses as at
from anvil.abi import call_data, raw
from anvil.fund import fund
from bench import gas_ways, gas_ways_v4
from bench.gas_ground import ACCOUNT, HUB, LEGS, Ground, Leg, ground, v2_legs
from bench.gas_per_leg import SLOT_S
from bench.gas_ways import EXECUTE, FOR_EVER, VAULT

MOST_OFF = 0.02
ROUNDS = 1_000
"""How often a funded vault can run a batch."""

OP_ZERO_FOR_ONE = 0x80
Kinded = tuple[Leg, PoolKind]


def deployed(on: Ground, legs: Sequence[Kinded]) -> str:
    """Deploy a vault that has all that the legs sell and some of what they buy, and lists their pools."""
    arguments = encode(["address"] * 4, [ACCOUNT, ACCOUNT, at.WETH, at.V4_POOL_MANAGER])
    vault = on.deploy(json.loads(VAULT.read_text())["bytecode"] + arguments.hex())
    need: dict[str, int] = {}
    for leg, _ in legs:
        need[leg.token_out] = need.get(leg.token_out, 0) + 1
        need[leg.token_in] = need.get(leg.token_in, 0) + ROUNDS * leg.amount_in
    for token, amount in need.items():
        fund(on.node.rpc, token, vault, amount)
    on.send(vault, call_data("addPage(bytes)", b"".join(itertools.starmap(_record, legs))))
    return vault


def _record(leg: Leg, kind: PoolKind) -> bytes:
    if kind is PoolKind.V4:
        return gas_ways_v4.record(leg)
    record = bytearray(gas_ways.record(leg))
    record[60] = {PoolKind.V2: 2, PoolKind.V3: gas_ways.V3}[kind]
    return bytes(record)


def run(on: Ground, vault: str, legs: Sequence[Kinded], sequence: int) -> int:
    """Return what the vault used to swap the legs, in their order."""
    plain = [leg for leg, _ in legs]
    tokens = dict.fromkeys(token for leg in plain for token in (leg.token_in, leg.token_out))
    index = {token: i for i, token in enumerate(tokens, start=1)}
    sold = dict.fromkeys(tokens, 0)
    for leg in plain:
        sold[leg.token_in] -= leg.amount_in
    floors = bytes(36) + b"".join(
        raw(token) + least.to_bytes(16, "big", signed=True) for token, least in sold.items()
    )
    packed = b"".join(
        bytes([OP_ZERO_FOR_ONE * leg.is_zero_for_one, 0, 0, i])
        + bytes([index[leg.token_in], index[leg.token_out]])
        + leg.amount_in.to_bytes(16, "big")
        for i, leg in enumerate(plain)
    )
    batch = (b"\x01" * 32, b"\x02" * 32, floors, packed)
    return on.gas_used(vault, call_data(EXECUTE, sequence, FOR_EVER, *batch))


def forecast(on: Ground, legs: Sequence[Kinded]) -> int:
    """Return what the planner says of the same legs, which cross no ticks."""
    table = TABLE_BY_FORK[fork_at(1, int(on.node.head()["timestamp"], 16))]
    planned = (
        PlannedLeg(
            order_id="",
            pool=Address(leg.pool if kind is not PoolKind.V4 else f"{leg.pool}/v4"),
            kind=kind,
            page=0,
            record=0,
            zero_for_one=leg.is_zero_for_one,
            token_in=_token(leg.token_in),
            token_out=_token(leg.token_out),
            amount_in=leg.amount_in,
            amount_out=0,
            mid_amount_out=0,
            fee_pips=0,
            gas=table.swap(kind, 0, is_still=False),
        )
        for leg, kind in legs
    )
    return metered(planned, table, {})


def _token(address: str) -> Token:
    return Token(chain_id=1, address=Address(address), symbol="", decimals=18)


def arranged(legs: Sequence[Kinded]) -> list[Kinded]:
    """Return legs as the planner would have them: sells first, v4 legs of both sides next to each other."""
    sells = [leg for leg in legs if leg[0].token_out == HUB]
    buys = [leg for leg in legs if leg[0].token_out != HUB]
    return [
        *sorted(sells, key=lambda leg: leg[1] is PoolKind.V4),
        *sorted(buys, key=lambda leg: leg[1] is not PoolKind.V4),
    ]


def cases(on: Ground) -> Iterator[tuple[str, list[Kinded]]]:
    """Yield batches by name: each kind of pool alone, and all three in one transaction."""
    v3 = [(leg, PoolKind.V3) for leg in on.legs]
    v4 = [(leg, PoolKind.V4) for leg in on.legs]
    v2 = [(leg, PoolKind.V2) for leg in v2_legs(on.node)]
    for name, legs in (("v2", v2), ("v3", v3), ("v4", v4)):
        for count in (1, 10, LEGS):
            yield f"{count} {name}", _some(legs, count)
    yield f"{LEGS} mixed", mixed(on, LEGS // 3 + 1)[:LEGS]


def mixed(on: Ground, each: int) -> list[Kinded]:
    """Return so many legs through v2 pairs, v3 pools and v4 pools each, all of different coins."""
    v2 = [(leg, PoolKind.V2) for leg in v2_legs(on.node)[:each]]
    used = {_coin(leg) for leg, _ in v2}
    others = [leg for leg in on.legs if _coin(leg) not in used]
    v3 = [(leg, PoolKind.V3) for leg in others[::2][:each]]
    v4 = [(leg, PoolKind.V4) for leg in others[1::2][:each]]
    return arranged([*v2, *v3, *v4])


def _coin(leg: Leg) -> str:
    return leg.token_in if leg.token_out == HUB else leg.token_out


def _some(legs: Sequence[Kinded], count: int) -> list[Kinded]:
    sells = [leg for leg in legs if leg[0].token_out == HUB]
    buys = [leg for leg in legs if leg[0].token_out != HUB]
    return arranged([*sells[: count - count // 2], *buys[: count // 2]])


def main() -> int:
    missed = 0
    with ground() as on:
        gas_ways_v4.with_v4_pools(on)
        on.node.rpc("anvil_setBlockTimestampInterval", SLOT_S)
        print(f"{'batch':<12}{'forecast':>12}{'receipt':>12}{'off by':>9}")
        for name, legs in cases(on):
            vault = deployed(on, legs)
            run(on, vault, legs, 1)
            expected, used = forecast(on, legs), run(on, vault, legs, 2)
            off = expected / used - 1
            missed += len(legs) >= LEGS and abs(off) > MOST_OFF
            print(f"{name:<12}{expected:>12,}{used:>12,}{off:>9.2%}")
    print("batches of 100 legs within 2 %: " + ("MISSED" if missed else "met"))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
