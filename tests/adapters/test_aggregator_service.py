"""How aggregators are called: paced, behind a breaker, within a deadline, and without harm to the cycle."""

import json
import threading
from dataclasses import replace

import httpx
import pytest
from pydantic import SecretStr

from agent.adapters.aggregators.exchange import MAX_BODY_BYTES, new_client
from agent.adapters.aggregators.known import LIMITS
from agent.adapters.aggregators.panel import Panel
from agent.adapters.aggregators.restraint import Breaker, Limits, Pace
from agent.adapters.aggregators.service import Deadline
from agent.domain.offer import Decline, Declined, Offer, Service
from tests.offers import ASK, KEY, Script, Time, asked, body, ends, honest_offer, remote

GOOD = body("kyberswap-routes")


def kyber(*answers, ask=ASK):
    return asked(Service.KYBERSWAP, *answers, ask=ask)


def test_a_passing_failure_is_tried_once_more():
    assert isinstance(kyber(httpx.Response(503), GOOD), Offer)
    assert isinstance(kyber(httpx.ConnectError("no"), GOOD), Offer)


def test_a_lasting_failure_is_told():
    found = kyber(httpx.Response(502, content=b"<html>"), httpx.Response(502))

    assert (Decline.UNREACHABLE, "HTTP status 502") == (found.why, found.detail)


@pytest.mark.parametrize(
    ("status", "why"),
    [(401, Decline.UNAUTHORISED), (403, Decline.UNAUTHORISED), (429, Decline.LIMITED)],
)
def test_what_another_try_would_not_mend_is_not_tried_again(status, why):
    found = kyber(httpx.Response(status, content=b"<html>no</html>"))

    assert why is found.why
    assert str(status) in found.detail


def test_a_redirect_is_not_followed():
    found = kyber(httpx.Response(302, headers={"location": "https://elsewhere.example/"}))

    assert (Decline.UNREACHABLE, "it redirects elsewhere") == (found.why, found.detail)


def test_a_body_without_end_is_cut():
    found = kyber(httpx.Response(200, content=b" " * (MAX_BODY_BYTES + 1)))

    assert Decline.UNREACHABLE is found.why
    assert str(MAX_BODY_BYTES) in found.detail


def test_a_pace_lets_a_burst_through_and_spaces_the_rest():
    time = Time()
    pace = Pace(replace(LIMITS[Service.KYBERSWAP], calls_per_s=2, burst=2), monotonic=time)
    time.now += 10

    assert [0, 0, 0.5, 1.0] == [pace.reserve() for _ in range(4)]


def test_over_the_limit_the_pace_backs_off():
    time = Time()
    service = remote(Service.KYBERSWAP, Script([httpx.Response(429), GOOD]), time)
    began = time.now
    service.fetch_offer(ASK, ends=ends(time))
    service.fetch_offer(ASK, ends=ends(time))

    assert time.now - began >= 2


def test_nothing_is_asked_that_its_pace_would_make_too_late():
    time = Time()
    script = Script([GOOD, GOOD])
    service = remote(Service.ODOS, script, time)
    service.pace.reserve()
    service.pace.reserve()
    found = service.fetch_offer(ASK, ends=ends(time, 0.5))

    assert Decline.TOO_LATE is found.why
    assert not script.seen


def test_a_service_that_keeps_failing_is_left_alone_and_tried_again_later():
    time = Time()
    breaker = Breaker(threshold=2, rest_s=60, monotonic=time)
    script = Script([httpx.Response(401), httpx.Response(401), httpx.Response(401), GOOD, GOOD])
    service = remote(Service.KYBERSWAP, script, time, breaker)
    answers = [service.fetch_offer(ASK, ends=ends(time)) for _ in range(3)]

    assert Decline.RESTING is answers[2].why
    assert len(script.seen) == 2

    time.now += 61
    assert service.fetch_offer(ASK, ends=ends(time)).why is Decline.UNAUTHORISED
    assert service.fetch_offer(ASK, ends=ends(time)).why is Decline.RESTING
    time.now += 61
    assert isinstance(service.fetch_offer(ASK, ends=ends(time)), Offer)
    assert isinstance(service.fetch_offer(ASK, ends=ends(time)), Offer)


