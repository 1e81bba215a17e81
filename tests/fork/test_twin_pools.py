"""The twin's pools are priced alike, solvent, and quote exactly what their curves say."""

from fractions import Fraction
from itertools import combinations, permutations

import pytest

from agent.domain.pool import PoolKind, PoolRef, Tick, V3Pool
from agent.domain.swap import SwapResult
from agent.planning.tick_math import MAX_TICK, MIN_TICK
from agent.planning.v3_math import swap_exact_in
from anvil import addresses as at
from anvil.abi import ZERO, call_data, decoded
from anvil.calls import read
from anvil.creation import located
from anvil.market import market
from anvil.rpc import NodeError

POOLS = [located(state) for state in market()]
REAL_V3 = [p for p in POOLS if p.state.source == "mainnet" and p.state.key.kind == "v3"]
REAL_V4 = [p for p in POOLS if p.state.source == "mainnet" and p.state.key.kind == "v4"]
MODELLED = [p for p in POOLS if p.state.source == "modelled" and p.state.key.kind == "v3"][::40]

HUBS = (at.WETH, at.USDC, at.USDT)
PIPS = 1_000_000


def name(pool):
    key = pool.state.key
    return f"{key.kind}-{key.token0[:6]}-{key.token1[:6]}-{key.fee_pips}"


def as_curve(pool, fee_pips):
    """The pool as our files describe it, not as the chain stores it."""
    state = pool.state
    return V3Pool(
        ref=PoolRef(
            address=pool.address,
            kind=PoolKind.V3,
            token0=state.key.token0,
            token1=state.key.token1,
            fee_pips=fee_pips,
            tick_spacing=state.key.tick_spacing,
            page=0,
            record=0,
        ),
        sqrt_price_x96=state.sqrt_price,
        tick=state.tick,
        liquidity=state.liquidity,
        ticks=tuple(Tick(index=tick, liquidity_net=net) for tick, net in state.curve),
        scanned_from=MIN_TICK,
        scanned_to=MAX_TICK,
    )


