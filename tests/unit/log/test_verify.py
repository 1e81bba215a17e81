"""What verification proves: even whoever holds the checkpoint key cannot seal a log that contradicts itself."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from agent.adapters.ledger import SqlLedger, open_ledger
from agent.domain.canonical import canonical_bytes, content_id
from agent.domain.intent import AttemptKind, Route, TxState
from agent.domain.record import RecordKind
from agent.domain.units import Address
from agent.errors import LogVerificationError
from agent.execution.calls import encode
from agent.log.keys import CheckpointKey, create_key
from agent.log.records import RawRecord
from tests.exports import Export, bodied, export_of, verified
from tests.logbook import (
    ACCOUNT,
    SIGNER,
    VAULT,
    SteppingClock,
    Week,
    attempt,
    block,
    intent,
    receipt,
    record_batch,
    record_decision,
    record_week,
    sign_off,
)

Change = Callable[[Any], None]


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> tuple[Export, CheckpointKey]:
    data, key = export_of(tmp_path_factory.mktemp("ledger"), weeks=2)
    return Export.of(data), key


@pytest.fixture
def export(genuine: tuple[Export, CheckpointKey]) -> Export:
    return genuine[0]


@pytest.fixture
def key(genuine: tuple[Export, CheckpointKey]) -> CheckpointKey:
    return genuine[1]


def refused(export: Export, key: CheckpointKey, complaint: str) -> LogVerificationError:
    with pytest.raises(LogVerificationError, match=complaint) as caught:
        verified(export.data(), key.public)
    return caught.value


def numbered(export: Export, kind: RecordKind, number: int = 1) -> RawRecord:
    """Return the n-th record of a kind, from 1."""
    return [record for record in export.records if record.kind is kind][number - 1]


def changed(export: Export, record: RawRecord, change: Change) -> list[RawRecord]:
    return [bodied(r, change) if r is record else r for r in export.records]


def put(value: object, *path: str) -> Change:
    def change(body: Any) -> None:
        for name in path[:-1]:
            body = body[int(name)] if isinstance(body, list) else body[name]
        body[path[-1]] = value

    return change


def test_a_genuine_export_is_complete(export: Export, key: CheckpointKey) -> None:
    verdict = verified(export.data(), key.public).verdict

    assert verdict.sentence == "complete to block 290"
    assert (verdict.records, verdict.checkpoints, verdict.cycles) == (48, 3, 2)
    assert (verdict.plans, verdict.intents, verdict.signed, verdict.landed) == (2, 4, 4, 4)
    assert (verdict.account, verdict.chain_id) == (ACCOUNT, 1)
    assert (verdict.first_nonce, verdict.next_nonce) == (11, 15)
    assert (verdict.open_intents, verdict.external_nonces) == ((), ())
    assert verdict.head == export.records[-1].hash
    assert not verdict.is_chain_checked


def test_an_older_export_is_complete_in_itself(export: Export, key: CheckpointKey) -> None:
    assert verified(export.until(1).data(), key.public).verdict.records == 23


def test_records_after_the_last_checkpoint_are_not_exported(tmp_path: Path) -> None:
    key = create_key(tmp_path / "checkpoint.pem")
    with open_ledger(
        tmp_path / "agent.sqlite", clock=SteppingClock(), origin="index", checkpoint_key=key
    ) as ledger:
        record_week(ledger, Week(number=0))
        sign_off(ledger, Week(number=0))
        data = b"".join(ledger.export())

    assert verified(data, key.public).verdict.records == 23


def test_rewriting_without_change_is_no_lie(export: Export, key: CheckpointKey) -> None:
    again = export.chained(export.records, key)

    assert verified(again.data(), key.public).verdict.records == 48


def test_another_key_proves_nothing(export: Export, tmp_path: Path, key: CheckpointKey) -> None:
    other = create_key(tmp_path / "other.pem")

    error = refused(export, other, "key [0-9a-f]{16} signed it, you trust")
    assert error.where.startswith("checkpoint 1, of 2026-")
    resigned = export.chained(export.records, other)
    refused(resigned, key, f"key {other.public.key_id} signed it, you trust {key.public.key_id}")


def test_a_signature_covers_every_field(export: Export, key: CheckpointKey) -> None:
    closing = export.checkpoints[-1]
    for forged in (
        replace(closing, at="2030-01-01T00:00:00Z"),
        replace(closing, chain_id=2),
        replace(closing, block_number=1),
        replace(closing, block_hash="0x00"),
        replace(closing, account=VAULT),
        replace(closing, first_nonce=12),
        replace(closing, next_nonce=14),
    ):
        lying = replace(export, checkpoints=(*export.checkpoints[:-1], forged))

        refused(lying, key, "its signature is not valid")


@pytest.mark.parametrize("signature", ["", "00" * 64, "0x" + "00" * 63, "AB" * 64, "zz" * 64])
def test_what_is_no_signature_is_none(export: Export, key: CheckpointKey, signature: str) -> None:
    forged = replace(export.checkpoints[0], signature=signature)

    refused(replace(export, checkpoints=(forged,)), key, "its signature is not valid")


LIES = [
    (RecordKind.PROPOSAL, put("ff" * 32, "proposal_id"), "proposal_id is"),
    (RecordKind.PROPOSAL, put("5", "proposal", "cost", "total_usd"), "proposal_id is"),
    (RecordKind.APPROVAL, put("ff" * 32, "proposal_id"), "the proposal that it approves is not"),
    (RecordKind.PLAN, put("ff" * 32, "plan_id"), "plan_id is"),
    (RecordKind.PLAN, put("1", "plan", "deadline"), "plan_id is"),
    (RecordKind.INTENT, put("ff" * 32, "intent", "plan_id"), "the plan that it carries out is not"),
    (RecordKind.INTENT, put("2", "intent", "batch_index"), "its plan has no such batch"),
    (RecordKind.INTENT, put("9", "intent", "sequence"), "sequence is 9, it must be 1"),
    (RecordKind.INTENT, put("0xdead", "intent", "account"), "account is 0xdead"),
    (RecordKind.INTENT, put("0xdead", "intent", "contract"), "contract is 0xdead"),
    (RecordKind.INTENT, put("x", "intent", "cycle_id"), "its cycle is"),
    (RecordKind.INTENT, put("private", "intent", "route"), "the intent hash of the signed"),
    (RecordKind.INTENT, put("10", "intent", "chain_id"), "the chain of the signed bytes is 1"),
    (RecordKind.REHEARSAL, put("x", "intent_id"), "its intent is not recorded before it"),
    (RecordKind.MOVED, put("12", "nonce"), "the nonce of the signed bytes is 11, it must be 12"),
    (RecordKind.MOVED, put("mined", "state"), "mined needs a record of another kind"),
    (RecordKind.MOVED, put("seen", "state"), "nonce is 11, it must be None"),
    (RecordKind.MOVED, put("gone", "state"), "there is no state gone"),
    (RecordKind.SIGNED, put("12", "attempt", "nonce"), "nonce is 12, it must be 11"),
    (RecordKind.SIGNED, put("2", "attempt", "number"), "number is 2, it must be 1"),
    (RecordKind.SIGNED, put("1", "attempt", "gas_limit"), "gas_limit is 1, it must be 400000"),
    (RecordKind.SIGNED, put("0xab", "attempt", "tx_hash"), "tx_hash is 0xab"),
    (RecordKind.SIGNED, put("gift", "attempt", "kind"), "gift"),
    (RecordKind.SIGNED, put("0xzz", "attempt", "raw"), "attempt.raw is not hexadecimal"),
    (RecordKind.SIGNED, put("0x02", "attempt", "raw"), "malformed"),
    (RecordKind.SIGNED, put("0x", "attempt", "raw"), "not a type-2 transaction"),
    (
        RecordKind.SIGNED,
        put("1", "attempt", "fee_cap", "max_fee_per_gas"),
        "fee_cap.max_fee_per_gas is 1, it must be 30000000001",
    ),
    (RecordKind.OUTCOME, put("0xab", "receipt", "tx_hash"), "0xab was never signed for this"),
    (RecordKind.OUTCOME, put("0xab", "receipt", "sender"), "the receipt's sender is 0xab"),
    (RecordKind.OUTCOME, put(None, "receipt"), "mined has no receipt"),
    (RecordKind.OUTCOME, put("final_ok", "state"), "in_doubt|seen cannot become final_ok"),
    (RecordKind.OUTCOME, put("cancelled", "state"), "cancelled does not follow from its receipt"),
    (RecordKind.REPORT, put("ff" * 32, "report", "plan_id"), "the plan that it reports on is not"),
    (RecordKind.REPORT, put([{"tx_hash": "0xab"}], "report", "outcomes"), "0xab was never signed"),
    (RecordKind.SIGN_OFF, put("ff" * 32, "head"), "what it reviewed is not a record before it"),
    (RecordKind.SIGN_OFF, lambda body: body.pop("head"), "it has no head"),
    (RecordKind.SIGN_OFF, put(["x"], "head"), "head is not text"),
    (RecordKind.INTENT, put("007", "intent", "batch_index"), "batch_index is not a number"),
    (RecordKind.REPORT, put("x", "report", "outcomes"), "report.outcomes is not a list"),
]


@pytest.mark.parametrize(("kind", "lie", "complaint"), LIES)
def test_a_sealed_lie_contradicts_itself(
    export: Export, key: CheckpointKey, kind: RecordKind, lie: Change, complaint: str
) -> None:
    record = numbered(export, kind)
    lying = export.chained(changed(export, record, lie), key)

    error = refused(lying, key, complaint)
    assert error.where.startswith("record ")
    assert int(error.where.split()[1]) >= record.seq


def without(export: Export, *dropped: RawRecord) -> list[RawRecord]:
    return [record for record in export.records if record not in dropped]


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        (RecordKind.SIGNAL_ACCEPTED, "its ranking was not accepted before it"),
        (RecordKind.INPUTS, "the inputs that it was made from are not recorded before it"),
        (RecordKind.PROPOSAL, "the proposal that it approves is not recorded before it"),
        (RecordKind.PLAN, "the plan that it carries out is not recorded before it"),
        (RecordKind.INTENT, "its intent is not recorded before it"),
        (RecordKind.MOVED, "something was signed while its intent was intent"),
        (RecordKind.SIGNED, "reserved cannot become in_doubt"),
    ],
)
def test_what_later_records_rest_on_cannot_be_left_out(
    export: Export, key: CheckpointKey, kind: RecordKind, complaint: str
) -> None:
    lying = export.chained(without(export, numbered(export, kind)), key)

    refused(lying, key, complaint)


def test_a_whole_transaction_cannot_be_left_out(export: Export, key: CheckpointKey) -> None:
    """Drop all that speaks of the second batch, and seal the rest: its nonce is missing."""
    name = f"{Week(number=0).cycle_id}/1"
    dropped = [record for record in export.records if f'"{name}"'.encode() in record.body]
    dropped.append(numbered(export, RecordKind.REPORT))
    lying = export.chained(without(export, *dropped), key)

    error = refused(lying, key, f"not complete: nonce 12 of {ACCOUNT} was used and has no signed")
    assert error.where.startswith("checkpoint 1,")


def test_the_end_cannot_be_left_out(export: Export, key: CheckpointKey) -> None:
    """Drop the second week but claim its nonces: the checkpoint says how far the account was."""
    lying = export.chained(export.records[:24], key)

    refused(lying, key, "not complete: nonce 13")


def test_the_beginning_cannot_be_left_out(export: Export, key: CheckpointKey) -> None:
    second = [r for r in export.records if r.cycle_id == Week(number=1).cycle_id]
    lying = export.chained(second, key)

    refused(lying, key, "not complete: nonce 11")


def test_checkpoints_agree_on_where_the_log_begins(export: Export, key: CheckpointKey) -> None:
    lying = export.resealed(lambda n, c: replace(c, first_nonce=11 if n == 1 else 13), key)

    refused(lying, key, "the log begins at nonce 11, not 13")


def test_nothing_is_signed_before_the_log_begins(export: Export, key: CheckpointKey) -> None:
    lying = export.resealed(lambda _, c: replace(c, first_nonce=12), key)

    refused(lying, key, "nonce 11 was signed, the log begins at 12")


def test_a_checkpoint_does_not_claim_more_than_is_there(export: Export, key: CheckpointKey) -> None:
    lying = export.resealed(lambda n, c: replace(c, next_nonce=c.next_nonce + (n == 3)), key)

    refused(lying, key, "not complete: nonce 15")


def test_every_account_that_signed_is_covered(export: Export, key: CheckpointKey) -> None:
    lying = export.resealed(
        lambda _, c: replace(c, account=VAULT, first_nonce=0, next_nonce=0), key
    )

    refused(lying, key, f"no checkpoint covers the nonces of {ACCOUNT}")


def test_checkpoints_belong_to_one_log(export: Export, key: CheckpointKey) -> None:
    lying = export.resealed(lambda n, c: replace(c, origin="x") if n == 2 else c, key)

    refused(lying, key, "origin is x, it must be index 2026")


def test_checkpoints_are_a_chain(export: Export, key: CheckpointKey) -> None:
    lying = replace(export, checkpoints=(export.checkpoints[0], export.checkpoints[2]))

    error = refused(lying, key, "previous is .*, it must be")
    assert error.where.startswith("checkpoint 2,")


def resigned(export: Export, key: CheckpointKey, **change: Any) -> Export:
    """Return the log with the first batch signed anew by the account's own key, but differently."""
    record = numbered(export, RecordKind.SIGNED)
    plan = Week(number=0).batches[0]
    witness = numbered(export, RecordKind.INTENT).hash
    plan_record = json.loads(numbered(export, RecordKind.PLAN).body)
    says: dict[str, Any] = {
        "batch": plan,
        "deadline": int(plan_record["plan"]["deadline"]),
        "plan_id": plan_record["plan_id"],
        "intent_hash": witness,
    } | {k: v for k, v in change.items() if k in {"batch", "deadline", "plan_id", "intent_hash"}}
    data = change.get("data", encode(says.pop("batch"), **says))
    to = change.get("to", VAULT)
    kind = change.get("kind", AttemptKind.SEND)
    made = attempt("x", nonce=11, data=data, to=to, kind=kind)

    def lie(body: Any) -> None:
        body["attempt"] |= {
            "raw": "0x" + made.raw.hex(),
            "tx_hash": made.tx_hash,
            "kind": kind.value,
        }

    return export.chained(changed(export, record, lie), key)


