"""Strict endpoints see blocks, reorganisations and each other's branches as nodes on mainnet do."""

import pytest

from anvil.rpc import NodeError
from anvil.strict.answering import Pace
from anvil.strict.faults import BaseFee, Censor, Evict, Lag, Mine, Reorg, Split
from anvil.strict.siblings import header_hash
from anvil.strict.transaction import decoded
from tests.fork.strict import GWEI, OTHER, OURS, Client, bare_anvil, clients, fleet_on, signed


@pytest.fixture(scope="module")
def ground():
    with bare_anvil() as node:
        yield node


@pytest.fixture
def fleet(ground):
    with fleet_on(ground, dialects=("geth", "reth")) as running:
        yield running


@pytest.fixture
def nodes(fleet):
    found = clients(fleet)
    yield found
    for client in found:
        client.close()


def test_what_one_node_takes_all_nodes_hold(fleet, nodes):
    tx_hash = nodes[0].send(signed())

    assert "already known" == nodes[1].send(signed())["message"]
    fleet.mine()
    assert [1, 1] == [node.nonce() for node in nodes]
    assert nodes[0].receipt(tx_hash) == nodes[1].receipt(tx_hash)


def test_only_block_builders_see_what_a_relay_holds(ground):
    with fleet_on(ground, dialects=("geth", "relay")) as fleet:
        public, relay = clients(fleet)
        tx_hash = relay.send(signed())

        assert public("eth_getTransactionByHash", tx_hash) is None
        fleet.mine()
        assert "0x1" == public.receipt(tx_hash)["status"]
        public.close()
        relay.close()


def test_builders_take_the_best_payer_first(fleet, nodes):
    cheap, dear = nodes[0].send(signed(tip=10)), nodes[0].send(signed(by=OTHER, tip=20))
    fleet.mine()

    assert [dear, cheap] == nodes[0].block()["transactions"]


def test_blocks_come_twelve_seconds_apart(fleet, nodes):
    before = int(nodes[0].block()["timestamp"], 16)
    fleet.mine(3)

    assert before + 36 == int(nodes[0].block()["timestamp"], 16)


@pytest.mark.parametrize("depth", [1, 5, 64])
def test_a_reorganisation_gives_transactions_back_to_the_pools(fleet, nodes, depth):
    node = nodes[0]
    tx_hash = node.send(signed())
    fleet.mine()
    was = node.receipt(tx_hash)
    fleet.mine(depth - 1)
    height = node.height()
    fleet.do(Reorg(depth=depth))

    assert height + 1 == node.height()
    assert (None, 0, 1) == (node.receipt(tx_hash), node.nonce(), node.nonce(at="pending"))
    fleet.mine()
    again = node.receipt(tx_hash)
    assert was["blockHash"] != again["blockHash"]
    assert ("0x1", 1) == (again["status"], node.nonce())


def test_a_reorganisation_may_include_them_elsewhere_at_once(fleet, nodes):
    tx_hash = nodes[0].send(signed())
    fleet.mine()
    was = nodes[0].receipt(tx_hash)
    fleet.do(Reorg(depth=1, include_at=2))
    again = nodes[0].receipt(tx_hash)

    assert int(was["blockNumber"], 16) + 1 == int(again["blockNumber"], 16)


def test_a_reorganisation_may_lose_them(fleet, nodes):
    tx_hash = nodes[0].send(signed())
    fleet.mine()
    fleet.do(Reorg(depth=1, repool=False))
    fleet.mine(2)

    assert nodes[0]("eth_getTransactionByHash", tx_hash) is None
    assert isinstance(nodes[0].send(signed()), str)
    fleet.mine()
    assert "0x1" == nodes[0].receipt(tx_hash)["status"]


def test_nodes_know_no_block_that_was_reorganised_away(fleet, nodes):
    fleet.mine()
    gone = nodes[0].block()["hash"]
    fleet.do(Reorg(depth=1))

    assert nodes[0].block_of(gone) is None
    answer = nodes[0]("eth_getBalance", OURS.address, {"blockHash": gone})
    assert (-32000, "header not found") == (answer["code"], answer["message"])


@pytest.mark.parametrize("depth", [0, 3, 65])
def test_what_is_final_or_older_stays(fleet, depth):
    fleet.mine(2)

    with pytest.raises(NodeError, match="cannot be taken back"):
        fleet.do(Reorg(depth=depth))


def test_nothing_final_is_reorganised(ground):
    with fleet_on(ground, finality=2) as fleet:
        fleet.mine(10)

        with pytest.raises(NodeError, match="1 to 2 can"):
            fleet.do(Reorg(depth=3))


def test_blocks_become_final_with_depth(ground):
    with fleet_on(ground, finality=4) as fleet:
        fleet.mine(8)
        node = Client(fleet.url)
        height = node.height()

        assert [height, height - 2, height - 4] == [
            int(node.block(tag)["number"], 16) for tag in ("latest", "safe", "finalized")
        ]
        node.close()


