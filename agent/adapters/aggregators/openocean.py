"""OpenOcean v4: `/quote` and `/swap`; slippage in percent, no route is a 200 without data.

API reference in openocean-finance/OpenOcean-skills, March 2026.
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
    named_pools,
    percent,
    placeholder,
    token_of,
    words_of,
)
from agent.adapters.wire import BodyError, parse_body
from agent.domain.offer import Ask, Decline, Offer, RouterCall, Service

GOOD = 200


class _Token(Loose):
    address: WireAddress


class _Dex(Loose):
    dex: str
    id: str = ""


class _SubRoute(Loose):
    dexes: list[_Dex] = Field(default_factory=list)


class _Route(Loose):
    subRoutes: list[_SubRoute] = Field(default_factory=list)  # noqa: N815 - the wire's name


class _Path(Loose):
    routes: list[_Route] = Field(default_factory=list)


class _Answer(Loose):
    inToken: _Token  # noqa: N815
    outToken: _Token  # noqa: N815
    inAmount: Positive  # noqa: N815
    outAmount: Positive  # noqa: N815
    estimatedGas: Gas  # noqa: N815
    path: _Path | None = None


class _Swap(_Answer):
    minOutAmount: Positive  # noqa: N815
    from_: WireAddress
    to: WireAddress
    value: Amount
    data: Calldata
    chainId: int  # noqa: N815

    model_config = Loose.model_config | {"alias_generator": lambda name: name.rstrip("_")}


class _Envelope(Loose):
    code: int
    data: dict[str, object] | list[object] | str | None = None
    error: str = ""
    message: str = ""
    errorMsg: str = ""  # noqa: N815


class _QuoteBody(Loose):
    data: _Answer


class _SwapBody(Loose):
    data: _Swap


class OpenOcean:
    """The wire format of OpenOcean."""

    service = Service.OPENOCEAN
    base_url = "https://open-api.openocean.finance/v4/1"

    def headers(self, key: str | None) -> Mapping[str, str]:
        return {"apikey": key} if key else {}

    def offer(self, ask: Ask, send: Send) -> Offer:
        raw = send(Call(path="quote", query=_query(ask)))
        _require_data(raw)
        return _offer(ask, parse_body(_QuoteBody, raw).data)

    def firm(self, ask: Ask, send: Send) -> tuple[Offer, RouterCall]:
        query = _query(ask) | {"account": ask.taker, "sender": ask.taker}
        raw = send(Call(path="swap", query=query))
        _require_data(raw)
        said = parse_body(_SwapBody, raw).data
        require(field="data.chainId", found=said.chainId, wanted=ask.token_in.chain_id)
        require(field="data.from", found=said.from_, wanted=ask.taker)
        return _offer(ask, said), RouterCall(
            chain_id=said.chainId,
            router=said.to,
            allowance_target=said.to,
            data=said.data,
            value_wei=said.value,
        )

    def refusal(self, reply: Reply) -> DeclinesError:
        words = words_of(reply, _Envelope, "error", "message", "errorMsg")
        raise BodyError(
            field="code", value=reply.status, mend=f"see what OpenOcean refuses: {words:.80}"
        )


def _query(ask: Ask) -> dict[str, str]:
    return {
        "inTokenAddress": placeholder(ask.token_in),
        "outTokenAddress": placeholder(ask.token_out),
        "amountDecimals": str(ask.amount_in),
        "gasPriceDecimals": str(ask.gas_price_wei),
        "slippage": percent(ask.slippage_bps),
    }


def _require_data(raw: bytes) -> None:
    said = parse_body(_Envelope, raw)
    if said.code != GOOD:
        words = said.error or said.message or said.errorMsg
        raise BodyError(field="code", value=said.code, mend=f"answer with 200 ({words:.80})")
    if said.data is None:
        raise DeclinesError(why=Decline.NO_ROUTE, detail="data is null")


def _offer(ask: Ask, said: _Answer) -> Offer:
    at = "data."
    require(
        field=f"{at}inToken.address",
        found=token_of(said.inToken.address),
        wanted=ask.token_in.address,
    )
    require(
        field=f"{at}outToken.address",
        found=token_of(said.outToken.address),
        wanted=ask.token_out.address,
    )
    require(field=f"{at}inAmount", found=said.inAmount, wanted=ask.amount_in)
    routes = said.path.routes if said.path else []
    dexes = [dex for route in routes for sub in route.subRoutes for dex in sub.dexes]
    return Offer(
        service=Service.OPENOCEAN,
        order_id=ask.order_id,
        token_in=ask.token_in.address,
        token_out=ask.token_out.address,
        amount_in=ask.amount_in,
        amount_out=said.outAmount,
        gas=said.estimatedGas,
        sources=tuple(dict.fromkeys(dex.dex for dex in dexes)),
        pools=named_pools([dex.id for dex in dexes]),
        names_all_pools=bool(dexes) and all(named_pools([dex.id]) for dex in dexes),
    )
