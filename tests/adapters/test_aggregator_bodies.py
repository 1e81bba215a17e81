"""Wire formats of aggregators: every recorded body, and what is refused, with its path."""

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from agent.domain.offer import Decline, Declined, FirmOffer, Offer, Service
from agent.domain.units import ZERO_ADDRESS, Bps
from tests.offers import (
    ASK,
    BODIES,
    KEY,
    ORIGIN,
    TAKER,
    USDC,
    WETH,
    Script,
    Time,
    asked,
    body,
    ends,
    honest_firm,
    honest_offer,
    odos_assembled,
    odos_quote,
    remote,
)

AMOUNTS = {
    Service.ZEROX: 1998412377,
    Service.ONEINCH: 1998201373,
    Service.VELORA: 1998314377,
    Service.KYBERSWAP: 1998372377,
    Service.ODOS: 1998000000,
    Service.OPENOCEAN: 1998107377,
}
ROUTERS = {
    Service.ZEROX: "0x0000000000001fF3684f28c67538d4D072C22734",
    Service.ONEINCH: "0x111111125421cA6dc452d289314280a0f8842A65",
    Service.VELORA: "0x6A000F20005980200259B80c5102003040001068",
    Service.KYBERSWAP: "0x6131B5fae19EA4f9D964eAc0408E4408b66337b5",
    Service.ODOS: "0x0D05a7D3448512B78fa8A9e46c4872C88C4a0D05",
    Service.OPENOCEAN: "0x6352a56caadC4F1E25CD6c75970Fa768A3304e64",
}
EVERY = pytest.mark.parametrize("service", list(Service))


@EVERY
def test_an_honest_offer_is_read(service):
    offer = asked(service, *honest_offer(service))

    assert isinstance(offer, Offer), offer
    assert AMOUNTS[service] == offer.amount_out
    assert (service, WETH.address, USDC.address, 10**18) == (
        offer.service,
        offer.token_in,
        offer.token_out,
        offer.amount_in,
    )


@EVERY
def test_an_honest_firm_offer_is_read(service):
    found = asked(service, *honest_firm(service), is_firm=True)

    assert isinstance(found, FirmOffer), found
    assert ROUTERS[service] == found.call.router == found.call.allowance_target
    assert AMOUNTS[service] == found.offer.amount_out
    assert found.call.value_wei == 0
    assert found.call.data
    assert found.expires_at > Time().now


def test_routes_name_their_sources_and_pools():
    velora = asked(Service.VELORA, *honest_offer(Service.VELORA))
    kyber = asked(Service.KYBERSWAP, *honest_offer(Service.KYBERSWAP))
    zerox = asked(Service.ZEROX, *honest_offer(Service.ZEROX))

    assert velora.sources == ("UniswapV3", "CurveV1StableNg")
    assert "0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640" in velora.pools
    assert velora.names_all_pools
    assert velora.pools[0] == kyber.pools[0]
    assert (zerox.pools, zerox.names_all_pools) == ((), False)


SLIPPAGES = {
    Service.ZEROX: "slippageBps=50",
    Service.ONEINCH: "slippage=0.5",
    Service.VELORA: '"slippage": 50',
    Service.KYBERSWAP: '"slippageTolerance": 50',
    Service.ODOS: '"slippageLimitPercent": 0.5}',
    Service.OPENOCEAN: "slippage=0.5",
}


@EVERY
def test_slippage_goes_out_in_the_units_of_the_service(service):
    time, script = Time(), Script(honest_firm(service))
    remote(service, script, time).fetch_firm(ASK, ends=ends(time))
    sent = " ".join(f"{r.url} {r.content.decode()}" for r in script.seen)

    assert SLIPPAGES[service] in sent
    assert "slippageTolerance=" not in sent


