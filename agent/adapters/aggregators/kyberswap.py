"""KyberSwap Aggregator v1: `/routes`, then `/route/build`; slippage in basis points, its default is none.

https://docs.kyberswap.com (OpenAPI 2.12.1, August 2026). The route summary goes back word for word.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from agent.adapters.aggregators.body import (
    Amount,
    Calldata,
    Gas,
    Loose,
    Positive,
    WireAddress,
    require,
    verbatim,
)
from agent.adapters.aggregators.exchange import Call, Reply
from agent.adapters.aggregators.wires import (
    DeclinesError,
    Send,
    named_pools,
    placeholder,
    token_of,
    words_of,
)
from agent.adapters.wire import BodyError, parse_body
from agent.domain.offer import Ask, Decline, Offer, RouterCall, Service

CLIENT = "index-agent"
NO_ROUTE_CODES = frozenset({4008, 4010, 4011, 4221, 4222, 4227, 4009})
"""Route not found, no eligible pool, token not found, no WETH, drifted, gas not estimated, too large."""


class _Hop(Loose):
    pool: str
    exchange: str


class _Summary(Loose):
    tokenIn: WireAddress  # noqa: N815 - the wire's name
    amountIn: Positive  # noqa: N815
    tokenOut: WireAddress  # noqa: N815
    amountOut: Positive  # noqa: N815
    gas: Gas
    route: list[list[_Hop]]


class _RoutesData(Loose):
    routeSummary: _Summary  # noqa: N815
    routerAddress: WireAddress  # noqa: N815


class _Routes(Loose):
    code: int
    data: _RoutesData


class _BuildData(Loose):
    amountIn: Positive  # noqa: N815
    amountOut: Positive  # noqa: N815
    gas: Gas
    data: Calldata
    routerAddress: WireAddress  # noqa: N815
    transactionValue: Amount  # noqa: N815


class _Build(Loose):
    code: int
    data: _BuildData


class _Error(Loose):
    code: int
    message: str = ""


class KyberSwap:
    """The wire format of KyberSwap."""

    service = Service.KYBERSWAP
    base_url = "https://aggregator-api.kyberswap.com/ethereum"

    def headers(self, key: str | None) -> Mapping[str, str]:
        return {"x-client-id": key or CLIENT}

    def offer(self, ask: Ask, send: Send) -> Offer:
        said, _ = _routes(ask, send)
        return _offer(ask, said.routeSummary, said.routeSummary.amountOut, said.routeSummary.gas)

    def firm(self, ask: Ask, send: Send) -> tuple[Offer, RouterCall]:
        said, summary = _routes(ask, send)
        given = json.dumps(
            {
                "sender": ask.taker,
                "recipient": ask.taker,
                "origin": ask.origin,
                "slippageTolerance": ask.slippage_bps,
                "source": CLIENT,
                "enableGasEstimation": False,
            }
        )
        body = f'{{"routeSummary": {summary}, {given[1:]}'
        raw = send(Call(path="api/v1/route/build", body=body))
        _require_success(raw)
        built = parse_body(_Build, raw).data
        require(field="data.amountIn", found=built.amountIn, wanted=ask.amount_in)
        require(field="data.routerAddress", found=built.routerAddress, wanted=said.routerAddress)
        # Building prices the route again: what it says then is what counts.
        return _offer(ask, said.routeSummary, built.amountOut, built.gas), RouterCall(
            chain_id=ask.token_in.chain_id,
            router=built.routerAddress,
            allowance_target=built.routerAddress,
            data=built.data,
            value_wei=built.transactionValue,
        )

    def refusal(self, reply: Reply) -> DeclinesError:
        return _refusal(reply.body)


def _refusal(raw: bytes) -> DeclinesError:
    code = parse_body(_Error, raw).code
    words = words_of(Reply(status=400, body=raw), _Error, "message")
    if code in NO_ROUTE_CODES:
        return DeclinesError(why=Decline.NO_ROUTE, detail=f"{code} {words}")
    raise BodyError(field="code", value=code, mend=f"see what KyberSwap refuses: {words:.80}")


def _require_success(raw: bytes) -> None:
    if parse_body(_Error, raw).code != 0:
        raise _refusal(raw)


def _routes(ask: Ask, send: Send) -> tuple[_RoutesData, str]:
    query = {
        "tokenIn": placeholder(ask.token_in),
        "tokenOut": placeholder(ask.token_out),
        "amountIn": str(ask.amount_in),
        "gasPrice": str(ask.gas_price_wei),
        "excludeRFQSources": "true",
        "origin": ask.origin,
        "source": CLIENT,
    }
    raw = send(Call(path="api/v1/routes", query=query))
    _require_success(raw)
    said = parse_body(_Routes, raw).data
    summary, at = said.routeSummary, "data.routeSummary."
    require(field=f"{at}tokenIn", found=token_of(summary.tokenIn), wanted=ask.token_in.address)
    require(field=f"{at}tokenOut", found=token_of(summary.tokenOut), wanted=ask.token_out.address)
    require(field=f"{at}amountIn", found=summary.amountIn, wanted=ask.amount_in)
    return said, verbatim(raw, "data", "routeSummary")


def _offer(ask: Ask, summary: _Summary, amount_out: int, gas: int) -> Offer:
    hops = [hop for path in summary.route for hop in path]
    pools = named_pools([hop.pool for hop in hops])
    return Offer(
        service=Service.KYBERSWAP,
        order_id=ask.order_id,
        token_in=ask.token_in.address,
        token_out=ask.token_out.address,
        amount_in=ask.amount_in,
        amount_out=amount_out,
        gas=gas,
        sources=tuple(dict.fromkeys(hop.exchange for hop in hops)),
        pools=pools,
        names_all_pools=bool(hops) and len(pools) == len({hop.pool.lower() for hop in hops}),
    )
