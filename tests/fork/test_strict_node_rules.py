"""The strict node takes what mainnet's nodes take, and refuses the rest in their words."""

import pytest

from anvil.strict.dialects import DIALECTS
from anvil.strict.faults import Evict
from anvil.strict.refusals import Kind, Rules
from tests.fork.strict import (
    ETHER,
    GWEI,
    OTHER,
    OURS,
    PAUPER,
    Client,
    bare_anvil,
    delegating,
    fleet_on,
    signed,
)

CLIENTS = tuple(DIALECTS)


@pytest.fixture(scope="module")
def ground():
    with bare_anvil() as node:
        yield node


@pytest.fixture
def fleet(ground):
    with fleet_on(ground) as running:
        yield running


@pytest.fixture
def node(fleet):
    client = Client(fleet.url)
    yield client
    client.close()


def said(node, raw):
    """The words with which the node refuses."""
    answer = node.send(raw)
    assert isinstance(answer, dict), f"it was taken: {answer}"
    return answer["message"]


def test_a_transaction_waits_in_the_pool_until_a_block(fleet, node):
    tx_hash = node.send(signed())

    assert (None, 0, 1) == (node.receipt(tx_hash), node.nonce(), node.nonce(at="pending"))
    assert node("eth_getTransactionByHash", tx_hash)["blockNumber"] is None
    fleet.mine()
    assert (1, "0x1") == (node.nonce(), node.receipt(tx_hash)["status"])


def test_the_same_bytes_are_already_known(node):
    node.send(signed())

    assert "already known" == said(node, signed())


def test_a_mined_transaction_is_not_known_but_its_nonce_is_used(fleet, node):
    node.send(signed())
    fleet.mine()

    assert "nonce too low: next nonce 1, tx nonce 0" == said(node, signed())


@pytest.mark.parametrize(
    ("fee", "tip"),
    [
        (2_200_000_000, 1_099_999_999),
        (2_199_999_999, 1_100_000_000),
        (2_000_000_001, 1_000_000_000),
    ],
)
def test_a_replacement_must_raise_both_fees_by_a_tenth(node, fee, tip):
    node.send(signed())

    assert "replacement transaction underpriced" == said(node, signed(fee=fee, tip=tip))


def test_a_tenth_on_both_fees_replaces(fleet, node):
    first = node.send(signed())
    second = node.send(signed(fee=2_200_000_000, tip=1_100_000_000))
    fleet.mine()

    assert node.receipt(first) is None
    assert node.receipt(second)["status"] == "0x1"


def test_the_tenth_is_rounded_up(node):
    node.send(signed(fee=GWEI + 1, tip=11))

    assert "replacement transaction underpriced" == said(node, signed(fee=2 * GWEI, tip=12))
    assert isinstance(node.send(signed(fee=1_100_000_002, tip=13)), str)


def test_some_nodes_want_an_eighth(ground):
    with fleet_on(ground, rules=Rules(bump_per_mille=125)) as fleet:
        node = Client(fleet.url)
        node.send(signed())

        assert "replacement transaction underpriced" == said(
            node, signed(fee=2_240_000_000, tip=1_120_000_000)
        )
        assert isinstance(node.send(signed(fee=2_250_000_000, tip=1_125_000_000)), str)
        node.close()


def test_no_transaction_takes_more_than_2_to_the_24_gas(node):
    assert "transaction gas limit too high (cap: 16777216, tx: 16777217)" == said(
        node, signed(gas=2**24 + 1)
    )
    assert isinstance(node.send(signed(gas=2**24)), str)


def test_gas_must_cover_the_bytes(node):
    data = b"\x01" * 1_000

    assert "intrinsic gas too low: gas 36999, minimum needed 37000" == said(
        node, signed(gas=36_999, data=data)
    )
    assert "insufficient gas for floor data gas cost: gas 60999, minimum needed 61000" == said(
        node, signed(gas=60_999, data=data)
    )
    assert isinstance(node.send(signed(gas=61_000, data=data)), str)


def test_nobody_sends_what_they_do_not_have(node):
    assert (
        "insufficient funds for gas * price + value: balance 0, tx cost 42000000000000, "
        "overshot 42000000000000" == said(node, signed(by=PAUPER))
    )


def test_all_that_is_pending_must_be_affordable(node):
    node.send(signed(value=6 * ETHER))

    assert "queued cost" in said(node, signed(1, value=6 * ETHER))
    assert isinstance(node.send(signed(1, value=3 * ETHER)), str)


def test_a_gap_waits_for_what_is_missing(fleet, node):
    later = node.send(signed(1))
    fleet.mine()
    assert (0, 0) == (node.nonce(), node.nonce(at="pending"))
    node.send(signed(0))
    fleet.mine()

    assert (2, "0x1") == (node.nonce(), node.receipt(later)["status"])


def test_a_fee_below_the_base_fee_is_taken_and_not_mined(fleet, node):
    tx_hash = node.send(signed(fee=GWEI - 1, tip=1))
    fleet.mine(3)

    assert node.receipt(tx_hash) is None
    assert node("eth_getTransactionByHash", tx_hash) is not None


def test_a_node_may_insist_on_the_base_fee(ground):
    with fleet_on(ground, rules=Rules(is_base_fee_needed=True)) as fleet:
        node = Client(fleet.url)

        assert "max fee per gas less than block base fee" == said(node, signed(fee=GWEI - 1, tip=1))
        node.close()