FIRST = Week(number=0).batches[0]
LOOSE = replace(
    FIRST, floors=(FIRST.floors[0], replace(FIRST.floors[1], min_delta=0), *FIRST.floors[2:])
)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"plan_id": "ab" * 32}, "the plan id of the signed calldata is abab"),
        ({"intent_hash": "ab" * 32}, "the intent hash of the signed calldata is abab"),
        ({"deadline": 9_999_999_999}, "the deadline of the signed calldata is 9999999999"),
        ({"batch": replace(FIRST, sequence=8)}, "the sequence of the signed calldata is 8"),
        ({"batch": LOOSE}, "the floors of the signed calldata are not those of the plan"),
        ({"to": Address("0x1f9840a85d5aF5bf1D1762F925BDADdC4201F984")}, "the target of the signed"),
        ({"data": b""}, "calldata does not call execute"),
        ({"data": bytes.fromhex("f578695f") + b"\x00" * 40}, "calldata is cut off"),
        ({"kind": AttemptKind.CANCEL}, "the cancel's target is"),
    ],
)
def test_only_what_was_planned_may_be_signed(
    export: Export, key: CheckpointKey, change: dict[str, Any], complaint: str
) -> None:
    refused(resigned(export, key, **change), key, complaint)


def test_another_signer_is_seen(export: Export, key: CheckpointKey) -> None:
    stranger = Account.from_key("0x" + "77" * 32)
    transaction = {
        "type": 2, "chainId": 1, "nonce": 11, "to": VAULT, "value": 0, "data": b"", "gas": 400_000,
        "maxFeePerGas": 30 * 10**9 + 1, "maxPriorityFeePerGas": 10**9,
    }  # fmt: skip
    signed = stranger.sign_transaction(transaction)
    lie = put("0x" + bytes(signed.raw_transaction).hex(), "attempt", "raw")
    lying = export.chained(changed(export, numbered(export, RecordKind.SIGNED), lie), key)

    refused(lying, key, f"the signer of the signed bytes is {stranger.address}")