@pytest.mark.parametrize(("bps", "text"), [(1, "0.01"), (50, "0.5"), (100, "1"), (1000, "10")])
def test_percent_is_exact(bps, text):
    time, script = Time(), Script(honest_firm(Service.ONEINCH))
    ask = replace(ASK, slippage_bps=Bps(bps))
    remote(Service.ONEINCH, script, time).fetch_firm(ask, ends=ends(time))

    assert [text] == parse_qs(urlsplit(str(script.seen[0].url)).query)["slippage"]


PLACEHOLDERS = dict.fromkeys(Service, "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE") | {
    Service.ODOS: ZERO_ADDRESS
}


@EVERY
def test_native_ether_goes_out_as_the_service_calls_it(service):
    time, script = Time(), Script([httpx.Response(500)] * 2)
    ether = replace(WETH, address=ZERO_ADDRESS)
    remote(service, script, time).fetch_offer(replace(ASK, token_in=ether), ends=ends(time))
    sent = f"{script.seen[0].url} {script.seen[0].content.decode()}"

    assert PLACEHOLDERS[service] in sent
    assert WETH.address not in sent


def test_signed_routes_go_back_word_for_word():
    raw = json.dumps(body("velora-prices"), indent=3).replace(
        '"partnerFee": 0', '"partnerFee": 0.10'
    )
    time = Time()
    script = Script([httpx.Response(200, content=raw.encode()), body("velora-transactions")])
    remote(Service.VELORA, script, time).fetch_firm(ASK, ends=ends(time))
    sent = script.seen[1].content.decode()

    assert raw[raw.index(":") + 1 : raw.rindex("}")].strip() in sent
    assert json.loads(sent)["slippage"] == 50


@EVERY
def test_taker_and_origin_are_told(service):
    time, script = Time(), Script(honest_firm(service))
    remote(service, script, time).fetch_firm(ASK, ends=ends(time))
    sent = " ".join(f"{r.url} {r.content.decode()}" for r in script.seen)

    assert TAKER in sent
    if service not in {Service.ODOS, Service.OPENOCEAN}:
        assert ORIGIN in sent


NO_ROUTES = [
    (Service.ZEROX, 200, "0x-no-liquidity"),
    (Service.ONEINCH, 400, "1inch-error-400"),
    (Service.ONEINCH, 400, "rec-1inch-gnosis_not_found_1"),
    (Service.VELORA, 400, "velora-error"),
    (Service.VELORA, 404, "velora-error-legacy"),
    (Service.VELORA, 422, "rec-paraswap-spec_prices_422_schema"),
    (Service.VELORA, 400, "rec-paraswap-spec_swap_400_schema"),
    (Service.VELORA, 422, "rec-paraswap-spec_swap_422_schema"),
    (Service.VELORA, 400, "rec-paraswap-spec_prices_400_schema"),
    (Service.VELORA, 400, "rec-paraswap-spec_transactions_chainId_400_schema"),
    (Service.KYBERSWAP, 400, "kyberswap-error-4008"),
    (Service.ODOS, 400, "odos-error"),
    (Service.OPENOCEAN, 200, "openocean-no-route"),
    (Service.ZEROX, 400, "rec-0x-gnosis_not_found_1"),
    (Service.ZEROX, 400, "0x-error-400"),
]


@pytest.mark.parametrize(("service", "status", "name"), NO_ROUTES)
def test_no_route_is_an_answer(service, status, name):
    reply = httpx.Response(status, content=json.dumps(body(name)).encode())
    found = asked(service, reply)

    assert isinstance(found, Declined), found
    assert found.why is Decline.NO_ROUTE
    assert found.detail


