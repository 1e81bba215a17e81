"""Aggregators that lie: seeded mutations of honest answers, and what becomes of each on its way to the signer.

A case is refused with a reason before anything is encoded, or the bytes that would be signed are those of
the honest answer. Anything else is a hole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import httpx

from agent.domain.offer import Ask, Declined, Service
from agent.domain.order import Batch, Floor
from agent.domain.units import ZERO_ADDRESS, Address, min_amount_out
from agent.errors import CalldataError
from agent.execution.calls import encode
from agent.rehearsal.firewall import Firewall, leg_of
from tests.offers import ASK, USDC, WETH, Script, Time, ends, honest_firm, remote
from tests.routers import (
    BOOK,
    FIREWALL,
    called,
    function_of,
    honest,
    router_of,
    values,
)

QUOTED = 2_000_000_000
LEAST = min_amount_out(QUOTED, ASK.slippage_bps)
PERMIT2 = Address("0x000000000022D473030F116dDEE9F6B43aC78BA3")
ATTACKER = Address("0x00000000000000000000000000000000000BE401")
HOSTILE = (
    ATTACKER, PERMIT2, USDC.address, WETH.address, *BOOK.routers,
    Address("0x0000000000000000000000000000000000000001"),
    Address("0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85"),  # USDC of another chain
)  # fmt: skip

CALLDATA_AT = {
    Service.ZEROX: (0, "transaction", "data"),
    Service.ONEINCH: (0, "tx", "data"),
    Service.VELORA: (1, "data"),
    Service.KYBERSWAP: (1, "data", "data"),
    Service.ODOS: (1, "transaction", "data"),
    Service.OPENOCEAN: (0, "data", "data"),
}
OUT_AT = {
    Service.ZEROX: [(0, "buyAmount")],
    Service.ONEINCH: [(0, "dstAmount")],
    Service.VELORA: [(0, "priceRoute", "destAmount")],
    Service.KYBERSWAP: [(0, "data", "routeSummary", "amountOut"), (1, "data", "amountOut")],
    Service.ODOS: [(0, "outAmounts", 0), (1, "outputTokens", 0, "amount")],
    Service.OPENOCEAN: [(0, "data", "outAmount")],
}
TO_AT = {
    Service.ZEROX: [(0, "transaction", "to")],
    Service.ONEINCH: [(0, "tx", "to")],
    Service.VELORA: [(0, "priceRoute", "contractAddress"), (1, "to")],
    Service.KYBERSWAP: [(0, "data", "routerAddress"), (1, "data", "routerAddress")],
    Service.ODOS: [(1, "transaction", "to")],
    Service.OPENOCEAN: [(0, "data", "to")],
}
SPENDER_AT = {
    Service.ZEROX: [(0, "issues", "allowance", "spender")],
    Service.VELORA: [(0, "priceRoute", "tokenTransferProxy")],
}
VALUE_AT = {
    Service.ZEROX: (0, "transaction", "value"),
    Service.ONEINCH: (0, "tx", "value"),
    Service.VELORA: (1, "value"),
    Service.KYBERSWAP: (1, "data", "transactionValue"),
    Service.ODOS: (1, "transaction", "value"),
    Service.OPENOCEAN: (0, "data", "value"),
}
CHAIN_AT = {
    Service.VELORA: (1, "chainId"),
    Service.ODOS: (1, "transaction", "chainId"),
    Service.OPENOCEAN: (0, "data", "chainId"),
}
ARGUMENT_AT = {
    Service.ZEROX: {"token_in": (1,), "amount": (2,), "callee": (0,), "target": (3,)},
    Service.ONEINCH: {
        "token_in": (1, 0), "token_out": (1, 1), "recipient": (1, 3), "amount": (1, 4),
        "least": (1, 5), "flags": (1, 6),
    },
    Service.VELORA: {
        "token_in": (1, 0), "token_out": (1, 1), "amount": (1, 2), "least": (1, 3),
        "recipient": (1, 6), "permit": (3,),
    },
    Service.KYBERSWAP: {
        "token_in": (0, 3, 0), "token_out": (0, 3, 1), "recipient": (0, 3, 6),
        "amount": (0, 3, 7), "least": (0, 3, 8), "flags": (0, 3, 9), "permit": (0, 3, 10),
        "approved": (0, 1), "fee": (0, 3, 5), "fee_receiver": (0, 3, 4),
    },
    Service.ODOS: {
        "token_in": (0, 0), "amount": (0, 1), "token_out": (0, 3), "least": (0, 5),
        "recipient": (0, 6), "referral": (3, 1), "referrer": (3, 2),
    },
    Service.OPENOCEAN: {
        "token_in": (1, 0), "token_out": (1, 1), "recipient": (1, 3), "amount": (1, 4),
        "least": (1, 5), "flags": (1, 7), "permit": (1, 9),
    },
}  # fmt: skip
SETTLER_AT = {"recipient": (0, 0), "token_out": (0, 1), "least": (0, 2), "actions": (1,)}
FORBIDDEN_FLAGS = {
    Service.ONEINCH: (1, 2, 3, 8, 1 << 255),
    Service.KYBERSWAP: (1, 2, 8, 0x10, 0x1B),
    Service.OPENOCEAN: (1, 3),
}


@dataclass(kw_only=True)
class Case:
    """An answer on its way to be bent; `bodies` in the order of the calls, `raw` where no JSON is left."""

    service: Service
    bodies: list[Any]
    random: Random
    firewall: Firewall
    raw: bytes | None = None
    name: str = ""

    @property
    def calldata(self) -> bytes:
        return bytes.fromhex(at(self.bodies, CALLDATA_AT[self.service])[2:])

    @calldata.setter
    def calldata(self, data: bytes) -> None:
        put(self.bodies, CALLDATA_AT[self.service], "0x" + data.hex())


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def put(tree: Any, path: tuple[Any, ...], value: Any) -> None:
    at(tree, path[:-1])[path[-1]] = value


def honest_bodies(service: Service, ask: Ask = ASK) -> list[Any]:
    """Return a good answer with a call that is right to the byte."""
    bodies = honest_firm(service)
    for path in OUT_AT[service]:
        put(bodies, path, str(QUOTED))
    data = honest(
        service,
        token_in=ask.token_in.address,
        token_out=ask.token_out.address,
        amount=ask.amount_in,
        least=LEAST,
        taker=ask.taker,
    )
    put(bodies, CALLDATA_AT[service], "0x" + data.hex())
    return bodies


Mutation = Callable[[Case], None]


def _bend(case: Case, path: tuple[Any, ...], value: Any) -> None:
    """Change one argument of the call."""
    found = values(case.service, case.calldata)
    put(found, path, value)
    case.calldata = called(function_of(case.service).signature, found)


def _bend_settler(case: Case, path: tuple[Any, ...], value: Any) -> None:
    """Change one argument of what 0x's Settler is told within the call."""
    from agent.rehearsal.calldata import values_of  # noqa: PLC0415 - beside its one use
    from agent.rehearsal.router_calls import SETTLER_EXECUTE  # noqa: PLC0415

    found = values(case.service, case.calldata)
    (three, actions, zid) = values_of(SETTLER_EXECUTE, found[4][4:], 0)
    inner = [list(three), list(actions), zid]
    put(inner, path, value)
    found[4] = called(SETTLER_EXECUTE, inner)
    case.calldata = called(function_of(case.service).signature, found)


