"""Calls of the stand-ins' routers, encoded as each service does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.domain.offer import Service
from anvil.abi import ZERO, call_data, raw
from anvil.aggregators.standing import SETTLER

EXECUTOR = "0x000000000000000000000000000000000000Eec1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What a call shall do; `route` is what the router is told to do beside."""

    token_in: str
    token_out: str
    amount_in: int
    amount_out: int
    least: int
    recipient: str
    route: bytes


def _zerox(t: Trade) -> str:
    inner = call_data(
        "execute((address,address,uint256),bytes[],bytes32)",
        (t.recipient, t.token_out, t.least), [t.route], bytes(32),
    )  # fmt: skip
    return call_data(
        "exec(address,address,uint256,address,bytes)",
        SETTLER, t.token_in, t.amount_in, SETTLER, raw(inner),
    )  # fmt: skip


def _oneinch(t: Trade) -> str:
    return call_data(
        "swap(address,(address,address,address,address,uint256,uint256,uint256),bytes)",
        EXECUTOR,
        (t.token_in, t.token_out, EXECUTOR, t.recipient, t.amount_in, t.least, 0),
        t.route,
    )


def _velora(t: Trade) -> str:
    return call_data(
        "swapExactAmountIn(address,(address,address,uint256,uint256,uint256,bytes32,address),uint256,bytes,bytes)",
        EXECUTOR,
        (t.token_in, t.token_out, t.amount_in, t.least, t.amount_out, bytes(32), t.recipient),
        0, b"", t.route,
    )  # fmt: skip


def _kyberswap(t: Trade) -> str:
    nobody: list[str] = []
    nothing: list[int] = []
    description = (
        t.token_in, t.token_out, [EXECUTOR], [t.amount_in], nobody, nothing,
        t.recipient, t.amount_in, t.least, 0, b"",
    )  # fmt: skip
    return call_data(
        "swap((address,address,bytes,(address,address,address[],uint256[],address[],uint256[],address,uint256,uint256,uint256,bytes),bytes))",
        (EXECUTOR, ZERO, t.route, description, b"{}"),
    )


def _odos(t: Trade) -> str:
    return call_data(
        "swap((address,uint256,address,address,uint256,uint256,address),bytes,address,(uint64,uint64,address))",
        (t.token_in, t.amount_in, EXECUTOR, t.token_out, t.amount_out, t.least, t.recipient),
        t.route, EXECUTOR, (0, 0, ZERO),
    )  # fmt: skip


def _openocean(t: Trade) -> str:
    description = (
        t.token_in, t.token_out, EXECUTOR, t.recipient, t.amount_in, t.least, t.amount_out,
        0, ZERO, b"",
    )  # fmt: skip
    return call_data(
        "swap(address,(address,address,address,address,uint256,uint256,uint256,uint256,address,bytes),(uint256,uint256,uint256,bytes)[])",
        EXECUTOR, description, [(0, 0, 0, t.route)],
    )  # fmt: skip


CALLDATA: Mapping[Service, Callable[[Trade], str]] = {
    Service.ZEROX: _zerox,
    Service.ONEINCH: _oneinch,
    Service.VELORA: _velora,
    Service.KYBERSWAP: _kyberswap,
    Service.ODOS: _odos,
    Service.OPENOCEAN: _openocean,
}
