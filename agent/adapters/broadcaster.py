"""Sending of signed bytes: once per call, and told as it was answered."""

from __future__ import annotations

from collections.abc import Sequence

from eth_utils.crypto import keccak

from agent.adapters.rpc import Rpc
from agent.domain.intent import Route
from agent.errors import RpcUnavailableError
from agent.ports import SendAnswer


class RpcBroadcaster:
    """Sends to every node of a route: `public` ones that tell the pool, `private` ones that do not.

    Bytes of a private intent never go to a public node: where there is no private one, they stay here.
    """

    def __init__(self, *public: Rpc, private: Sequence[Rpc] = ()) -> None:
        self._rpcs_by_route = {Route.PUBLIC: tuple(public), Route.PRIVATE: tuple(private)}

    def send_raw(self, raw: bytes, *, route: Route = Route.PUBLIC) -> SendAnswer:
        """Return what the nodes said; that one said nothing is an answer too, and never a failure.

        One that accepts is enough. Otherwise the text has a line for each node.
        """
        answers = [_answer(rpc, raw) for rpc in self._rpcs_by_route[route]]
        if any(answer.is_accepted for answer in answers):
            return SendAnswer(is_accepted=True, text="")
        lines = [" ".join(answer.text.split()) for answer in answers]
        return SendAnswer(is_accepted=False, text="\n".join(lines) or f"no {route} endpoint is set")


def _answer(rpc: Rpc, raw: bytes) -> SendAnswer:
    try:
        answer = rpc.once("eth_sendRawTransaction", ["0x" + raw.hex()])
    except RpcUnavailableError as error:
        return SendAnswer(is_accepted=False, text=error.reason)
    if answer.error is not None:
        return SendAnswer(is_accepted=False, text=answer.error)
    if str(answer.result).lower() != "0x" + keccak(raw).hex():
        return SendAnswer(is_accepted=False, text=f"accepted as {answer.result}")
    return SendAnswer(is_accepted=True, text="")
