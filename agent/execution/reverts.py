"""What a revert says, in words: the errors of our contract, and those that Solidity has itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    name: str
    fields: tuple[str, ...]
    types: tuple[str, ...]


def explained(reason: str) -> str:
    """Return revert data (0x-hex) as `FloorBroken(token=0x…, …)`; anything else as it is."""
    read = _read(reason)
    if read is None:
        return reason
    known, values = read
    shown = ", ".join(
        f"{field}={_shown(kind, value)}"
        for field, kind, value in zip(known.fields, known.types, values, strict=True)
    )
    return f"{known.name}({shown})"


def decoded(reason: str) -> tuple[str, Mapping[str, Any]] | None:
    """Return the error's name and its fields as the ABI has them, None for data that is no known error."""
    read = _read(reason)
    return read and (read[0].name, dict(zip(read[0].fields, read[1], strict=True)))


def _read(reason: str) -> tuple[_Known, tuple[Any, ...]] | None:
    if not reason.startswith("0x") or len(reason) % 2:
        return None
    data = bytes.fromhex(reason[2:])
    known = _known().get(data[:4])
    if known is None:
        return None
    try:
        return known, decode(known.types, data[4:])
    except (DecodingError, OverflowError):
        return None


def _shown(kind: str, value: Any) -> str:  # noqa: ANN401 - an ABI value
    match kind:
        case "address":
            return str(to_checksum_address(value))
        case "bytes":
            return explained("0x" + value.hex())
        case "string":
            return repr(value)
        case _:
            return str(value)


@cache
def _known() -> Mapping[bytes, _Known]:
    abi = json.loads((files("agent") / "data" / "contracts" / "Vault.json").read_text())["abi"]
    errors = [
        {"name": "Error", "inputs": [{"name": "message", "type": "string"}]},
        {"name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
        *(entry for entry in abi if entry["type"] == "error"),
    ]
    return dict(map(_entry, errors))


def _entry(error: Mapping[str, Any]) -> tuple[bytes, _Known]:
    types = tuple(one["type"] for one in error["inputs"])
    selector = keccak(text=f"{error['name']}({','.join(types)})")[:4]
    fields = tuple(one["name"] for one in error["inputs"])
    return selector, _Known(name=error["name"], fields=fields, types=types)
