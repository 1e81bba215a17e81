"""Velora (ParaSwap) Market API for Augustus v6.2: `/prices`, then `/transactions`; slippage in basis points.

https://developers.velora.xyz (OpenAPI in VeloraDEX/docs, June 2026). The price route goes back word for
word: a code of the service covers it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

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
from agent.adapters.wire import parse_body
from agent.domain.offer import Ask, Decline, Offer, RouterCall, Service

METHOD = "swapExactAmountIn"
"""The one contract method that is asked for: every argument of it can be read."""


class _Exchange(Loose):
    exchange: str
    poolAddresses: list[str] = Field(default_factory=list)  # noqa: N815 - the wire's name


class _Swap(Loose):
    swapExchanges: list[_Exchange]  # noqa: N815


class _Part(Loose):
    swaps: list[_Swap]


class _PriceRoute(Loose):
    network: int
    srcToken: WireAddress  # noqa: N815
    destToken: WireAddress  # noqa: N815
    srcAmount: Positive  # noqa: N815
    destAmount: Positive  # noqa: N815
    bestRoute: list[_Part]  # noqa: N815
    gasCost: Gas  # noqa: N815
    side: Literal["SELL"]
    version: Literal["6.2"]
    contractAddress: WireAddress  # noqa: N815
    tokenTransferProxy: WireAddress  # noqa: N815
    contractMethod: Literal["swapExactAmountIn"]  # noqa: N815


class _Prices(Loose):
    priceRoute: _PriceRoute  # noqa: N815


class _Transaction(Loose):
    to: WireAddress
    value: Amount
    data: Calldata
    chainId: int  # noqa: N815


class _Error(Loose):
    errorType: str = ""  # noqa: N815
    details: str = ""
    error: str = ""


class Velora:
    """The wire format of Velora."""

    service = Service.VELORA
    base_url = "https://api.velora.xyz"

    def headers(self, key: str | None) -> Mapping[str, str]:
        return {"x-api-key": key} if key else {}

    def offer(self, ask: Ask, send: Send) -> Offer:
        said, _ = _prices(ask, send)
        return _offer(ask, said)

    def firm(self, ask: Ask, send: Send) -> tuple[Offer, RouterCall]:
        said, route = _prices(ask, send)
        given = json.dumps(
            {
                "srcToken": placeholder(ask.token_in),
                "srcDecimals": ask.token_in.decimals,
                "destToken": placeholder(ask.token_out),
                "destDecimals": ask.token_out.decimals,
                "srcAmount": str(ask.amount_in),
                "slippage": ask.slippage_bps,
                "userAddress": ask.taker,
                "txOrigin": ask.origin,
            }
        )
        body = f'{{"priceRoute": {route}, {given[1:]}'
        # Neither balance nor allowance is there before the batch runs.
        checks = {"ignoreChecks": "true", "gasPrice": str(ask.gas_price_wei)}
        path = f"transactions/{ask.token_in.chain_id}"
        sent = parse_body(_Transaction, send(Call(path=path, query=checks, body=body)))
        require(field="chainId", found=sent.chainId, wanted=ask.token_in.chain_id)
        require(field="to", found=sent.to, wanted=said.contractAddress)
        return _offer(ask, said), RouterCall(
            chain_id=sent.chainId,
            router=sent.to,
            allowance_target=said.tokenTransferProxy,
            data=sent.data,
            value_wei=sent.value,
        )

    def refusal(self, reply: Reply) -> DeclinesError:
        words = words_of(reply, _Error, "details", "error", "errorType")
        return DeclinesError(why=Decline.NO_ROUTE, detail=words)


def _prices(ask: Ask, send: Send) -> tuple[_PriceRoute, str]:
    query = {
        "srcToken": placeholder(ask.token_in),
        "destToken": placeholder(ask.token_out),
        "amount": str(ask.amount_in),
        "srcDecimals": str(ask.token_in.decimals),
        "destDecimals": str(ask.token_out.decimals),
        "side": "SELL",
        "network": str(ask.token_in.chain_id),
        "version": "6.2",
        "userAddress": ask.taker,
        "includeContractMethods": METHOD,
        "excludeRFQ": "true",
    }
    raw = send(Call(path="prices", query=query))
    said = parse_body(_Prices, raw).priceRoute
    at = "priceRoute."
    require(field=f"{at}network", found=said.network, wanted=ask.token_in.chain_id)
    require(field=f"{at}srcToken", found=token_of(said.srcToken), wanted=ask.token_in.address)
    require(field=f"{at}destToken", found=token_of(said.destToken), wanted=ask.token_out.address)
    require(field=f"{at}srcAmount", found=said.srcAmount, wanted=ask.amount_in)
    return said, verbatim(raw, "priceRoute")


def _offer(ask: Ask, said: _PriceRoute) -> Offer:
    used = [e for part in said.bestRoute for swap in part.swaps for e in swap.swapExchanges]
    return Offer(
        service=Service.VELORA,
        order_id=ask.order_id,
        token_in=ask.token_in.address,
        token_out=ask.token_out.address,
        amount_in=ask.amount_in,
        amount_out=said.destAmount,
        gas=said.gasCost,
        sources=tuple(dict.fromkeys(e.exchange for e in used)),
        pools=named_pools([name for e in used for name in e.poolAddresses]),
        names_all_pools=bool(used) and all(e.poolAddresses for e in used),
    )