def test_a_missing_route_says_nothing_against_a_service():
    time = Time()
    breaker = Breaker(threshold=1, monotonic=time)
    missing = httpx.Response(400, content=json.dumps(body("kyberswap-error-4008")).encode())
    service = remote(Service.KYBERSWAP, Script([missing, GOOD]), time, breaker)

    assert service.fetch_offer(ASK, ends=ends(time)).why is Decline.NO_ROUTE
    assert isinstance(service.fetch_offer(ASK, ends=ends(time)), Offer)


def test_a_body_that_makes_no_sense_counts_as_a_failure():
    time = Time()
    breaker = Breaker(threshold=1, monotonic=time)
    service = remote(
        Service.KYBERSWAP, Script([httpx.Response(200, content=b"<html>")]), time, breaker
    )

    assert service.fetch_offer(ASK, ends=ends(time)).why is Decline.MALFORMED
    assert service.fetch_offer(ASK, ends=ends(time)).why is Decline.RESTING


def test_clients_speak_http_2_and_follow_no_redirect():
    client = new_client()

    assert not client.follow_redirects
    assert client._transport._pool._http2  # noqa: SLF001 - httpx shows it nowhere else


def answering(service):
    """Return a handler that answers any ask of a service as if it were the recorded one."""
    answer = json.dumps(honest_offer(service)[0]).encode()
    return lambda _: httpx.Response(200, content=answer)


def panel(*services, time=None):
    time = time or Time()
    return Panel(services, deadline_s=60, monotonic=time)


def test_a_ladder_brings_every_service_s_answer_to_every_ask():
    time = Time()
    services = [remote(name, answering(name), time) for name in Service]
    asks = [ASK, replace(ASK, order_id="sell:other")]
    answers = panel(*services, time=time).fetch_offers(asks)

    assert len(answers) == 2 * len(Service)
    assert all(isinstance(answer, Offer) for answer in answers), answers
    assert {(n, a.order_id) for n in Service for a in asks} == {
        (answer.service, answer.order_id) for answer in answers
    }


def test_a_dead_service_costs_its_offers_and_no_others():
    time = Time()

    def dead(_):
        raise httpx.ConnectTimeout("no")

    services = [
        remote(Service.ODOS, dead, time),
        remote(Service.VELORA, answering(Service.VELORA), time),
    ]
    answers = panel(*services, time=time).fetch_offers([ASK] * 6)

    odos = [a.why for a in answers if a.service is Service.ODOS]
    assert all(isinstance(a, Offer) for a in answers if a.service is Service.VELORA)
    assert set(odos) <= {Decline.UNREACHABLE, Decline.RESTING, Decline.TOO_LATE}
    assert Decline.RESTING in odos


def test_a_service_that_hangs_does_not_hold_the_ladder():
    release = threading.Event()

    def hanging(_):
        release.wait(30)
        return httpx.Response(503)

    service = remote(Service.KYBERSWAP, hanging)
    service = replace(service, now=Time(), pace=Pace(LIMITS[Service.KYBERSWAP]))
    found = Panel([service], deadline_s=0.2).fetch_offers([ASK])
    release.set()

    assert [Decline.TOO_LATE] == [a.why for a in found]


def test_scarce_calls_go_to_the_first_asks():
    time = Time()
    scarce = replace(
        remote(Service.ODOS, answering(Service.ODOS), time),
        limits=replace(LIMITS[Service.ODOS], calls_per_ladder=2),
    )
    asks = [replace(ASK, order_id=str(i)) for i in range(4)]
    answers = panel(scarce, time=time).fetch_offers(asks)

    assert ["0", "1"] == [a.order_id for a in answers if isinstance(a, Offer)]
    assert ["2", "3"] == [a.order_id for a in answers if isinstance(a, Declined)]


def test_no_service_is_asked_without_asks():
    assert panel().fetch_offers([ASK]) == ()
    assert panel(remote(Service.ODOS, answering(Service.ODOS))).fetch_offers([]) == ()


def test_a_key_is_no_part_of_what_a_service_shows():
    service = remote(Service.ZEROX, answering(Service.ZEROX))

    assert SecretStr(KEY) == service.key
    assert KEY not in repr(service)


def test_deadlines_run_out():
    time = Time()
    deadline = Deadline.after(5, monotonic=time)
    time.now += 6

    assert deadline.left_s() == -1


def test_limits_of_every_service_are_stated():
    assert set(LIMITS) == set(Service)
    assert all(isinstance(limits, Limits) and limits.lifetime_s <= 60 for limits in LIMITS.values())