REFUSED = [
    (Service.ZEROX, True, "rec-0x-gnosis_market_order_1", "sellToken"),
    (Service.ZEROX, True, "rec-0x-gnosis_minimum_surplus_1", "sellToken"),
    (Service.ZEROX, True, "rec-0x-gnosis_minimum_surplus_2", "sellToken"),
    (Service.ZEROX, True, "rec-0x-cowprotocol_market_order_1", "liquidityAvailable"),
    (Service.ZEROX, True, "rec-0x-cowprotocol_market_order_2", "liquidityAvailable"),
    (Service.ZEROX, True, "rec-0x-cowprotocol_options_1", "liquidityAvailable"),
    (Service.ZEROX, False, "rec-0x-spec_swap_allowance_holder_price_200_example", "sellToken"),
    (Service.ZEROX, True, "rec-0x-spec_swap_allowance_holder_quote_200_example", "sellToken"),
    (Service.ZEROX, False, "0x-allowance-holder-price-exact-out", "sellAmount"),
    (Service.ONEINCH, False, "1inch-quote-v6.0", "protocols[0]"),
    (Service.ONEINCH, True, "rec-1inch-gnosis_market_order_2", "dstAmount"),
    (Service.ONEINCH, True, "rec-1inch-gnosis_out_of_price_1", "dstAmount"),
    (Service.ONEINCH, True, "rec-1inch-cowprotocol_market_order_1", "dstAmount"),
    (Service.ONEINCH, False, "rec-1inch-gnosis_market_order_1", "dstAmount"),
    (Service.VELORA, False, "rec-paraswap-gnosis_market_order_1", "priceRoute.version"),
    (Service.VELORA, False, "rec-paraswap-gnosis_market_order_2", "priceRoute.side"),
    (Service.VELORA, False, "rec-paraswap-cowprotocol_market_order_1", "priceRoute.version"),
    (Service.VELORA, False, "rec-paraswap-cowprotocol_market_order_2", "priceRoute"),
    (Service.VELORA, False, "rec-paraswap-cowprotocol_market_order_3", "priceRoute.side"),
    (Service.VELORA, False, "rec-paraswap-cowprotocol_market_order_4", "priceRoute"),
    (Service.VELORA, False, "rec-paraswap-docs_swap_1", "priceRoute.bestRoute[0]"),
    (Service.KYBERSWAP, False, "rec-kyberswap-docs_api-reference_1", "tokenIn"),
    (Service.KYBERSWAP, False, "rec-kyberswap-docs_api-reference_2", "data.routeSummary"),
    (Service.KYBERSWAP, False, "rec-kyberswap-docs_api-reference_3", "data.routeSummary"),
    (Service.ODOS, False, "odos-sor-quote-v3", "inTokens"),
]


@pytest.mark.parametrize(("service", "is_firm", "name", "path"), REFUSED)
def test_what_is_missing_or_not_what_was_asked_is_refused_with_its_path(
    service, is_firm, name, path
):
    found = asked(service, body(name), is_firm=is_firm)

    assert isinstance(found, Declined), found
    assert found.why is Decline.MALFORMED
    assert path in found.detail


def test_every_recorded_body_is_used():
    sound = {
        "0x-allowance-holder-price", "0x-allowance-holder-quote", "1inch-quote-v6.1",
        "1inch-swap-v6.1", "velora-prices", "velora-transactions", "kyberswap-routes",
        "kyberswap-route-build", "odos-sor-assemble", "openocean-quote", "openocean-swap",
    }  # fmt: skip
    failures = {name for _, _, name in FAILURES}
    used = sound | {n for _, _, n in NO_ROUTES} | {n for _, _, n, _ in REFUSED} | failures

    assert set(BODIES) == used | {"velora-swap"}


FAILURES = [
    (Service.ONEINCH, 400, "1inch-error-400-allowance"),
    (Service.KYBERSWAP, 400, "kyberswap-error-4000"),
    (Service.VELORA, 500, "rec-paraswap-spec_prices_500_schema"),
    (Service.VELORA, 500, "rec-paraswap-spec_swap_500_schema"),
    (Service.VELORA, 500, "rec-paraswap-spec_transactions_chainId_500_schema"),
]


@pytest.mark.parametrize(("service", "status", "name"), FAILURES)
def test_an_error_that_is_no_missing_route_is_told(service, status, name):
    replies = [httpx.Response(status, content=json.dumps(body(name)).encode()) for _ in range(2)]
    found = asked(service, *replies)

    assert found.why is (Decline.MALFORMED if status < 500 else Decline.UNREACHABLE)