def test_value_is_never_sent(export: Export, key: CheckpointKey) -> None:
    transaction = {
        "type": 2, "chainId": 1, "nonce": 11, "to": VAULT, "value": 1, "data": b"", "gas": 400_000,
        "maxFeePerGas": 30 * 10**9 + 1, "maxPriorityFeePerGas": 10**9,
    }  # fmt: skip
    signed = SIGNER.sign_transaction(transaction)
    lie = put("0x" + bytes(signed.raw_transaction).hex(), "attempt", "raw")
    lying = export.chained(changed(export, numbered(export, RecordKind.SIGNED), lie), key)

    refused(lying, key, "the value of the signed bytes is 1, it must be 0")


def final(export: Export) -> RawRecord:
    return numbered(export, RecordKind.OUTCOME, 2)


@pytest.mark.parametrize(
    ("lie", "complaint"),
    [
        (put([], "receipt", "logs"), "lacks the event with its plan id and intent hash"),
        (put(None, "receipt"), "final_ok has no receipt"),
        (put("external", "state"), "external does not follow from its receipt"),
        (put(False, "receipt", "is_success"), "final_ok does not follow from its receipt"),  # noqa: FBT003
        (put("final_reverted", "state"), "final_reverted does not follow from its receipt"),
    ],
)
def test_a_success_is_shown_by_its_event(
    export: Export, key: CheckpointKey, lie: Change, complaint: str
) -> None:
    refused(export.chained(changed(export, final(export), lie), key), key, complaint)


