"""The book of routers, and what a node says of the contracts at their addresses."""

import json
from importlib import resources

import pytest
from eth_utils.crypto import keccak

from agent.adapters.router_book import (
    IMPLEMENTATION_SLOT,
    RouterReader,
    bundled_router_book,
    load_router_book,
)
from agent.domain.offer import Service
from agent.errors import DataFileError, RpcUnavailableError
from agent.rehearsal.router_calls import BALANCER, FUNCTIONS
from tests.adapters.nodes import RefusedError, TableNode, rpc_of
from tests.logbook import VAULT, block

TREE = json.loads((resources.files("agent") / "data" / "routers.1.json").read_text())
PIN = "0x" + "ab" * 32


def loaded(tree, pins=None):
    return load_router_book(
        json.dumps(tree).encode(), path="book.json", chain_id=1, pins=pins or {}
    )


def test_the_package_knows_one_router_of_each_service_and_how_it_is_called():
    venues = [router.venue for router in bundled_router_book(1, {}).routers.values()]

    assert sorted(venues) == sorted([*Service, BALANCER])
    assert set(venues) <= set(FUNCTIONS)


def test_no_router_is_pinned_but_by_the_operator():
    router = next(iter(bundled_router_book(1, {}).routers))

    assert all(r.code_hash is None for r in bundled_router_book(1, {}).routers.values())
    assert bundled_router_book(1, {router: PIN}).routers[router].code_hash == PIN


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"chain_id": 10}, "chain_id"),
        ({"routers": TREE["routers"] + TREE["routers"][:1]}, "one entry"),
        ({"sources": {}}, "sources"),
        ({"schema": "agent.routers/2"}, "schema"),
        ({"routers": [TREE["routers"][0] | {"address": "0x" + "AB" * 20}]}, "address"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_book_that_breaks_its_format_is_refused(change, words):
    with pytest.raises(DataFileError, match=words):
        loaded(TREE | change)


def test_a_pin_of_no_router_is_refused():
    with pytest.raises(DataFileError, match="names no router"):
        bundled_router_book(1, {"0x" + "00" * 20: PIN})


def test_a_chain_without_a_book_is_refused():
    with pytest.raises(DataFileError, match="no router of this chain"):
        bundled_router_book(10, {})


SETTLER, OLDER = "0x" + "5e" * 20, "0x" + "5f" * 20
BEHIND = "0x" + "be" * 20
CODE, PROXY, BEHIND_CODE = b"\x60\x01", b"\x60\x02", b"\x60\x03"


def facts(**table):
    book = bundled_router_book(1, {})
    first, second = list(book.routers)[:2]
    codes = {first: CODE, second: PROXY, BEHIND: BEHIND_CODE}

    def code(address, _at):
        return (
            "0x"
            + codes.get(next((a for a in codes if a.lower() == address.lower()), ""), b"").hex()
        )

    def slot(address, key, _at):
        assert key == IMPLEMENTATION_SLOT
        return "0x" + (BEHIND[2:] if address == second else "").rjust(64, "0")

    def call(request, _at):
        if request["to"] == VAULT:
            return "0x" + ("0" if request["input"].endswith(second[2:].lower()) else "1").rjust(
                64, "0"
            )
        assert request["to"] == book.settler_registry
        return "0x" + (SETTLER if request["input"].startswith("0x6352211e") else OLDER)[2:].rjust(
            64, "0"
        )

    node = TableNode({"eth_getCode": code, "eth_getStorageAt": slot, "eth_call": call} | table)
    return (
        first,
        second,
        RouterReader(rpc=rpc_of(node), contract=VAULT).fetch_facts(book, block=block(5)),
    )


def test_code_is_known_by_its_hash_and_a_proxy_s_by_what_is_behind_it_too():
    first, second, found = facts()
    behind = keccak(keccak(PROXY) + bytes.fromhex(BEHIND[2:]) + keccak(BEHIND_CODE))

    assert {first: "0x" + keccak(CODE).hex(), second: "0x" + behind.hex()} == dict(
        found.code_hash_by_router
    )


def test_settlers_are_this_and_the_last_of_the_registry():
    _, _, found = facts()

    assert {SETTLER.lower(), OLDER.lower()} == {address.lower() for address in found.settlers}


def test_a_registry_that_does_not_answer_names_no_settler():
    def refused(*_):
        raise RefusedError("execution reverted", code=3)

    _, _, found = facts(eth_call=refused)
    _, _, empty = facts(eth_call=lambda *_: "0x")

    assert found.settlers == empty.settlers == frozenset()


def test_a_node_that_does_not_say_the_code_is_told():
    def refused(*_):
        raise RefusedError("missing trie node")

    with pytest.raises(RpcUnavailableError):
        facts(eth_getCode=refused)


def test_routers_that_the_vault_does_not_allow_are_told():
    _, second, found = facts()

    assert frozenset({second}) == found.forbidden


def test_a_contract_that_keeps_no_list_of_routers_forbids_none():
    def refused(*_):
        raise RefusedError("execution reverted", code=3)

    assert facts(eth_call=refused)[2].forbidden == frozenset()