def test_the_one_call_form_of_velora_has_the_price_route_too():
    found = asked(Service.VELORA, body("velora-swap"))

    assert AMOUNTS[Service.VELORA] == found.amount_out


BAD = [
    None, True, -1, 1.5, 0, "", "-1", "1.5", "0x10", "1e400", "NaN", "0", " 1", "1 ", "٣",
    "1" * 79, str(2**256), [], {},
]  # fmt: skip
AMOUNT_PATHS = {
    Service.ZEROX: ("buyAmount",),
    Service.ONEINCH: ("dstAmount",),
    Service.VELORA: ("priceRoute", "destAmount"),
    Service.KYBERSWAP: ("data", "routeSummary", "amountOut"),
    Service.ODOS: ("outAmounts", 0),
    Service.OPENOCEAN: ("data", "outAmount"),
}


def bent(tree, path, value):
    node = tree
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return tree


@EVERY
@pytest.mark.parametrize("value", BAD, ids=repr)
def test_an_amount_that_is_no_decimal_string_is_refused(service, value):
    found = asked(service, bent(honest_offer(service)[0], AMOUNT_PATHS[service], value))

    assert isinstance(found, Declined), found
    assert found.why is Decline.MALFORMED


@EVERY
@pytest.mark.parametrize(
    "text", [b'{"a": NaN}', b"[]", b"<html>busy</html>", b"", b"\xff", b"1e400"]
)
def test_what_is_no_object_of_json_is_refused(service, text):
    found = asked(service, httpx.Response(200, content=text))

    assert found.why is Decline.MALFORMED


GAS_PATHS = {
    Service.ZEROX: ("gas",),
    Service.ONEINCH: ("gas",),
    Service.VELORA: ("priceRoute", "gasCost"),
    Service.KYBERSWAP: ("data", "routeSummary", "gas"),
    Service.ODOS: ("gasEstimate",),
    Service.OPENOCEAN: ("data", "estimatedGas"),
}


@EVERY
@pytest.mark.parametrize("value", [-1, 0, True, None, 2**24 + 1, "x", "0", 1.5])
def test_gas_out_of_bounds_is_refused(service, value):
    found = asked(service, bent(honest_offer(service)[0], GAS_PATHS[service], value))

    assert found.why is Decline.MALFORMED


def test_gas_beyond_all_numbers_is_refused_and_not_written_out():
    raw = json.dumps(honest_offer(Service.ODOS)[0]).replace("512344.0", "1e400000000")
    found = asked(Service.ODOS, httpx.Response(200, content=raw.encode()))

    assert found.why is Decline.MALFORMED


@EVERY
def test_calldata_of_no_whole_bytes_or_too_many_is_refused(service):
    for data in ("0x123", "0x", "", "12345678", "0x" + "00" * 30_000, None, "0xgg"):
        answers = honest_firm(service)
        node = answers[-1]
        path = {
            Service.ZEROX: ("transaction", "data"),
            Service.ONEINCH: ("tx", "data"),
            Service.VELORA: ("data",),
            Service.KYBERSWAP: ("data", "data"),
            Service.ODOS: ("transaction", "data"),
            Service.OPENOCEAN: ("data", "data"),
        }[service]
        answers[-1] = bent(node, path, data)

        assert asked(service, *answers, is_firm=True).why is Decline.MALFORMED, data


def test_an_address_with_a_broken_checksum_is_refused_and_one_case_is_not():
    good = body("kyberswap-routes")
    router = good["data"]["routerAddress"]
    for spelt, is_good in [
        (router.lower(), True),
        ("0x" + router[2:].upper(), True),
        (router.swapcase().replace("0X", "0x"), False),
        (router[:-1], False),
        (router + "0", False),
    ]:
        found = asked(
            Service.KYBERSWAP, bent(body("kyberswap-routes"), ("data", "routerAddress"), spelt)
        )

        assert isinstance(found, Offer) == is_good, spelt


