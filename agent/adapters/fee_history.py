"""Base fees of the past weeks, read off block headers, for the profile of cheap and dear hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from agent.adapters.abi import sensible
from agent.adapters.rpc import Rpc
from agent.domain.window import FeeSample

AT_ONCE = 100
"""Headers in one request: well below what nodes allow."""


class RpcFeeHistory:
    """Port `FeeHistory` on a node; a header that it keeps no more is left out."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def fetch_base_fees(self, heights: Sequence[int]) -> tuple[FeeSample, ...]:
        found: list[FeeSample] = []
        for start in range(0, len(heights), AT_ONCE):
            part = heights[start : start + AT_ONCE]
            headers = self._rpc.batch(
                [("eth_getBlockByNumber", [hex(height), False]) for height in part]
            )
            with sensible(self._rpc, "eth_getBlockByNumber"):
                found += [_sample(header) for header in headers if header is not None]
        return tuple(found)


def _sample(header: Any) -> FeeSample:  # noqa: ANN401 - a node's JSON
    return FeeSample(
        at=datetime.fromtimestamp(int(header["timestamp"], 16), UTC),
        base_fee_per_gas=int(header["baseFeePerGas"], 16),
    )
