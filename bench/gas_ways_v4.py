"""Ways to swap the same legs in v4 pools: the Universal Router, a contract that checks nothing, the vault."""

from __future__ import annotations

import json
from collections.abc import Callable

from eth_abi.abi import encode

from anvil import addresses as at
from anvil.abi import ZERO, call_data, raw
from anvil.calls import read
from anvil.fund import fund
from anvil.rpc import NodeError
from bench.gas_ground import ACCOUNT, FEE_PIPS, HUB, Ground, Leg
from bench.gas_ways import (
    EXECUTE,
    FOR_EVER,
    LIMITLESS,
    VAULT,
    Way,
    approve,
    floors,
    legs,
)
from contracts.artifacts import HERE, compiled, compiler_input

BARE_UNLOCKER = HERE / "test" / "support" / "BareUnlocker.sol"
SPACING = 60
HALF_WIDTH = 6_000
V4 = 4

V4_SWAP = b"\x10"
SWAP_EXACT_IN_SINGLE, SETTLE_ALL, TAKE_ALL = b"\x06", b"\x0c", b"\x0f"
EXACT_INPUT = "((address,address,uint24,int24,address),bool,uint128,uint128,bytes)"


def token_of(leg: Leg) -> str:
    return leg.token_in if leg.token_out == HUB else leg.token_out


def key(leg: Leg) -> tuple[str, str, int, int, str]:
    low, high = sorted((leg.token_in, leg.token_out), key=lambda token: int(token, 16))
    return low, high, FEE_PIPS, SPACING, ZERO


def with_v4_pools(on: Ground) -> str:
    """Make a v4 pool as deep as each leg's v3 pool and at its price; return who can swap in them barely."""
    source = BARE_UNLOCKER.relative_to(HERE).as_posix()
    sources = [BARE_UNLOCKER, BARE_UNLOCKER.with_name("Venues.sol")]
    sources += [BARE_UNLOCKER.with_name("Tokens.sol"), *sorted((HERE / "src").rglob("*.sol"))]
    built = compiled(compiler_input(sources))["contracts"][source][BARE_UNLOCKER.stem]
    arguments = encode(["address", "address"], [at.V4_POOL_MANAGER, HUB])
    bare = on.deploy("0x" + built["evm"]["bytecode"]["object"] + arguments.hex())
    for token in on.tokens:
        fund(on.node.rpc, token, bare, 1 << 120)
    for leg in on.legs:
        price, tick = _slot0(on, leg)
        depth = read(on.node, leg.pool, "liquidity()", returns="uint128")
        ends = ((tick + side) // SPACING * SPACING for side in (-HALF_WIDTH, HALF_WIDTH))
        provide = "provide(address,uint160,int24,int24,uint128)"
        on.send(bare, call_data(provide, token_of(leg), price, *ends, depth))
    return bare


def _slot0(on: Ground, leg: Leg) -> tuple[int, int]:
    slot0 = "uint160,int24,uint16,uint16,uint16,uint8,bool"
    price, tick, *_ = read(on.node, leg.pool, "slot0()", returns=slot0)
    return price, tick


def universal_router(on: Ground) -> Way:
    """Swap in one V4_SWAP of the Universal Router, settled per currency, all approved beforehand."""
    with_v4_pools(on)
    for token in on.tokens:
        approve(on, token, at.PERMIT2, LIMITLESS)
        terms = (token, at.UNIVERSAL_ROUTER, 2**160 - 1, FOR_EVER)
        on.send(at.PERMIT2, call_data("approve(address,address,uint160,uint48)", *terms))
    data = next(one for one in map(_router_data(on), (True, False)) if _runs(on, one))
    return lambda: on.gas_used(at.UNIVERSAL_ROUTER, data)


def _router_data(on: Ground) -> Callable[[bool], str]:
    swaps = [
        encode([EXACT_INPUT], [(key(leg), leg.is_zero_for_one, leg.amount_in, 0, b"")])
        for leg in on.legs
    ]
    sold = [leg.token_in for leg in on.legs if leg.token_in != HUB]
    bought = [leg.token_out for leg in on.legs if leg.token_out != HUB]

    def data(owes_hub: bool) -> str:  # noqa: FBT001 - mapped over
        payments = [*sold, HUB] if owes_hub else sold
        takings = bought if owes_hub else [*bought, HUB]
        actions = (
            SWAP_EXACT_IN_SINGLE * len(swaps) + SETTLE_ALL * len(payments) + TAKE_ALL * len(takings)
        )
        ends = [encode(["address", "uint256"], [token, LIMITLESS]) for token in payments]
        ends += [encode(["address", "uint256"], [token, 0]) for token in takings]
        unlocked = encode(["bytes", "bytes[]"], [actions, [*swaps, *ends]])
        return call_data("execute(bytes,bytes[],uint256)", V4_SWAP, [unlocked], FOR_EVER)

    return data


def _runs(on: Ground, data: str) -> bool:
    try:
        call = {"from": ACCOUNT, "to": at.UNIVERSAL_ROUTER, "data": data, "gas": hex(2**24)}
        on.node.rpc("eth_call", call, "latest")
    except NodeError:
        return False
    return True


def swaps_alone(on: Ground) -> Way:
    """Swap by a contract that checks nothing and settles the hub once: the least a batch can cost."""
    bare = with_v4_pools(on)
    packed = b"".join(
        raw(token_of(leg)) + bytes([leg.token_out == HUB]) + leg.amount_in.to_bytes(16, "big")
        for leg in on.legs
    )
    return lambda: on.gas_used(bare, call_data("run(bytes)", packed))


def vault(on: Ground) -> Way:
    """Swap by the vault: one unlock, a floor for every token and ETH, locks, sequence and event."""
    with_v4_pools(on)
    arguments = encode(["address"] * 4, [ACCOUNT, ACCOUNT, at.WETH, at.V4_POOL_MANAGER])
    address = on.deploy(json.loads(VAULT.read_text())["bytecode"] + arguments.hex())
    on.fund(address)
    on.send(address, call_data("addPage(bytes)", b"".join(map(record, on.legs))))
    batch = (b"\x01" * 32, b"\x02" * 32, floors(on), legs(on))
    sequences = iter(range(1, len(on.legs)))
    return lambda: on.gas_used(address, call_data(EXECUTE, next(sequences), FOR_EVER, *batch))


def record(leg: Leg) -> bytes:
    low, high, fee, spacing, _ = key(leg)
    return spacing.to_bytes(20) + raw(low) + raw(high) + bytes([V4]) + fee.to_bytes(3)


WAYS: dict[str, Callable[[Ground], Way]] = {
    "Universal Router with Permit2": universal_router,
    "swaps alone": swaps_alone,
    "vault": vault,
}
