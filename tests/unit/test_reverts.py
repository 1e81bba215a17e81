import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from agent.execution.reverts import explained


def data(signature, types, values):
    return "0x" + (keccak(text=signature)[:4] + encode(types, values)).hex()


def test_an_error_of_the_contract_reads_as_it_is_written():
    reason = data("DeadlinePassed(uint64,uint256)", ["uint64", "uint256"], [5, 7])

    assert "DeadlinePassed(deadline=5, timestamp=7)" == explained(reason)


def test_an_error_inside_an_error_is_read_too():
    inner = data("Error(string)", ["string"], ["UniswapV2: K"])
    reason = data("LegFailed(uint256,bytes)", ["uint256", "bytes"], [3, bytes.fromhex(inner[2:])])

    assert "LegFailed(index=3, reason=Error(message='UniswapV2: K'))" == explained(reason)


def test_a_panic_has_its_code():
    assert "Panic(code=17)" == explained(data("Panic(uint256)", ["uint256"], [17]))


@pytest.mark.parametrize(
    "reason", ["out of gas", "0x", "0xdeadbeef", "0x08c379a0ffff", "0xabc", ""]
)
def test_what_is_not_understood_is_given_as_it_is(reason):
    assert reason == explained(reason)
