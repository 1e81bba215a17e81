import logging
import traceback

import pytest
import requests
from eth_utils.crypto import keccak

from agent.adapters.broadcaster import RpcBroadcaster
from agent.adapters.rpc import _new_session, shown
from agent.errors import RpcUnavailableError
from tests.adapters.nodes import SECRETS, URL, RefusedError, TableNode, rpc_of

CALLS = [("a", [1]), ("b", []), ("a", [2])]
DOWN = requests.ConnectionError(f"Max retries exceeded with url: {URL}")
SLOW = requests.ReadTimeout(URL)


def test_a_batch_is_one_request_and_keeps_its_order():
    node = TableNode({"a": lambda n: 10 * n, "b": "x"})

    assert [10, "x", 20] == rpc_of(node).batch(CALLS)
    assert [["a", "b", "a"]] == node.requests


def test_a_ride_travels_with_the_next_batch_only():
    node = TableNode({"a": lambda n: 10 * n, "b": "x"})
    rpc = rpc_of(node)
    ride = rpc.ride([("b", []), ("a", [3])])

    assert [10] == rpc.batch([("a", [1])])
    assert [20] == rpc.batch([("a", [2])])
    assert [["a", "b", "a"], ["a"]] == node.requests
    assert ["x", 30] == [answer.result for answer in ride.answers or ()]


@pytest.mark.parametrize("trouble", [DOWN, SLOW, (413, "too large"), (200, "<html>")])
def test_a_batch_whose_ride_is_too_much_is_made_without_it(trouble):
    node = TableNode({"a": 1, "b": 2}, first=[trouble])
    rpc = rpc_of(node)
    ride = rpc.ride([("b", [])])

    assert [1] == rpc.batch([("a", [])])
    assert [["a", "b"], ["a"]] == node.requests
    assert ride.answers is None


def test_the_endpoint_is_shown_without_what_may_be_a_key():
    rpc = rpc_of(TableNode({}))

    assert "https://node.example:8443" == rpc.endpoint
    assert "Rpc(https://node.example:8443)" == repr(rpc)
    assert "http://localhost" == shown("http://localhost/abc")


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (DOWN, "no connection"),
        (SLOW, "it does not answer in time"),
        ((503, f"down: {URL}"), "HTTP 503"),
        ((429, ""), "HTTP 429"),
        ((200, "<html>"), "its answer is not JSON"),
    ],
)
def test_reads_are_retried_and_then_fail_in_one_line(trouble, reason):
    node, slept = TableNode({"a": 1}, first=[trouble] * 9), []

    with pytest.raises(RpcUnavailableError, match=f"not usable: {reason}"):
        rpc_of(node, slept=slept).batch([("a", [])])
    assert 4 == len(node.requests)
    assert 3 == len(slept)


@pytest.mark.parametrize("trouble", [DOWN, SLOW, (502, ""), (200, "")])
def test_a_read_that_is_answered_in_the_end_succeeds(trouble):
    node = TableNode({"a": 1}, first=[trouble] * 3)

    assert [1] == rpc_of(node).batch([("a", [])])


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ((401, f"bad key in {URL}"), "HTTP 401"),
        ((302, ""), "its answer is not JSON"),
        (requests.exceptions.SSLError(URL), "its TLS certificate is not accepted"),
        ((200, "[1, 2]"), "its answer is malformed"),
        ((200, "[]"), "its answer is malformed"),
        ((200, '[{"id": 7, "result": 1}]'), "its answer is malformed"),
        ((200, '[{"id": 0, "result": 1}, {"id": 5, "result": 1}]'), "its answer is malformed"),
        ((200, '[{"id": 0}, {"id": 1}]'), "its answer is malformed"),
    ],
)
def test_what_a_repetition_cannot_mend_fails_at_once_or_soon(trouble, reason):
    node = TableNode({}, first=[trouble] * 9)

    with pytest.raises(RpcUnavailableError, match=reason):
        rpc_of(node).batch([("a", []), ("b", [])])


