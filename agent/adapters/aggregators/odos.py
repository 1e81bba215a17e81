"""Odos SOR v3: `/sor/quote/v3`, then `/sor/assemble`; slippage in percent, fixed at the quote.

https://docs.odos.xyz. Native ETH is the zero address here. Calldata is asked for in its long form: the
compact one cannot be decoded.
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
)
from agent.adapters.aggregators.exchange import Call, Reply
from agent.adapters.aggregators.wires import (
    DeclinesError,
    Send,
    percent,
    placeholder,
    words_of,
)
from agent.adapters.wire import BodyError, parse_body
from agent.domain.offer import Ask, Decline, Offer, RouterCall, Service
from agent.domain.units import ZERO_ADDRESS

NO_PATH_CODES = frozenset({2000, 2400, 2997, 2998, 2999, 4006, 4010, 4016})
"""No viable path and what comes to it: too slippery, token not known, routing unavailable."""


class _Quote(Loose):
    inTokens: list[WireAddress]  # noqa: N815 - the wire's name
    outTokens: list[WireAddress]  # noqa: N815
    inAmounts: list[Positive]  # noqa: N815
    outAmounts: list[Positive]  # noqa: N815
    gasEstimate: Gas  # noqa: N815
    pathId: str  # noqa: N815


class _Transaction(Loose):
    to: WireAddress
    from_: WireAddress
    data: Calldata
    value: Amount
    gas: Gas
    chainId: int  # noqa: N815

    model_config = Loose.model_config | {"alias_generator": lambda name: name.rstrip("_")}


class _TokenAmount(Loose):
    tokenAddress: WireAddress  # noqa: N815
    amount: Positive


class _Assembled(Loose):
    inputTokens: list[_TokenAmount]  # noqa: N815
    outputTokens: list[_TokenAmount]  # noqa: N815
    gasEstimate: Gas  # noqa: N815
    transaction: _Transaction


class _Error(Loose):
    detail: str = ""
    errorCode: int  # noqa: N815


class Odos:
    """The wire format of Odos."""

    service = Service.ODOS
    base_url = "https://api.odos.xyz"

    def headers(self, key: str | None) -> Mapping[str, str]:
        return {"x-api-key": key} if key else {}

    def offer(self, ask: Ask, send: Send) -> Offer:
        said = _quote(ask, send)
        return _offer(ask, said.outAmounts[0], said.gasEstimate)

    def firm(self, ask: Ask, send: Send) -> tuple[Offer, RouterCall]:
        said = _quote(ask, send)
        given = {
            "userAddr": ask.taker,
            "pathId": said.pathId,
            "simulate": False,
            "receiver": ask.taker,
        }
        built = parse_body(_Assembled, send(Call.post("sor/assemble", given)))
        sent = built.transaction
        require(
            field="inputTokens",
            found=[(t.tokenAddress, t.amount) for t in built.inputTokens],
            wanted=[(ask.token_in.address, ask.amount_in)],
        )
        require(
            field="outputTokens",
            found=[t.tokenAddress for t in built.outputTokens],
            wanted=[ask.token_out.address],
        )
        require(field="transaction.chainId", found=sent.chainId, wanted=ask.token_in.chain_id)
        require(field="transaction.from", found=sent.from_, wanted=ask.taker)
        return _offer(ask, built.outputTokens[0].amount, built.gasEstimate), RouterCall(
            chain_id=sent.chainId,
            router=sent.to,
            allowance_target=sent.to,
            data=sent.data,
            value_wei=sent.value,
        )

    def refusal(self, reply: Reply) -> DeclinesError:
        words = words_of(reply, _Error, "detail")
        code = parse_body(_Error, reply.body).errorCode
        if code in NO_PATH_CODES:
            return DeclinesError(why=Decline.NO_ROUTE, detail=f"{code} {words}")
        raise BodyError(field="errorCode", value=code, mend=f"see what Odos refuses: {words:.80}")


def _quote(ask: Ask, send: Send) -> _Quote:
    given = {
        "chainId": ask.token_in.chain_id,
        "inputTokens": [
            {"tokenAddress": placeholder(ask.token_in, ZERO_ADDRESS), "amount": str(ask.amount_in)}
        ],
        "outputTokens": [
            {"tokenAddress": placeholder(ask.token_out, ZERO_ADDRESS), "proportion": 1}
        ],
        "userAddr": ask.taker,
        "disableRFQs": True,
        "compact": False,
        "simple": False,
    }
    # The slippage is written as a number of percent, exactly: no float comes near it.
    text = f'{json.dumps(given)[:-1]}, "slippageLimitPercent": {percent(ask.slippage_bps)}}}'
    said = parse_body(_Quote, send(Call(path="sor/quote/v3", body=text)))
    require(field="inTokens", found=said.inTokens, wanted=[ask.token_in.address])
    require(field="outTokens", found=said.outTokens, wanted=[ask.token_out.address])
    require(field="inAmounts", found=said.inAmounts, wanted=[ask.amount_in])
    require(field="outAmounts", found=len(said.outAmounts), wanted=1)
    return said


def _offer(ask: Ask, amount_out: int, gas: int) -> Offer:
    return Offer(
        service=Service.ODOS,
        order_id=ask.order_id,
        token_in=ask.token_in.address,
        token_out=ask.token_out.address,
        amount_in=ask.amount_in,
        amount_out=amount_out,
        gas=gas,
        sources=(),
        pools=(),
        names_all_pools=False,
    )
