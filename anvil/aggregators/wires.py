"""The bodies of the emulated services, field by field as the real ones send them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from agent.domain.offer import Service
from anvil.aggregators.desk import Quoted, ServiceDesk

Answer = tuple[int, Any]
"""Status and JSON body."""

VELORA_S, KYBER_S, ODOS_S = 30.0, 10.0, 60.0


def _transaction(
    desk: ServiceDesk, quoted: Quoted, *, taker: str, slippage_bps: int
) -> dict[str, Any]:
    return {
        "from": taker,
        "to": desk.router,
        "data": desk.calldata(quoted, recipient=taker, slippage_bps=slippage_bps),
        "value": "0",
        "gasPrice": "1000000000",
    }


def zerox(desk: ServiceDesk, path: str, query: Mapping[str, str], _: bytes) -> Answer:
    sell, buy, amount = query["sellToken"], query["buyToken"], int(query["sellAmount"])
    quoted = desk.quoted(sell, buy, amount)
    if quoted is None:
        return 200, {"liquidityAvailable": False, "zid": "0x1"}
    slippage = int(query["slippageBps"])
    body = {
        "allowanceTarget": desk.router.lower(),
        "blockNumber": "1",
        "buyAmount": str(quoted.amount_out),
        "buyToken": buy.lower(),
        "fees": {"integratorFee": None, "zeroExFee": None, "gasFee": None},
        "issues": {
            "allowance": {"actual": "0", "spender": desk.router.lower()},
            "balance": None,
            "simulationIncomplete": False,
            "invalidSourcesPassed": [],
        },
        "liquidityAvailable": True,
        "minBuyAmount": str(desk.least(quoted, slippage)),
        "mode": "exact-in",
        "route": {
            "fills": [
                {
                    "from": sell.lower(), "to": buy.lower(), "source": quoted.route.source,
                    "proportionBps": "10000",
                }
            ],
            "tokens": [],
        },
        "sellAmount": str(amount),
        "sellToken": sell.lower(),
        "totalNetworkFee": "1",
        "zid": "0x1",
    }  # fmt: skip
    gas = {"gas": str(quoted.route.gas), "gasPrice": "1000000000"}
    if path.endswith("/price"):
        return 200, body | gas
    sent = _transaction(desk, quoted, taker=query["taker"], slippage_bps=slippage)
    del sent["from"]
    return 200, body | {"transaction": sent | gas}


def _bps(text: str) -> int:
    return int(Decimal(text) * 100)


def oneinch(desk: ServiceDesk, path: str, query: Mapping[str, str], _: bytes) -> Answer:
    quoted = desk.quoted(query["src"], query["dst"], int(query["amount"]))
    if quoted is None:
        return 400, {
            "error": "Bad Request", "description": "insufficient liquidity", "statusCode": 400,
            "meta": [], "requestId": str(uuid.uuid4()),
        }  # fmt: skip
    tokens = {
        "srcToken": {"address": query["src"].lower()},
        "dstToken": {"address": query["dst"].lower()},
    }
    if path.endswith("/quote"):
        hops = [{"part": 100, "protocols": [{"name": quoted.route.source, "part": 100}]}]
        body = {
            "protocols": [{"token": query["src"].lower(), "hops": hops}],
            "gas": quoted.route.gas,
        }
        return 200, {"dstAmount": str(quoted.amount_out)} | tokens | body
    sent = _transaction(desk, quoted, taker=query["from"], slippage_bps=_bps(query["slippage"]))
    sent |= {"to": desk.router.lower(), "from": query["from"].lower(), "gas": quoted.route.gas}
    return 200, {"dstAmount": str(quoted.amount_out), "tx": sent} | tokens


def velora(desk: ServiceDesk, path: str, query: Mapping[str, str], body: bytes) -> Answer:
    if path.endswith("/prices"):
        quoted = desk.quoted(query["srcToken"], query["destToken"], int(query["amount"]))
        if quoted is None:
            return 400, {"errorType": "PricingError", "details": "No routes found"}
        return 200, {"priceRoute": _price_route(desk, quoted, query)}
    asked = json.loads(body)
    recalled = desk.recalled(asked["priceRoute"]["hmac"], lifetime_s=VELORA_S)
    if recalled is None:
        return 400, {"errorType": "StalePriceRoute", "details": "the price route has expired"}
    sent = _transaction(desk, recalled, taker=asked["userAddress"], slippage_bps=asked["slippage"])
    return 200, sent | {"chainId": 1}


def _price_route(desk: ServiceDesk, quoted: Quoted, query: Mapping[str, str]) -> dict[str, Any]:
    amounts = {"srcAmount": query["amount"], "destAmount": str(quoted.amount_out)}
    exchange = {
        "exchange": quoted.route.source,
        "percent": 100,
        "poolAddresses": [hop.address for hop in quoted.route.hops],
    }
    return {
        "blockNumber": 1, "network": 1, "srcToken": query["srcToken"],
        "srcDecimals": int(query["srcDecimals"]), "destToken": query["destToken"],
        "destDecimals": int(query["destDecimals"]),
        "bestRoute": [{"percent": 100, "swaps": [{"swapExchanges": [exchange | amounts]}]}],
        "gasCostUSD": "0.1", "gasCost": str(quoted.route.gas), "side": "SELL", "version": "6.2",
        "contractAddress": desk.router, "tokenTransferProxy": desk.router,
        "contractMethod": "swapExactAmountIn", "partnerFee": 0.01, "partner": "anon",
        "maxImpactReached": False, "hmac": desk.remembered(quoted),
    } | amounts  # fmt: skip


def kyberswap(desk: ServiceDesk, path: str, query: Mapping[str, str], body: bytes) -> Answer:
    if path.endswith("/routes"):
        quoted = desk.quoted(query["tokenIn"], query["tokenOut"], int(query["amountIn"]))
        if quoted is None:
            return 400, {"code": 4008, "message": "route not found", "details": None}
        data = {"routeSummary": _summary(desk, quoted, query), "routerAddress": desk.router}
        return 200, {"code": 0, "message": "successfully", "data": data}
    asked = json.loads(body)
    recalled = desk.recalled(asked["routeSummary"]["checksum"], lifetime_s=KYBER_S)
    if recalled is None:
        return 400, {"code": 4222, "message": "quoted amount is smaller than estimated"}
    taken = desk.calldata(
        recalled, recipient=asked["recipient"], slippage_bps=asked["slippageTolerance"]
    )
    data = {
        "amountIn": str(recalled.route.amount_in), "amountOut": str(recalled.amount_out),
        "gas": str(recalled.route.gas), "data": taken, "routerAddress": desk.router,
        "transactionValue": "0",
    }  # fmt: skip
    return 200, {"code": 0, "message": "successfully", "data": data}


def _summary(desk: ServiceDesk, quoted: Quoted, query: Mapping[str, str]) -> dict[str, Any]:
    hops = [
        {"pool": hop.address.lower(), "exchange": quoted.route.source.lower(), "poolExtra": None}
        for hop in quoted.route.hops
    ]
    return {
        "tokenIn": query["tokenIn"].lower(), "amountIn": query["amountIn"], "amountInUsd": "1.25",
        "tokenOut": query["tokenOut"].lower(), "amountOut": str(quoted.amount_out),
        "gas": str(quoted.route.gas), "gasPrice": "1000000000", "gasUsd": "0.1", "route": [hops],
        "checksum": desk.remembered(quoted), "timestamp": int(desk.now()),
    }  # fmt: skip


def odos(desk: ServiceDesk, path: str, _: Mapping[str, str], body: bytes) -> Answer:
    asked = json.loads(body)
    if path.endswith("/assemble"):
        return _assembled(desk, asked)
    given, wanted = asked["inputTokens"][0], asked["outputTokens"][0]
    quoted = desk.quoted(given["tokenAddress"], wanted["tokenAddress"], int(given["amount"]))
    if quoted is None:
        return 400, {"detail": "no viable path", "traceId": "1", "errorCode": 2000}
    slippage = _bps(str(asked["slippageLimitPercent"]))
    return 200, {
        "inTokens": [given["tokenAddress"]], "outTokens": [wanted["tokenAddress"]],
        "inAmounts": [given["amount"]], "outAmounts": [str(quoted.amount_out)],
        "gasEstimate": float(quoted.route.gas), "gweiPerGas": 1.0, "priceImpact": -0.01,
        "partnerFeePercent": 0.03, "pathId": f"{desk.remembered(quoted)}{slippage:04d}",
        "pathViz": None, "blockNumber": 1,
    }  # fmt: skip


def _assembled(desk: ServiceDesk, asked: Mapping[str, Any]) -> Answer:
    key, slippage = asked["pathId"][:-4], int(asked["pathId"][-4:])
    recalled = desk.recalled(key, lifetime_s=ODOS_S)
    if recalled is None:
        return 400, {"detail": "path expired", "traceId": "1", "errorCode": 4100}
    sent = _transaction(desk, recalled, taker=asked["receiver"], slippage_bps=slippage)
    route = recalled.route
    return 200, {
        "blockNumber": 1, "gasEstimate": route.gas, "simulation": None,
        "inputTokens": [{"tokenAddress": route.token_in, "amount": str(route.amount_in)}],
        "outputTokens": [{"tokenAddress": route.token_out, "amount": str(recalled.amount_out)}],
        "transaction": sent | {"gas": route.gas, "gasPrice": 10**9, "nonce": 1, "chainId": 1},
    }  # fmt: skip


def openocean(desk: ServiceDesk, path: str, query: Mapping[str, str], _: bytes) -> Answer:
    amount = int(query["amountDecimals"])
    quoted = desk.quoted(query["inTokenAddress"], query["outTokenAddress"], amount)
    if quoted is None:
        return 200, {"code": 200, "data": None}
    data: dict[str, Any] = {
        "inToken": {"address": query["inTokenAddress"]},
        "outToken": {"address": query["outTokenAddress"]},
        "inAmount": str(amount), "outAmount": str(quoted.amount_out),
        "estimatedGas": str(quoted.route.gas), "price_impact": "-0.05%",
    }  # fmt: skip
    if path.endswith("/quote"):
        dexes = [{"dex": quoted.route.source, "id": h.address.lower()} for h in quoted.route.hops]
        data["path"] = {"routes": [{"subRoutes": [{"dexes": dexes}]}]}
        return 200, {"code": 200, "data": data}
    slippage = _bps(query["slippage"])
    sent = _transaction(desk, quoted, taker=query["account"], slippage_bps=slippage)
    least = {"minOutAmount": str(desk.least(quoted, slippage)), "chainId": 1}
    return 200, {"code": 200, "data": data | sent | least}


WIRES: Mapping[Service, Callable[[ServiceDesk, str, Mapping[str, str], bytes], Answer]] = {
    Service.ZEROX: zerox,
    Service.ONEINCH: oneinch,
    Service.VELORA: velora,
    Service.KYBERSWAP: kyberswap,
    Service.ODOS: odos,
    Service.OPENOCEAN: openocean,
}
