"""The twin is the same chain every time, and no Anvil outlives its user."""

import ast
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

import anvil as anvil_package
from anvil import addresses as at
from anvil.abi import ZERO
from anvil.build import HEAD, build
from anvil.calls import read
from anvil.fund import balance, fund
from anvil.node import anvil
from anvil.rpc import NodeError
from anvil.twin import BUILDERS, forked_twin, twin_state
from anvil.twin import fork as fork_of
from anvil.twin import twin as run_twin

HOLDER = "0x0000000000000000000000000000000000b01DeF"
WAITS = """
import sys, time
from anvil.node import anvil
with anvil() as node:
    print(node.pid, flush=True)
    time.sleep(60)
"""


def is_running(pid):
    """Whether the process lives; one that ended and was not yet collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(pid):
    deadline = time.monotonic() + 20
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_running(pid)


def test_leaving_the_block_ends_anvil():
    with anvil() as node:
        assert is_running(node.pid)

    assert not is_running(node.pid)


def test_an_exception_ends_anvil():
    with suppress(KeyboardInterrupt), anvil() as node:
        raise KeyboardInterrupt

    assert not is_running(node.pid)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_anvil_ends_with_the_process_that_started_it(sent):
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", WAITS],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    ) as user:
        pid = int(user.stdout.readline())
        alive_before = is_running(pid)
        os.kill(user.pid, sent)
        user.wait(20)

        assert alive_before
        assert ends(pid)


def test_both_nodes_of_a_fork_end():
    with run_twin() as origin, fork_of(origin.url) as node:
        pids = origin.pid, node.pid

    assert [False, False] == [is_running(pid) for pid in pids]


def test_a_refused_call_says_why():
    with anvil() as node, pytest.raises(NodeError, match="no_such_method"):
        node.rpc("no_such_method")


def test_anvil_says_why_it_does_not_start():
    with pytest.raises(NodeError, match="no-such-flag"), anvil("--no-such-flag"):
        pass


def test_nodes_listen_on_loopback_only():
    with anvil() as node:
        port = int(node.url.rsplit(":", 1)[1])
        listening = {
            fields[1]
            for name in ("tcp", "tcp6")
            for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
            if (fields := line.split())[1].endswith(f":{port:04X}") and fields[3] == "0A"
        }

    assert {f"0100007F:{port:04X}"} == listening


def test_building_again_gives_the_same_chain(twin):
    state, listed = build(lambda _step: None)
    kept = json.loads((twin_state() / "state.json").read_text())

    assert listed["pools"] == twin["pools"]
    assert last_header(kept) == last_header(state)


def last_header(state):
    """The header, state root included, of the last block in Anvil's dump, which keeps no order."""
    return max((b["header"] for b in state["blocks"]), key=lambda header: int(header["number"], 16))


def test_the_cache_key_covers_what_builds_the_twin():
    package = Path(anvil_package.__file__).parent
    reached, waiting = set(), ["build"]
    while waiting:
        module = waiting.pop()
        reached.add(module)
        for node in ast.walk(ast.parse((package / f"{module}.py").read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("anvil"):
                names = [node.module[6:]] if "." in node.module else [n.name for n in node.names]
                waiting += [name for name in names if name not in reached]

    assert {"node", "rpc"} == reached - set(BUILDERS)  # they carry calls, and decide nothing


def test_forks_start_at_the_head_of_the_twin(fork, twin):
    head = fork.head()

    assert twin["head"]["hash"] == head["hash"]
    assert int(HEAD.timestamp()) == int(head["timestamp"], 16)
    assert ("0x1", 60_000_000) == (fork.rpc("eth_chainId"), int(head["gasLimit"], 16))


def test_calls_on_a_fork_see_its_head(fork):
    head = fork.head()
    simulated = fork.rpc("eth_simulateV1", {"blockStateCalls": [{"calls": []}]}, "latest")[0]

    assert int(head["number"], 16) == read(
        fork, at.MULTICALL3, "getBlockNumber()", returns="uint256"
    )
    assert int(head["timestamp"], 16) == read(
        fork, at.MULTICALL3, "getCurrentBlockTimestamp()", returns="uint256"
    )
    assert int(simulated["timestamp"], 16) >= int(head["timestamp"], 16)


def test_forks_know_what_they_did_not_fetch(twin):
    with run_twin() as origin, forked_twin() as fork:
        addresses = [pool["address"] for pool in twin["pools"][::50]]
        calls = [("eth_getCode", (a, "latest")) for a in addresses]
        calls += [("eth_getStorageAt", (a, "0x4", "latest")) for a in addresses]
        calls += [("eth_getBalance", (at.WETH, "latest"))]

        assert origin.batch(calls) == fork.batch(calls)


@pytest.mark.parametrize("tag", ["finalized", "safe", "latest", "pending"])
def test_state_can_be_read_at_every_tag(fork, tag):
    assert int(fork.rpc("eth_getTransactionCount", at.V3_DEPLOYER, tag), 16) > 0


def test_blocks_of_a_fork_are_twelve_seconds_apart(fork):
    before = int(fork.head()["timestamp"], 16)
    fork.rpc("anvil_mine", "0x3")

    assert before + 36 == int(fork.head()["timestamp"], 16)


def test_what_a_test_does_is_undone(running_fork):
    head = running_fork.head()
    with running_fork.undone():
        fund(running_fork.rpc, at.USDC, HOLDER, 5)
        running_fork.rpc("evm_mine")

    assert (head["hash"], 0) == (
        running_fork.head()["hash"],
        balance(running_fork.rpc, at.USDC, HOLDER),
    )


def test_transactions_keep_to_mainnets_gas_cap(fork):
    fund(fork.rpc, ZERO, HOLDER, 10**19)
    fork.rpc("anvil_impersonateAccount", HOLDER)

    with pytest.raises(NodeError, match="cap"):
        fork.rpc("eth_sendTransaction", {"from": HOLDER, "to": HOLDER, "gas": hex(2**24 + 1)})


def test_every_token_can_be_funded(fork, twin):
    for token in twin["tokens"]:
        fund(fork.rpc, token["address"], HOLDER, 10 ** token["decimals"] * 3)

    assert [10 ** t["decimals"] * 3 for t in twin["tokens"]] == [
        balance(fork.rpc, t["address"], HOLDER) for t in twin["tokens"]
    ]


def test_funding_refuses_what_is_no_token(fork):
    with pytest.raises(NodeError, match="does not answer balanceOf"):
        fund(fork.rpc, at.MULTICALL3, HOLDER, 1)


@pytest.mark.mainnet
@pytest.mark.skipif("MAINNET_RPC_URL" not in os.environ, reason="MAINNET_RPC_URL is not set")
def test_mainnet_can_be_forked_and_funded():
    with fork_of(os.environ["MAINNET_RPC_URL"]) as node:
        for token in (at.USDC, at.USDT, at.WETH, at.DAI, at.WBTC):
            fund(node.rpc, token, HOLDER, 10**6)

        assert "USDC" == read(node, at.USDC, "symbol()", returns="string")
        assert 10**6 == balance(node.rpc, at.USDT, HOLDER)
