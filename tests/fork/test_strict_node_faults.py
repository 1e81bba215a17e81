"""Every fault that the strict node injects does what its name says, when its schedule says."""

import httpx
import pytest

from anvil.strict.answering import Pace
from anvil.strict.fleet import strict_fleet
from anvil.strict.script import rules_of
from tests.fork.strict import OURS, PAUPER, Client, bare_anvil, clients, fleet_on, signed

SEND = "eth_sendRawTransaction"
RECEIPT = "eth_getTransactionReceipt"
COUNT = "eth_getTransactionCount"


@pytest.fixture(scope="module")
def ground():
    with bare_anvil() as node:
        yield node


@pytest.fixture
def faulty(ground):
    """Run endpoints with a schedule; returns the fleet and a client of each endpoint."""
    from contextlib import ExitStack  # noqa: PLC0415 - only here

    with ExitStack() as running:

        def start(*rules, dialects=("geth",), **wanted):
            fleet = running.enter_context(
                fleet_on(ground, dialects=dialects, script=rules_of(list(rules)), **wanted)
            )
            nodes = clients(fleet)
            for node in nodes:
                running.callback(node.close)
            return (fleet, *nodes)

        yield start


def at(method, call=1, **more):
    return {"method": method, "call": call, **more}


def rule(when, **do):
    return {"when": when, "do": do}


def test_success_but_dropped(faulty):
    fleet, node = faulty(rule(at(SEND), fault="drop"))
    tx_hash = node.send(signed())
    fleet.mine()

    assert tx_hash.startswith("0x")
    assert node("eth_getTransactionByHash", tx_hash) is None
    assert tx_hash == node.send(signed())
    fleet.mine()
    assert "0x1" == node.receipt(tx_hash)["status"]


def test_error_but_accepted(faulty):
    fleet, node = faulty(
        rule(at(SEND), fault="refuse_but_keep", text="request timed out", code=-32000)
    )

    assert {"code": -32000, "message": "request timed out"} == node.send(signed())
    assert "already known" == node.send(signed())["message"]
    fleet.mine()
    assert 1 == node.nonce()


def test_a_call_made_twice_answers_the_second_time(faulty):
    fleet, node = faulty(rule(at(SEND), fault="twice"))

    assert "already known" == node.send(signed())["message"]
    fleet.mine()
    assert 1 == node.nonce()


def test_late_sends_arrive_after_those_sent_since(faulty):
    fleet, node = faulty(rule(at(SEND), fault="late", blocks=2))
    first = node.send(signed(tip=10**9))
    assert node("eth_getTransactionByHash", first) is None
    second = node.send(signed(fee=10**10, tip=10**9 + 1))
    fleet.mine()

    assert (None, "0x1") == (node.receipt(first), node.receipt(second)["status"])
    fleet.mine(3)
    (arrived,) = fleet.history.named("arrived")
    assert ("refused", "nonce_too_low") in arrived.facts
    assert 1 == node.nonce()


def test_late_sends_are_mined_when_nothing_took_their_place(faulty):
    fleet, node = faulty(rule(at(SEND), fault="late", blocks=2))
    tx_hash = node.send(signed())
    fleet.mine(2)
    assert node.receipt(tx_hash) is None
    fleet.mine()

    assert "0x1" == node.receipt(tx_hash)["status"]


def test_what_a_node_keeps_to_itself_is_not_mined(faulty):
    fleet, first, second = faulty(
        rule(at(SEND, endpoint=0), fault="unshared"), dialects=("geth", "geth")
    )
    tx_hash = first.send(signed())
    fleet.mine(2)

    assert tx_hash == first("eth_getTransactionByHash", tx_hash)["hash"]
    assert second("eth_getTransactionByHash", tx_hash) is None
    assert first.receipt(tx_hash) is None
    second.send(signed())
    fleet.mine()
    assert "0x1" == first.receipt(tx_hash)["status"]


def test_what_was_kept_is_shared_in_the_end(faulty):
    fleet, first, second = faulty(
        rule(at(SEND, endpoint=0), fault="unshared"),
        rule({"block": 1}, act="share"),
        dialects=("geth", "geth"),
    )
    tx_hash = first.send(signed())
    fleet.mine()

    assert tx_hash == second("eth_getTransactionByHash", tx_hash)["hash"]
    fleet.mine()
    assert "0x1" == first.receipt(tx_hash)["status"]


