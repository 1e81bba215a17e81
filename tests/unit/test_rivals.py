"""Aggregators beside pools: what they are asked, and which orders they take over."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.cli.views_aggregators import filled_lines, offered_view
from agent.daemon.bargaining import Bargaining
from agent.domain.canonical import content_id, from_json, to_json
from agent.domain.fill import Fill
from agent.domain.offer import (
    Decline,
    Declined,
    FirmOffer,
    Offer,
    Offered,
    RouterCall,
    Service,
)
from agent.domain.order import Leg, RouterLeg
from agent.domain.plan import PlanInputs
from agent.domain.units import Address
from agent.planning.asking_routers import Reach, rivalry
from agent.planning.limits import breaches
from agent.planning.planner import normalised, plan, splits_of
from agent.rehearsal.firewall import Firewall
from tests.fakes import StillClock
from tests.routers import BOOK, FACTS, honest, router_of
from tests.worlds import world

INPUTS = normalised(world(coins=12))
ALONE = plan(INPUTS, proposal_id="")
LEGS = [leg for batch in ALONE.batches for leg in batch.legs]
ORDER = max(ALONE.orders, key=lambda order: order.notional_usd)
ELSEWHERE = Address("0x" + "5e" * 20)


def amount_out(order):
    return sum(leg.amount_out for leg in LEGS if leg.order_id == order.id)


def offer(  # noqa: PLR0913 - each keyword bends one thing
    order=ORDER, *, bps=10_100, share=1, pools=(ELSEWHERE,), named=True, service=Service.VELORA
):
    amount_in = order.amount_in // share
    return Offer(
        service=service,
        order_id=order.id,
        token_in=order.token_in.address,
        token_out=order.token_out.address,
        amount_in=amount_in,
        amount_out=amount_out(order) * bps // (10_000 * share),
        gas=200_000,
        sources=("somewhere",),
        pools=pools,
        names_all_pools=named,
    )


def firm(found, *, expires_at=2**33):
    data = honest(
        found.service,
        token_in=found.token_in,
        token_out=found.token_out,
        amount=found.amount_in,
        least=found.amount_out,
        taker=INPUTS.position.contract.address,
    )
    router = router_of(found.service)
    call = RouterCall(chain_id=1, router=router, allowance_target=router, data=data, value_wei=0)
    return FirmOffer(offer=found, call=call, expires_at=expires_at)


def offered(*offers):
    return Offered(offers=offers, firm=tuple(map(firm, offers)))


def planned(*offers):
    return plan(replace(INPUTS, offered=offered(*offers)), proposal_id="")


def legs_of(made, order=ORDER):
    return [leg for batch in made.batches for leg in batch.legs if leg.order_id == order.id]


def test_a_router_that_pays_more_takes_the_order():
    (leg,) = legs_of(planned(offer()))

    assert isinstance(leg, RouterLeg)
    assert (ORDER.amount_in, offer().amount_out) == (leg.amount_in, leg.amount_out)
    assert leg.amount_out * 9_950 // 10_000 >= leg.min_amount_out > leg.amount_out * 9_000 // 10_000


def test_a_router_that_pays_less_or_only_its_gas_more_does_not():
    assert all(isinstance(leg, Leg) for leg in legs_of(planned(offer(bps=9_999))))
    assert all(isinstance(leg, Leg) for leg in legs_of(planned(offer(bps=10_000))))


def test_a_router_may_take_a_part_and_leave_the_pools_the_rest():
    made = planned(offer(share=2, bps=10_300))
    routed, *kept = legs_of(made)

    assert isinstance(routed, RouterLeg)
    assert kept
    assert all(isinstance(leg, Leg) for leg in kept)
    assert ORDER.amount_in == sum(leg.amount_in for leg in (routed, *kept))
    assert sum(leg.amount_out for leg in (routed, *kept)) >= amount_out(ORDER)


def test_all_other_orders_stay_as_they_were():
    made = planned(offer())

    for order in ALONE.orders:
        if order.id != ORDER.id:
            before = [leg for leg in LEGS if leg.order_id == order.id]
            assert sorted(before, key=repr) == sorted(legs_of(made, order), key=repr)


def test_no_liquidity_is_counted_twice():
    used = next(leg.pool for leg in LEGS if leg.order_id != ORDER.id)

    assert all(isinstance(leg, Leg) for leg in legs_of(planned(offer(pools=(used,)))))


def test_a_route_that_names_no_pools_is_not_combined_with_pools_of_its_coin():
    part = planned(offer(share=2, bps=10_300, pools=(), named=False))

    assert all(isinstance(leg, Leg) for leg in legs_of(part))


def test_the_best_of_several_wins_and_the_others_are_told():
    made = planned(offer(bps=10_100), offer(bps=10_200, service=Service.KYBERSWAP))
    (leg,) = legs_of(made)
    told = {q.venue: q for q in made.quotes if q.order_id == ORDER.id and q.venue in set(Service)}

    assert leg.venue == Service.KYBERSWAP
    assert told[Service.KYBERSWAP].verdict == "taken"
    assert told[Service.VELORA].taken_amount_in == 0


def test_an_offer_that_is_not_firm_takes_nothing():
    made = plan(replace(INPUTS, offered=Offered(offers=(offer(),))), proposal_id="")

    assert all(isinstance(leg, Leg) for leg in legs_of(made))


def test_a_plan_with_routers_is_the_same_again_from_its_record():
    inputs = normalised(replace(INPUTS, offered=offered(offer(), offer(share=2, bps=10_300))))
    made = plan(inputs, proposal_id="")
    recorded = from_json(PlanInputs, to_json(inputs))
    again = plan(recorded, proposal_id="", proposed_splits=splits_of(made))

    assert content_id(made) == content_id(again)
    assert any(isinstance(leg, RouterLeg) for leg in legs_of(again))


def test_the_order_of_answers_changes_nothing():
    one, two = offer(), offer(bps=10_200, service=Service.KYBERSWAP)

    assert content_id(planned(one, two)) == content_id(planned(two, one))


def test_a_plan_with_routers_keeps_the_policy():
    inputs = replace(INPUTS, offered=offered(offer()))

    assert breaches(plan(inputs, proposal_id=""), inputs) == breaches(ALONE, INPUTS)


def test_whole_orders_are_asked_for_first_and_those_that_lose_most_before_others():
    asks = rivalry(INPUTS, ALONE).ladder(Reach(sizes=3, orders=4))
    lost = {
        order.id: sum(g.mid_amount_out - g.amount_out for g in LEGS if g.order_id == order.id)
        for order in ALONE.orders
    }
    orders = [ask.order_id for ask in asks[: len(asks) // 3]]

    assert len(asks) == 3 * len(orders) <= 12
    assert orders == [ask.order_id for ask in asks[len(orders) : 2 * len(orders)]]
    assert all(lost[order_id] > 0 for order_id in orders)
    by_id = {order.id: order for order in ALONE.orders}
    assert all(ask.amount_in == by_id[ask.order_id].amount_in for ask in asks[: len(orders)])


def test_finalists_gain_and_are_of_different_services():
    found = rivalry(INPUTS, ALONE).finalists(
        [offer(), offer(bps=10_050), offer(service=Service.ODOS, bps=9_000)]
    )

    assert [Service.VELORA] == [service for service, _ in found]
    assert found[0][1].amount_in == ORDER.amount_in


class Quoting:
    """Aggregators that offer a percent more for whole orders, with honest or with other calls."""

    def __init__(self, bend=lambda found: found):
        self.bend = bend

    def fetch_offers(self, asks):
        orders = {order.id: order for order in ALONE.orders}
        whole = [ask for ask in asks if ask.amount_in == orders[ask.order_id].amount_in]
        late = [
            Declined(
                service=Service.ODOS, order_id=ask.order_id, amount_in=ask.amount_in,
                why=Decline.TOO_LATE, detail="",
            )
            for ask in asks
        ]  # fmt: skip
        return (*(offer(orders[ask.order_id]) for ask in whole), *late)

    def fetch_firm(self, asks):
        orders = {order.id: order for order in ALONE.orders}
        return tuple(self.bend(firm(offer(orders[ask.order_id]))) for _, ask in asks)


class Guarding:
    def firewall(self, block):
        return Firewall(book=BOOK, facts=FACTS, now=block.timestamp)


def bargained(aggregators):
    clock = StillClock(datetime.fromtimestamp(INPUTS.position.block.timestamp, UTC))
    bargaining = Bargaining(
        aggregators=aggregators, guard=Guarding(), reach=Reach(sizes=2, orders=3), clock=clock
    )
    return bargaining.bargained(INPUTS, lambda inputs: plan(inputs, proposal_id=""))


def test_what_is_offered_becomes_part_of_the_inputs():
    inputs = bargained(Quoting())
    made = plan(inputs, proposal_id="")

    assert inputs.offered.firm
    assert any(isinstance(leg, RouterLeg) for batch in made.batches for leg in batch.legs)


@pytest.mark.parametrize(
    "bend",
    [
        lambda f: replace(f, expires_at=0),
        lambda f: replace(f, call=replace(f.call, value_wei=1)),
        lambda f: replace(f, call=replace(f.call, data=f.call.data[:-1])),
    ],
)
def test_what_the_firewall_refuses_is_told_and_not_planned_with(bend):
    inputs = bargained(Quoting(bend))

    assert not inputs.offered.firm
    assert Decline.UNSAFE in {declined.why for declined in inputs.offered.declined}
    assert ALONE.batches == plan(inputs, proposal_id="").batches


def test_people_see_what_each_service_quoted_won_and_filled():
    inputs = bargained(Quoting())
    made = plan(inputs, proposal_id="")
    legs = [leg for batch in made.batches for leg in batch.legs if isinstance(leg, RouterLeg)]
    fills = [
        Fill(
            order_id=leg.order_id, batch_index=0, leg_index=0, pool=leg.router,
            token_in=leg.token_in, token_out=leg.token_out, amount_in=leg.amount_in,
            amount_out=leg.amount_out, planned_amount_out=leg.amount_out, realised_slippage_bps=0,
        )
        for leg in legs
    ]  # fmt: skip
    (line,) = filled_lines(made, fills)

    assert f"velora: filled {len(legs)} of {len(legs)} legs" in line
    assert offered_view(inputs.offered, made).renderables
    assert not offered_view(Offered(), made).renderables
