"""A bare Anvil with funded accounts under strict endpoints, and transactions to send to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from eth_account import Account

from anvil.node import Node, anvil
from anvil.strict.fleet import Fleet, strict_fleet
from anvil.twin import MAINNET_RULES

GWEI = 10**9
ETHER = 10**18
OURS = Account.from_key("0x" + "11" * 32)
OTHER = Account.from_key("0x" + "22" * 32)
PAUPER = Account.from_key("0x" + "33" * 32)
DELEGATE = "0x" + "d1" * 20


@contextmanager
def bare_anvil() -> Iterator[Node]:
    with anvil("--chain-id", "1", *MAINNET_RULES) as node:
        for account in (OURS, OTHER):
            node.rpc("anvil_setBalance", account.address, hex(10 * ETHER))
        yield node


@contextmanager
def fleet_on(node: Node, **wanted) -> Iterator[Fleet]:
    """Run strict endpoints; leave the chain as it was."""
    with node.undone(), strict_fleet(node.url, **wanted) as fleet:
        yield fleet


def signed(nonce=0, *, by=OURS, fee=2 * GWEI, tip=GWEI, gas=21_000, **more) -> str:
    """Return the bytes of a transaction as 0x-hex; amounts in wei."""
    transaction = {
        "type": 2, "chainId": 1, "nonce": nonce, "to": by.address, "value": 0, "gas": gas,
        "maxFeePerGas": fee, "maxPriorityFeePerGas": tip, **more,
    }  # fmt: skip
    return "0x" + by.sign_transaction(transaction).raw_transaction.hex()


def delegating(nonce=0, *, by=OURS, authority=None, auth_nonce=None, gas=100_000) -> str:
    """Return a type-4 transaction with an authorization of `authority`."""
    authority = authority or by
    authorization = authority.sign_authorization(
        {
            "chainId": 1,
            "address": DELEGATE,
            "nonce": nonce + 1 if auth_nonce is None else auth_nonce,
        }
    )
    return signed(nonce, by=by, gas=gas, type=4, authorizationList=[authorization])


class Client:
    """Talks to an endpoint, and gives errors as they come."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(timeout=20, trust_env=False)

    def __call__(self, method, *params):
        """Return `result`, or the error object."""
        reply = self.posted([(method, params)]).json()
        return reply[0] if isinstance(reply, list) else reply.get("error", reply.get("result"))

    def posted(self, calls):
        """Return the HTTP response to calls; several make a batch."""
        body = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": list(params)}
            for i, (method, params) in enumerate(calls)
        ]
        return self._http.post(self.url, json=body if len(body) > 1 else body[0])

    def send(self, raw):
        return self("eth_sendRawTransaction", raw)

    def receipt(self, tx_hash):
        return self("eth_getTransactionReceipt", tx_hash)

    def block(self, at="latest"):
        return self("eth_getBlockByNumber", at, False)  # noqa: FBT003 - JSON-RPC

    def block_of(self, block_hash):
        return self("eth_getBlockByHash", block_hash, False)  # noqa: FBT003 - JSON-RPC

    def nonce(self, account=OURS, at="latest"):
        return int(self("eth_getTransactionCount", account.address, at), 16)

    def height(self):
        return int(self("eth_blockNumber"), 16)

    def close(self):
        self._http.close()


def clients(fleet: Fleet) -> list[Client]:
    return [Client(url) for url in fleet.urls]
