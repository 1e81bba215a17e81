"""Asks and services to be tested with: recorded bodies behind real adapters, without a network."""

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from agent.adapters.aggregators.known import LIMITS, WIRES
from agent.adapters.aggregators.restraint import Breaker, Pace
from agent.adapters.aggregators.service import Deadline, RemoteService
from agent.domain.offer import Ask, Service
from agent.domain.token import Token
from agent.domain.units import Address, Bps

BODIES = json.loads((Path(__file__).parent / "data" / "aggregators" / "bodies.json").read_text())
KEY = "key-that-nobody-may-see"

WETH = Token(
    chain_id=1,
    address=Address("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"),
    symbol="WETH",
    decimals=18,
)
USDC = Token(
    chain_id=1,
    address=Address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"),
    symbol="USDC",
    decimals=6,
)
TAKER = Address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
ORIGIN = Address("0x2A2A2a2a2a2A2a2A2a2A2A2a2a2A2A2a2A2A2A2A")
ASK = Ask(
    order_id="sell:ethereum",
    token_in=WETH,
    token_out=USDC,
    amount_in=10**18,
    taker=TAKER,
    origin=ORIGIN,
    slippage_bps=Bps(50),
    gas_price_wei=1_250_000_000,
)

ODOS_TOKENS = {
    "inTokens": [WETH.address],
    "outTokens": [USDC.address],
    "inAmounts": ["1000000000000000000"],
    "outAmounts": ["1998000000"],
}


def body(name: str) -> Any:
    """Return a body that may be bent."""
    return copy.deepcopy(BODIES[name]["body"])


def odos_quote() -> Any:
    """Return the recorded quote as one of a single pair."""
    return body("odos-sor-quote-v3") | copy.deepcopy(ODOS_TOKENS)


def odos_assembled() -> Any:
    found = body("odos-sor-assemble")
    found["inputTokens"] = [{"tokenAddress": WETH.address, "amount": "1000000000000000000"}]
    found["outputTokens"] = [{"tokenAddress": USDC.address, "amount": "1998000000"}]
    return found


def honest_offer(service: Service) -> list[Any]:
    """Return the bodies of a good answer to `ASK`, in the order of the calls."""
    return {
        Service.ZEROX: [body("0x-allowance-holder-price")],
        Service.ONEINCH: [body("1inch-quote-v6.1")],
        Service.VELORA: [body("velora-prices")],
        Service.KYBERSWAP: [body("kyberswap-routes")],
        Service.ODOS: [odos_quote()],
        Service.OPENOCEAN: [body("openocean-quote")],
    }[service]


def honest_firm(service: Service) -> list[Any]:
    return {
        Service.ZEROX: [body("0x-allowance-holder-quote")],
        Service.ONEINCH: [body("1inch-swap-v6.1")],
        Service.VELORA: [body("velora-prices"), body("velora-transactions")],
        Service.KYBERSWAP: [body("kyberswap-routes"), body("kyberswap-route-build")],
        Service.ODOS: [odos_quote(), odos_assembled()],
        Service.OPENOCEAN: [body("openocean-swap")],
    }[service]


class Script:
    """Answers calls with one response after the other, and keeps the requests."""

    def __init__(self, answers: Sequence[httpx.Response | Exception | Any]) -> None:
        self.left, self.seen = list(answers), list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = self.left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, content=json.dumps(answer).encode())


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def remote(
    service: Service,
    handler: Callable[[httpx.Request], httpx.Response],
    time: Time | None = None,
    breaker: Breaker | None = None,
) -> RemoteService:
    time = time or Time()
    return RemoteService(
        wire=WIRES[service],
        client=httpx.Client(transport=httpx.MockTransport(handler), follow_redirects=False),
        base_url=SecretStr("https://service.example/base/"),
        limits=LIMITS[service],
        pace=Pace(LIMITS[service], monotonic=time),
        breaker=breaker or Breaker(monotonic=time),
        key=SecretStr(KEY),
        sleep=time.sleep,
        now=time,
    )


def ends(time: Time, seconds: float = 60.0) -> Deadline:
    return Deadline.after(seconds, monotonic=time)


def asked(service: Service, *answers: Any, is_firm: bool = False, ask: Ask = ASK) -> Any:
    """Return what a service's adapter makes of the answers."""
    time, script = Time(), Script(answers)
    found = remote(service, script, time)
    fetch = found.fetch_firm if is_firm else found.fetch_offer
    return fetch(ask, ends=ends(time))
