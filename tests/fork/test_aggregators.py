"""Aggregators on the forked twin: honest calls of every service execute, lying ones never pass the gate."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from pydantic import SecretStr

from agent.adapters.aggregators.exchange import new_client
from agent.adapters.aggregators.known import LIMITS, WIRES
from agent.adapters.aggregators.restraint import Breaker, Pace
from agent.adapters.aggregators.service import Deadline, RemoteService
from agent.adapters.router_book import RouterReader, bundled_router_book
from agent.adapters.rpc import Rpc
from agent.adapters.simulator_fork import ForkSimulator
from agent.bootstrap.aggregators import RouterGuard
from agent.domain.canonical import content_id
from agent.domain.intent import FeeCap
from agent.domain.offer import Ask, Decline, Declined, FirmOffer, Service
from agent.domain.units import Bps
from agent.errors import RehearsalMismatchError
from agent.execution.prepared import open_batches
from agent.rehearsal.firewall import leg_of
from agent.rehearsal.gate import Gate
from anvil.abi import call_data
from anvil.aggregators.desk import Mode
from anvil.aggregators.pricing import Market
from anvil.aggregators.server import KEY, Emulator, emulator
from anvil.aggregators.standing import stand_in
from anvil.calls import transact
from anvil.discovery import FoundPool
from tests.fakes import FakeLedger
from tests.fork.stands import KNOWN, UNI, WETH, Stand, stand_on
from tests.fork.vaults import OWNER

pytestmark = pytest.mark.fork

FEES = FeeCap(max_fee_per_gas=30 * 10**9, max_priority_fee_per_gas=10**9)
LIES_EACH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A stand whose vault allows the stand-ins of all routers, and a market of its pools."""

    stand: Stand
    market: Market
    guard: RouterGuard

    def firm(self, running: Emulator, service: Service, *, key: str = KEY) -> FirmOffer | Declined:
        url = running.url(service)
        with new_client(url) as client:
            remote = RemoteService(
                wire=WIRES[service],
                client=client,
                base_url=SecretStr(url),
                limits=LIMITS[service],
                pace=Pace(LIMITS[service]),
                breaker=Breaker(),
                key=SecretStr(key),
            )
            return remote.fetch_firm(self.ask(), ends=Deadline.after(20))

    def ask(self) -> Ask:
        return Ask(
            order_id="UNI:WETH", token_in=UNI, token_out=WETH, amount_in=100 * 10**18,
            taker=self.stand.vault, origin=self.stand.signer.address, slippage_bps=Bps(50),
            gas_price_wei=10**9,
        )  # fmt: skip

    def rehearse(self, firm: FirmOffer):
        leg = leg_of(firm, self.ask(), mid_amount_out=firm.offer.amount_out)
        plan = self.stand.plan((leg,))
        prepared = open_batches(FakeLedger(), plan, plan_id=content_id(plan))
        simulator = ForkSimulator(self.stand.rpc)
        gate = Gate(simulator=simulator, known=KNOWN, guard=self.guard)
        return gate.rehearse(plan, prepared, fee_cap=FEES, block=plan.block)


@pytest.fixture
def bench(fork):
    with Rpc(SecretStr(fork.url)) as rpc:
        stand = stand_on(fork, rpc)
        hashes = stand_in(fork)
        for router in hashes:
            allow = call_data("setRouter(address,bool)", router, True)  # noqa: FBT003
            transact(fork, OWNER, stand.vault, allow)
        pools = [
            FoundPool(
                address=pool["address"], kind=pool["kind"], token=pool["token0"],
                hub=pool["token1"], fee_pips=pool["fee_pips"], hub_amount=1, hub_per_token=Decimal(1),
            )
            for pool in stand.pools
        ]  # fmt: skip
        guard = RouterGuard(
            book=bundled_router_book(1, hashes),
            reader=RouterReader(rpc=rpc, contract=stand.vault),
        )
        yield Bench(stand=stand, market=Market(fork, pools, (WETH.address,)), guard=guard)


def test_honest_calls_of_every_service_do_what_they_were_quoted_for(bench):
    with emulator(bench.market).running() as running:
        for service in Service:
            firm = bench.firm(running, service)
            assert isinstance(firm, FirmOffer), firm
            (rehearsed,) = bench.rehearse(firm)

            assert firm.offer.amount_out == rehearsed.deltas[WETH.address], service
            assert rehearsed.deltas[UNI.address] == -bench.ask().amount_in


def test_no_lie_of_any_service_passes_firewall_and_rehearsal(bench):
    refused = []
    modes = dict.fromkeys(Service, Mode.HOSTILE)
    with emulator(bench.market, modes).running() as running:
        for service in Service:
            for _ in range(LIES_EACH):
                firm = bench.firm(running, service)
                if isinstance(firm, Declined):
                    refused.append(firm.why)
                    continue
                with pytest.raises(RehearsalMismatchError) as caught:
                    bench.rehearse(firm)
                refused.append(caught.value.what)

    assert len(refused) == LIES_EACH * len(Service)
    assert len(set(refused)) > 2


def test_keys_limits_and_failures_are_those_of_the_services(bench):
    modes = {Service.ODOS: Mode.LIMITED, Service.VELORA: Mode.FLAKY}
    with emulator(bench.market, modes).running() as running:
        assert bench.firm(running, Service.ZEROX, key="wrong").why is Decline.UNAUTHORISED
        assert bench.firm(running, Service.ODOS).why is Decline.LIMITED
        assert bench.firm(running, Service.VELORA).why is Decline.UNREACHABLE


def test_a_router_whose_code_changed_under_us_is_not_called(bench):
    with emulator(bench.market).running() as running:
        firm = bench.firm(running, Service.KYBERSWAP)
    bench.stand.node.rpc("anvil_setCode", firm.call.router, "0x6001")

    with pytest.raises(RehearsalMismatchError, match="pinned is"):
        bench.rehearse(firm)
