"""Why each coin is bought, sold, kept, skipped or left out: one sentence with numbers, from what is on record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from agent.domain.order import Order, Side, SkippedOrder
from agent.domain.plan import PlanInputs
from agent.domain.portfolio import Basket, LeftOut
from agent.domain.signal import Regime
from agent.domain.units import Ppm
from agent.planning.drafting import opened
from agent.planning.money import CENT, ZERO, reckoned
from agent.planning.normal import normalised
from agent.planning.splits import coins_of
from agent.planning.standing import Stand

PPM_PER_PERCENT = 10_000


class Verdict(StrEnum):
    """What becomes of a coin in a cycle."""

    BOUGHT = "bought"
    SOLD = "sold"
    KEPT = "kept"
    SKIPPED = "skipped"
    QUARANTINED = "quarantined"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinReason:
    """What becomes of a coin and why, in a sentence."""

    coin_id: str
    verdict: Verdict
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a proposal or a plan decided: the parts that explaining needs of either."""

    basket: Basket
    orders: tuple[Order, ...]
    skipped: tuple[SkippedOrder, ...]


@reckoned
def explained(inputs: PlanInputs, decided: Decided) -> tuple[CoinReason, ...]:
    """Return the reason of every coin that is held, wanted or ranked in the index, most traded first."""
    inputs = normalised(inputs)
    opening = opened(inputs)
    teller = _Teller(inputs, decided)
    reasons = [teller.of_stand(stand) for stand in opening.standing.stands]
    reasons += [teller.of_left_out(out) for out in decided.basket.left_out]
    reasons += list(teller.of_unpriced({reason.coin_id for reason in reasons}))
    return tuple(sorted(_once(reasons), key=lambda r: (list(Verdict).index(r.verdict), r.coin_id)))


def _once(reasons: list[CoinReason]) -> list[CoinReason]:
    """Return one reason for each coin; what is done with a holding says more than that it is left out."""
    by_coin: dict[str, CoinReason] = {}
    for reason in reasons:
        first = by_coin.setdefault(reason.coin_id, reason)
        if first is not reason:
            sentence = f"{first.sentence}; {reason.sentence}"
            is_out = reason.verdict is Verdict.QUARANTINED
            verdict = reason.verdict if is_out else first.verdict
            by_coin[reason.coin_id] = CoinReason(
                coin_id=reason.coin_id, verdict=verdict, sentence=sentence
            )
    return list(by_coin.values())


class _Teller:
    """Finds words for what was decided."""

    def __init__(self, inputs: PlanInputs, decided: Decided) -> None:
        self._inputs = inputs
        self._orders: dict[str, list[Order]] = {}
        for order in decided.orders:
            for coin in coins_of(order):
                self._orders.setdefault(coin, []).append(order)
        self._skipped: Mapping[str, SkippedOrder] = {s.coin_id: s for s in decided.skipped}
        self._is_out = inputs.stance.regime is Regime.BEARISH

    def of_stand(self, stand: Stand) -> CoinReason:
        orders = self._orders.get(stand.coin_id, [])
        if orders:
            verdict = Verdict.SOLD if self._sells(stand.coin_id, orders) else Verdict.BOUGHT
            return self._reason(stand.coin_id, verdict, self._traded(stand, orders))
        skip = self._skipped.get(stand.coin_id)
        if skip is None:
            return self._reason(stand.coin_id, Verdict.KEPT, f"{_stand(stand)}: nothing to do")
        is_kept = skip.reason.startswith("within its drift band")
        verdict = Verdict.KEPT if is_kept else Verdict.SKIPPED
        return self._reason(stand.coin_id, verdict, f"{_stand(stand)}: {skip.reason}")

    def _sells(self, coin: str, orders: list[Order]) -> bool:
        return orders[0].side is Side.SELL and orders[0].coin_id == coin

    def _traded(self, stand: Stand, orders: list[Order]) -> str:
        usd = sum((order.notional_usd for order in orders), start=ZERO)
        verb = "sold for" if self._sells(stand.coin_id, orders) else "bought for"
        return f"{_stand(stand)}: {verb} {_usd(usd)}, {self._why(stand)}"

    def _why(self, stand: Stand) -> str:
        if self._is_out:
            return f"since the stance is bearish: {self._inputs.stance.why}"
        if not stand.is_target:
            return "since it is not in the index"
        if abs(stand.drift_ppm) <= stand.band_ppm:
            if not stand.amount:
                return f"since it enters the index at rank {stand.rank}"
            return f"inside its band of {_percent(stand.band_ppm)}, to balance what others need"
        kept = f", and {_usd(stand.keep_usd)} of the drift are left" if stand.keep_usd else ""
        return f"since the drift is beyond its band of {_percent(stand.band_ppm)}{kept}"

    def of_left_out(self, out: LeftOut) -> CoinReason:
        is_quarantined = out.reason.startswith(("quarantined", "on hold"))
        verdict = Verdict.QUARANTINED if is_quarantined else Verdict.LEFT_OUT
        share = (
            f"rank {out.rank}, {_percent(out.share_ppm)} of the index"
            if out.rank
            else "held in a bear market"
        )
        return self._reason(out.coin_id, verdict, f"{share}: {out.reason}")

    def of_unpriced(self, told: set[str]) -> Iterator[CoinReason]:
        for coin, skip in self._skipped.items():
            if coin not in told:
                yield self._reason(coin, Verdict.SKIPPED, skip.reason)

    @staticmethod
    def _reason(coin: str, verdict: Verdict, sentence: str) -> CoinReason:
        return CoinReason(coin_id=coin, verdict=verdict, sentence=sentence)


def _stand(stand: Stand) -> str:
    if not stand.is_target:
        return f"{_usd(stand.held_usd)} held, none wanted"
    held, wanted = _usd(stand.held_usd), _usd(stand.target_usd)
    return f"{held} held, {wanted} wanted (drift {_percent(stand.drift_ppm)} of the portfolio)"


def _usd(usd: Decimal) -> str:
    return f"${usd.quantize(CENT):,}"


def _percent(ppm: Ppm | int) -> str:
    return f"{Decimal(ppm) / PPM_PER_PERCENT:.3f} %"


def trigger(cycle_id: str, *, portfolio: str, cron: str) -> str:
    """Return the rule that began a cycle, told from its id."""
    if cycle_id.endswith("-out"):
        return "the stance turned bearish, or somebody commanded the exit: at once, off schedule"
    if cycle_id.endswith("-in"):
        return "the stance turned bullish again, or somebody commanded it: at once, off schedule"
    return f"the schedule of {portfolio}: cron {cron} (UTC)"
