"""Having every kernel ready before it is needed: compiled, or read from the cache of an earlier run."""

from __future__ import annotations

from decimal import Decimal

from agent.domain.pool import PoolKind, PoolRef, V2Pool
from agent.domain.units import Address, Bps
from agent.planning.optimum.basket import solve_basket
from agent.planning.optimum.engine import best
from agent.planning.optimum.order import propose
from agent.planning.optimum.problem import BasketProblem, GasWei, Hub, Purchase, Sale
from agent.planning.splitting import Candidate

_HUB, _OTHER, _SOLD, _BOUGHT = (Address(f"0x{number:040x}") for number in range(1, 5))
_DEPTH = 10**24


def warm() -> bool:
    """Solve a small order and two small baskets, with both methods; return whether kernels are compiled.

    Takes seconds where there is no cache yet, and well under one where there is.
    """
    pools = [
        _pool(n, ends) for n, ends in enumerate(((_SOLD, _HUB), (_HUB, _OTHER), (_OTHER, _BOUGHT)))
    ]
    propose(10**20, [Candidate(pool=pools[0], zero_for_one=True, gas_cost_out=1)])
    solve_basket(_problem(*pools))
    solve_basket(_problem(*pools, _pool(3, (_SOLD, _BOUGHT))))
    return best().is_compiled


def _pool(number: int, ends: tuple[Address, Address]) -> V2Pool:
    token0, token1 = sorted(ends)
    ref = PoolRef(
        address=Address(f"0x{number:040x}"),
        kind=PoolKind.V2,
        token0=token0,
        token1=token1,
        fee_pips=3000,
        tick_spacing=0,
        page=0,
        record=number,
    )
    return V2Pool(ref=ref, reserve0=_DEPTH, reserve1=_DEPTH)


def _problem(*pools: V2Pool) -> BasketProblem:
    return BasketProblem(
        hubs=(Hub(token=_HUB, amount=0), Hub(token=_OTHER, amount=0)),
        cash=_HUB,
        sales=(Sale(token=_SOLD, amount_in=10**20),),
        purchases=(Purchase(token=_BOUGHT, budget_usd=Decimal(100)),),
        pools=pools,
        usd_by_token=dict.fromkeys((_HUB, _OTHER, _SOLD, _BOUGHT), Decimal("1e-18")),
        gas=GasWei(leg_by_kind=dict.fromkeys(PoolKind, 10**14), tick=10**13),
        slippage_bps=Bps(50),
        max_loss_bps=Bps(500),
    )
