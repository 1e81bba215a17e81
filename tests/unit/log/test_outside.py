"""Nonces that the agent did not give out: accounted for, named as foreign, and filled where a gap is left."""

from dataclasses import replace

import pytest

from agent.adapters.ledger import open_ledger
from agent.domain.bodies import NoncesAdopted, Rerouted
from agent.domain.intent import AttemptKind, Route, TxState, filler
from agent.errors import LogVerificationError
from agent.log.keys import create_key
from tests.exports import verified
from tests.logbook import (
    ACCOUNT,
    VAULT,
    SteppingClock,
    Week,
    attempt,
    block,
    receipt,
    record_week,
)

CYCLE = Week(number=0).cycle_id


class Book:
    """A week's ledger, up to nonce 12, that a test goes on with."""

    def __init__(self, path):
        self.key = create_key(path / "checkpoint.pem")
        self.ledger = open_ledger(
            path / "agent.sqlite", clock=SteppingClock(), origin="test", checkpoint_key=self.key
        )
        record_week(self.ledger, Week(number=0))

    def adopt(self, first, end, *, by="agent"):
        body = NoncesAdopted(
            chain_id=1, account=ACCOUNT, contract=VAULT, first_nonce=first, next_nonce=end,
            sequence=2, block=block(2_000), by=by, note="",
        )  # fmt: skip
        self.ledger.append(body, cycle_id=CYCLE)

    def fill(self, nonce, *, to=ACCOUNT, data=b"", **changes):
        """Record a filler from its opening to its finalized receipt."""
        opened = filler(
            chain_id=1, account=ACCOUNT, nonce=nonce, cycle_id=CYCLE, route=Route.PUBLIC
        )
        opened = replace(opened, **changes)
        self.ledger.open_intent(opened)
        self.ledger.reserve_nonce(opened.intent_id, nonce=nonce)
        sent = attempt(opened.intent_id, nonce=nonce, kind=AttemptKind.CANCEL, to=to, data=data)
        self.ledger.record_signed(sent)
        self.ledger.advance(opened.intent_id, state=TxState.IN_DOUBT)
        seen = receipt(sent.tx_hash, block(2_100))
        self.ledger.advance(opened.intent_id, state=TxState.MINED, receipt=seen)
        self.ledger.advance(opened.intent_id, state=TxState.CANCELLED, receipt=seen)

    def verdict(self, next_nonce):
        self.ledger.seal(block=block(2_200), account=ACCOUNT, next_nonce=next_nonce)
        return verified(b"".join(self.ledger.export()), self.key.public).verdict


@pytest.fixture
def book(tmp_path):
    made = Book(tmp_path)
    yield made
    made.ledger.close()


def test_nonces_that_were_adopted_count_and_are_named_as_foreign(book):
    book.adopt(13, 15)

    verdict = book.verdict(15)

    assert (13, 14) == verdict.external_nonces
    assert 15 == verdict.next_nonce


def test_nonces_that_nobody_adopted_are_missing(book):
    book.adopt(13, 14)

    with pytest.raises(LogVerificationError, match=r"nonce 14 of .* has no signed record"):
        book.verdict(15)


def test_a_nonce_that_was_adopted_and_filled_after_all_is_not_foreign(book):
    book.adopt(13, 15)
    book.fill(13)

    assert (14,) == book.verdict(15).external_nonces


def test_a_gap_before_the_first_nonce_of_the_log_may_be_filled(book):
    book.fill(10)

    assert 11 == book.verdict(13).first_nonce


def test_an_intents_own_nonce_cannot_be_called_foreign(book):
    book.adopt(12, 14)

    with pytest.raises(LogVerificationError, match="nonce 12 is an intent's"):
        book.verdict(14)


def test_adopting_backwards_is_refused(book):
    book.adopt(15, 13)

    with pytest.raises(LogVerificationError, match="adopts nonces from 15 to 13"):
        book.verdict(13)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"contract": VAULT}, "a filler's contract"),
        ({"sequence": 9}, "a filler's sequence"),
        ({"to": VAULT}, "the cancel's target"),
        ({"data": b"x"}, "the cancel's target"),
    ],
)
def test_a_filler_does_nothing_but_use_up_its_nonce(book, changes, complaint):
    book.fill(13, **changes)

    with pytest.raises(LogVerificationError, match=complaint):
        book.verdict(14)


@pytest.mark.parametrize(("route", "is_sound"), [(Route.PRIVATE, True), (Route.PUBLIC, False)])
def test_only_what_was_private_can_go_the_public_way(book, route, is_sound):
    book.fill(13, route=route)
    name = f"filler-1-{ACCOUNT}-13"
    body = Rerouted(
        intent_id=name, route=Route.PUBLIC, policy="chain.public_after_blocks = 25", block=block(9)
    )
    book.ledger.append(body, cycle_id=CYCLE, key=name)

    if is_sound:
        assert 14 == book.verdict(14).next_nonce
    else:
        with pytest.raises(LogVerificationError, match="the route it leaves"):
            book.verdict(14)