def test_a_cycle_that_never_was_cannot_be_signed_off(export: Export, key: CheckpointKey) -> None:
    record = numbered(export, RecordKind.SIGN_OFF)
    moved = [replace(r, cycle_id="index-1999") if r is record else r for r in export.records]

    refused(export.chained(moved, key), key, "cycle index-1999 is not recorded before it")


def test_an_intent_is_opened_once(export: Export, key: CheckpointKey) -> None:
    record = numbered(export, RecordKind.INTENT)
    twice = [*export.records, record]

    refused(export.chained(twice, key), key, "intent_id is known is True")


def test_bytes_are_signed_once(export: Export, key: CheckpointKey) -> None:
    record = numbered(export, RecordKind.SIGNED)
    at = export.records.index(record) + 1
    again = bodied(record, put("2", "attempt", "number"))
    twice = [*export.records[:at], again, *export.records[at:]]

    refused(export.chained(twice, key), key, "the same bytes were signed before")


def test_inputs_are_those_of_the_signals(export: Export, key: CheckpointKey) -> None:
    """Put other inputs under the same plan: their content id differs from the plan's."""
    other = replace(Week(number=0).inputs, cycle_id="another")
    content = content_id(other)
    record = numbered(export, RecordKind.INPUTS)
    lying = replace(
        export.chained(changed(export, record, put(content, "inputs_sha256")), key),
        contents={**export.contents, content: canonical_bytes(other)},
    )

    refused(lying, key, "the inputs that it was made from are not recorded before it")


