"""Bugs planted on purpose: what agents have been seen to do wrong, to prove that the judge sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, cast

from sqlalchemy import event
from sqlalchemy.pool import Pool

from agent.adapters.rpc import Answer, Call, Rpc
from agent.bootstrap.wiring import Means
from agent.domain.intent import FeeCap, SignedTransaction, UnsignedTransaction
from agent.domain.units import Address
from agent.errors import RpcUnavailableError
from agent.execution import receipts
from agent.ports import Signer

SEND = "eth_sendRawTransaction"
RECEIPT = "eth_getTransactionReceipt"


def plant(bug: str, means: Means) -> Means:
    """Return the means with a bug in them; the empty name is none."""
    return BUGS[bug](means) if bug else means


class _Hand:
    """Signs like the agent's signer, and remembers what it signed last."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self.last: UnsignedTransaction | None = None

    @property
    def address(self) -> Address:
        return self._signer.address

    def sign(self, transaction: UnsignedTransaction) -> SignedTransaction:
        self.last = transaction
        return self._signer.sign(transaction)

    def again(self, *, nonces_later: int = 0) -> bytes | None:
        """Sign what was signed last once more, dearer, maybe at a later nonce."""
        if self.last is None:
            return None
        cap = self.last.fee_cap
        dearer = FeeCap(
            max_fee_per_gas=cap.max_fee_per_gas * 6 // 5,
            max_priority_fee_per_gas=cap.max_priority_fee_per_gas * 6 // 5,
        )
        changed = replace(self.last, fee_cap=dearer, nonce=self.last.nonce + nonces_later)
        return self._signer.sign(changed).raw


class _Wire:
    """An `Rpc` whose sends and reads a bug meddles with."""

    def __init__(self, rpc: Rpc, hand: _Hand) -> None:
        self._rpc = rpc
        self._hand = hand
        self._sent: set[str] = set()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever an Rpc has
        return getattr(self._rpc, name)

    def send_again(self, *, nonces_later: int = 0) -> None:
        raw = self._hand.again(nonces_later=nonces_later)
        if raw is not None:
            self._rpc.once(SEND, ["0x" + raw.hex()])


class _ReusesNonce(_Wire):
    """Takes an answer that it does not know for a failure, and uses the nonce for other bytes."""

    def once(self, method: str, params: list[Any]) -> Answer:
        try:
            answer = self._rpc.once(method, params)
        except RpcUnavailableError:
            self.send_again()
            raise
        if answer.error is not None:
            self.send_again()
        return answer


class _BumpsOnNewNonce(_Wire):
    """Sends dearer bytes when the first seem stuck, but at the next nonce."""

    def once(self, method: str, params: list[Any]) -> Answer:
        if method == SEND and params[0] in self._sent:
            self.send_again(nonces_later=1)
        self._sent.add(str(params[0]))
        return self._rpc.once(method, params)


class _RequeuesOnReadError(_Wire):
    """Takes a receipt that cannot be read for one that there is not, and sends the batch anew."""

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        try:
            return self._rpc.batch(calls)
        except RpcUnavailableError:
            if RECEIPT not in {method for method, _ in calls}:
                raise
            self.send_again(nonces_later=1)
            return [None] * len(calls)


class _Leaks(_Hand):
    """Sends what it signs before anything is written down."""

    def __init__(self, signer: Signer, rpc: Rpc) -> None:
        super().__init__(signer)
        self._rpc = rpc

    def sign(self, transaction: UnsignedTransaction) -> SignedTransaction:
        signed = super().sign(transaction)
        self._rpc.once(SEND, ["0x" + signed.raw.hex()])
        return signed


def _wired(wire: type[_Wire]) -> Callable[[Means], Means]:
    def planted(means: Means) -> Means:
        hand = _Hand(means.signer)
        public = tuple(cast(Rpc, wire(rpc, hand)) for rpc in means.endpoints.public)
        return replace(means, signer=hand, endpoints=replace(means.endpoints, public=public))

    return planted


def _sends_before_recording(means: Means) -> Means:
    return replace(means, signer=_Leaks(means.signer, means.endpoints.first))


def _trusts_receipts(means: Means) -> Means:
    for name, answer in (("is_on_chain", True), ("_is_nonce_used", True), ("_check_belongs", None)):
        setattr(receipts, name, _always(answer))  # the mutation
    return means


def _always(answer: bool | None) -> Callable[..., bool | None]:  # noqa: FBT001 - an answer
    return lambda *_, **__: answer


def _does_not_sync(means: Means) -> Means:
    @event.listens_for(Pool, "checkout")
    def relax(connection: Any, *_: object) -> None:  # noqa: ANN401 - the driver's own type
        connection.execute("PRAGMA synchronous=NORMAL")

    return means


BUGS: Mapping[str, Callable[[Means], Means]] = MappingProxyType(
    {
        "record_after_send": _sends_before_recording,
        "nonce_reuse_on_timeout": _wired(_ReusesNonce),
        "requeue_on_read_error": _wired(_RequeuesOnReadError),
        "bump_on_new_nonce": _wired(_BumpsOnNewNonce),
        "receipts_unchecked": _trusts_receipts,
        "commits_unsynced": _does_not_sync,
    }
)
