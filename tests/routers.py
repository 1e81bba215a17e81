"""Calls of routers to be tested with: honest ones of each service for `tests.offers.ASK`, well-formed to the byte."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eth_abi.abi import encode
from eth_utils.abi import function_signature_to_4byte_selector

from agent.adapters.router_book import bundled_router_book
from agent.domain.offer import Service
from agent.domain.router import RouterBook, RouterFacts
from agent.domain.units import ZERO_ADDRESS, Address
from agent.rehearsal.calldata import Function, types_of, values_of
from agent.rehearsal.firewall import Firewall
from agent.rehearsal.router_calls import FUNCTIONS, SETTLER_EXECUTE

NOW = 1_795_253_400
EXECUTOR = Address("0x89E15711cA6826950073b815A946b4f92e59a474")
SETTLER = Address("0xb7FF3eaDFC7b1a82E5F58F27790B85c31740BDE5")
CODE_HASH = "0x" + "c0" * 32

_plain = bundled_router_book(1, {})
BOOK: RouterBook = replace(
    _plain,
    routers={a: replace(router, code_hash=CODE_HASH) for a, router in _plain.routers.items()},
)
FACTS = RouterFacts(
    code_hash_by_router=dict.fromkeys(BOOK.routers, CODE_HASH), settlers=frozenset({SETTLER})
)
FIREWALL = Firewall(book=BOOK, facts=FACTS, now=NOW)


def router_of(service: Service) -> Address:
    return next(a for a, router in BOOK.routers.items() if router.venue == service)


def function_of(service: Service, name: str = "") -> Function:
    """Return a service's function whose signature begins so; by default its first."""
    return next(f for f in FUNCTIONS[service].values() if f.signature.startswith(name))


def called(signature: str, values: Any) -> bytes:
    """Return the calldata of a function with arguments."""
    types = types_of(signature)
    return function_signature_to_4byte_selector(signature) + encode(types, values)


def values(service: Service, data: bytes) -> Any:
    """Return the arguments of a service's calldata as nested lists, to be bent."""
    return _lists(values_of(function_of(service).signature, data[4:], 4))


def _lists(value: Any) -> Any:
    return [_lists(item) for item in value] if isinstance(value, tuple | list) else value


def honest(  # noqa: PLR0913 - the arguments that every router has
    service: Service, *, token_in: str, token_out: str, amount: int, least: int, taker: str
) -> bytes:
    """Return an honest call; what its executors would do is left empty."""
    return called(function_of(service).signature, _honest_values(
        service, token_in, token_out, amount, least, taker
    ))  # fmt: skip


def _honest_values(  # noqa: PLR0913, PLR0917 - the same
    service: Service, token_in: str, token_out: str, amount: int, least: int, taker: str
) -> Any:
    match service:
        case Service.ZEROX:
            inner = called(SETTLER_EXECUTE, [[taker, token_out, least], [b"action"], bytes(32)])
            return [SETTLER, token_in, amount, SETTLER, inner]
        case Service.ONEINCH:
            return [
                EXECUTOR,
                [token_in, token_out, EXECUTOR, taker, amount, least, 0],
                b"route",
            ]
        case Service.VELORA:
            route = [token_in, token_out, amount, least, least, bytes(32), ZERO_ADDRESS]
            return [EXECUTOR, route, 0, b"", b"route"]
        case Service.KYBERSWAP:
            description = [
                token_in, token_out, [EXECUTOR], [amount], [], [], taker, amount, least, 0, b"",
            ]  # fmt: skip
            return [[EXECUTOR, ZERO_ADDRESS, b"route", description, b"{}"]]
        case Service.ODOS:
            info = [token_in, amount, EXECUTOR, token_out, least, least, taker]
            return [info, b"route", EXECUTOR, [0, 0, ZERO_ADDRESS]]
        case Service.OPENOCEAN:
            description = [
                token_in, token_out, EXECUTOR, taker, amount, least, least, 0, ZERO_ADDRESS, b"",
            ]  # fmt: skip
            return [EXECUTOR, description, [[0, 0, 0, b"route"]]]