def test_content_is_what_its_hash_says(export: Export, key: CheckpointKey) -> None:
    sha256 = next(iter(export.contents))
    lying = replace(export, contents={**export.contents, sha256: b"something else"})

    error = refused(lying, key, f"content hashes to .* it claims {sha256}")
    assert error.where == "line 2"


def test_an_empty_file_is_no_export(key: CheckpointKey) -> None:
    with pytest.raises(LogVerificationError, match="the file is empty"):
        verified(b"", key.public)


def test_another_format_is_refused(export: Export, key: CheckpointKey) -> None:
    data = export.data().replace(b"agent.log/1", b"agent.log/9", 1)

    with pytest.raises(LogVerificationError, match=r"format agent\.log/9 is not"):
        verified(data, key.public)


class TestAfter:
    def test_a_log_that_went_on_passes(self, export: Export, key: CheckpointKey) -> None:
        for earlier in export.checkpoints:
            verified(export.data(), key.public, after=earlier)

    def test_a_log_that_was_rolled_back_fails(self, export: Export, key: CheckpointKey) -> None:
        older, later = export.until(1).data(), export.checkpoints[-1]

        with pytest.raises(
            LogVerificationError, match="rolled back: it had 48 records, it ends at 23"
        ):
            verified(older, key.public, after=later)

    def test_a_log_that_went_another_way_fails(self, export: Export, key: CheckpointKey) -> None:
        """Rewrite the last record: what came before an intent is witnessed by its hash."""
        note = changed(export, numbered(export, RecordKind.SIGN_OFF, 2), put("fine", "note"))
        other = export.chained(note, key)
        verified(other.data(), key.public)

        with pytest.raises(LogVerificationError, match="rewritten: record 48 is not the one"):
            verified(other.data(), key.public, after=export.checkpoints[2])

    def test_what_came_before_an_intent_cannot_be_rewritten(
        self, export: Export, key: CheckpointKey
    ) -> None:
        note = changed(export, numbered(export, RecordKind.SIGN_OFF), put("fine", "note"))

        refused(export.chained(note, key), key, "the intent hash of the signed calldata")

    def test_a_checkpoint_that_disappeared_is_missed(
        self, export: Export, key: CheckpointKey
    ) -> None:
        first, _, last = export.checkpoints
        other = replace(export, checkpoints=(first, last)).resealed(lambda _, c: c, key)
        verified(other.data(), key.public)

        with pytest.raises(LogVerificationError, match="the checkpoint itself is not in it"):
            verified(other.data(), key.public, after=export.checkpoints[1])

    def test_another_log_is_not_a_continuation(self, export: Export, key: CheckpointKey) -> None:
        other = export.resealed(lambda _, c: replace(c, origin="other"), key).checkpoints[0]

        with pytest.raises(LogVerificationError, match="it closes another log, other"):
            verified(export.data(), key.public, after=other)

    def test_an_unsigned_memory_is_no_witness(self, export: Export, key: CheckpointKey) -> None:
        forged = replace(export.checkpoints[0], size=1)

        with pytest.raises(LogVerificationError, match="its signature is not valid"):
            verified(export.data(), key.public, after=forged)