def test_a_node_that_lags_answers_as_it_was(fleet, nodes):
    tx_hash = nodes[0].send(signed())
    fleet.do(Lag(endpoint=1, blocks=2))
    fleet.mine(2)
    ahead, behind = nodes

    assert (1, 0) == (ahead.nonce(), behind.nonce())
    assert ahead.height() - 2 == behind.height()
    assert (None, None) == (behind.receipt(tx_hash), behind.block(hex(ahead.height())))
    assert tx_hash == behind("eth_getTransactionByHash", tx_hash)["hash"]
    assert "header not found" not in str(
        behind("eth_getBalance", OURS.address, hex(behind.height()))
    )
    fleet.mine()
    assert (1, "0x1") == (behind.nonce(), behind.receipt(tx_hash)["status"])


def test_a_node_on_another_branch_has_other_blocks(fleet, nodes):
    fleet.mine(2)
    tx_hash = nodes[0].send(signed())
    fleet.do(Split(endpoint=1, depth=1))
    fleet.mine(3)
    main, other = nodes
    heads = [node.block() for node in nodes]

    assert heads[0]["number"] == heads[1]["number"]
    assert heads[0]["hash"] != heads[1]["hash"]
    assert [header_hash(head) for head in heads] == [head["hash"] for head in heads]
    assert (1, 0) == (main.nonce(), other.nonce())
    assert other.receipt(tx_hash) is None
    assert other.block_of(heads[0]["hash"]) is None
    assert heads[1]["parentHash"] == other.block(hex(other.height() - 1))["hash"]
    assert heads[1] == other.block_of(heads[1]["hash"])
    assert hex(10 * 10**18) == other(
        "eth_getBalance", OURS.address, {"blockHash": heads[1]["hash"]}
    )
    fleet.do(Split(endpoint=1, depth=0))
    assert main.block() == other.block()
    assert "0x1" == other.receipt(tx_hash)["status"]


def test_evicted_transactions_are_gone_until_sent_again(fleet, nodes):
    node = nodes[0]
    tx_hash = node.send(signed())
    fleet.do(Evict(endpoint=0))
    assert node("eth_getTransactionByHash", tx_hash) is None
    assert tx_hash == nodes[1]("eth_getTransactionByHash", tx_hash)["hash"]
    fleet.do(Evict())
    fleet.mine()
    assert 0 == node.nonce()

    assert tx_hash == node.send(signed())
    fleet.mine()
    assert 1 == node.nonce()


def test_a_base_fee_climbs_an_eighth_a_block(fleet, nodes):
    fleet.do(BaseFee(gwei=10))
    fees = []
    for _ in range(3):
        fleet.mine()
        fees.append(int(nodes[0].block()["baseFeePerGas"], 16))

    assert [GWEI * 9 // 8, GWEI * 81 // 64, GWEI * 81 // 64 * 9 // 8] == fees


def test_a_fee_spike_leaves_transactions_waiting(fleet, nodes):
    fleet.do(BaseFee(gwei=10))
    fleet.mine(8)
    tx_hash = nodes[0].send(signed())
    fleet.mine(2)
    assert nodes[0].receipt(tx_hash) is None
    fleet.do(BaseFee(gwei=1))
    fleet.mine(10)

    assert "0x1" == nodes[0].receipt(tx_hash)["status"]


def test_builders_may_pass_everything_by(fleet, nodes):
    tx_hash = nodes[0].send(signed())
    fleet.do(Censor(blocks=2))
    fleet.mine(2)
    assert nodes[0].receipt(tx_hash) is None
    fleet.mine()

    assert "0x1" == nodes[0].receipt(tx_hash)["status"]


def test_acts_name_endpoints_that_there_are(fleet):
    with pytest.raises(NodeError, match="endpoint 7"):
        fleet.do(Lag(endpoint=7))


def test_blocks_may_come_with_transactions_or_calls(ground):
    with fleet_on(ground, pace=Pace(is_automine=True)) as fleet:
        node = Client(fleet.url)

        assert "0x1" == node.receipt(node.send(signed()))["status"]
        node.close()
    with fleet_on(ground, pace=Pace(block_every_calls=3)) as fleet:
        node = Client(fleet.url)
        heights = [node.height() for _ in range(7)]

        assert [0, 0, 0, 1, 1, 1, 2] == [height - heights[0] for height in heights]
        node.close()


def test_anvil_is_itself_again_afterwards(ground):
    with fleet_on(ground) as fleet:
        fleet.world.take(fleet.world.nodes[0], decoded(bytes.fromhex(signed()[2:])))
        fleet.do(Mine())
    with ground.undone():
        tx_hash = ground.rpc("eth_sendRawTransaction", signed())

        assert ground.rpc("eth_getTransactionByHash", tx_hash)["hash"] == tx_hash
        assert "0x" + "00" * 20 == ground.head()["miner"]