def sizes(pool, *, zero_for_one):
    """Inputs from dust to far across the curve's ticks."""
    held = pool.state.liquidity * 2**96 // pool.state.sqrt_price
    if not zero_for_one:
        held = pool.state.liquidity * pool.state.sqrt_price >> 96
    return [1_000, held // 10_000 + 1_001, held // 300 + 1_002, held // 30 + 1_003]


@pytest.mark.parametrize("zero_for_one", [True, False], ids=["down", "up"])
@pytest.mark.parametrize("pool", REAL_V3 + MODELLED, ids=name)
def test_quoter_v2_equals_the_curve(fork, pool, zero_for_one):
    key = pool.state.key
    pair = (key.token0, key.token1) if zero_for_one else (key.token1, key.token0)
    curve = as_curve(pool, key.fee_pips)
    for amount in sizes(pool, zero_for_one=zero_for_one):
        quoted = read(
            fork,
            at.QUOTER_V2,
            "quoteExactInputSingle((address,address,uint256,uint24,uint160))",
            (*pair, amount, key.fee_pips, 0),
            returns="uint256,uint160,uint32,uint256",
        )
        expected = swap_exact_in(curve, zero_for_one=zero_for_one, amount_in=amount)

        assert isinstance(expected, SwapResult)
        assert (expected.amount_out, expected.pool_after.sqrt_price_x96) == quoted[:2]


@pytest.mark.parametrize("zero_for_one", [True, False], ids=["down", "up"])
@pytest.mark.parametrize("pool", REAL_V4, ids=name)
def test_v4_quoter_equals_the_curve(fork, pool, zero_for_one):
    key = pool.state.key
    protocol_pips = pool.state.protocol_fee >> (0 if zero_for_one else 12) & 0xFFF
    fee_pips = protocol_pips + key.fee_pips - protocol_pips * key.fee_pips // PIPS
    curve = as_curve(pool, fee_pips)
    pool_key = (key.token0, key.token1, key.fee_pips, key.tick_spacing, ZERO)
    quoted, expected = [], []
    for amount in sizes(pool, zero_for_one=zero_for_one):
        expected.append(swap_exact_in(curve, zero_for_one=zero_for_one, amount_in=amount))
        quoted.append(v4_quote(fork, (pool_key, zero_for_one, amount, b"")))

    assert [getattr(swap, "amount_out", None) for swap in expected] == quoted
    assert any(quoted)


def v4_quote(fork, parameters):
    """The quoter's answer, or None where it says that the pool runs dry."""
    function = "quoteExactInputSingle(((address,address,uint24,int24,address),bool,uint128,bytes))"
    try:
        return read(fork, at.V4_QUOTER, function, parameters, returns="uint256,uint256")[0]
    except NodeError as error:
        if "7a5ed734" not in str(error):  # NotEnoughLiquidity(PoolId)
            raise
        return None


def prices(fork, twin):
    """Return (token0, token1, fee in pips, token1 per token0) of every pool, read from the chain."""
    calls = []
    for pool in twin["pools"]:
        to, data = pool["address"], call_data("slot0()")
        if pool["kind"] == "v2":
            data = call_data("getReserves()")
        if pool["kind"] == "v4":
            to = at.STATE_VIEW
            data = call_data("getSlot0(bytes32)", bytes.fromhex(pool["pool_id"][2:]))
        calls.append(("eth_call", ({"to": to, "data": data}, "latest")))
    for pool, answer in zip(twin["pools"], fork.batch(calls), strict=True):
        first, second = decoded(["uint256", "uint256"], answer[: 2 + 128])
        price = Fraction(second, first) if pool["kind"] == "v2" else Fraction(first**2, 2**192)
        tokens = (pool[key].replace(ZERO, at.WETH) for key in ("token0", "token1"))
        yield *tokens, pool["fee_pips"], price


def test_no_round_trip_or_triangle_gains(fork, twin):
    best = {}
    for token0, token1, fee_pips, price in prices(fork, twin):
        kept = Fraction(PIPS - fee_pips, PIPS)
        best[token0, token1] = max(best.get((token0, token1), 0), price * kept)
        best[token1, token0] = max(best.get((token1, token0), 0), kept / price)
    tokens = {token for pair in best for token in pair}
    cycles = [(a, b) for a, b in combinations(sorted(tokens), 2) if (a, b) in best]
    cycles += [(a, *hubs) for a in sorted(tokens) for hubs in permutations(HUBS, 2)]
    cycles += [(a, b, hub) for a, b in best for hub in HUBS]
    gains = []
    for cycle in cycles:
        hops = list(zip(cycle, cycle[1:] + cycle[:1], strict=True))
        if all(hop in best for hop in hops):
            gain = Fraction(1)
            for hop in hops:
                gain *= best[hop]
            gains.append(gain)

    assert len(gains) > 500
    assert max(gains) < 1


def test_every_token_trades_on_several_pools(twin):
    pools_by_token = {}
    for pool in twin["pools"]:
        for key, other in (("token0", "token1"), ("token1", "token0")):
            if pool[other].replace(ZERO, at.WETH) in HUBS:
                pools_by_token.setdefault(pool[key].replace(ZERO, at.WETH), set()).add(
                    pool["kind"] + str(pool["fee_pips"])
                )
    few = {t["symbol"] for t in twin["tokens"] if len(pools_by_token[t["address"]]) < 3}

    assert {"PAXG"} == few  # v3 pools refuse tokens that keep a fee


def test_mainnet_liquidity_was_brought_over():
    counts = {
        kind: sum(p.state.key.kind == kind for p in POOLS if p.state.source == "mainnet")
        for kind in ("v2", "v3", "v4")
    }

    assert {"v2": 36, "v3": 15, "v4": 8} == counts


def test_v3_oracles_look_back_a_day(fork):
    pool = next(p for p in REAL_V3 if p.address == "0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640")
    ticks, _ = read(
        fork, pool.address, "observe(uint32[])", [86_400, 0], returns="int56[],uint160[]"
    )

    assert pool.state.tick == (ticks[1] - ticks[0]) // 86_400