def sealed(
    tmp_path: Path, work: Callable[[SqlLedger], None], *, next_nonce: int
) -> tuple[bytes, CheckpointKey]:
    key = create_key(tmp_path / "checkpoint.pem")
    with open_ledger(
        tmp_path / "agent.sqlite", clock=SteppingClock(), origin="index", checkpoint_key=key
    ) as ledger:
        work(ledger)
        ledger.seal(block=block(9_000), account=ACCOUNT, next_nonce=next_nonce)
        return b"".join(ledger.export()), key


def test_a_log_of_nothing_is_complete(tmp_path: Path) -> None:
    data, key = sealed(tmp_path, lambda _: None, next_nonce=3)

    verdict = verified(data, key.public).verdict
    assert (verdict.records, verdict.first_nonce, verdict.next_nonce) == (0, 3, 3)


def opened(ledger: SqlLedger, *, nonce: int = 11) -> tuple[str, bytes]:
    """Record a decision and reserve a nonce for its first batch; return intent id and calldata."""
    plan = record_decision(ledger, Week(number=0))
    made = replace(intent(cycle_id=plan.cycle_id, plan_id=content_id(plan)), route=Route.PUBLIC)
    witness = ledger.open_intent(made).hash
    ledger.reserve_nonce(made.intent_id, nonce=nonce)
    return made.intent_id, encode(
        plan.batches[0], deadline=plan.deadline, plan_id=content_id(plan), intent_hash=witness
    )


