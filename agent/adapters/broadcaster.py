"""Sending of signed bytes: once per call, and told as it was answered."""

from __future__ import annotations

from eth_utils.crypto import keccak

from agent.adapters.rpc import Rpc
from agent.errors import RpcUnavailableError
from agent.ports import SendAnswer


class RpcBroadcaster:
    """Sends to the node behind `rpc`."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def send_raw(self, raw: bytes) -> SendAnswer:
        """Return what the node said; that it said nothing is an answer too, and never a failure."""
        try:
            answer = self._rpc.once("eth_sendRawTransaction", ["0x" + raw.hex()])
        except RpcUnavailableError as error:
            return SendAnswer(is_accepted=False, text=error.reason)
        if answer.error is not None:
            return SendAnswer(is_accepted=False, text=answer.error)
        if str(answer.result).lower() != "0x" + keccak(raw).hex():
            return SendAnswer(is_accepted=False, text=f"accepted as {answer.result}")
        return SendAnswer(is_accepted=True, text="")
