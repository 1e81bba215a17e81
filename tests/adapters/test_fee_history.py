"""Base fees of long ago, off a node's headers."""

from datetime import UTC, datetime

import pytest

from agent.adapters.fee_history import AT_ONCE, RpcFeeHistory
from agent.domain.window import FeeSample
from agent.errors import RpcUnavailableError


class Headers:
    """A node that knows blocks from 100 on."""

    def __init__(self):
        self.sizes = []

    def batch(self, calls):
        self.sizes.append(len(calls))
        return [self.header(int(params[0], 16)) for _, params in calls]

    def header(self, number):
        if number < 100:
            return None
        return {"timestamp": hex(1_800_000_000 + 12 * number), "baseFeePerGas": hex(number)}

    def unusable(self, why):
        return RpcUnavailableError(endpoint="node", reason=why)


def test_headers_are_read_in_parts_and_what_is_gone_is_left_out():
    node = Headers()

    found = RpcFeeHistory(node).fetch_base_fees(range(50, 50 + AT_ONCE + 60))

    assert [AT_ONCE, 60] == node.sizes
    assert len(found) == AT_ONCE + 10
    at = datetime.fromtimestamp(1_800_000_000 + 1_200, UTC)
    assert FeeSample(at=at, base_fee_per_gas=100) == found[0]


def test_a_header_without_a_base_fee_is_a_malformed_answer():
    node = Headers()
    node.header = lambda _: {"timestamp": "0x1"}

    with pytest.raises(RpcUnavailableError, match="malformed"):
        RpcFeeHistory(node).fetch_base_fees([200])