@pytest.mark.parametrize("trouble", [DOWN, SLOW, (401, URL), (200, URL), (200, "[1]")])
def test_no_credential_is_in_an_error_or_its_traceback(trouble):
    node = TableNode({}, first=[trouble] * 9)

    with pytest.raises(RpcUnavailableError) as raised:
        rpc_of(node).batch([("a", []), ("b", [])])
    text = "".join(traceback.format_exception(raised.value))

    assert not [secret for secret in SECRETS if secret in text]
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_what_a_node_says_of_its_own_address_is_not_repeated():
    node = TableNode(
        {"a": lambda: (_ for _ in ()).throw(RefusedError("no project s3cr3t-api-key"))}
    )

    with pytest.raises(RpcUnavailableError, match=r"a failed \(no project \*\*\*\)"):
        rpc_of(node).batch([("a", [])])


def test_libraries_do_not_log_addresses(caplog):
    with caplog.at_level(logging.DEBUG):
        rpc_of(TableNode({"a": 1})).batch([("a", [])])

    assert not [secret for secret in SECRETS if secret in caplog.text]


def test_an_error_among_the_answers_names_its_method():
    def refuse():
        raise RefusedError("header not found")

    node = TableNode({"a": 1, "b": refuse})

    with pytest.raises(RpcUnavailableError, match=r"b failed \(header not found\)"):
        rpc_of(node).batch([("a", []), ("b", [])])
    assert 1 == len(node.requests)


def test_a_node_that_asks_for_patience_gets_it():
    troubles = [RefusedError("slow down", code=-32005), RefusedError("too many", code=429)]

    def answer():
        if troubles:
            raise troubles.pop()
        return 5

    assert [5] == rpc_of(TableNode({"a": answer})).batch([("a", [])])


def test_one_error_for_a_whole_batch_is_everyones():
    node = TableNode(
        {}, first=[(200, '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"too big"}}')]
    )

    assert ["too big", "too big"] == [a.error for a in rpc_of(node).answers([("a", []), ("b", [])])]


@pytest.mark.parametrize("trouble", [DOWN, SLOW, (503, "")])
def test_what_must_happen_once_is_asked_once(trouble):
    node = TableNode({"a": 1}, first=[trouble])

    with pytest.raises(RpcUnavailableError):
        rpc_of(node).once("a", [])
    assert 1 == len(node.requests)


def test_this_machine_is_not_reached_through_a_proxy():
    for url, uses_proxy in (
        ("http://127.0.0.1:8545", False),
        ("http://localhost:8545", False),
        ("http://[::1]:8545", False),
        ("https://node.example/key", True),
    ):
        with _new_session(url) as session:
            assert uses_proxy == session.trust_env


RAW = bytes.fromhex("02c0")
OTHER_HASH = "0x" + "00" * 32


def send(node):
    return RpcBroadcaster(rpc_of(node)).send_raw(RAW)


def test_a_broadcast_that_is_taken_is_accepted():
    sent = []
    node = TableNode(
        {"eth_sendRawTransaction": lambda raw: sent.append(raw) or "0x" + keccak(RAW).hex()}
    )

    assert send(node).is_accepted
    assert ["0x02c0"] == sent


def test_a_broadcast_taken_under_another_hash_is_not_accepted():
    answer = send(TableNode({"eth_sendRawTransaction": OTHER_HASH}))

    assert (False, f"accepted as {OTHER_HASH}") == (answer.is_accepted, answer.text)


@pytest.mark.parametrize(
    ("trouble", "text"), [(DOWN, "no connection"), (SLOW, "it does not answer in time")]
)
def test_silence_is_an_answer_and_is_not_repeated(trouble, text):
    node = TableNode({}, first=[trouble])
    answer = send(node)

    assert (False, text) == (answer.is_accepted, answer.text)
    assert 1 == len(node.requests)


def test_a_refusal_is_given_in_the_nodes_words():
    def refuse(_raw):
        raise RefusedError("nonce too low")

    answer = send(TableNode({"eth_sendRawTransaction": refuse}))

    assert (False, "nonce too low") == (answer.is_accepted, answer.text)
