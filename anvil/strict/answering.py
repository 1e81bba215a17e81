"""What each call is answered: a read from what the endpoint sees, a send by its rules, a fault where one is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from anvil.rpc import Call, NodeError
from anvil.strict.faults import (
    NAMES,
    WHOLE_REQUEST,
    Drop,
    Fault,
    Forge,
    Invent,
    Late,
    Lost,
    Missing,
    Refuse,
    RefuseButKeep,
    ScriptError,
    Stale,
    Status,
    Twice,
    Unshared,
    WrongChain,
    act_of,
)
from anvil.strict.forging import forged, invented
from anvil.strict.node import Node
from anvil.strict.refusals import Kind, Refusal
from anvil.strict.script import SEND
from anvil.strict.transaction import Transaction, UndecodableError, decoded
from anvil.strict.upstream import Answer
from anvil.strict.world import World

CONTROL = "strict_"

Arrival = Callable[[Transaction, int], None]
"""Told of every transaction that reaches an endpoint, and at which block, whatever becomes of it there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When blocks are made by themselves: after each send that is taken, or after so many calls (0: never)."""

    is_automine: bool = False
    block_every_calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answers to the calls of a request in their order, and what befalls the request as a whole."""

    answers: tuple[Answer, ...]
    fault: Fault | None


class Answering:
    """Answers the requests to all endpoints, one after the other."""

    def __init__(self, world: World, pace: Pace, on_arrival: Arrival | None = None) -> None:
        self._world = world
        self._pace = pace
        self._on_arrival = on_arrival
        self._calls = 0

    def outcome(self, index: int, calls: Sequence[Call]) -> Outcome:
        """Answer the calls of one request to an endpoint."""
        node = self._world.nodes[index]
        faults = [self._due(node, method) for method, _ in calls]
        whole = next((fault for fault in faults if isinstance(fault, WHOLE_REQUEST)), None)
        if isinstance(whole, Status) or (isinstance(whole, Lost) and not whole.has_effect):
            return Outcome(answers=(), fault=whole)
        answers = self._completed(
            [
                self._answer(node, method, params, fault)
                for (method, params), fault in zip(calls, faults, strict=True)
            ]
        )
        told = tuple(map(_told, faults, answers))
        self._advance(len(calls))
        return Outcome(answers=told, fault=whole)

    def _due(self, node: Node, method: str) -> Fault | None:
        """Do the acts that come before a call, and return its fault."""
        if method.startswith(CONTROL):
            return None
        acts, fault = self._world.script.call(method, node.index)
        for act in acts:
            self._world.attempt(act)
        facts = {} if fault is None else {"fault": NAMES[type(fault)], "do": fault}
        self._note(node, method, **facts)
        return fault

    def _answer(
        self, node: Node, method: str, params: Sequence[Any], fault: Fault | None
    ) -> Answer | Call:
        if isinstance(fault, Refuse):
            return {"error": {"code": fault.code, "message": fault.text}}
        if isinstance(fault, Twice):
            self._answer(node, method, params, None)
        if method == SEND:
            return self._sent(node, params, fault)
        if method.startswith(CONTROL):
            return self._controlled(method, params)
        sight = node.sight(stale=fault.blocks if isinstance(fault, Stale) else 0)
        if isinstance(fault, Missing):
            return {"result": None}
        if isinstance(fault, Invent) and method == "eth_getTransactionReceipt":
            return {"result": self._invented(node, params[0], fault)}
        return node.read(method, params, sight)

    def _sent(self, node: Node, params: Sequence[Any], fault: Fault | None) -> Answer:
        try:
            transaction = decoded(bytes.fromhex(params[0].removeprefix("0x")))
        except (UndecodableError, ValueError, LookupError, AttributeError) as error:
            known = isinstance(error, UndecodableError) and error.kind is not None
            kind = Kind.TYPE_NOT_SUPPORTED if known else Kind.UNDECODABLE
            return {"error": node.dialect.refused(Refusal(kind=kind))}
        if self._on_arrival is not None:
            self._on_arrival(transaction, self._world.chain.height)
        refused = self._taken(node, transaction, fault)
        answer: Answer = {"result": transaction.hash}
        if refused is not None:
            answer = {"error": node.dialect.refused(refused)}
        if isinstance(fault, RefuseButKeep):
            answer = {"error": {"code": fault.code, "message": fault.text}}
        self._note(
            node, "sent", tx=transaction.hash, nonce=transaction.nonce, answer=_words(answer)
        )
        if refused is None and self._pace.is_automine:
            self._world.mine()
        return answer

    def _taken(self, node: Node, transaction: Transaction, fault: Fault | None) -> Refusal | None:
        if isinstance(fault, Drop):
            return None
        if isinstance(fault, Late):
            refused = node.refusal(transaction)
            if refused is None:
                self._world.delay(node, transaction, blocks=fault.blocks)
            return refused
        return self._world.take(node, transaction, is_shared=not isinstance(fault, Unshared))

    def _invented(self, node: Node, tx_hash: str, lie: Invent) -> Any:  # noqa: ANN401 - JSON
        found = next((n.pool.find(tx_hash) for n in self._world.nodes if tx_hash in n.pool), None)
        sight = node.sight()
        block = sight.block(sight.height, is_full=False)
        if found is None or block is None:
            return None
        return invented(found, block, lie)

    def _controlled(self, method: str, params: Sequence[Any]) -> Answer:
        """Answer the methods by which a person steers: `strict_do` and `strict_history`."""
        try:
            if method == f"{CONTROL}history":
                return {"result": self._world.history.lines()}
            self._world.do(act_of(params[0] if params else {"act": "mine"}, where="params[0]"))
        except (ScriptError, NodeError, LookupError) as error:
            return {"error": {"code": -32602, "message": str(error)}}
        return {"result": True}

    def _completed(self, answers: Sequence[Answer | Call]) -> list[Answer]:
        """Let Anvil answer what it has to, in one request."""
        asked = [answer for answer in answers if isinstance(answer, tuple)]
        found = iter(self._world.chain.upstream.answers(asked) if asked else ())
        return [next(found) if isinstance(answer, tuple) else answer for answer in answers]

    def _advance(self, calls: int) -> None:
        every = self._pace.block_every_calls
        before, self._calls = self._calls, self._calls + calls
        if every and self._calls // every > before // every:
            self._world.mine()

    def _note(self, node: Node, what: str, **facts: Any) -> None:  # noqa: ANN401 - facts
        self._world.history.note(
            what, height=self._world.chain.height, endpoint=node.index, **facts
        )


def _told(fault: Fault | None, answer: Answer) -> Answer:
    """Return the answer with the lie that its fault puts into it."""
    if "result" not in answer:
        return answer
    if isinstance(fault, Forge):
        return {"result": forged(answer["result"], fault)}
    if isinstance(fault, WrongChain):
        is_hex = str(answer["result"]).startswith("0x")
        return {"result": hex(fault.chain_id) if is_hex else str(fault.chain_id)}
    return answer


def _words(answer: Answer) -> str:
    return str(answer["result"] if "result" in answer else repr(answer["error"]["message"]))
