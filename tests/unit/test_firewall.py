"""What may be signed of a router's call, and what may not, rule by rule."""

from dataclasses import replace

import pytest

from agent.domain.offer import FirmOffer, Service
from agent.domain.units import ZERO_ADDRESS, Address
from agent.rehearsal.calldata import UnreadableCallError
from agent.rehearsal.firewall import Firewall, leg_of
from agent.rehearsal.router_calls import FUNCTIONS, arguments_of
from tests.offers import ASK, USDC, WETH, asked, honest_firm
from tests.routers import (
    BOOK,
    FACTS,
    FIREWALL,
    NOW,
    SETTLER,
    called,
    function_of,
    honest,
    router_of,
    values,
)

EVERY = pytest.mark.parametrize("service", list(Service))
STRANGER = Address("0x00000000000000000000000000000000000BE401")
QUOTED = 2_000_000_000


def firm(service, **changes):
    """Return an honest firm offer of 1 WETH for 2,000 USDC, with another call where asked."""
    data = honest(
        service,
        token_in=WETH.address,
        token_out=USDC.address,
        amount=ASK.amount_in,
        least=QUOTED * 9950 // 10000,
        taker=ASK.taker,
    )
    sample = asked(service, *honest_firm(service), is_firm=True)
    assert isinstance(sample, FirmOffer)
    call = replace(sample.call, **({"data": data, "router": router_of(service)} | changes))
    return FirmOffer(offer=replace(sample.offer, amount_out=QUOTED), call=call, expires_at=NOW + 10)


def objection(service, firewall=FIREWALL, ask=ASK, **changes):
    return firewall.objection_to_offer(firm(service, **changes), ask)


def bent(service, path, value):
    """Return the honest call with one argument changed."""
    found = values(service, firm(service).call.data)
    node = found
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return called(function_of(service).signature, found)


@EVERY
def test_an_honest_call_passes(service):
    assert objection(service) is None
    leg = leg_of(firm(service), ASK, mid_amount_out=QUOTED)
    assert FIREWALL.objection_to_leg(leg, taker=ASK.taker) is None


@pytest.mark.parametrize(
    "service", [Service.ONEINCH, Service.VELORA, Service.KYBERSWAP, Service.OPENOCEAN]
)
def test_calls_in_the_published_form_pass(service):
    found = asked(service, *honest_firm(service), is_firm=True)

    assert FIREWALL.objection_to_offer(replace(found, expires_at=NOW + 1), ASK) is None


def test_a_published_call_of_0x_is_read_through_both_of_its_layers():
    found = asked(Service.ZEROX, *honest_firm(Service.ZEROX), is_firm=True)
    said = arguments_of(Service.ZEROX, found.call.data, tail_bytes=0)

    assert (WETH.address, USDC.address, ASK.taker) == (
        said.token_in,
        said.token_out,
        said.recipient,
    )
    assert (ASK.amount_in, 1988420315) == (said.amount_in, said.min_amount_out)
    assert (SETTLER, SETTLER) == said.callees