def test_an_error_without_effect(faulty):
    fleet, node = faulty(rule(at(SEND), fault="refuse", text="header not found", code=-32000))

    assert "header not found" == node.send(signed())["message"]
    fleet.mine()
    assert 0 == node.nonce()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_http_statuses_have_no_effect(faulty, status):
    fleet, node = faulty(rule(at(SEND), fault="status", code=status))
    response = node.posted([(SEND, [signed()])])

    assert (status, "1") == (response.status_code, response.headers["retry-after"])
    fleet.mine()
    assert 0 == node.nonce()


@pytest.mark.parametrize("has_effect", [True, False])
def test_connections_break_before_or_after_the_effect(faulty, has_effect):
    fleet, node = faulty(rule(at(SEND), fault="lost", has_effect=has_effect))
    with pytest.raises(httpx.RemoteProtocolError):
        node.send(signed())
    fleet.mine()

    assert int(has_effect) == node.nonce()


def test_answers_that_do_not_come_in_time_took_effect(faulty):
    fleet, node = faulty(rule(at(SEND), fault="stall", seconds=30.0))
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            node.url,
            json={"jsonrpc": "2.0", "id": 1, "method": SEND, "params": [signed()]},
            timeout=0.3,
            trust_env=False,
        )
    fleet.mine()

    assert 1 == node.nonce()


def test_answers_that_are_cut_off(faulty):
    fleet, node = faulty(rule(at(SEND), fault="garble"))
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
        node.send(signed())
    fleet.mine()

    assert 1 == node.nonce()


def test_batches_are_answered_in_any_order(faulty):
    _, node = faulty(rule(at("eth_chainId"), fault="reverse"))
    calls = [("eth_chainId", []), ("eth_blockNumber", [])]

    assert [1, 0] == [reply["id"] for reply in node.posted(calls).json()]
    assert [0, 1] == [reply["id"] for reply in node.posted(calls).json()]


def test_one_call_of_a_batch_fails_alone(faulty):
    _, node = faulty(rule(at("eth_blockNumber"), fault="refuse"))
    first, second = node.posted([("eth_chainId", []), ("eth_blockNumber", [])]).json()

    assert ("0x1", "internal error") == (first["result"], second["error"]["message"])


def test_reads_are_answered_as_of_blocks_ago(faulty):
    fleet, node = faulty(
        rule(at(COUNT), fault="stale", blocks=2),
        rule(at("eth_getBlockByNumber"), fault="stale", blocks=2),
    )
    node.send(signed())
    fleet.mine(2)
    height = node.height()

    assert [0, 1] == [node.nonce(), node.nonce()]
    assert [height - 2, height] == [int(node.block()["number"], 16) for _ in range(2)]


def test_an_index_that_lags_knows_no_receipt(faulty):
    fleet, node = faulty(rule(at(RECEIPT, times=2), fault="missing"))
    tx_hash = node.send(signed())
    fleet.mine()

    assert [None, None, tx_hash] == [
        (node.receipt(tx_hash) or {}).get("transactionHash") for _ in range(3)
    ]


@pytest.mark.parametrize(
    "field", ["transactionHash", "from", "blockHash", "blockNumber", "status", "to", "gasUsed"]
)
def test_receipts_are_forged_in_one_field(faulty, field):
    fleet, node = faulty(rule(at(RECEIPT), fault="forge", field=field))
    tx_hash = node.send(signed())
    fleet.mine()
    lie, truth = node.receipt(tx_hash), node.receipt(tx_hash)

    assert [field] == [name for name in truth if truth[name] != lie[name]]
    assert len(truth[field]) == len(lie[field])


def test_a_forged_value_may_be_given(faulty):
    fleet, node = faulty(
        rule(at(RECEIPT), fault="forge", field="from", value=PAUPER.address.lower())
    )
    tx_hash = node.send(signed())
    fleet.mine()

    assert PAUPER.address.lower() == node.receipt(tx_hash)["from"]


def test_nonces_are_forged(faulty):
    fleet, node = faulty(
        rule(at(COUNT), fault="forge", value="0x63"),
        rule(at("eth_getTransactionByHash"), fault="forge", field="nonce"),
    )
    tx_hash = node.send(signed())

    assert [99, 0] == [node.nonce(), node.nonce()]
    assert ["0x1", "0x0"] == [node("eth_getTransactionByHash", tx_hash)["nonce"] for _ in range(2)]
    fleet.mine()


