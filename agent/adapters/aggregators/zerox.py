"""0x Swap API v2 by AllowanceHolder: `/price` and `/quote`; slippage in basis points, no route is a 200.

https://0x.org/docs/api (OpenAPI of August 2026).
"""

from __future__ import annotations

from collections.abc import Mapping

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
    placeholder,
    token_of,
    words_of,
)
from agent.adapters.wire import BodyError, parse_body
from agent.domain.offer import Ask, Decline, Offer, RouterCall, Service


class _Fill(Loose):
    source: str


class _Route(Loose):
    fills: list[_Fill]


class _Allowance(Loose):
    spender: WireAddress


class _Issues(Loose):
    allowance: _Allowance | None = None


class _Transaction(Loose):
    to: WireAddress
    data: Calldata
    value: Amount
    gas: Gas | None = None


class _Liquidity(Loose):
    liquidityAvailable: bool  # noqa: N815 - the wire's name


class _Answer(Loose):
    sellToken: WireAddress  # noqa: N815
    buyToken: WireAddress  # noqa: N815
    sellAmount: Positive  # noqa: N815
    buyAmount: Positive  # noqa: N815
    minBuyAmount: Positive  # noqa: N815
    route: _Route


class _Price(_Answer):
    gas: Gas


class _Quote(_Answer):
    allowanceTarget: WireAddress | None = None  # noqa: N815
    issues: _Issues
    transaction: _Transaction


class _Error(Loose):
    name: str = ""
    message: str = ""
    reason: str = ""


class ZeroX:
    """The wire format of 0x."""

    service = Service.ZEROX
    base_url = "https://api.0x.org"

    def headers(self, key: str | None) -> Mapping[str, str]:
        return {"0x-version": "v2"} | ({"0x-api-key": key} if key else {})

    def offer(self, ask: Ask, send: Send) -> Offer:
        raw = send(Call(path="swap/allowance-holder/price", query=_query(ask)))
        _require_liquidity(raw)
        said = parse_body(_Price, raw)
        return _offer(ask, said, said.gas)

    def firm(self, ask: Ask, send: Send) -> tuple[Offer, RouterCall]:
        raw = send(Call(path="swap/allowance-holder/quote", query=_query(ask)))
        _require_liquidity(raw)
        said = parse_body(_Quote, raw)
        if said.transaction.gas is None:
            raise BodyError(field="transaction.gas", value=None, mend="give an estimate")
        allowance = said.issues.allowance
        spender = allowance.spender if allowance else said.allowanceTarget
        if spender is None:
            raise BodyError(field="allowanceTarget", value=None, mend="name who is to be approved")
        return _offer(ask, said, said.transaction.gas), RouterCall(
            chain_id=ask.token_in.chain_id,
            router=said.transaction.to,
            allowance_target=spender,
            data=said.transaction.data,
            value_wei=said.transaction.value,
        )

    def refusal(self, reply: Reply) -> DeclinesError:
        words = words_of(reply, _Error, "name", "message", "reason")
        return DeclinesError(why=Decline.NO_ROUTE, detail=words)


def _query(ask: Ask) -> dict[str, str]:
    return {
        "chainId": str(ask.token_in.chain_id),
        "sellToken": placeholder(ask.token_in),
        "buyToken": placeholder(ask.token_out),
        "sellAmount": str(ask.amount_in),
        "taker": ask.taker,
        "txOrigin": ask.origin,
        "slippageBps": str(ask.slippage_bps),
        "gasPrice": str(ask.gas_price_wei),
    }


def _require_liquidity(raw: bytes) -> None:
    if not parse_body(_Liquidity, raw).liquidityAvailable:
        raise DeclinesError(why=Decline.NO_ROUTE, detail="liquidityAvailable is false")


def _offer(ask: Ask, said: _Answer, gas: int) -> Offer:
    require(field="sellToken", found=token_of(said.sellToken), wanted=ask.token_in.address)
    require(field="buyToken", found=token_of(said.buyToken), wanted=ask.token_out.address)
    require(field="sellAmount", found=said.sellAmount, wanted=ask.amount_in)
    return Offer(
        service=Service.ZEROX,
        order_id=ask.order_id,
        token_in=ask.token_in.address,
        token_out=ask.token_out.address,
        amount_in=ask.amount_in,
        amount_out=said.buyAmount,
        gas=gas,
        sources=tuple(dict.fromkeys(fill.source for fill in said.route.fills)),
        pools=(),
        names_all_pools=False,
    )
