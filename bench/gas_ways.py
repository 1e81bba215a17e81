"""Ways to swap the same legs: each answers with a function that does so once and returns the gas used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from eth_abi.abi import encode

from anvil import addresses as at
from anvil.abi import call_data, raw
from bench.gas_ground import ACCOUNT, FEE_PIPS, HUB, LEGS, Ground, Leg
from contracts.artifacts import HERE, TARGET, compiled, compiler_input

BARE_EXECUTOR = HERE / "test" / "support" / "BareExecutor.sol"
VAULT = TARGET / "Vault.json"

LIMITLESS = 2**256 - 1
FOR_EVER = 2**48 - 1
V3 = 3
V3_SWAP_EXACT_IN = b"\x00"
EXACT_INPUT = "exactInputSingle((address,address,uint24,address,uint256,uint256,uint160))"
EXECUTE = "execute(uint64,uint64,bytes32,bytes32,bytes,bytes)"

Way = Callable[[], int]


def one_by_one(on: Ground) -> Way:
    """Swap with an approval and a call of SwapRouter02 for each leg."""
    return lambda: sum(approved_swap(on, leg) for leg in on.legs)


def approved_swap(on: Ground, leg: Leg) -> int:
    return approve(on, leg.token_in, at.SWAP_ROUTER_02, leg.amount_in) + on.gas_used(
        at.SWAP_ROUTER_02, exact_input(leg)
    )


def multicall(on: Ground) -> Way:
    """Swap in one multicall of SwapRouter02, everything approved beforehand."""
    for token in on.tokens:
        approve(on, token, at.SWAP_ROUTER_02, LIMITLESS)
    calls = [raw(exact_input(leg)) for leg in on.legs]
    return lambda: on.gas_used(at.SWAP_ROUTER_02, call_data("multicall(bytes[])", calls))


def exact_input(leg: Leg) -> str:
    terms = (leg.token_in, leg.token_out, FEE_PIPS, ACCOUNT, leg.amount_in, 0, 0)
    return call_data(EXACT_INPUT, terms)


def universal_router(on: Ground) -> Way:
    """Swap in one call of the Universal Router, everything approved through Permit2 beforehand."""
    for token in on.tokens:
        approve(on, token, at.PERMIT2, LIMITLESS)
        terms = (token, at.UNIVERSAL_ROUTER, 2**160 - 1, FOR_EVER)
        on.send(at.PERMIT2, call_data("approve(address,address,uint160,uint48)", *terms))
    inputs = [universal_input(leg) for leg in on.legs]
    data = call_data(
        "execute(bytes,bytes[],uint256)", V3_SWAP_EXACT_IN * len(inputs), inputs, FOR_EVER
    )
    return lambda: on.gas_used(at.UNIVERSAL_ROUTER, data)


def universal_input(leg: Leg) -> bytes:
    path = raw(leg.token_in) + FEE_PIPS.to_bytes(3, "big") + raw(leg.token_out)
    types = ["address", "uint256", "uint256", "bytes", "bool"]
    return encode(types, [ACCOUNT, leg.amount_in, 0, path, True])


def swaps_alone(on: Ground) -> Way:
    """Swap by a contract that checks nothing: the least a batch can cost."""
    source = BARE_EXECUTOR.relative_to(HERE).as_posix()
    built = compiled(compiler_input([BARE_EXECUTOR]))["contracts"][source][BARE_EXECUTOR.stem]
    bare = on.deploy("0x" + built["evm"]["bytecode"]["object"])
    on.fund(bare)
    data = b"".join(
        raw(leg.pool)
        + raw(leg.token_in)
        + bytes([leg.is_zero_for_one])
        + leg.amount_in.to_bytes(16, "big")
        for leg in on.legs
    )
    return lambda: on.gas_used(bare, "0x" + data.hex())


def vault(on: Ground) -> Way:
    """Swap by the vault: a floor for every token and ETH, locks, sequence and event."""
    arguments = encode(["address"] * 4, [ACCOUNT, ACCOUNT, at.WETH, at.V4_POOL_MANAGER])
    address = on.deploy(json.loads(Path(VAULT).read_text())["bytecode"] + arguments.hex())
    on.fund(address)
    on.send(address, call_data("addPage(bytes)", b"".join(record(leg) for leg in on.legs)))
    batch = (b"\x01" * 32, b"\x02" * 32, floors(on), legs(on))
    sequences = iter(range(1, LEGS))
    return lambda: on.gas_used(address, call_data(EXECUTE, next(sequences), FOR_EVER, *batch))


def record(leg: Leg) -> bytes:
    tokens = sorted((leg.token_in, leg.token_out), key=lambda token: int(token, 16))
    return b"".join(map(raw, (leg.pool, *tokens))) + bytes([V3]) + FEE_PIPS.to_bytes(3, "big")


def floors(on: Ground) -> bytes:
    """Return floors that let go what is sold: of the hub what the buys spend, and ETH's zero."""
    sold = {leg.token_in: leg.amount_in for leg in on.legs}
    spent = sum(leg.amount_in for leg in on.legs if leg.token_in == HUB)
    least = {token: -sold.get(token, 0) for token in on.tokens} | {HUB: -spent}
    return bytes(36) + b"".join(
        raw(token) + delta.to_bytes(16, "big", signed=True) for token, delta in least.items()
    )


def legs(on: Ground) -> bytes:
    floor_index = {token: i + 1 for i, token in enumerate(on.tokens)}
    return b"".join(
        bytes([0x80 * leg.is_zero_for_one, 0, 0, i])
        + bytes([floor_index[leg.token_in], floor_index[leg.token_out]])
        + leg.amount_in.to_bytes(16, "big")
        for i, leg in enumerate(on.legs)
    )


def approve(on: Ground, token: str, spender: str, amount: int) -> int:
    return on.gas_used(token, call_data("approve(address,uint256)", spender, amount))


WAYS: dict[str, Callable[[Ground], Way]] = {
    "approve + SwapRouter02, one by one": one_by_one,
    "SwapRouter02 multicall": multicall,
    "Universal Router with Permit2": universal_router,
    "swaps alone": swaps_alone,
    "vault": vault,
}