def _argument(case: Case, name: str, value: Any) -> None:
    if case.service is Service.ZEROX and name in SETTLER_AT:
        _bend_settler(case, SETTLER_AT[name], value)
    else:
        _bend(case, ARGUMENT_AT[case.service][name], value)


def _has(case: Case, name: str) -> bool:
    zerox = case.service is Service.ZEROX and name in SETTLER_AT
    return zerox or name in ARGUMENT_AT[case.service]


def _stranger(case: Case, *but: str) -> Address:
    if case.random.random() < 0.5:
        return Address("0x" + case.random.randbytes(20).hex())
    return case.random.choice([one for one in HOSTILE if one not in but])


def _wrong_number(case: Case, right: int) -> int:
    choices = (0, 1, right - 1, right + 1, right * 2, right // 2, 2**256 - 1, right ^ 1 << 100)
    found = (
        case.random.choice(choices) if case.random.random() < 0.7 else case.random.getrandbits(90)
    )
    return found if found != right else right + 1


def recipient(case: Case) -> None:
    _argument(case, "recipient", _stranger(case))


def token(case: Case) -> None:
    name = case.random.choice(("token_in", "token_out"))
    right = ASK.token_in.address if name == "token_in" else ASK.token_out.address
    _argument(case, name, _stranger(case, right))


def spend(case: Case) -> None:
    _argument(case, "amount", _wrong_number(case, ASK.amount_in))


def floor(case: Case) -> None:
    lower = case.random.choice((0, 1, LEAST - 1, LEAST // 2, case.random.randrange(LEAST)))
    _argument(case, "least", lower)


def allowance_target(case: Case) -> None:
    paths = SPENDER_AT.get(case.service) or TO_AT[case.service]
    right = router_of(case.service)
    for path in paths:
        put(case.bodies, path, _stranger(case, right))


def call_target(case: Case) -> None:
    stranger = _stranger(case, router_of(case.service))
    for path in TO_AT[case.service]:
        put(case.bodies, path, stranger)
    for path in SPENDER_AT.get(case.service, []) * case.random.randrange(2):
        put(case.bodies, path, stranger)


def selector(case: Case) -> None:
    known = {f.selector for f in (function_of(case.service),)}
    found = case.random.randbytes(4)
    while found in known:
        found = case.random.randbytes(4)
    choices = (
        found,
        bytes.fromhex("095ea7b3"),
        bytes.fromhex("a9059cbb"),
        bytes.fromhex("87517c45"),
    )
    case.calldata = case.random.choice(choices) + case.calldata[4:]


def extra_call(case: Case) -> None:
    """Hang another call behind the one that is right, or put it into one more layer."""
    more = bytes.fromhex("095ea7b3") + bytes(12) + bytes.fromhex(ATTACKER[2:]) + b"\xff" * 32
    layered = (
        case.calldata + more,
        called("multicall(bytes[])", [[case.calldata, more]]),
        called("execute(address,bytes)", [ATTACKER, case.calldata]),
        called("aggregate((address,bytes)[])", [[(router_of(case.service), case.calldata)]]),
    )
    case.calldata = case.random.choice(layered)


def permit(case: Case) -> None:
    if _has(case, "permit"):
        _argument(case, "permit", case.random.randbytes(case.random.randrange(1, 300)))
    else:
        case.calldata = called(
            "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
            [ASK.taker, ATTACKER, 2**256 - 1, 2**32, 27, bytes(32), bytes(32)],
        )


def native_value(case: Case) -> None:
    put(case.bodies, VALUE_AT[case.service], str(case.random.choice((1, 10**18, 2**255))))


def inflated_quote(case: Case) -> None:
    more = QUOTED * case.random.choice((2, 3, 1000)) + case.random.randrange(1, QUOTED)
    if case.random.random() < 0.5:
        more = QUOTED * case.random.randrange(10_001, 12_000) // 10_000
    for path in OUT_AT[case.service]:
        put(case.bodies, path, str(more))


def deflated_quote(case: Case) -> None:
    for path in OUT_AT[case.service]:
        put(case.bodies, path, str(case.random.randrange(1, QUOTED)))


def another_chain(case: Case) -> None:
    if case.service in CHAIN_AT:
        put(case.bodies, CHAIN_AT[case.service], case.random.choice((10, 8453, 42161, 0, -1)))
    else:
        _argument(case, case.random.choice(("token_in", "token_out")), HOSTILE[-1])


def truncated(case: Case) -> None:
    case.calldata = case.calldata[: case.random.randrange(4, len(case.calldata))]


def oversized(case: Case) -> None:
    size = case.random.choice((5, 32, 1_000, 24 * 1024, 100_000))
    case.calldata = case.calldata + case.random.randbytes(size)


def reentering(case: Case) -> None:
    """Lead the call back to our own contract, or to the token that it moves."""
    back = case.random.choice((ASK.taker, WETH.address, USDC.address, PERMIT2))
    for path in TO_AT[case.service] + SPENDER_AT.get(case.service, []):
        put(case.bodies, path, back)


def dirty_word(case: Case) -> None:
    """Flip a bit of a word that holds an address or an offset, where the ABI wants zeros."""
    data = bytearray(case.calldata)
    data[4 + 32 * case.random.randrange(2)] ^= 1 << case.random.randrange(8)
    case.calldata = bytes(data)


def fee_or_flag(case: Case) -> None:
    names = [
        n for n in ("fee", "fee_receiver", "referral", "referrer", "approved") if _has(case, n)
    ]
    if case.service in FORBIDDEN_FLAGS and (not names or case.random.random() < 0.4):
        _argument(case, "flags", case.random.choice(FORBIDDEN_FLAGS[case.service]))
    elif names:
        name = case.random.choice(names)
        amounts = {
            "fee": [case.random.randrange(1, 10**18)],
            "referral": case.random.randrange(1, 10**17),
        }
        value = amounts.get(name, _stranger(case))
        _argument(case, name, [value] if name == "fee_receiver" else value)
    elif case.service is Service.ZEROX:
        _argument(case, case.random.choice(("callee", "target")), _stranger(case))
    else:
        _argument(case, "permit", b"\x01")


def stale(case: Case) -> None:
    case.firewall = replace(
        case.firewall, now=case.firewall.now + case.random.randrange(3600, 10**6)
    )


def router_changed(case: Case) -> None:
    """A spender, its code, or 0x's Settler is another than yesterday."""
    facts = case.firewall.facts
    if case.service is Service.ZEROX and case.random.random() < 0.5:
        changed = replace(facts, settlers=frozenset({ATTACKER}))
    else:
        other = "0x" + case.random.randbytes(32).hex()
        changed = replace(facts, code_hash_by_router=dict.fromkeys(BOOK.routers, other))
    case.firewall = replace(case.firewall, facts=changed)


def junk_in_body(case: Case) -> None:
    """Put something else at a random place of a body."""
    junk: tuple[Any, ...] = (
        None, True, -1, 0, 1.5, "", "NaN", "1e400", "-1", "0x", [], {}, "٣", "9" * 100,
        ATTACKER, ATTACKER.swapcase(), case.random.getrandbits(256), str(case.random.getrandbits(80)),
    )  # fmt: skip
    node: Any = case.random.choice(case.bodies)
    while True:
        key = case.random.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if isinstance(node[key], dict | list) and node[key] and case.random.random() < 0.85:
            node = node[key]
            continue
        if case.random.random() < 0.2 and isinstance(node, dict):
            del node[key]
        else:
            node[key] = case.random.choice(junk)
        return


def no_json(case: Case) -> None:
    text = json.dumps(case.bodies[0]).encode()
    cut = text[: case.random.randrange(1, len(text))]
    case.raw = case.random.choice(
        (
            b"<html>maintenance</html>",
            b"",
            b"null",
            b"[]",
            cut,
            b'{"a": NaN}',
            b"\xff\xfe",
            text + b"{}",
        )
    )


MUTATIONS: tuple[Mutation, ...] = (
    recipient, token, spend, floor, allowance_target, call_target, selector, extra_call, permit,
    native_value, inflated_quote, deflated_quote, another_chain, truncated, oversized, reentering,
    dirty_word, fee_or_flag, stale, router_changed, junk_in_body, no_json,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a case: `refusal` says why it was stopped, `signed` are the bytes otherwise."""

    name: str
    service: Service
    refusal: str | None
    signed: bytes | None


def outcome(case: Case) -> Outcome:
    """Take an answer the whole way to the bytes that would be signed, or to where it is refused."""
    refusal, signed = _run(case)
    return Outcome(name=case.name, service=case.service, refusal=refusal, signed=signed)


def _run(case: Case) -> tuple[str | None, bytes | None]:
    time = Time()
    time.now = case.firewall.now if case.name != "stale" else FIREWALL.now
    answers: list[Any] = list(case.bodies)
    if case.raw is not None:
        answers[0] = httpx.Response(200, content=case.raw)
    firm = remote(case.service, Script(answers), time).fetch_firm(ASK, ends=ends(time))
    if isinstance(firm, Declined):
        return f"{firm.why}: {firm.detail}", None
    objection = case.firewall.objection_to_offer(firm, ASK)
    if objection is not None:
        return objection, None
    if firm.offer.amount_out < QUOTED:
        return "pools pay more", None
    leg = leg_of(firm, ASK, mid_amount_out=QUOTED)
    floors = (
        Floor(token=ZERO_ADDRESS, symbol="ETH", min_delta=0),
        Floor(token=WETH.address, symbol="WETH", min_delta=-ASK.amount_in),
        Floor(
            token=USDC.address,
            symbol="USDC",
            min_delta=min_amount_out(leg.amount_out, ASK.slippage_bps),
        ),
    )
    batch = Batch(index=0, sequence=1, legs=(leg,), floors=floors, gas_forecast=1, gas_limit=1)
    try:
        return None, encode(batch, deadline=1, plan_id="11" * 32, intent_hash="22" * 32)
    except CalldataError as error:
        return str(error), None


def honest_case(service: Service, firewall: Firewall = FIREWALL) -> Case:
    return Case(service=service, bodies=honest_bodies(service), random=Random(0), firewall=firewall)


def hostile_cases(count: int, *, seed: int = 1, firewall: Firewall = FIREWALL) -> Iterator[Case]:
    """Yield so many cases: every mutation of every service in turn, each with a seed of its own."""
    services = tuple(Service)
    for number in range(count):
        service = services[number % len(services)]
        mutation = MUTATIONS[number // len(services) % len(MUTATIONS)]
        case = Case(
            service=service,
            bodies=honest_bodies(service),
            random=Random(f"{seed}-{number}"),
            firewall=firewall,
            name=mutation.__name__,
        )
        mutation(case)
        yield case


WORLD_CHANGED = frozenset({"stale", "router_changed"})
"""Cases whose bytes are right and whose world is not: nothing but a refusal will do."""


def holes(
    count: int, *, seed: int = 1, firewall: Firewall = FIREWALL, seen: Counter[str] | None = None
) -> Iterator[Outcome]:
    """Yield the cases that were neither refused nor left the signed bytes as they were.

    `seen` counts what was refused, by mutation and under "unchanged" what was not.
    """
    right = {service: outcome(honest_case(service, firewall)).signed for service in Service}
    for case in hostile_cases(count, seed=seed, firewall=firewall):
        one = outcome(case)
        if seen is not None:
            seen[one.name if one.refusal else f"{one.name} unchanged"] += 1
        is_same = one.signed == right[one.service] and one.name not in WORLD_CHANGED
        if one.refusal is None and not is_same:
            yield one
