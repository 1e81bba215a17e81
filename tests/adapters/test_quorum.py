"""Several nodes as one chain: what a quorum says is believed, what fewer say is not."""

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from agent.adapters.broadcaster import RpcBroadcaster
from agent.adapters.chain import QuorumChain
from agent.adapters.chain.health import FAILURES, LONGEST_REST_S, REST_S, Breaker
from agent.adapters.rpc import Answer
from agent.domain.intent import Receipt, Route
from agent.errors import NodesDisagreeError, RpcUnavailableError
from agent.execution.classifier import Meaning, meaning
from tests.fakes import FakeChain
from tests.logbook import ACCOUNT

HASH = "0x" + "12" * 32
RECEIPT = Receipt(
    tx_hash=HASH, sender=ACCOUNT, block_number=100, block_hash=FakeChain(account=ACCOUNT).block(100).hash,
    is_success=True, gas_used=21_000, effective_gas_price=1, logs=(),
)  # fmt: skip


class Nodes:
    """Three nodes of one chain, two of which must agree, and a clock for their breakers."""

    def __init__(self, count=3, quorum=2):
        self.time = 0.0
        self.all = [FakeChain(account=ACCOUNT, nonce=7) for _ in range(count)]
        chains = [(f"node {n}", chain) for n, chain in enumerate(self.all)]
        self.chain = QuorumChain(chains, quorum=quorum, monotonic=lambda: self.time)


@pytest.fixture
def nodes():
    return Nodes()


def test_the_head_is_the_highest_block_that_a_quorum_has(nodes):
    nodes.all[0].mine(2)
    nodes.all[1].mine()

    assert 101 == nodes.chain.fetch_head().number


def test_one_node_far_ahead_is_not_believed(nodes):
    nodes.all[0].mine(50)

    assert 100 == nodes.chain.fetch_head().number


def test_two_blocks_at_one_height_are_a_disagreement():
    nodes = Nodes(count=2)
    for node in nodes.all:
        node.mine()
    nodes.all[0].fork = "b"

    with pytest.raises(NodesDisagreeError, match="disagree on the head: node 0 says 0x"):
        nodes.chain.fetch_head()


def test_a_minority_on_another_fork_is_outvoted(nodes):
    for node in nodes.all:
        node.mine()
    nodes.all[0].fork = "b"

    assert nodes.all[1].block(101) == nodes.chain.fetch_head()


@pytest.mark.parametrize(
    ("nonces", "expected"), [((7, 7, 7), 7), ((9, 7, 7), 7), ((8, 8, 7), 8), ((0, 7, 7), 7)]
)
def test_the_nonce_is_what_a_quorum_has_reached(nodes, nonces, expected):
    for node, nonce in zip(nodes.all, nonces, strict=True):
        node.nonce = node.sequence = nonce

    assert expected == nodes.chain.fetch_nonce(ACCOUNT) == nodes.chain.fetch_sequence()


def test_at_one_block_the_nonce_must_be_the_same(nodes):
    for node, nonce in zip(nodes.all, (7, 8, 9), strict=True):
        node.nonce = nonce

    with pytest.raises(NodesDisagreeError, match="node 2 says 9"):
        nodes.chain.fetch_nonce(ACCOUNT, at=nodes.all[0].block(100).hash)


def test_a_receipt_that_one_node_makes_up_counts_for_nothing(nodes):
    nodes.all[1].receipts[HASH] = RECEIPT

    assert nodes.chain.fetch_receipt(HASH) is None


def test_a_receipt_that_a_quorum_shows_counts(nodes):
    nodes.all[1].receipts[HASH] = nodes.all[2].receipts[HASH] = RECEIPT
    nodes.all[0].receipts[HASH] = replace(RECEIPT, is_success=False)

    assert RECEIPT == nodes.chain.fetch_receipt(HASH)


def test_two_receipts_of_one_transaction_are_a_disagreement(nodes):
    nodes.all[1].receipts[HASH] = RECEIPT
    nodes.all[0].receipts[HASH] = replace(RECEIPT, is_success=False)

    with pytest.raises(NodesDisagreeError, match="status 0"):
        nodes.chain.fetch_receipt(HASH)


