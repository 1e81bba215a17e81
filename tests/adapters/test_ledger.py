"""The ledger on a real SQLite file: what it records, what it refuses, and that doing twice is doing once."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from agent.adapters.ledger import Access, SqlLedger, open_ledger
from agent.adapters.ledger.engine import postgres_engine, sqlite_engine, take_over
from agent.domain.bodies import Halted, InputsFixed, SignalAccepted, SignalName
from agent.domain.canonical import content_id
from agent.domain.intent import (
    NEXT_STATES,
    TERMINAL,
    Attempt,
    AttemptKind,
    FeeCap,
    TxState,
)
from agent.domain.record import NO_HASH, RecordKind
from agent.errors import LedgerError
from agent.log.keys import create_key
from tests.logbook import (
    ACCOUNT,
    START,
    VAULT,
    SteppingClock,
    Week,
    attempt,
    block,
    intent,
    receipt,
    record_week,
    sign_off,
)

HALT = Halted(error="LedgerError", reason="disk full")
MINED_IN = block(100)


@pytest.fixture(params=["sqlite", "postgresql"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | SecretStr:
    """Return where a new ledger goes: every test runs on both databases."""
    if request.param == "sqlite":
        return tmp_path / "agent.sqlite"
    url: SecretStr = request.getfixturevalue("new_database")
    return url


@pytest.fixture
def ledger(path: Path | SecretStr, tmp_path: Path) -> Iterator[SqlLedger]:
    key = create_key(tmp_path / "checkpoint.pem")
    with open_ledger(path, clock=SteppingClock(), origin="index", checkpoint_key=key) as opened:
        yield opened


def engine_of(path: Path | SecretStr) -> Engine:
    return sqlite_engine(path) if isinstance(path, Path) else postgres_engine(path)


def opened_reserved(ledger: SqlLedger, *, nonce: int = 11) -> str:
    ledger.open_intent(intent())
    ledger.reserve_nonce(intent().intent_id, nonce=nonce)
    return intent().intent_id


def signed(ledger: SqlLedger) -> Attempt:
    made = attempt(opened_reserved(ledger), nonce=11)
    ledger.record_signed(made)
    return made


def state_of(ledger: SqlLedger) -> TxState:
    return ledger.intents()[0].state


WAY_FROM_SIGNED = {
    TxState.SIGNED: (),
    TxState.IN_DOUBT: (TxState.IN_DOUBT,),
    TxState.SEEN: (TxState.IN_DOUBT, TxState.SEEN),
    TxState.MINED: (TxState.IN_DOUBT, TxState.MINED),
    TxState.EXTERNAL: (TxState.IN_DOUBT, TxState.EXTERNAL),
} | {
    end: (TxState.IN_DOUBT, TxState.MINED, end)
    for end in (TxState.FINAL_OK, TxState.FINAL_REVERTED, TxState.CANCELLED)
}

WITH_RECEIPT = {TxState.MINED, TxState.FINAL_OK, TxState.FINAL_REVERTED, TxState.CANCELLED}


def brought_to(ledger: SqlLedger, state: TxState) -> str:
    """Bring the first intent to `state` by arrows alone, and return its id."""
    name = intent().intent_id
    ledger.open_intent(intent())
    if state is TxState.INTENT:
        return name
    ledger.reserve_nonce(name, nonce=11)
    if state is TxState.RESERVED:
        return name
    kind = AttemptKind.CANCEL if state is TxState.CANCELLED else AttemptKind.SEND
    made = attempt(name, nonce=11, kind=kind)
    ledger.record_signed(made)
    seen = receipt(made.tx_hash, MINED_IN, is_success=state is not TxState.FINAL_REVERTED)
    for step in WAY_FROM_SIGNED[state]:
        ledger.advance(name, state=step, receipt=seen if step in WITH_RECEIPT else None)
    return name


def test_records_follow_each_other(ledger: SqlLedger) -> None:
    first = ledger.append(HALT, cycle_id="index-1")
    second = ledger.append(replace(HALT, reason="again"), cycle_id="index-1")

    assert (first.seq, first.prev) == (1, NO_HASH)
    assert (second.seq, second.prev) == (2, first.hash)
    assert ledger.records() == (first, second)


def test_a_records_hash_is_that_of_its_other_fields(ledger: SqlLedger) -> None:
    record = ledger.append(HALT, cycle_id="index-1")

    others = {
        "seq": "1", "prev": NO_HASH, "at": record.at, "cycle_id": "index-1", "kind": "halt",
        "body": {"error": "LedgerError", "reason": "disk full"},
    }  # fmt: skip
    preimage = json.dumps(others, sort_keys=True, separators=(",", ":")).encode()
    assert hashlib.sha256(preimage).hexdigest() == record.hash


def test_times_come_from_the_clock(ledger: SqlLedger) -> None:
    record = ledger.append(HALT, cycle_id="index-1")

    assert datetime.fromisoformat(record.at) > START
    assert record.at.endswith("Z")


def test_records_are_found_by_cycle_and_kind(ledger: SqlLedger) -> None:
    one = ledger.append(HALT, cycle_id="index-1")
    two = ledger.append(HALT, cycle_id="index-2")
    three = ledger.open_intent(intent(cycle_id="index-2"))

    assert ledger.records(cycle_id="index-2") == (two, three)
    assert ledger.records(kinds=[RecordKind.HALT]) == (one, two)
    assert ledger.records(cycle_id="index-2", kinds=[RecordKind.INTENT]) == (three,)


def test_appending_twice_is_appending_once(ledger: SqlLedger) -> None:
    first = ledger.append(HALT, cycle_id="index-1")

    assert ledger.append(HALT, cycle_id="index-1") == first
    assert ledger.records() == (first,)


def test_a_key_stands_for_one_body(ledger: SqlLedger) -> None:
    first = ledger.append(HALT, cycle_id="index-1", key="k")

    assert ledger.append(HALT, cycle_id="index-1", key="k") == first
    with pytest.raises(LedgerError, match=r"record 1 \(halt k\) already says otherwise"):
        ledger.append(replace(HALT, reason="other"), cycle_id="index-1", key="k")
    with pytest.raises(LedgerError, match="already says otherwise"):
        ledger.append(HALT, cycle_id="index-2", key="k")


def test_contents_are_kept_by_their_hash(ledger: SqlLedger) -> None:
    content = b"\x00 a ranking " * 1000
    sha256 = hashlib.sha256(content).hexdigest()
    body = SignalAccepted(signal=SignalName.RANKING, source="file", issued_at=START, sha256=sha256)

    ledger.append(body, cycle_id="index-1", contents=(content,))
    ledger.append(body, cycle_id="index-2")

    assert ledger.load_content(sha256) == content


def test_a_record_needs_the_content_that_it_names(ledger: SqlLedger) -> None:
    with pytest.raises(LedgerError, match="not kept"):
        ledger.append(InputsFixed(inputs_sha256="ab" * 32), cycle_id="index-1")

    assert ledger.records() == ()


def test_unknown_content_is_an_error(ledger: SqlLedger) -> None:
    with pytest.raises(LedgerError, match="not kept"):
        ledger.load_content("ab" * 32)


def test_an_intent_is_opened_once(ledger: SqlLedger) -> None:
    record = ledger.open_intent(intent())

    assert ledger.open_intent(intent()) == record
    assert len(ledger.records()) == 1
    assert [status.intent for status in ledger.intents()] == [intent()]
    assert ledger.intents()[0].intent_record_hash == record.hash


def test_an_intent_id_means_one_intent(ledger: SqlLedger) -> None:
    ledger.open_intent(intent())

    with pytest.raises(LedgerError, match="already says otherwise"):
        ledger.open_intent(replace(intent(), sequence=9))


def test_intents_are_found_by_cycle(ledger: SqlLedger) -> None:
    ledger.open_intent(intent(cycle_id="index-2"))
    ledger.open_intent(intent(cycle_id="index-1"))

    assert [s.intent.cycle_id for s in ledger.intents()] == ["index-2", "index-1"]
    assert [s.intent.cycle_id for s in ledger.intents(cycle_id="index-1")] == ["index-1"]


def test_a_nonce_is_reserved_once(ledger: SqlLedger) -> None:
    name = opened_reserved(ledger)
    ledger.reserve_nonce(name, nonce=11)

    assert (ledger.intents()[0].nonce, state_of(ledger)) == (11, TxState.RESERVED)
    assert [r.kind for r in ledger.records()] == [RecordKind.INTENT, RecordKind.MOVED]
    with pytest.raises(LedgerError, match="holds nonce 11, not 12"):
        ledger.reserve_nonce(name, nonce=12)


def test_a_nonce_belongs_to_one_intent(ledger: SqlLedger) -> None:
    opened_reserved(ledger)
    ledger.open_intent(intent(1))

    with pytest.raises(LedgerError, match="nonce 11 belongs to intent index-1/0"):
        ledger.reserve_nonce("index-1/1", nonce=11)
    assert ledger.intents()[1].nonce is None


def test_chains_and_accounts_have_their_own_nonces(ledger: SqlLedger) -> None:
    opened_reserved(ledger)
    ledger.open_intent(replace(intent(1), chain_id=10))
    ledger.open_intent(replace(intent(2), account=VAULT))

    ledger.reserve_nonce("index-1/1", nonce=11)
    ledger.reserve_nonce("index-1/2", nonce=11)

    assert [s.nonce for s in ledger.intents()] == [11, 11, 11]


def test_an_unknown_intent_is_an_error(ledger: SqlLedger) -> None:
    for act in (
        lambda: ledger.reserve_nonce("nobody", nonce=1),
        lambda: ledger.advance("nobody", state=TxState.SEEN),
        lambda: ledger.record_signed(attempt("nobody", nonce=1)),
    ):
        with pytest.raises(LedgerError, match="no intent nobody"):
            act()


def test_signed_bytes_are_kept(ledger: SqlLedger) -> None:
    made = signed(ledger)

    assert ledger.intents()[0].attempts == (made,)
    assert state_of(ledger) is TxState.SIGNED
    assert ledger.records()[-1].body["attempt"]["raw"] == "0x" + made.raw.hex()


def test_signing_is_recorded_once(ledger: SqlLedger) -> None:
    made = signed(ledger)
    count = len(ledger.records())

    assert ledger.record_signed(made) == ledger.records()[-1]
    assert len(ledger.records()) == count


def test_an_attempts_number_means_one_payload(ledger: SqlLedger) -> None:
    made = signed(ledger)

    with pytest.raises(LedgerError, match="already says otherwise"):
        ledger.record_signed(attempt(made.intent_id, nonce=11, data=b"\x01"))


def test_attempts_at_a_nonce_are_one_transaction(ledger: SqlLedger) -> None:
    made = signed(ledger)
    ledger.advance(made.intent_id, state=TxState.IN_DOUBT)
    bump = attempt(made.intent_id, nonce=11, number=2, kind=AttemptKind.BUMP)
    cancel = attempt(made.intent_id, nonce=11, number=3, kind=AttemptKind.CANCEL, to=ACCOUNT)

    ledger.record_signed(bump)
    ledger.record_signed(cancel)

    assert ledger.intents()[0].attempts == (made, bump, cancel)
    assert state_of(ledger) is TxState.IN_DOUBT


def test_fees_beyond_64_bits_are_kept(ledger: SqlLedger) -> None:
    fees = FeeCap(max_fee_per_gas=2**70, max_priority_fee_per_gas=2**66)
    made = attempt(opened_reserved(ledger), nonce=11, fees=fees)
    ledger.record_signed(made)

    assert ledger.intents()[0].attempts == (made,)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"nonce": 12}, "nonce is 12, must be 11"),
        ({"number": 2}, "number is 2, must be 1"),
        ({"tx_hash": "0x" + "ab" * 32}, "hash of the signed bytes is"),
        ({"raw": b"\x02junk"}, "malformed"),
        ({"raw": b"\x01\xc0"}, "not a type-2 transaction"),
        ({"raw": attempt("index-1/0", nonce=12).raw}, "nonce of the signed bytes is 12"),
    ],
)
def test_only_what_was_reserved_may_be_signed(
    ledger: SqlLedger, change: dict[str, object], complaint: str
) -> None:
    name = opened_reserved(ledger)

    with pytest.raises(LedgerError, match=complaint):
        ledger.record_signed(replace(attempt(name, nonce=11), **change))  # type: ignore[arg-type]
    assert ledger.intents()[0].attempts == ()


def test_foreign_signatures_are_refused(ledger: SqlLedger) -> None:
    ledger.open_intent(replace(intent(), account=VAULT))
    ledger.reserve_nonce(intent().intent_id, nonce=11)

    with pytest.raises(LedgerError, match="signer of the signed bytes"):
        ledger.record_signed(attempt(intent().intent_id, nonce=11))


def test_signatures_for_another_chain_are_refused(ledger: SqlLedger) -> None:
    ledger.open_intent(replace(intent(), chain_id=10))
    ledger.reserve_nonce(intent().intent_id, nonce=11)

    with pytest.raises(LedgerError, match="chain of the signed bytes is 1, must be 10"):
        ledger.record_signed(attempt(intent().intent_id, nonce=11))


@pytest.mark.parametrize("state", [TxState.MINED, *sorted(TERMINAL)])
def test_nothing_is_signed_once_it_is_decided(ledger: SqlLedger, state: TxState) -> None:
    name = brought_to(ledger, state)

    with pytest.raises(LedgerError, match="state allows signing"):
        ledger.record_signed(attempt(name, nonce=11, number=2))


ARROWS = {(s, t) for s, targets in NEXT_STATES.items() for t in targets}
BY_ADVANCE = sorted(a for a in ARROWS if a[1] not in {TxState.RESERVED, TxState.SIGNED})
NO_ARROWS = sorted({(s, t) for s in TxState for t in TxState if s != t} - set(BY_ADVANCE))


@pytest.mark.parametrize(("state", "target"), BY_ADVANCE)
def test_arrows_are_followed_and_recorded(
    ledger: SqlLedger, state: TxState, target: TxState
) -> None:
    kind = AttemptKind.CANCEL if target is TxState.CANCELLED else AttemptKind.SEND
    name = brought_to(ledger, state)
    if (state, kind) == (TxState.MINED, AttemptKind.CANCEL):
        ledger.advance(name, state=TxState.IN_DOUBT)
        ledger.record_signed(attempt(name, nonce=11, number=2, kind=kind, to=ACCOUNT))
        made = ledger.intents()[0].attempts[-1]
        ledger.advance(name, state=TxState.MINED, receipt=receipt(made.tx_hash, MINED_IN))
    count, attempts = len(ledger.records()), ledger.intents()[0].attempts
    seen = None
    if attempts and target in WITH_RECEIPT:
        seen = receipt(
            attempts[-1].tx_hash, MINED_IN, is_success=target is not TxState.FINAL_REVERTED
        )

    ledger.advance(name, state=target, receipt=seen)

    assert state_of(ledger) is target
    assert len(ledger.records()) == count + 1
    assert ledger.records()[-1].body["state"] == target


@pytest.mark.parametrize(("state", "target"), NO_ARROWS)
def test_beside_the_arrows_nothing_moves(
    ledger: SqlLedger, state: TxState, target: TxState
) -> None:
    name = brought_to(ledger, state)
    before = ledger.records()

    with pytest.raises(LedgerError, match=f"is {state}, it cannot become {target}"):
        ledger.advance(name, state=target)
    assert (state_of(ledger), ledger.records()) == (state, before)


@pytest.mark.parametrize("state", sorted(set(TxState) - {TxState.INTENT}))
def test_advancing_twice_is_advancing_once(ledger: SqlLedger, state: TxState) -> None:
    name = brought_to(ledger, state)
    before, attempts = ledger.records(), ledger.intents()[0].attempts
    is_success = state is not TxState.FINAL_REVERTED
    seen = None
    if state in WITH_RECEIPT:
        seen = receipt(attempts[-1].tx_hash, MINED_IN, is_success=is_success)

    ledger.advance(name, state=state, receipt=seen)

    assert ledger.records() == before


def test_mined_needs_a_receipt_of_its_own(ledger: SqlLedger) -> None:
    name = brought_to(ledger, TxState.IN_DOUBT)

    with pytest.raises(LedgerError, match="cannot become mined unseen"):
        ledger.advance(name, state=TxState.MINED)
    with pytest.raises(LedgerError, match="has no attempt 0xff"):
        ledger.advance(name, state=TxState.MINED, receipt=receipt("0xff", MINED_IN))


def test_a_reverted_transaction_is_not_ok(ledger: SqlLedger) -> None:
    name = brought_to(ledger, TxState.MINED)
    failed = receipt(ledger.intents()[0].attempts[0].tx_hash, MINED_IN, is_success=False)

    with pytest.raises(LedgerError, match="cannot become final_ok by a send with status 0"):
        ledger.advance(name, state=TxState.FINAL_OK, receipt=failed)


@pytest.mark.parametrize("target", [TxState.SEEN, TxState.EXTERNAL])
def test_what_is_not_on_chain_has_no_receipt(ledger: SqlLedger, target: TxState) -> None:
    name = brought_to(ledger, TxState.IN_DOUBT)

    with pytest.raises(LedgerError, match=f"becomes {target} without a receipt"):
        ledger.advance(name, state=target, receipt=receipt("0xff", MINED_IN))


def test_a_cancelled_nonce_is_not_a_batch_that_ran(ledger: SqlLedger) -> None:
    made = attempt(opened_reserved(ledger), nonce=11, kind=AttemptKind.CANCEL, to=ACCOUNT)
    ledger.record_signed(made)
    ledger.advance(made.intent_id, state=TxState.IN_DOUBT)
    seen = receipt(made.tx_hash, MINED_IN)
    ledger.advance(made.intent_id, state=TxState.MINED, receipt=seen)

    with pytest.raises(LedgerError, match="cannot become final_ok by a cancel"):
        ledger.advance(made.intent_id, state=TxState.FINAL_OK, receipt=seen)


def test_a_reorganised_block_takes_mined_back(ledger: SqlLedger) -> None:
    name = brought_to(ledger, TxState.MINED)
    tx_hash = ledger.intents()[0].attempts[0].tx_hash
    elsewhere = receipt(tx_hash, block(101))

    with pytest.raises(LedgerError, match="is mined by another receipt"):
        ledger.advance(name, state=TxState.MINED, receipt=elsewhere)
    ledger.advance(name, state=TxState.IN_DOUBT)
    ledger.advance(name, state=TxState.MINED, receipt=elsewhere)

    outcomes = ledger.records(kinds=[RecordKind.OUTCOME])
    assert [o.body["receipt"]["block_number"] for o in outcomes] == ["100", "101"]


class StoppedClock(SteppingClock):
    """A clock that fails once, as a process that dies between a change and its record would."""

    is_broken = False

    def now(self) -> datetime:
        if self.is_broken:
            raise RuntimeError("the process died here")
        return super().now()


def test_a_change_and_its_record_are_one(path: Path | SecretStr) -> None:
    clock = StoppedClock()
    with open_ledger(path, clock=clock, origin="index") as ledger:
        name = brought_to(ledger, TxState.SIGNED)
        before = ledger.records()
        clock.is_broken = True

        with pytest.raises(RuntimeError):
            ledger.advance(name, state=TxState.IN_DOUBT)
        with pytest.raises(RuntimeError):
            ledger.open_intent(intent(1))

        assert (len(ledger.intents()), state_of(ledger)) == (1, TxState.SIGNED)
        assert ledger.records() == before


def test_everything_is_there_after_reopening(path: Path | SecretStr, ledger: SqlLedger) -> None:
    record_week(ledger, Week(number=0))
    before = ledger.records(), ledger.intents(), ledger.checkpoints(), ledger.origin
    ledger.close()

    with open_ledger(path, clock=SteppingClock(), origin="another") as again:
        assert (again.records(), again.intents(), again.checkpoints(), again.origin) == before


def test_a_checkpoint_says_where_the_log_and_the_account_stand(ledger: SqlLedger) -> None:
    record_week(ledger, Week(number=0))
    checkpoint = ledger.checkpoints()[0]

    last = ledger.records()[-1]
    assert (checkpoint.size, checkpoint.head) == (last.seq, last.hash)
    assert (checkpoint.first_nonce, checkpoint.next_nonce) == (11, 13)
    assert (checkpoint.chain_id, checkpoint.account) == (1, ACCOUNT)
    assert (checkpoint.block_number, checkpoint.block_hash) == (90, block(90).hash)
    assert checkpoint.previous == NO_HASH
    assert checkpoint.origin.startswith("index 2026-11-23T")


def test_checkpoints_form_a_chain(ledger: SqlLedger) -> None:
    record_week(ledger, Week(number=0))
    record_week(ledger, Week(number=1))
    first, second = ledger.checkpoints()

    assert second.previous == content_id(first)


def test_sealing_twice_is_sealing_once(ledger: SqlLedger) -> None:
    ledger.append(HALT, cycle_id="index-1")
    first = ledger.seal(block=block(5), account=ACCOUNT, next_nonce=3)

    assert ledger.seal(block=block(5), account=ACCOUNT, next_nonce=3) == first
    assert ledger.seal(block=block(6), account=ACCOUNT, next_nonce=3) != first
    assert len(ledger.checkpoints()) == 2


def test_the_first_nonce_is_the_first_that_was_seen(ledger: SqlLedger) -> None:
    ledger.seal(block=block(5), account=ACCOUNT, next_nonce=9)
    opened_reserved(ledger, nonce=11)

    assert ledger.seal(block=block(6), account=ACCOUNT, next_nonce=12).first_nonce == 9


def test_resealing_covers_what_came_after(ledger: SqlLedger) -> None:
    record_week(ledger, Week(number=0))
    sign_off(ledger, Week(number=0))
    before = ledger.checkpoints()[0]

    after = ledger.reseal()

    assert (after.size, after.next_nonce) == (before.size + 1, before.next_nonce)
    assert ledger.reseal() == after


def test_resealing_needs_a_first_seal(ledger: SqlLedger) -> None:
    with pytest.raises(LedgerError, match="no checkpoint closes the log yet"):
        ledger.reseal()


def test_sealing_needs_the_key(path: Path | SecretStr) -> None:
    with (
        open_ledger(path, clock=SteppingClock(), origin="index") as ledger,
        pytest.raises(LedgerError, match=r"without its key: set log\.checkpoint_key"),
    ):
        ledger.seal(block=block(5), account=ACCOUNT, next_nonce=3)


def test_only_the_trading_process_moves_money(path: Path | SecretStr, ledger: SqlLedger) -> None:
    name = brought_to(ledger, TxState.SIGNED)
    with open_ledger(path, clock=SteppingClock(), access=Access.APPEND) as beside:
        for act in (
            lambda: beside.open_intent(intent(1)),
            lambda: beside.reserve_nonce(name, nonce=11),
            lambda: beside.record_signed(attempt(name, nonce=11, number=2)),
            lambda: beside.advance(name, state=TxState.IN_DOUBT),
        ):
            with pytest.raises(LedgerError, match="opened for APPEND, not for TRADE"):
                act()


def test_others_may_append_beside_the_trading_process(
    path: Path | SecretStr, ledger: SqlLedger
) -> None:
    ledger.append(HALT, cycle_id="index-1")
    with open_ledger(path, clock=SteppingClock(), access=Access.APPEND) as beside:
        theirs = beside.append(replace(HALT, reason="theirs"), cycle_id="index-1")
    ours = ledger.append(replace(HALT, reason="ours"), cycle_id="index-1")

    assert (theirs.seq, ours.seq, ours.prev) == (2, 3, theirs.hash)


def test_a_reader_changes_nothing(path: Path | SecretStr, ledger: SqlLedger) -> None:
    record = ledger.append(HALT, cycle_id="index-1")
    with open_ledger(path, clock=SteppingClock(), access=Access.READ) as reader:
        assert reader.records() == (record,)
        with pytest.raises(LedgerError, match="opened for READ, not for APPEND"):
            reader.append(HALT, cycle_id="index-2")


@pytest.mark.parametrize(
    "table",
    ["log_records", "log_contents", "log_checkpoints", "accounts", "reservations", "attempts"],
)
@pytest.mark.parametrize("act", ["DELETE FROM {}", "UPDATE {} SET rowid = rowid"])
def test_history_cannot_be_changed(
    path: Path | SecretStr, ledger: SqlLedger, table: str, act: str
) -> None:
    record_week(ledger, Week(number=0))
    column = {"log_records": "seq", "log_contents": "sha256", "log_checkpoints": "number"}
    act = act.replace("rowid", column.get(table, "chain_id" if table != "attempts" else "number"))
    engine = engine_of(path)

    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(act.format(table)))
    engine.dispose()


def test_intents_are_kept_as_they_were_decided(path: Path | SecretStr, ledger: SqlLedger) -> None:
    opened_reserved(ledger)
    engine = engine_of(path)

    for act in ("DELETE FROM intents", "UPDATE intents SET sequence = 9"):
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(text(act))
    engine.dispose()


def test_commits_survive_a_power_cut(tmp_path: Path) -> None:
    engine = sqlite_engine(tmp_path / "agent.sqlite")
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()

    full = 2
    assert found == {
        "journal_mode": "wal", "synchronous": full, "foreign_keys": 1, "busy_timeout": 5000,
    }  # fmt: skip


def test_only_its_owner_reads_a_new_ledger(tmp_path: Path) -> None:
    path = tmp_path / "agent.sqlite"
    with open_ledger(path, clock=SteppingClock(), origin="index") as ledger:
        assert ledger.origin
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_second_trading_process_is_refused(path: Path | SecretStr, ledger: SqlLedger) -> None:
    assert ledger.origin
    with pytest.raises(LedgerError, match="another agent"):
        open_ledger(path, clock=SteppingClock(), access=Access.TRADE)


def test_the_lock_goes_with_its_holder(path: Path | SecretStr, ledger: SqlLedger) -> None:
    ledger.close()

    with open_ledger(path, clock=SteppingClock(), access=Access.TRADE) as again:
        again.append(HALT, cycle_id="index-1")


def test_one_that_lost_its_lock_writes_no_more(path: Path | SecretStr, ledger: SqlLedger) -> None:
    name = brought_to(ledger, TxState.SIGNED)
    engine = engine_of(path)
    take_over(engine)
    engine.dispose()

    with pytest.raises(LedgerError, match="has taken over"):
        ledger.advance(name, state=TxState.IN_DOUBT)
    assert state_of(ledger) == TxState.SIGNED