def test_a_tip_is_needed_and_is_within_the_fee(node):
    assert "gas tip cap 0, minimum needed 1" in said(node, signed(tip=0))
    assert "max priority fee per gas higher than max fee per gas" == said(
        node, signed(fee=GWEI, tip=GWEI + 1)
    )


def test_other_chains_are_refused(node):
    assert "invalid chain id for signer: have 5 want 1" in said(node, signed(chainId=5))


def test_a_fortune_in_fees_is_refused(node):
    assert "tx fee (1.05 ether) exceeds the configured cap (1.00 ether)" == said(
        node, signed(fee=50_000 * GWEI)
    )


@pytest.mark.parametrize("raw", ["0x", "0x02f8", "0xdeadbeef", "hello", "0x02" + "00" * 50])
def test_rubbish_is_refused(node, raw):
    assert -32000 == node.send(raw)["code"]


def test_blob_transactions_are_not_supported(node):
    assert "transaction type not supported" == said(node, "0x03f870")


def test_a_delegated_account_has_one_transaction_in_flight(ground, fleet, node):
    node.send(delegating())
    fleet.mine()
    assert ground.rpc("eth_getCode", OURS.address, "latest").startswith("0xef0100")

    assert 2 == node.nonce()
    assert "gapped-nonce tx from delegated accounts" == said(node, signed(3, gas=60_000))
    node.send(signed(2, gas=60_000))
    assert "in-flight transaction limit reached for delegated accounts" == said(
        node, signed(3, gas=60_000)
    )
    replaced = node.send(signed(2, gas=60_000, fee=3 * GWEI, tip=2 * GWEI))
    fleet.mine()
    assert node.receipt(replaced) is not None


def test_a_pending_delegation_counts_as_one(node):
    node.send(delegating())

    assert "in-flight transaction limit reached for delegated accounts" == said(
        node, signed(1, gas=60_000)
    )


def test_nobody_is_delegated_who_has_something_pending(node):
    node.send(signed(by=OTHER))

    assert "authority already reserved" == said(node, delegating(authority=OTHER, auth_nonce=0))


OFFENCES = (
    *(Kind.ALREADY_KNOWN, Kind.REPLACEMENT_UNDERPRICED, Kind.NONCE_TOO_HIGH, Kind.UNDERFUNDED),
    *(Kind.ABOVE_GAS_CAP, Kind.WRONG_CHAIN, Kind.BELOW_INTRINSIC_GAS, Kind.TIP_TOO_LOW),
    *(Kind.TIP_ABOVE_FEE, Kind.DELEGATED_IN_FLIGHT, Kind.AUTHORITY_RESERVED),
)


def offence(kind):
    """Return what precedes a transaction that breaks a rule, and that transaction."""
    return {
        Kind.ALREADY_KNOWN: ([signed()], signed()),
        Kind.REPLACEMENT_UNDERPRICED: ([signed()], signed(fee=2 * GWEI + 1)),
        Kind.NONCE_TOO_HIGH: ([], signed(400)),
        Kind.UNDERFUNDED: ([], signed(by=PAUPER)),
        Kind.ABOVE_GAS_CAP: ([], signed(gas=2**24 + 1)),
        Kind.WRONG_CHAIN: ([], signed(chainId=5)),
        Kind.BELOW_INTRINSIC_GAS: ([], signed(gas=20_999)),
        Kind.TIP_TOO_LOW: ([], signed(tip=0)),
        Kind.TIP_ABOVE_FEE: ([], signed(fee=GWEI, tip=2 * GWEI)),
        Kind.DELEGATED_IN_FLIGHT: ([delegating()], signed(1, gas=60_000)),
        Kind.AUTHORITY_RESERVED: (
            [signed(by=OTHER)],
            delegating(authority=OTHER, auth_nonce=0),
        ),
    }[kind]


@pytest.mark.parametrize("client", CLIENTS)
def test_each_client_refuses_in_its_own_words(ground, client):
    dialect = DIALECTS[client]
    with fleet_on(ground, dialects=(client,)) as fleet:
        node = Client(fleet.url)
        for kind in OFFENCES:
            fleet.do(Evict())
            before, raw = offence(kind)
            for first in before:
                assert isinstance(node.send(first), str)
            answer = node.send(raw)

            if has_rule(dialect, kind):
                words = dialect.texts[kind]
                code, text = (dialect.code, words) if isinstance(words, str) else words
                assert code == answer["code"]
                assert answer["message"].startswith(text.split("{")[0])
            else:
                assert isinstance(answer, str)
        node.close()


def has_rule(dialect, kind):
    is_lax = kind is Kind.NONCE_TOO_HIGH and dialect.max_nonce_distance is None
    return kind not in dialect.lax and not is_lax


@pytest.mark.parametrize("client", CLIENTS)
def test_each_client_says_that_a_nonce_is_used(ground, client):
    with fleet_on(ground, dialects=(client,)) as fleet:
        node = Client(fleet.url)
        node.send(signed())
        fleet.mine()
        text = said(node, signed()).lower()

        assert any(words in text for words in ("nonce too low", "oldnonce", "invalid nonce"))
        node.close()


@pytest.mark.parametrize("client", CLIENTS)
def test_each_client_calls_itself_by_its_name(ground, client):
    with fleet_on(ground, dialects=(client,)) as fleet:
        node = Client(fleet.url)

        assert DIALECTS[client].version == node("web3_clientVersion")
        assert -32601 == node("anvil_setBalance", OURS.address, "0x1")["code"]
        node.close()
