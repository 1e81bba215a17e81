"""Answers that lie: well-formed, and wrong in one field or altogether."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anvil.strict.faults import Forge, Invent
from anvil.strict.transaction import Transaction

DIGITS = "0123456789abcdef"
NO_BLOOM = "0x" + "00" * 256


def forged(answer: Any, lie: Forge) -> Any:  # noqa: ANN401 - any JSON
    """Return the answer with the lie in it; null stays null."""
    if answer is None:
        return None
    if not lie.field:
        return lie.value if lie.value is not None else _wrong(answer)
    if not isinstance(answer, Mapping) or lie.field not in answer:
        return answer
    value = lie.value if lie.value is not None else _wrong(answer[lie.field])
    return {**answer, lie.field: value}


def _wrong(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return another value of the same form: hex with its last digit moved on."""
    if isinstance(value, str) and value.startswith("0x") and len(value) > len("0x"):
        last = DIGITS[(DIGITS.index(value[-1].lower()) + 1) % len(DIGITS)]
        return value[:-1] + last
    return None


def invented(transaction: Transaction, block: Mapping[str, Any], lie: Invent) -> Mapping[str, Any]:
    """Return the receipt that a transaction would have, had it been in the block."""
    return {
        "transactionHash": transaction.hash,
        "transactionIndex": "0x0",
        "blockHash": block["hash"],
        "blockNumber": block["number"],
        "from": transaction.sender,
        "to": transaction.to,
        "cumulativeGasUsed": hex(transaction.gas),
        "gasUsed": hex(transaction.gas),
        "contractAddress": None,
        "logs": [],
        "logsBloom": NO_BLOOM,
        "type": hex(transaction.kind),
        "status": hex(lie.is_success),
        "effectiveGasPrice": hex(transaction.fee),
    }


def pending(transaction: Transaction) -> Mapping[str, Any]:
    """Return a transaction that is in no block as JSON-RPC has it."""
    return {
        "hash": transaction.hash,
        "type": hex(transaction.kind),
        "chainId": None if transaction.chain_id is None else hex(transaction.chain_id),
        "from": transaction.sender,
        "to": transaction.to,
        "nonce": hex(transaction.nonce),
        "value": hex(transaction.value),
        "gas": hex(transaction.gas),
        "gasPrice": hex(transaction.fee),
        "maxFeePerGas": hex(transaction.fee),
        "maxPriorityFeePerGas": hex(transaction.tip),
        "input": "0x" + transaction.data.hex(),
        "blockHash": None,
        "blockNumber": None,
        "transactionIndex": None,
    }