ANSWERED_OTHERWISE = [
    (Service.ZEROX, ("buyToken",), WETH.address.lower()),
    (Service.ZEROX, ("sellAmount",), "2"),
    (Service.ONEINCH, ("dstToken", "address"), WETH.address),
    (Service.VELORA, ("priceRoute", "network"), 10),
    (Service.VELORA, ("priceRoute", "destToken"), WETH.address),
    (Service.VELORA, ("priceRoute", "srcAmount"), "2"),
    (Service.KYBERSWAP, ("data", "routeSummary", "tokenOut"), WETH.address.lower()),
    (Service.KYBERSWAP, ("data", "routeSummary", "amountIn"), "2"),
    (Service.ODOS, ("outTokens",), [WETH.address]),
    (Service.ODOS, ("outAmounts",), ["1", "2"]),
    (Service.OPENOCEAN, ("data", "outToken", "address"), WETH.address),
    (Service.OPENOCEAN, ("data", "inAmount"), "2"),
]


@pytest.mark.parametrize(("service", "path", "value"), ANSWERED_OTHERWISE)
def test_an_answer_to_another_question_is_refused(service, path, value):
    found = asked(service, bent(honest_offer(service)[0], path, value))

    assert found.why is Decline.MALFORMED
    assert str(path[-1] if isinstance(path[-1], str) else path[0]) in found.detail


FIRM_OTHERWISE = [
    (Service.ONEINCH, 0, ("tx", "from"), USDC.address),
    (Service.VELORA, 1, ("to",), USDC.address),
    (Service.VELORA, 1, ("chainId",), 10),
    (Service.KYBERSWAP, 1, ("data", "routerAddress"), USDC.address),
    (Service.KYBERSWAP, 1, ("data", "amountIn"), "2"),
    (Service.ODOS, 1, ("transaction", "chainId"), 10),
    (Service.ODOS, 1, ("transaction", "from"), USDC.address),
    (Service.ODOS, 1, ("inputTokens",), []),
    (Service.OPENOCEAN, 0, ("data", "chainId"), 10),
    (Service.OPENOCEAN, 0, ("data", "from"), USDC.address),
]


@pytest.mark.parametrize(("service", "index", "path", "value"), FIRM_OTHERWISE)
def test_a_call_for_somebody_or_somewhere_else_is_refused(service, index, path, value):
    answers = honest_firm(service)
    answers[index] = bent(answers[index], path, value)

    assert asked(service, *answers, is_firm=True).why is Decline.MALFORMED


def test_unknown_fields_are_tolerated():
    answer = body("kyberswap-routes")
    answer["data"]["routeSummary"]["newThing"] = {"a": [1, 2.5]}

    assert isinstance(asked(Service.KYBERSWAP, answer), Offer)


def test_what_the_second_call_says_counts():
    answers = honest_firm(Service.KYBERSWAP)
    answers[1]["data"]["amountOut"] = "1990000000"
    assembled = odos_assembled()
    assembled["outputTokens"][0]["amount"] = "1989000000"

    assert asked(Service.KYBERSWAP, *answers, is_firm=True).offer.amount_out == 1990000000
    assert asked(Service.ODOS, odos_quote(), assembled, is_firm=True).offer.amount_out == 1989000000


@EVERY
def test_the_key_travels_in_headers_alone_and_is_shown_nowhere(service):
    time = Time()
    quoting = f"bad key {KEY}\nline two".encode()
    script = Script([httpx.Response(400, content=json.dumps({
        "message": quoting.decode(), "name": quoting.decode(), "description": quoting.decode(),
        "details": quoting.decode(), "detail": quoting.decode(), "code": 4008, "errorCode": 2000,
    }).encode())])  # fmt: skip
    found = remote(service, script, time)
    declined = found.fetch_offer(ASK, ends=ends(time))

    assert KEY in "".join(script.seen[0].headers.values())
    assert KEY not in f"{script.seen[0].url}{script.seen[0].content.decode()}"
    assert KEY not in repr(declined)
    assert "\n" not in declined.detail
    assert KEY not in repr(found)