MONEY = {
    Service.ZEROX: {"token_in": (1,), "amount": (2,), "callee": (0,), "target": (3,)},
    Service.ONEINCH: {
        "token_in": (1, 0), "token_out": (1, 1), "recipient": (1, 3), "amount": (1, 4),
        "least": (1, 5),
    },
    Service.VELORA: {
        "token_in": (1, 0), "token_out": (1, 1), "amount": (1, 2), "least": (1, 3),
        "recipient": (1, 6),
    },
    Service.KYBERSWAP: {
        "token_in": (0, 3, 0), "token_out": (0, 3, 1), "recipient": (0, 3, 6),
        "amount": (0, 3, 7), "least": (0, 3, 8),
    },
    Service.ODOS: {
        "token_in": (0, 0), "amount": (0, 1), "token_out": (0, 3), "least": (0, 5),
        "recipient": (0, 6),
    },
    Service.OPENOCEAN: {
        "token_in": (1, 0), "token_out": (1, 1), "recipient": (1, 3), "amount": (1, 4),
        "least": (1, 5),
    },
}  # fmt: skip
WRONG = {
    "token_in": (STRANGER, "it sells 0x"),
    "token_out": (STRANGER, "it buys 0x"),
    "recipient": (STRANGER, "it pays 0x"),
    "amount": (ASK.amount_in + 1, "it sells 1000000000000000001"),
    "least": (QUOTED * 9950 // 10000 - 1, "the floor is"),
    "callee": (STRANGER, "no Settler"),
    "target": (STRANGER, "no Settler"),
}


@pytest.mark.parametrize(
    ("service", "name"), [(service, name) for service, paths in MONEY.items() for name in paths]
)
def test_an_argument_that_is_not_ours_is_named(service, name):
    value, words = WRONG[name]
    found = objection(service, data=bent(service, MONEY[service][name], value))

    assert found is not None
    assert words in found


def settler(recipient=ASK.taker, token=USDC.address, least=QUOTED, actions=(b"a",)):
    inner = called(
        "execute((address,address,uint256),bytes[],bytes32)",
        [[recipient, token, least], list(actions), bytes(32)],
    )
    return bent(Service.ZEROX, (4,), inner)


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        (settler(recipient=STRANGER), "it pays"),
        (settler(token=STRANGER), "it buys"),
        (settler(least=1), "the floor is"),
        (settler(actions=()), "it does nothing"),
        (bent(Service.ZEROX, (4,), b"\x12\x34\x56\x78"), "Settler may be called by"),
        (bent(Service.ZEROX, (4,), b""), "Settler may be called by"),
    ],
)
def test_what_a_settler_is_told_is_read_too(inner, words):
    assert words in objection(Service.ZEROX, data=inner)


FORBIDDEN = [
    (Service.ONEINCH, (1, 6), 1, "in part"),
    (Service.ONEINCH, (1, 6), 2, "more ETH"),
    (Service.ONEINCH, (1, 6), 8, "flags"),
    (Service.VELORA, (3,), b"permit", "permit"),
    (Service.KYBERSWAP, (0, 3, 10), b"permit", "permit"),
    (Service.KYBERSWAP, (0, 3, 9), 1, "flags"),
    (Service.KYBERSWAP, (0, 3, 9), 0x10, "flags"),
    (Service.KYBERSWAP, (0, 3, 4), [STRANGER], "fee"),
    (Service.KYBERSWAP, (0, 3, 5), [7], "fee"),
    (Service.KYBERSWAP, (0, 1), STRANGER, "approves"),
    (Service.KYBERSWAP, (0, 3, 3), [1], "shares"),
    (Service.ODOS, (3, 1), 5, "fee"),
    (Service.ODOS, (3, 2), STRANGER, "fee"),
    (Service.OPENOCEAN, (1, 9), b"permit", "permit"),
    (Service.OPENOCEAN, (1, 7), 1, "in part"),
]


@pytest.mark.parametrize(("service", "path", "value", "words"), FORBIDDEN)
def test_permits_fees_and_partial_fills_are_refused(service, path, value, words):
    assert words in objection(service, data=bent(service, path, value))


@EVERY
def test_a_call_for_another_chain_is_refused(service):
    assert "chain 10" in objection(service, chain_id=10)


@EVERY
def test_ether_that_is_not_due_is_refused(service):
    assert "1 wei" in objection(service, value_wei=1)


@EVERY
def test_an_approval_of_anybody_but_the_router_is_refused(service):
    assert "approved" in objection(service, allowance_target=STRANGER)


@EVERY
def test_a_router_that_is_not_known_is_refused(service):
    assert "no router" in objection(service, router=STRANGER, allowance_target=STRANGER)


@EVERY
def test_another_service_s_router_is_refused(service):
    other = router_of(Service.ODOS if service is not Service.ODOS else Service.VELORA)

    assert "is the router of" in objection(service, router=other, allowance_target=other)


@EVERY
def test_a_router_whose_code_changed_is_refused(service):
    facts = replace(FACTS, code_hash_by_router=dict.fromkeys(BOOK.routers, "0x" + "00" * 32))

    assert "pinned is" in objection(service, Firewall(book=BOOK, facts=facts, now=NOW))
    assert "is None" in objection(
        service, Firewall(book=BOOK, facts=replace(FACTS, code_hash_by_router={}), now=NOW)
    )


