"""Builds the twin on an empty Anvil: contracts, tokens, feeds and pools, always the same chain."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from anvil import addresses as at
from anvil.abi import ZERO, word
from anvil.assets import assets, feeds
from anvil.creation import Pool, create_pools, located, pool_words
from anvil.curves import amounts
from anvil.deployments import deploy_contracts
from anvil.market import market
from anvil.node import Node, anvil
from anvil.solidity import compile_runtimes
from anvil.storage import Word, balance_word, distinct, feed_words, token_words

GENESIS = datetime(2026, 11, 15, 11, tzinfo=UTC)
HEAD = datetime(2026, 11, 22, 11, tzinfo=UTC)
"""The head's time: a Sunday, the ranking's, thirteen hours before the Monday it is for."""

BLOCK_TIME_S = 12
BLOCKS_AFTER_LOADING = 2
"""Anvil restores only the last block's state, but `finalized`, two blocks behind the head, is asked
for too: so the last blocks are mined each time that the twin starts."""

BLOCK_GAS_LIMIT = 60_000_000
BASE_FEE_WEI = 10**9

BUILDER_ARGUMENTS = (
    *("--chain-id", "1", "--hardfork", "osaka", "--accounts", "0", "--no-mining"),
    *("--timestamp", str(int(GENESIS.timestamp())), "--gas-limit", "1000000000000"),
    *("--base-fee", "0", "--gas-price", "0", "--auto-impersonate", "--no-request-size-limit"),
)

CONTRACT_NAMES = (
    *("WETH", "MULTICALL3", "PERMIT2", "UNIVERSAL_ROUTER"),
    *("V2_FACTORY", "V2_ROUTER"),
    *("V3_FACTORY", "V3_SWAP_ROUTER", "SWAP_ROUTER_02", "V3_QUOTER", "QUOTER_V2"),
    *("V3_POSITION_MANAGER", "V4_POOL_MANAGER", "STATE_VIEW", "V4_QUOTER"),
)

Progress = Callable[[str], None]


def build(progress: Progress) -> tuple[dict[str, Any], dict[str, Any]]:
    """Build the chain; returns Anvil's state, and the manifest of what stands there."""
    runtimes = compile_runtimes()
    with anvil(*BUILDER_ARGUMENTS) as node:
        node.rpc("anvil_setBlockTimestampInterval", BLOCK_TIME_S)
        progress("contracts")
        deploy_contracts(node)
        progress("tokens and feeds")
        node.batch([("anvil_setCode", (a, code)) for a, code in _codes(runtimes)])
        pools = [located(state) for state in market()]
        progress(f"{len(pools)} pools")
        create_pools(node, pools)
        progress("liquidity")
        _write(node, pools)
        progress("state")
        mine_at(node, int(HEAD.timestamp()) - BLOCKS_AFTER_LOADING * BLOCK_TIME_S)
        return dumped(node), _manifest(pools)


def _codes(runtimes: dict[str, bytes]) -> Iterable[tuple[str, str]]:
    for asset in assets().values():
        if asset.address != at.WETH:
            yield asset.address, "0x" + runtimes[asset.contract].hex()
    for feed in feeds():
        yield feed.address, "0x" + runtimes["Feed"].hex()


def _write(node: Node, pools: Sequence[Pool]) -> None:
    held = _holdings(pools)
    created_at = int(node.head()["timestamp"], 16)
    words = [*pool_words(node, pools, created_at)]
    words += [word for feed in feeds() for word in feed_words(feed)]
    words += [
        balance_word(token, holder, amount)
        for (token, holder), amount in held.items()
        if token != ZERO
    ]
    for asset in assets().values():
        if asset.address != at.WETH:
            in_pools = sum(amount for (token, _), amount in held.items() if token == asset.address)
            supply = int(asset.market_cap_usd / asset.usd_per_unit)
            words += token_words(asset, max(supply, in_pools))
    node.batch([_written(word) for word in distinct(words) if word.value])
    wrapped = sum(amount for (token, _), amount in held.items() if token == at.WETH)
    node.rpc("anvil_setBalance", at.WETH, hex(wrapped))
    node.rpc("anvil_setBalance", at.V4_POOL_MANAGER, hex(held[ZERO, at.V4_POOL_MANAGER]))


def _written(written: Word) -> tuple[str, tuple[str, str, str]]:
    return "anvil_setStorageAt", (written.address, hex(written.slot), word(written.value))


def _holdings(pools: Iterable[Pool]) -> dict[tuple[str, str], int]:
    """Return what every pool holds, by token and holder."""
    held: dict[tuple[str, str], int] = defaultdict(int)
    for pool in pools:
        state, key = pool.state, pool.state.key
        amount0, amount1 = (
            (state.reserve0, state.reserve1)
            if key.kind == "v2"
            else amounts(state.curve, state.sqrt_price)
        )
        held[key.token0, pool.address] += amount0
        held[key.token1, pool.address] += amount1
    return held


def mine_at(node: Node, timestamp: int) -> None:
    """Mine a block at a time, with mainnet's gas limit and a fixed base fee."""
    node.rpc("evm_setBlockGasLimit", hex(BLOCK_GAS_LIMIT))
    node.rpc("anvil_setNextBlockBaseFeePerGas", hex(BASE_FEE_WEI))
    node.rpc("evm_setNextBlockTimestamp", timestamp)
    node.rpc("evm_mine")


def dumped(node: Node) -> dict[str, Any]:
    """Return Anvil's state, without the call traces, which are most of it and which nobody reads."""
    packed = bytes.fromhex(node.rpc("anvil_dumpState").removeprefix("0x"))
    state: dict[str, Any] = json.loads(gzip.decompress(packed))
    for transaction in state["transactions"]:
        transaction["info"]["traces"] = []
    return state


def _manifest(pools: Sequence[Pool]) -> dict[str, Any]:
    """Say what stands on the twin, as docs/twin.md describes it."""
    return {
        "contracts": {
            name.lower(): address for name, address in vars(at).items() if name in CONTRACT_NAMES
        },
        "tokens": [
            {
                "address": asset.address,
                "symbol": asset.symbol,
                "name": asset.name,
                "decimals": asset.decimals,
                "contract": asset.contract if asset.address != at.WETH else "WETH9",
                "price_usd": str(asset.price_usd),
            }
            for asset in assets().values()
        ],
        "feeds": [
            {"address": f.address, "pair": f.pair, "decimals": f.decimals, "price": str(f.price)}
            for f in feeds()
        ],
        "pools": [_listed(pool) for pool in pools],
    }


def _listed(pool: Pool) -> dict[str, Any]:
    key = pool.state.key
    return {
        "address": pool.address,
        "kind": key.kind,
        "dex": f"uniswap_{key.kind}",
        "token0": key.token0,
        "token1": key.token1,
        "fee_pips": key.fee_pips,
        "tick_spacing": key.tick_spacing,
        "pool_id": pool.pool_id,
        "protocol_fee": pool.state.protocol_fee,
        "source": pool.state.source,
    }
