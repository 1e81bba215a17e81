"""Gives an account money on a development chain: ETH, and any ERC-20 whose balances are stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anvil.abi import ZERO, call_data, word
from anvil.rpc import NodeError

Call = Callable[..., Any]
"""A JSON-RPC caller such as `Node.rpc`."""

PROBE = 0x1D_6B5F_A3C1


def fund(rpc: Call, token: str, holder: str, amount: int) -> None:
    """Set the balance of `holder` to `amount` base units; the zero address stands for ETH.

    Works on the twin and on forks of mainnet. Raises `NodeError` for a token that keeps no plain
    balance, such as one that rebases.
    """
    if token == ZERO:
        rpc("anvil_setBalance", holder, hex(amount))
        return
    contract, slot = _balance_place(rpc, token, holder)
    rpc("anvil_setStorageAt", contract, slot, word(amount))
    if balance(rpc, token, holder) != amount:
        raise NodeError(f"{token} did not take a balance of {amount} for {holder}")


def balance(rpc: Call, token: str, holder: str) -> int:
    """Return what `holder` has of a token, or of ETH for the zero address, in base units."""
    if token == ZERO:
        return int(rpc("eth_getBalance", holder, "latest"), 16)
    return int(rpc("eth_call", _balance_call(token, holder), "latest"), 16)


def _balance_place(rpc: Call, token: str, holder: str) -> tuple[str, str]:
    """Find the storage word that decides the balance, by trying each that reading it touches."""
    call = _balance_call(token, holder)
    try:
        touched = rpc("eth_createAccessList", call, "latest")["accessList"]
    except NodeError as error:
        raise NodeError(f"{token} does not answer balanceOf: {error}") from error
    for entry in touched:
        for slot in entry["storageKeys"]:
            override = {entry["address"]: {"stateDiff": {slot: word(PROBE)}}}
            if _reads_probe(rpc, call, override):
                return entry["address"], slot
    raise NodeError(f"no storage slot of {token} holds the balance of {holder}")


def _reads_probe(rpc: Call, call: dict[str, str], override: dict[str, Any]) -> bool:
    try:
        return int(rpc("eth_call", call, "latest", override), 16) == PROBE
    except NodeError:
        return False  # the slot was something else, a proxy's target say, and the call broke


def _balance_call(token: str, holder: str) -> dict[str, str]:
    return {"to": token, "data": call_data("balanceOf(address)", holder)}