def test_a_bump_and_a_cancel_share_the_nonce(tmp_path: Path) -> None:
    def work(ledger: SqlLedger) -> None:
        name, data = opened(ledger)
        ledger.record_signed(attempt(name, nonce=11, data=data))
        ledger.advance(name, state=TxState.IN_DOUBT)
        bump = attempt(name, nonce=11, number=2, kind=AttemptKind.BUMP, data=data)
        cancel = attempt(name, nonce=11, number=3, kind=AttemptKind.CANCEL, to=ACCOUNT)
        ledger.record_signed(bump)
        ledger.record_signed(cancel)
        landed = receipt(cancel.tx_hash, block(8_000))
        ledger.advance(name, state=TxState.MINED, receipt=landed)
        ledger.advance(name, state=TxState.CANCELLED, receipt=landed)

    data, key = sealed(tmp_path, work, next_nonce=12)

    verdict = verified(data, key.public).verdict
    assert (verdict.signed, verdict.intents, verdict.landed) == (3, 1, 1)


def test_a_reorganised_transaction_is_told_as_it_was(tmp_path: Path) -> None:
    def work(ledger: SqlLedger) -> None:
        name, data = opened(ledger)
        sent = attempt(name, nonce=11, data=data)
        ledger.record_signed(sent)
        for number in (7_000, 7_001):
            ledger.advance(name, state=TxState.IN_DOUBT)
            landed = receipt(sent.tx_hash, block(number), is_success=False)
            ledger.advance(name, state=TxState.MINED, receipt=landed)
        ledger.advance(name, state=TxState.FINAL_REVERTED, receipt=landed)

    data, key = sealed(tmp_path, work, next_nonce=12)

    (landing,) = verified(data, key.public).landings
    assert (landing.block_number, landing.topics) == (7_001, None)


def test_what_is_under_way_is_said(tmp_path: Path) -> None:
    def work(ledger: SqlLedger) -> None:
        name, data = opened(ledger)
        ledger.record_signed(attempt(name, nonce=11, data=data))
        ledger.advance(name, state=TxState.IN_DOUBT)

    data, key = sealed(tmp_path, work, next_nonce=11)

    assert len(verified(data, key.public).verdict.open_intents) == 1


def test_a_nonce_used_by_others_is_said(tmp_path: Path) -> None:
    def work(ledger: SqlLedger) -> None:
        name, _ = opened(ledger)
        ledger.advance(name, state=TxState.EXTERNAL, note="0xab, by hand")

    data, key = sealed(tmp_path, work, next_nonce=12)

    assert verified(data, key.public).verdict.external_nonces == (11,)


def test_a_nonce_used_by_others_in_silence_is_missed(tmp_path: Path) -> None:
    data, key = sealed(tmp_path, lambda ledger: opened(ledger) and None, next_nonce=12)

    with pytest.raises(LogVerificationError, match="not complete: nonce 11"):
        verified(data, key.public)


def test_batches_of_two_plans_may_share_a_log(tmp_path: Path) -> None:
    def work(ledger: SqlLedger) -> None:
        for number in (0, 1):
            plan = record_decision(ledger, Week(number=number))
            for batch in plan.batches:
                record_batch(ledger, plan, batch, nonce=11 + 2 * number + batch.index)

    data, key = sealed(tmp_path, work, next_nonce=15)

    assert verified(data, key.public).verdict.plans == 2
