"""The chain as witness: an honest log agrees with it, and each contradiction is named."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from agent.adapters.ledger import open_ledger
from agent.domain.intent import Receipt
from agent.domain.units import Address
from agent.errors import LogVerificationError
from agent.log.keys import create_key
from agent.log.verify import Verified, verify
from agent.log.witness import check_chain
from tests.logbook import (
    ACCOUNT,
    SteppingClock,
    Week,
    block,
    executed,
    receipt,
    record_week,
)


@dataclass
class FakeWitness:
    """A chain of blocks by number, receipts by transaction, and one account's nonce."""

    nonce: int
    receipts: dict[str, Receipt]
    hashes: dict[int, str] = field(default_factory=dict)

    def fetch_receipt(self, tx_hash: str) -> Receipt | None:
        return self.receipts.get(tx_hash)

    def fetch_block_hash(self, number: int) -> str | None:
        return self.hashes.get(number)

    def fetch_nonce(self, account: Address) -> int:
        assert account == ACCOUNT
        return self.nonce


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Verified:
    home = tmp_path_factory.mktemp("ledger")
    key = create_key(home / "checkpoint.pem")
    with open_ledger(
        home / "agent.sqlite", clock=SteppingClock(), origin="index", checkpoint_key=key
    ) as ledger:
        record_week(ledger, Week(number=0))
        return verify(ledger.export(), key.public)


@pytest.fixture
def chain(verified: Verified) -> FakeWitness:
    """Return a chain on which everything happened as the log says."""
    receipts = {}
    for landing in verified.landings:
        assert landing.topics is not None
        log = executed(landing.topics[1][2:], landing.topics[2][2:], 1)
        receipts[landing.tx_hash] = receipt(
            landing.tx_hash, block(landing.block_number), logs=(log,)
        )
    return FakeWitness(nonce=13, receipts=receipts, hashes={90: block(90).hash})


def test_an_honest_log_is_confirmed(verified: Verified, chain: FakeWitness) -> None:
    verdict = check_chain(verified, chain)

    assert verdict.is_chain_checked
    assert verdict == replace(verified.verdict, is_chain_checked=True)


def refused(verified: Verified, chain: FakeWitness, complaint: str) -> str:
    with pytest.raises(LogVerificationError, match=complaint) as caught:
        check_chain(verified, chain)
    return caught.value.where


def test_another_chain_is_noticed(verified: Verified, chain: FakeWitness) -> None:
    chain.hashes[90] = "0xother"

    where = refused(verified, chain, "block 90 is 0x.*, the chain has 0xother")
    assert where.startswith("the closing checkpoint, of 2026-11-23")


def test_a_chain_that_ends_before_is_noticed(verified: Verified, chain: FakeWitness) -> None:
    chain.hashes.clear()

    refused(verified, chain, "the chain has no such block")


def altered(**change: object) -> Callable[[Receipt], Receipt]:
    return lambda found: replace(found, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("alter", "complaint"),
    [
        (altered(block_hash="0xother"), "is in block 0xother, not 0x"),
        (altered(block_number=5), "is in block number 5, not 1100"),
        (altered(is_success=False), "has success False, not True"),
        (altered(gas_used=1), "used gas 1, not 290000"),
        (altered(logs=()), "has no event with this plan id and intent hash"),
        (altered(logs=(executed("ab" * 32, "cd" * 32, 1),)), "has no event with this plan id"),
    ],
)
def test_a_contradiction_is_named(
    verified: Verified, chain: FakeWitness, alter: Callable[[Receipt], Receipt], complaint: str
) -> None:
    first = verified.landings[0].tx_hash
    chain.receipts[first] = alter(chain.receipts[first])

    where = refused(verified, chain, complaint)
    assert where.startswith("record 1")
    assert where.endswith("(outcome)")


def test_an_event_of_another_contract_is_none(verified: Verified, chain: FakeWitness) -> None:
    first = verified.landings[0].tx_hash
    (log,) = chain.receipts[first].logs
    forged = replace(log, address=ACCOUNT)
    chain.receipts[first] = replace(chain.receipts[first], logs=(forged,))

    refused(verified, chain, "has no event with this plan id")


def test_a_transaction_that_never_was_is_named(verified: Verified, chain: FakeWitness) -> None:
    gone = verified.landings[1].tx_hash
    del chain.receipts[gone]

    refused(verified, chain, f"the chain contradicts it: {gone} is not on it")


def test_a_rolled_back_log_is_behind_the_chain(verified: Verified, chain: FakeWitness) -> None:
    chain.nonce = 14

    refused(verified, chain, f"nonce 13 of {ACCOUNT} was used on chain and the export does not")


def test_a_nonce_that_was_never_used_is_noticed(verified: Verified, chain: FakeWitness) -> None:
    chain.nonce = 12

    refused(verified, chain, "was 13, the chain says 12")


def test_signed_and_landed_since_is_no_contradiction(
    verified: Verified, chain: FakeWitness
) -> None:
    ahead = replace(verified, signed_nonces=verified.signed_nonces | {13})
    chain.nonce = 14

    assert check_chain(ahead, chain).is_chain_checked


def test_a_revert_needs_no_event(verified: Verified, chain: FakeWitness) -> None:
    first, second = verified.landings
    reverted = replace(first, is_success=False, topics=None)
    failed = replace(chain.receipts[first.tx_hash], is_success=False, logs=())
    chain.receipts[first.tx_hash] = failed

    assert check_chain(replace(verified, landings=(reverted, second)), chain).is_chain_checked
