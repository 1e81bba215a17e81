"""Records to batches at a glance: how each batch of a plan went from plan to result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from agent.domain.record import Record, RecordKind
from agent.log.trees import Tree
from agent.log.views import BatchView, MinedView, RealisedView, SignedView

BPS = 10_000
CENT = Decimal("0.01")
PLANNED = "planned"
"""The state of a batch that nobody decided to send yet."""


def batch_views(made: Tree, records: Sequence[Record]) -> Iterator[BatchView]:
    """Yield the batches of a plan record, with what other records say of them."""
    prices = {
        token: Decimal(price["usd"]) for token, price in made.at("plan", "price_by_token").items()
    }
    by_intent: dict[str, list[Record]] = {}
    index_by_intent: dict[str, str] = {}
    for record in records:
        name = _intent_id(record)
        by_intent.setdefault(name, []).append(record)
        if record.kind is RecordKind.INTENT and _is_of(record, made.text("plan_id")):
            index_by_intent[name] = record.body["intent"]["batch_index"]
    for batch in made.trees("plan", "batches"):
        own = [n for n, index in index_by_intent.items() if index == batch.text("index")]
        yield _batch_view(batch, by_intent[own[-1]] if own else [], prices)


def _is_of(record: Record, plan_id: str) -> bool:
    return bool(record.body["intent"]["plan_id"] == plan_id)


def _intent_id(record: Record) -> str:
    body: Any = record.body
    return str(body.get("attempt", body.get("intent", body)).get("intent_id", ""))


def _batch_view(batch: Tree, own: Sequence[Record], prices: Mapping[str, Decimal]) -> BatchView:
    sold_usd = _sum(_worth(leg, "token_in", "amount_in", prices) for leg in batch.trees("legs"))
    signed = [r for r in own if r.kind is RecordKind.SIGNED]
    mined = _standing_outcome(own)
    return BatchView(
        index=batch.number("index"),
        legs=len(batch.trees("legs")),
        sold_usd=sold_usd.quantize(CENT),
        gas_forecast=batch.number("gas_forecast"),
        state=_state(own),
        signed=_signed_view(signed, mined) if signed else None,
        mined=None if mined is None else _mined_view(mined, signed),
        realised=None if mined is None else _realised_view(mined, sold_usd, prices),
    )


def _state(own: Iterable[Record]) -> str:
    state = PLANNED
    for record in own:
        match record.kind:
            case RecordKind.INTENT:
                state = "intent"
            case RecordKind.SIGNED if state == "reserved":
                state = "signed"
            case RecordKind.MOVED | RecordKind.OUTCOME:
                state = record.body["state"]
            case _:
                pass
    return state


def _standing_outcome(own: Iterable[Record]) -> Record | None:
    """Return how the transaction was mined, None if it was not or a reorganisation took it back."""
    standing: Record | None = None
    for record in own:
        if record.kind is RecordKind.MOVED:
            standing = None
        elif record.kind is RecordKind.OUTCOME and record.body["state"] == "mined":
            standing = record
    return standing


def _signed_view(signed: Sequence[Record], mined: Record | None) -> SignedView:
    last = signed[-1].body["attempt"]
    return SignedView(
        nonce=int(last["nonce"]),
        attempts=len(signed),
        tx_hash=last["tx_hash"] if mined is None else mined.body["receipt"]["tx_hash"],
        at=datetime.fromisoformat(signed[0].at),
    )


def _mined_view(mined: Record, signed: Sequence[Record]) -> MinedView:
    at, since = datetime.fromisoformat(mined.at), datetime.fromisoformat(signed[0].at)
    receipt = Tree(mined.body["receipt"], where=f"record {mined.seq}")
    return MinedView(
        block_number=receipt.number("block_number"),
        at=at,
        delay_s=int((at - since).total_seconds()),
        is_success=receipt.at("is_success") is True,
        gas_used=receipt.number("gas_used"),
    )


def _realised_view(
    mined: Record, sold_usd: Decimal, prices: Mapping[str, Decimal]
) -> RealisedView | None:
    fills = Tree(mined.body, where=f"record {mined.seq}").trees("fills")
    if not fills or not sold_usd:
        return None
    planned = _sum(_worth(fill, "token_out", "planned_amount_out", prices) for fill in fills)
    realised = _sum(_worth(fill, "token_out", "amount_out", prices) for fill in fills)
    missed = planned - realised
    return RealisedView(
        slippage_usd=missed.quantize(CENT),
        slippage_bps=(missed * BPS / sold_usd).quantize(CENT),
    )


def _worth(tree: Tree, token: str, amount: str, prices: Mapping[str, Decimal]) -> Decimal:
    whole = Decimal(tree.number(amount)).scaleb(-tree.number(token, "decimals"))
    return whole * prices.get(tree.text(token, "address"), Decimal(0))


def _sum(parts: Iterable[Decimal]) -> Decimal:
    return sum(parts, Decimal(0))