def test_a_block_hash_needs_a_quorum(nodes):
    nodes.all[0].fork, nodes.all[1].fork = "b", "c"
    for node in nodes.all:
        node.mine()

    with pytest.raises(NodesDisagreeError):
        nodes.chain.fetch_block_hash(101)
    assert nodes.all[0].block(99).hash == nodes.chain.fetch_block_hash(99)


def test_one_node_may_be_down(nodes):
    nodes.all[0].is_down = True

    assert 100 == nodes.chain.fetch_head().number
    nodes.chain.ping()


def test_too_few_nodes_say_which_are_missing(nodes):
    nodes.all[0].is_down = nodes.all[1].is_down = True

    with pytest.raises(RpcUnavailableError, match="1 of 3 endpoints answer, 2 must agree; node 0"):
        nodes.chain.fetch_nonce(ACCOUNT)


def test_a_node_that_fails_in_a_row_is_left_alone_for_a_while(nodes):
    asked = []
    nodes.all[0].is_down = True
    fetch = nodes.all[0].fetch_sequence
    nodes.all[0].fetch_sequence = lambda: asked.append(1) or fetch()

    for _ in range(FAILURES + 5):
        nodes.chain.fetch_sequence()
    assert FAILURES == len(asked)

    nodes.time += REST_S
    nodes.all[0].is_down = False
    nodes.chain.fetch_sequence()
    nodes.chain.fetch_sequence()
    assert FAILURES + 2 == len(asked)


def test_rests_grow_and_are_bounded():
    breaker = Breaker(lambda: 0.0)
    rests = []
    for _ in range(FAILURES + 8):
        breaker.failed()
        rests.append(breaker.open_until)

    assert [0.0, 0.0, REST_S, 2 * REST_S, 4 * REST_S] == rests[:5]
    assert LONGEST_REST_S == rests[-1]


class OneAnswer:
    """Stands for an endpoint's client: answers a send, or fails."""

    def __init__(self, error=None, *, fails=False):
        self.error, self.fails, self.sent = error, fails, []

    def once(self, method, params):
        self.sent.append((method, params))
        if self.fails:
            raise RpcUnavailableError(endpoint="x", reason="it does not answer in time")
        raw = bytes.fromhex(params[0][2:])
        return Answer(error=self.error, result="0x" + keccak(raw).hex())


def test_one_endpoint_that_accepts_is_enough():
    rpcs = [OneAnswer("nonce too high"), OneAnswer(), OneAnswer(fails=True)]
    answer = RpcBroadcaster(*rpcs).send_raw(b"\x02raw")

    assert answer.is_accepted
    assert [1, 1, 1] == [len(rpc.sent) for rpc in rpcs]


def test_refusals_come_with_a_line_from_each_endpoint():
    rpcs = [OneAnswer("some\nother words"), OneAnswer("already known"), OneAnswer(fails=True)]
    answer = RpcBroadcaster(*rpcs).send_raw(b"\x02raw")

    assert "some other words\nalready known\nit does not answer in time" == answer.text
    assert Meaning.POSSIBLY_OURS is meaning(answer)


def test_private_bytes_go_to_no_public_endpoint():
    public, private = OneAnswer(), OneAnswer()

    assert (
        RpcBroadcaster(public, private=(private,)).send_raw(b"x", route=Route.PRIVATE).is_accepted
    )
    assert ([], 1) == (public.sent, len(private.sent))
    answer = RpcBroadcaster(public).send_raw(b"x", route=Route.PRIVATE)
    assert (False, "no private endpoint is set", []) == (
        answer.is_accepted, answer.text, public.sent,
    )  # fmt: skip


def test_a_delegation_needs_a_quorum(nodes):
    nodes.all[0].delegate = ACCOUNT

    assert nodes.chain.fetch_delegate(ACCOUNT) is None
    nodes.all[1].delegate = ACCOUNT
    assert ACCOUNT == nodes.chain.fetch_delegate(ACCOUNT)
