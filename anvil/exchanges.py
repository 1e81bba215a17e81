"""The exchanges of Ethereum whose pools speak Uniswap's v2 or v3: factories, fees, and where pools lie."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from anvil.abi import create2_address, raw

FILE = Path(__file__).parent / "data" / "exchanges.1.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One deployment of v2 or v3, or of a fork of it; fees in hundredths of a basis point.

    Pools are created by `deployer`, which need not be the factory; `init_code_hash` in hex.
    """

    name: str
    kind: str
    factory: str
    deployer: str
    init_code_hash: str
    spacing_by_fee_pips: Mapping[int, int]
    source: str

    def pool_address(self, token0: str, token1: str, fee_pips: int) -> str:
        """Return where the pool of two tokens, in their order, lies once it is created."""
        if self.kind == "v2":
            salt = keccak(raw(token0) + raw(token1))
        else:
            key = [token0, token1, fee_pips]
            salt = keccak(encode(["address", "address", "uint24"], key))
        return create2_address(self.deployer, salt, raw(self.init_code_hash))


@cache
def exchanges() -> tuple[Exchange, ...]:
    """Return all of anvil/data/exchanges.1.json, in its order."""
    return tuple(
        Exchange(
            **entry
            | {"spacing_by_fee_pips": {int(k): v for k, v in entry["spacing_by_fee_pips"].items()}}
        )
        for entry in json.loads(FILE.read_bytes())["exchanges"]
    )


def exchange(name: str) -> Exchange:
    """Return one exchange; raises StopIteration where there is none of the name."""
    return next(one for one in exchanges() if one.name == name)
