"""An Anvil fork made ready for a dry run: a throwaway agent on the vault, and the fork's time as clock.

What is done here only a fork allows: it impersonates the vault's owner. See
https://getfoundry.sh/anvil/reference for the methods that only Anvil has.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

from eth_utils.address import to_checksum_address

from agent.adapters.abi import read, sensible
from agent.adapters.rpc import Rpc
from agent.domain.units import Address
from agent.errors import NodeUnfitError, SettingsError, StopRequestedError

ETHER = 10**18
SLOT_S = 12
PAUSE_S = 0.05
"""The longest real wait: a fork has nothing to wait for."""

MAX_LOOKS = 100


class Fork:
    """The fork behind `rpc`."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def appoint(self, agent: Address, *, vault: Address) -> None:
        """Make `agent` the vault's, with 10 ETH for gas, in one block of the fork.

        The block's time is a slot after the one before, so that doing it on two equal forks leaves
        equal blocks.

        Raises:
            SettingsError: there is no vault there.
        """
        owner = self._ask_address("owner()", vault)
        self._do("anvil_setBalance", agent, hex(10 * ETHER))
        if self._ask_address("agent()", vault) == agent:
            return
        self._do("anvil_setBalance", owner, hex(10 * ETHER))
        self._do("evm_setNextBlockTimestamp", hex(head_time(self._rpc) + SLOT_S))
        call = read(vault, "setAgent(address)", agent)
        self._do("anvil_impersonateAccount", owner)
        try:
            transaction = {"from": owner, "to": vault, "data": "0x" + call.data.hex()}
            self._wait_for(self._do("eth_sendTransaction", transaction))
        finally:
            self._do("anvil_stopImpersonatingAccount", owner)
        if self._ask_address("agent()", vault) != agent:
            raise self._unfit("a vault whose owner may appoint an agent", "check portfolio.vault")

    def _wait_for(self, tx_hash: str) -> None:
        # Anvil answers with the hash before the block is there.
        for _ in range(MAX_LOOKS):
            if self._do("eth_getTransactionReceipt", tx_hash) is not None:
                return
            time.sleep(PAUSE_S)
        raise self._unfit("mining on demand", "start the fork without --no-mining")

    def _ask_address(self, signature: str, vault: Address) -> Address:
        call = read(vault, signature)
        answer = self._do("eth_call", {"to": vault, "data": "0x" + call.data.hex()}, "latest")
        if answer == "0x":
            raise SettingsError(
                field="portfolio.vault", value=vault, mend="the fork has no vault there"
            )
        with sensible(self._rpc, "eth_call"):
            return Address(to_checksum_address("0x" + answer[-40:]))

    def _do(self, method: str, *params: Any) -> Any:  # noqa: ANN401 - JSON-RPC
        answer = self._rpc.once(method, list(params))
        if answer.error is not None:
            raise self._unfit(f"{method} ({answer.error})", "give the address of an Anvil fork")
        return answer.result

    def _unfit(self, lacks: str, mend: str) -> NodeUnfitError:
        return NodeUnfitError(endpoint=self._rpc.endpoint, lacks=lacks, mend=mend)


class ForkClock:
    """A `Clock` of the fork's block time; where the agent waits, the fork's time passes."""

    def __init__(self, rpc: Rpc, stop: threading.Event | None = None) -> None:
        self._rpc = rpc
        self._stop = stop or threading.Event()

    def now(self) -> datetime:
        return datetime.fromtimestamp(head_time(self._rpc), UTC)

    def sleep(self, seconds: float) -> None:
        if self._stop.wait(min(seconds, PAUSE_S)):
            raise StopRequestedError
        if seconds >= 1:
            later = head_time(self._rpc) + int(seconds)
            self._rpc.once("evm_setNextBlockTimestamp", [hex(later)])
            self._rpc.once("evm_mine", [])


def head_time(rpc: Rpc) -> int:
    """Return the time of the newest block, Unix seconds."""
    (block,) = rpc.batch([("eth_getBlockByNumber", ["latest", False])])
    with sensible(rpc, "eth_getBlockByNumber"):
        return int(block["timestamp"], 16)