def test_receipts_are_invented_for_what_is_pending(faulty):
    fleet, node = faulty(rule(at(RECEIPT), fault="invent"))
    tx_hash = node.send(signed())
    lie = node.receipt(tx_hash)

    assert (tx_hash, "0x1") == (lie["transactionHash"], lie["status"])
    assert OURS.address.lower() == lie["from"]
    assert node.receipt(tx_hash) is None
    fleet.mine()


def test_a_node_claims_another_chain(faulty):
    _, node = faulty(
        rule(at("eth_chainId"), fault="wrong_chain", chain_id=137),
        rule(at("net_version"), fault="wrong_chain", chain_id=137),
    )

    assert ["0x89", "0x1"] == [node("eth_chainId") for _ in range(2)]
    assert ["137", "1"] == [node("net_version") for _ in range(2)]


def test_faults_befall_the_named_endpoint_and_count_its_calls(faulty):
    _, first, second = faulty(
        rule(at("eth_chainId", call=2, times=2, endpoint=1), fault="refuse"),
        dialects=("geth", "besu"),
    )

    assert ["0x1"] * 5 == [first("eth_chainId") for _ in range(5)]
    assert ["0x1", "internal error", "internal error", "0x1"] == [
        answer if isinstance(answer, str) else answer["message"]
        for answer in (second("eth_chainId") for _ in range(4))
    ]


def test_any_method_may_be_meant(faulty):
    _, node = faulty(rule(at("*", call=2), fault="status", code=429))

    assert [200, 429, 200] == [
        node.posted([(method, [])]).status_code
        for method in ("eth_chainId", "eth_blockNumber", "eth_blockNumber")
    ]


def test_acts_come_with_blocks(faulty):
    fleet, node = faulty(rule({"block": 3}, act="reorg", depth=2))
    node.send(signed())
    fleet.mine(2)
    assert [] == fleet.history.named("reorg")
    fleet.mine()

    assert 1 == len(fleet.history.named("reorg"))
    assert 4 == fleet.world.chain.made


def test_acts_come_before_a_call(faulty):
    fleet, node = faulty(rule(at(RECEIPT, call=2), act="reorg", depth=1))
    tx_hash = node.send(signed())
    fleet.mine()

    assert "0x1" == node.receipt(tx_hash)["status"]
    assert node.receipt(tx_hash) is None


def test_acts_that_cannot_be_are_noted_and_left(faulty):
    fleet, node = faulty(rule({"block": 1}, act="reorg", depth=9))
    fleet.mine()

    (event,) = fleet.history.named("not done")
    assert "cannot be taken back" in str(event)
    assert 1 == node.height() - int(fleet.world.chain.height - fleet.world.chain.made)


def test_faults_wait_for_their_block(faulty):
    fleet, node = faulty(rule(at("eth_chainId", block=1), fault="refuse"))
    assert "0x1" == node("eth_chainId")
    fleet.mine()

    assert "internal error" == node("eth_chainId")["message"]


def test_the_history_tells_what_happened(faulty):
    fleet, node = faulty(rule(at(SEND), fault="drop"))
    node.send(signed())
    lines = "\n".join(fleet.history.lines())

    assert "eth_sendRawTransaction fault=drop" in lines
    assert "sent tx=0x" in lines
    assert lines == "\n".join(node("strict_history"))


def test_a_person_steers_by_rpc(faulty):
    fleet, node = faulty()
    before = fleet.world.chain.height

    assert node("strict_do", {"act": "mine", "blocks": 2}) is True
    assert before + 2 == fleet.world.chain.height
    assert "cannot be taken back" in node("strict_do", {"act": "reorg", "depth": 50})["message"]
    assert "one of mine, reorg" in node("strict_do", {"act": "explode"})["message"]


def test_equal_seeds_make_equal_histories(ground):
    from anvil.strict.chance import random_rules  # noqa: PLC0415 - only here

    def history(seed):
        rules = random_rules(seed, count=12, endpoints=2, horizon=6)
        with (
            ground.undone(),
            strict_fleet(
                ground.url, dialects=("geth", "besu"), script=rules, pace=Pace(block_every_calls=4)
            ) as fleet,
        ):
            nodes = [Client(url) for url in fleet.urls]
            for nonce in range(3):
                for node in nodes:
                    try:
                        node.send(signed(nonce))
                        node.nonce()
                        node.block()
                    except (httpx.HTTPError, ValueError, TypeError):
                        continue  # the faults of the schedule
            for node in nodes:
                node.close()
            return fleet.history.lines()

    assert history(7) == history(7)
    assert history(7) != history(8)
