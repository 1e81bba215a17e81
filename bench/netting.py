"""A basket planned at once beside the same orders token by token, both executed on a fork of the twin.

Run from the root of the repository: `python -m bench.netting [SEEDS]`. Half of the coins are sold for
the other half. Token by token means that every order is split and routed as well as it can be on its
own, gas counted, over the same pools as the orders before have left them, into the currency in which
all are settled: USDC, or WETH. What counts is what is left at fair prices, gas paid from the receipts.
Exits with 1 when a leg is not to the wei, or a basket is worse at once.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean

from agent.domain.pool import PoolKind
from agent.domain.units import Address, Bps
from agent.planning.gas_tables import OSAKA
from agent.planning.optimum.basket import solve_basket
from agent.planning.optimum.problem import (
    BasketLeg,
    BasketProblem,
    GasWei,
    Hub,
    Purchase,
    Sale,
)
from anvil.addresses import USDC, WETH
from bench.basket_ground import HUBS, WEI_PER_GAS, Executed, Ground, ground
from bench.timing import verdict
from tests.baskets import order_by_order

SIZES = (20, 100, 200)
NOTIONALS = (1_000_000, 10_000_000)
TARGET_BPS = 5
TARGET_SIZE = 100
BPS = 10_000
GAS = GasWei(
    leg_by_kind={kind: OSAKA.leg(kind, 0) * WEI_PER_GAS for kind in PoolKind},
    tick=OSAKA.tick * WEI_PER_GAS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """Coins to be sold, in base units, and shares of the proceeds for the coins to be bought."""

    sold: Mapping[Address, int]
    bought: Mapping[Address, Decimal]


def seeded(on: Ground, seed: int, *, tokens: int, usd: int) -> Basket:
    """Return random coins, half of them sold; sizes go with their pools' room, and chance.

    What the pools cannot take at all is left out, for everybody.
    """
    rng = random.Random(seed)
    known = [coin for coin in on.coins if not is_dollar(on, coin)]
    coins = rng.sample(known, min(tokens, len(known)))
    size = {coin: float(on.room_usd[coin]) * rng.uniform(0.3, 1.7) for coin in coins}
    while True:
        basket = _basket(on, coins, size, usd)
        found = solve_basket(problem(on, basket))
        if not found.unplaced:
            return basket
        gone = {order.token for order in found.unplaced}
        coins = [coin for coin in coins if coin not in gone]


def is_dollar(on: Ground, coin: Address) -> bool:
    return abs(on.usd[coin].scaleb(on.tokens[coin].decimals) - 1) < Decimal("0.03")


def _basket(
    on: Ground, coins: Sequence[Address], size: Mapping[Address, float], usd: int
) -> Basket:
    half = len(coins) // 2
    sold, bought = coins[:half], coins[half:]
    whole_sold, whole_bought = (sum(size[coin] for coin in part) for part in (sold, bought))
    return Basket(
        sold={c: int(Decimal(usd * size[c] / whole_sold) / on.usd[c]) for c in sold},
        bought={c: Decimal(size[c] / whole_bought) for c in bought},
    )


def problem(on: Ground, basket: Basket) -> BasketProblem:
    """Return the basket over all pools, without slippage: what a block later executes is exact."""
    return BasketProblem(
        hubs=tuple(Hub(token=Address(hub), amount=0) for hub in HUBS),
        cash=Address(USDC),
        sales=tuple(Sale(token=coin, amount_in=amount) for coin, amount in basket.sold.items()),
        purchases=tuple(
            Purchase(token=coin, budget_usd=share) for coin, share in basket.bought.items()
        ),
        pools=tuple(on.states.values()),
        usd_by_token=on.usd,
        gas=GAS,
        slippage_bps=Bps(0),
        max_loss_bps=Bps(BPS),
    )


def at_once(on: Ground, basket: Basket) -> tuple[BasketLeg, ...]:
    found = solve_basket(problem(on, basket))
    assert not found.unplaced, found.unplaced  # noqa: S101 - all is wanted, or it is no comparison
    return found.legs


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One basket three ways, all executed."""

    joint: Executed
    by_currency: Mapping[str, Executed]
    usd: int

    @property
    def gain_bps(self) -> float:
        """What planning at once saves against the better baseline, in bps of the notional."""
        better = min(each.cost_usd for each in self.by_currency.values())
        return float((better - self.joint.cost_usd) / self.usd * BPS)

    @property
    def differences(self) -> int:
        return self.joint.differences + sum(e.differences for e in self.by_currency.values())


def compared(on: Ground, basket: Basket, usd: int) -> Compared:
    currencies = {"USDC": Address(USDC), "WETH": Address(WETH)}
    return Compared(
        joint=on.executed(on.legs(at_once(on, basket)), basket.sold),
        by_currency={
            name: on.executed(
                on.legs(tuple(order_by_order(problem(on, basket), token))), basket.sold
            )
            for name, token in currencies.items()
        },
        usd=usd,
    )


def cost(found: Executed, usd: int) -> str:
    return (
        f"{float(found.cost_usd / usd * BPS):7.2f} ({found.legs:3} legs, gas ${found.gas_usd:6.2f})"
    )


def main() -> int:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    every: list[Compared] = []
    with ground() as on:
        print(
            f"{len(on.states)} pools, {len(on.coins)} coins, gas at {WEI_PER_GAS / 10**9:.0f} gwei"
        )
        print("cost in bps of the notional: planned at once; token by token in USDC; in WETH")
        for tokens in SIZES:
            for usd in NOTIONALS:
                found = list(_group(on, tokens, usd, seeds))
                gain = mean(one.gain_bps for one in found)
                print(f"  mean gain over the better baseline {gain:.2f} bps")
                if tokens == TARGET_SIZE:
                    what = f"{tokens} coins, ${usd:,}: {gain:.2f} bps, at least {TARGET_BPS}"
                    verdict(what, holds=gain >= TARGET_BPS)
                every += found
    differences = sum(one.differences for one in every)
    held = [
        verdict(f"{differences} legs not to the wei", holds=differences == 0),
        verdict("no basket is worse at once", holds=min(one.gain_bps for one in every) >= 0),
    ]
    return 0 if all(held) else 1


def _group(on: Ground, tokens: int, usd: int, seeds: int) -> Iterator[Compared]:
    for seed in range(seeds):
        one = compared(on, seeded(on, seed, tokens=tokens, usd=usd), usd)
        ways = (one.joint, *one.by_currency.values())
        print(
            f"{min(tokens, len(on.coins)):4} coins ${usd:>10,} seed {seed}: "
            + "  ".join(cost(way, usd) for way in ways)
            + f"  gain {one.gain_bps:6.2f} bps"
        )
        yield one


if __name__ == "__main__":
    sys.exit(main())
