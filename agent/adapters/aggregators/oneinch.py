"""1inch Classic Swap v6.1: `/quote` and `/swap`; slippage in percent, no route is a 400.

https://portal.1inch.dev (OpenAPI of v6.0 in 1inch/1inch-sdk-go; `protocols` of v6.1 by third-party clients).
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from agent.adapters.aggregators.body import (
    Amount,
    Calldata,
    Gas,
    Loose,
    Positive,
    WireAddress,
    require,
)
from agent.adapters.aggregators.exchange import Call, Reply
from agent.adapters.aggregators.wires import (
    DeclinesError,
    Send,
    percent,
    placeholder,
    token_of,
    words_of,
)
from agent.adapters.wire import BodyError, parse_body
from agent.domain.offer import Ask, Decline, Offer, RouterCall, Service


class _Token(Loose):
    address: WireAddress


class _Protocol(Loose):
    name: str


class _Hop(Loose):
    protocols: list[_Protocol] = Field(default_factory=list)


class _Path(Loose):
    hops: list[_Hop] = Field(default_factory=list)


class _Quote(Loose):
    dstAmount: Positive  # noqa: N815 - the wire's name
    srcToken: _Token  # noqa: N815
    dstToken: _Token  # noqa: N815
    protocols: list[_Path]
    gas: Gas


class _Transaction(Loose):
    from_: WireAddress
    to: WireAddress
    data: Calldata
    value: Amount
    gas: Gas

    model_config = Loose.model_config | {"alias_generator": lambda name: name.rstrip("_")}


class _Swap(Loose):
    dstAmount: Positive  # noqa: N815
    srcToken: _Token | None = None  # noqa: N815
    dstToken: _Token | None = None  # noqa: N815
    tx: _Transaction


class _Error(Loose):
    description: str = ""
    error: str = ""


NO_ROUTE_WORDS = ("insufficient liquidity", "cannot find", "no route")


class OneInch:
    """The wire format of 1inch."""

    service = Service.ONEINCH
    base_url = "https://api.1inch.com/swap/v6.1/1"

    def headers(self, key: str | None) -> Mapping[str, str]:
        return {"authorization": f"Bearer {key}"} if key else {}

    def offer(self, ask: Ask, send: Send) -> Offer:
        flags = dict.fromkeys(("includeTokensInfo", "includeProtocols", "includeGas"), "true")
        said = parse_body(_Quote, send(Call(path="quote", query=_query(ask) | flags)))
        _require_tokens(ask, said.srcToken, said.dstToken)
        names = [p.name for path in said.protocols for hop in path.hops for p in hop.protocols]
        return _offer(ask, said.dstAmount, said.gas, tuple(dict.fromkeys(names)))

    def firm(self, ask: Ask, send: Send) -> tuple[Offer, RouterCall]:
        given = _query(ask) | {
            "from": ask.taker,
            "origin": ask.origin,
            "receiver": ask.taker,
            "slippage": percent(ask.slippage_bps),
            # The allowance stands only while the batch runs, so that a simulation would fail.
            "disableEstimate": "true",
            "allowPartialFill": "false",
            "includeTokensInfo": "true",
        }
        said = parse_body(_Swap, send(Call(path="swap", query=given)))
        _require_tokens(ask, said.srcToken, said.dstToken)
        require(field="tx.from", found=said.tx.from_, wanted=ask.taker)
        return _offer(ask, said.dstAmount, said.tx.gas, ()), RouterCall(
            chain_id=ask.token_in.chain_id,
            router=said.tx.to,
            allowance_target=said.tx.to,
            data=said.tx.data,
            value_wei=said.tx.value,
        )

    def refusal(self, reply: Reply) -> DeclinesError:
        words = words_of(reply, _Error, "description", "error")
        if any(known in words.lower() for known in NO_ROUTE_WORDS):
            return DeclinesError(why=Decline.NO_ROUTE, detail=words)
        raise BodyError(field="description", value=words, mend="see what 1inch refuses")


def _query(ask: Ask) -> dict[str, str]:
    return {
        "src": placeholder(ask.token_in),
        "dst": placeholder(ask.token_out),
        "amount": str(ask.amount_in),
        "gasPrice": str(ask.gas_price_wei),
    }


def _require_tokens(ask: Ask, source: _Token | None, destination: _Token | None) -> None:
    pairs = (
        ("srcToken.address", source, ask.token_in),
        ("dstToken.address", destination, ask.token_out),
    )
    for field, said, asked in pairs:
        if said is not None:
            require(field=field, found=token_of(said.address), wanted=asked.address)


def _offer(ask: Ask, amount_out: int, gas: int, sources: tuple[str, ...]) -> Offer:
    return Offer(
        service=Service.ONEINCH,
        order_id=ask.order_id,
        token_in=ask.token_in.address,
        token_out=ask.token_out.address,
        amount_in=ask.amount_in,
        amount_out=amount_out,
        gas=gas,
        sources=sources,
        pools=(),
        names_all_pools=False,
    )
