"""Inputs and plans as bytes between our own processes: a pickle in which ticks take little room and time."""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from itertools import starmap
from types import MappingProxyType
from typing import Any

from agent.domain.pool import Tick, V3Pool, V4Pool


def packed(value: object) -> bytes:
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = {**copyreg.dispatch_table, **_TABLE}
    pickler.dump(value)
    return buffer.getvalue()


def unpacked(data: bytes) -> Any:  # noqa: ANN401 - of whatever was packed
    """Return what was packed. Never for bytes that anybody else could have written."""
    return pickle.loads(data)  # noqa: S301 - our own, through a socket that nobody else holds


def _reduced(pool: V3Pool) -> tuple[Callable[..., V3Pool], tuple[Any, ...]]:
    values = {field.name: getattr(pool, field.name) for field in fields(pool)}
    ticks = values.pop("ticks")
    numbers = [tick.index for tick in ticks], [tick.liquidity_net for tick in ticks]
    return _restored, (type(pool), values, *numbers)


def _restored(
    kind: type[V3Pool], values: Mapping[str, Any], indices: Sequence[int], nets: Sequence[int]
) -> V3Pool:
    ticks = starmap(_tick, zip(indices, nets, strict=True))
    return kind(**values, ticks=tuple(ticks))


def _tick(index: int, liquidity_net: int) -> Tick:
    return Tick(index=index, liquidity_net=liquidity_net)


def _proxied(proxy: Mapping[Any, Any]) -> tuple[Callable[..., Any], tuple[dict[Any, Any]]]:
    return _proxy, (dict(proxy),)


def _proxy(values: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(values)


_TABLE: Mapping[type, Callable[[Any], Any]] = {
    V3Pool: _reduced,
    V4Pool: _reduced,
    MappingProxyType: _proxied,
}