@EVERY
def test_a_router_that_nobody_pinned_is_refused(service):
    unpinned = replace(
        BOOK, routers={a: replace(r, code_hash=None) for a, r in BOOK.routers.items()}
    )

    assert "not pinned" in objection(service, Firewall(book=unpinned, facts=FACTS, now=NOW))


@EVERY
def test_an_expired_offer_is_refused(service):
    late = Firewall(book=BOOK, facts=FACTS, now=NOW + 10)

    assert "expired" in objection(service, late)


@EVERY
def test_a_settler_that_was_replaced_is_refused(service):
    facts = replace(FACTS, settlers=frozenset({STRANGER}))
    found = objection(service, Firewall(book=BOOK, facts=facts, now=NOW))

    assert (found is not None) == (service is Service.ZEROX)


@EVERY
def test_calldata_that_is_cut_padded_or_of_another_function_is_refused(service):
    data = firm(service).call.data
    for bad in (data[:-1], data[:36], data[:4], data + bytes(33), b"\xde\xad\xbe\xef" + data[4:]):
        assert objection(service, data=bad) is not None
    assert "bytes" in objection(service, data=data + bytes(30_000))


@EVERY
def test_arguments_that_are_not_in_their_one_form_are_refused(service):
    data = firm(service).call.data
    dirty = bytearray(data)
    dirty[4] ^= 0x80

    assert objection(service, data=bytes(dirty)) is not None


def test_only_a_known_tail_may_follow():
    data = firm(Service.ONEINCH).call.data

    assert objection(Service.ONEINCH, data=data + b"tail") is None
    assert "one form" in objection(Service.ONEINCH, data=data + b"tails")
    assert "one form" in objection(Service.KYBERSWAP, data=firm(Service.KYBERSWAP).call.data + b"t")


def test_swaps_straight_through_pools_are_read():
    data = called(
        "unoswap(uint256,uint256,uint256,uint256)",
        [int(WETH.address, 16), ASK.amount_in, QUOTED, 1 << 200],
    )

    assert objection(Service.ONEINCH, data=data) is None
    dirty = called(
        "unoswap(uint256,uint256,uint256,uint256)",
        [1 << 160 | int(WETH.address, 16), ASK.amount_in, QUOTED, 1 << 200],
    )
    assert "no address" in objection(Service.ONEINCH, data=dirty)


def test_an_inflated_quote_is_refused_by_its_own_calldata():
    offer = firm(Service.KYBERSWAP)
    inflated = replace(offer, offer=replace(offer.offer, amount_out=3 * QUOTED))

    assert "the floor is" in FIREWALL.objection_to_offer(inflated, ASK)


def test_a_leg_may_not_demand_less_than_the_plan_says():
    leg = leg_of(firm(Service.KYBERSWAP), ASK, mid_amount_out=QUOTED)
    more = replace(leg, min_amount_out=leg.min_amount_out + 1)

    assert "the floor is" in FIREWALL.objection_to_leg(more, taker=ASK.taker)


def test_native_ether_is_sent_and_not_approved():
    ether = replace(ASK, token_in=replace(WETH, address=ZERO_ADDRESS))

    assert "1000000000000000000 are due" in objection(Service.KYBERSWAP, ask=ether)


def test_selectors_are_those_that_the_services_publish():
    published = {
        Service.ZEROX: "2213bc0b", Service.ONEINCH: "07ed2379", Service.VELORA: "e3ead59e",
        Service.KYBERSWAP: "e21fd0e9", Service.ODOS: "30f80b4c", Service.OPENOCEAN: "90411a32",
    }  # fmt: skip

    for service, selector in published.items():
        assert bytes.fromhex(selector) in FUNCTIONS[service]


def test_unknown_venues_have_no_functions():
    with pytest.raises(UnreadableCallError):
        arguments_of("nobody", b"\x07\xed\x23\x79", tail_bytes=0)


@EVERY
def test_a_router_that_the_vault_does_not_allow_is_refused(service):
    facts = replace(FACTS, forbidden=frozenset(BOOK.routers))

    assert "does not allow" in objection(service, Firewall(book=BOOK, facts=facts, now=NOW))
