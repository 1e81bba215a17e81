"""A vault with funds on the forked twin and a plan for it, priced by the venues' own quoters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.adapters.chain import RpcChain
from agent.adapters.rpc import Rpc
from agent.adapters.signer import ThrowawaySigner
from agent.domain.block import Block
from agent.domain.order import Batch, Floor, Leg
from agent.domain.plan import Plan
from agent.domain.pool import PoolKind
from agent.domain.token import Token
from agent.domain.units import ZERO_ADDRESS, Address, Bps, min_amount_out
from agent.execution.custody import Custody
from agent.execution.settlement import net_changes
from agent.ports import Chain, Ledger
from anvil.addresses import QUOTER_V2, V2_ROUTER
from anvil.calls import read
from anvil.fund import fund
from anvil.node import Node
from anvil.twin import manifest, pools
from tests.fork.vaults import add_page, deploy_vault
from tests.logbook import Week, plan_of

SYMBOLS = ("WETH", "USDC", "UNI", "LINK", "AAVE")
SLIPPAGE = Bps(50)
GAS_LIMIT = 1_500_000
QUOTE_V3 = "quoteExactInputSingle((address,address,uint256,uint24,uint160))"


def all_tokens() -> dict[str, Token]:
    """Return the twin's tokens by symbol."""
    return {
        one["symbol"]: Token(
            chain_id=1,
            address=Address(one["address"]),
            symbol=one["symbol"],
            decimals=one["decimals"],
        )
        for one in manifest()["tokens"]
    }


TOKENS = all_tokens()
WETH, USDC, UNI, LINK, AAVE = (TOKENS[symbol] for symbol in SYMBOLS)
KNOWN = tuple(token.address for token in TOKENS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A fork, a vault on it that holds what `hold` gave it, and the account that may trade."""

    node: Node
    rpc: Rpc
    chain: RpcChain
    vault: Address
    signer: ThrowawaySigner
    pools: tuple[Mapping[str, Any], ...]

    def hold(self, token: Token, amount: int) -> None:
        fund(self.node.rpc, token.address, self.vault, amount)

    def leg(self, pair: tuple[Token, Token], kind: PoolKind, fee_pips: int, amount_in: int) -> Leg:
        """Return a leg at what the pool's quoter says of the chain as it is now."""
        token_in, token_out = pair
        number, pool = next(
            (number, pool)
            for number, pool in enumerate(self.pools)
            if {pool["token0"], pool["token1"]} == {token_in.address, token_out.address}
            and (pool["kind"], pool["fee_pips"]) == (kind.value, fee_pips)
        )
        return Leg(
            order_id=f"{token_in.symbol}:{token_out.symbol}",
            pool=Address(pool["address"]),
            kind=kind,
            page=0,
            record=number,
            zero_for_one=token_in.address == pool["token0"],
            token_in=token_in,
            token_out=token_out,
            amount_in=amount_in,
            amount_out=self._quoted(pair, kind, fee_pips, amount_in),
            mid_amount_out=0,
            fee_pips=fee_pips,
            gas=100_000,
        )

    def _quoted(
        self, pair: tuple[Token, Token], kind: PoolKind, fee_pips: int, amount_in: int
    ) -> int:
        path = [token.address for token in pair]
        if kind is PoolKind.V2:
            signature = "getAmountsOut(uint256,address[])"
            amounts = read(self.node, V2_ROUTER, signature, amount_in, path, returns="uint256[]")
            return int(amounts[-1])
        answers = read(
            self.node,
            QUOTER_V2,
            QUOTE_V3,
            (*path, amount_in, fee_pips, 0),
            returns="uint256,uint160,uint32,uint256",
        )
        return int(answers[0])

    def plan(self, *batches: tuple[Leg, ...], block: Block | None = None) -> Plan:
        """Return a plan at the head, with floors at the usual slippage below its legs."""
        head = block or self.chain.fetch_head()
        base = plan_of(Week(number=0).inputs, "aa" * 32, ())
        return replace(
            base,
            block=head,
            contract=self.vault,
            agent=self.signer.address,
            deadline=head.timestamp + 1_800,
            batches=tuple(batch_of(legs, index) for index, legs in enumerate(batches)),
        )


def custody_of(stand: Stand, ledger: Ledger, chain: Chain) -> Custody:
    """Return what holds a ledger of the stand's agent against the chain."""
    return Custody(
        chain=chain,
        ledger=ledger,
        account=stand.signer.address,
        chain_id=1,
        contract=stand.vault,
        tell=lambda _: None,
    )


def batch_of(legs: tuple[Leg, ...], index: int) -> Batch:
    tokens = {leg.token_in.address: leg.token_in for leg in legs}
    tokens |= {leg.token_out.address: leg.token_out for leg in legs}
    least = net_changes(
        replace(leg, amount_out=min_amount_out(leg.amount_out, SLIPPAGE)) for leg in legs
    )
    floors = [Floor(token=ZERO_ADDRESS, symbol="ETH", min_delta=0)] + [
        Floor(token=address, symbol=token.symbol, min_delta=least[address])
        for address, token in tokens.items()
    ]
    return Batch(
        index=index,
        sequence=index + 1,
        legs=legs,
        floors=tuple(floors),
        gas_forecast=len(legs) * 100_000,
        gas_limit=GAS_LIMIT,
    )


def stand_on(node: Node, rpc: Rpc) -> Stand:
    """Deploy a vault with one page: all pools of a few tokens."""
    signer = ThrowawaySigner("execution tests", is_fork=True)
    vault = deploy_vault(node, signer.address)
    addresses = {token.address for token in (WETH, USDC, UNI, LINK, AAVE)}
    allowed = tuple(
        pool
        for pool in pools()
        if pool["kind"] in {"v2", "v3"} and {pool["token0"], pool["token1"]} <= addresses
    )
    assert add_page(node, vault, allowed) == 0
    chain = RpcChain(rpc, chain_id=1, contract=vault)
    stand = Stand(node=node, rpc=rpc, chain=chain, vault=vault, signer=signer, pools=allowed)
    for token, amount in (
        (WETH, 20 * 10**18),
        (USDC, 50_000 * 10**6),
        (UNI, 10_000 * 10**18),
        (LINK, 5_000 * 10**18),
    ):
        stand.hold(token, amount)
    return stand


def sells(stand: Stand) -> tuple[Leg, ...]:
    """Return sells into WETH through one v2 and two v3 pools."""
    return (
        stand.leg((UNI, WETH), PoolKind.V3, 3000, 1_000 * 10**18),
        stand.leg((LINK, WETH), PoolKind.V2, 3000, 500 * 10**18),
        stand.leg((USDC, WETH), PoolKind.V3, 500, 10_000 * 10**6),
    )


def buys(stand: Stand) -> tuple[Leg, ...]:
    return (
        stand.leg((WETH, AAVE), PoolKind.V3, 3000, 2 * 10**18),
        stand.leg((WETH, UNI), PoolKind.V2, 3000, 10**18),
    )
