"""The routers of a chain: the data file in the package, and what stands at their addresses now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Literal

from eth_utils.address import is_checksum_address, to_checksum_address
from eth_utils.crypto import keccak
from pydantic import AfterValidator, Field

from agent.adapters.abi import at_block, read, sensible
from agent.adapters.rpc import Answer, Call, Rpc
from agent.adapters.wire import Body, BodyError, Text, parse_body
from agent.domain.block import Block
from agent.domain.router import Router, RouterBook, RouterFacts
from agent.domain.units import ZERO_ADDRESS, Address
from agent.errors import DataFileError

IMPLEMENTATION_SLOT = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
"""keccak-256("eip1967.proxy.implementation") - 1 (EIP-1967)."""

WORD_DIGITS = 64


def _checksummed(value: str) -> Address:
    if not is_checksum_address(value):
        raise ValueError("give a 0x address with its EIP-55 checksum")
    return Address(value)


_Checksummed = Annotated[Text, AfterValidator(_checksummed)]


class _Router(Body):
    venue: Text
    name: Text
    address: _Checksummed
    tail_bytes: Annotated[int, Field(ge=0, le=32)]
    code_hash: Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")] | None = None


class _Settlers(Body):
    registry: _Checksummed
    feature: Annotated[int, Field(ge=1)]


class _Book(Body):
    schema_: Annotated[Literal["agent.routers/1"], Field(alias="schema")]
    chain_id: Annotated[int, Field(ge=1)]
    as_of: Text
    sources: dict[str, Text]
    settlers: _Settlers | None = None
    routers: list[_Router]


def bundled_router_book(chain_id: int, pins: Mapping[Address, str]) -> RouterBook:
    """Return the routers that the package knows of a chain; `pins` are the operator's code hashes.

    Raises:
        DataFileError: there is no such file, it breaks its format, or a pin is of no router of it.
    """
    file = resources.files("agent") / "data" / f"routers.{chain_id}.json"
    if not file.is_file():
        raise DataFileError(
            path=str(file), field="chain_id", value=chain_id, mend="no router of this chain ships"
        )
    return load_router_book(file.read_bytes(), path=str(file), chain_id=chain_id, pins=pins)


def load_router_book(
    raw: bytes, *, path: str, chain_id: int, pins: Mapping[Address, str]
) -> RouterBook:
    """Return the routers in a file's bytes; errors as for the bundled ones."""
    try:
        body = parse_body(_Book, raw)
        _check(body, chain_id, pins)
    except BodyError as error:
        raise DataFileError(
            path=path, field=error.field, value=error.value, mend=error.mend
        ) from error
    routers = (
        Router(
            venue=entry.venue,
            name=entry.name,
            address=Address(entry.address),
            tail_bytes=entry.tail_bytes,
            code_hash=pins.get(Address(entry.address), entry.code_hash),
        )
        for entry in body.routers
    )
    return RouterBook(
        chain_id=body.chain_id,
        as_of=body.as_of,
        routers={router.address: router for router in routers},
        settler_registry=Address(body.settlers.registry) if body.settlers else None,
        settler_feature=body.settlers.feature if body.settlers else 0,
    )


def _check(body: _Book, chain_id: int, pins: Mapping[Address, str]) -> None:
    if body.chain_id != chain_id:
        raise BodyError(field="chain_id", value=body.chain_id, mend=f"give chain {chain_id}")
    addresses = [entry.address for entry in body.routers]
    for address in addresses:
        if addresses.count(address) > 1:
            raise BodyError(field="routers", value=address, mend="give each router one entry")
    for entry in body.routers:
        if entry.venue not in body.sources:
            raise BodyError(
                field="sources", value=entry.venue, mend="say where the address is from"
            )
    for address in pins:
        if address not in addresses:
            mend = "aggregators.code_hashes names no router of this chain, remove it"
            raise BodyError(field="routers", value=address, mend=mend)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterReader:
    """Reads what stands at the addresses of routers, in two round trips at most."""

    rpc: Rpc
    contract: Address

    def fetch_facts(self, book: RouterBook, *, block: Block) -> RouterFacts:
        """Return the code hashes of all routers of a book and 0x's Settlers, at one block.

        Raises:
            RpcUnavailableError: they cannot be read.
        """
        routers = tuple(book.routers)
        at = at_block(block)
        calls = [
            *_code_calls(routers, at),
            *_allowed_calls(routers, self.contract, at),
            *_settler_calls(book, at),
        ]
        answers = self.rpc.answers(calls)
        with sensible(self.rpc, "eth_getCode"):
            codes = [_bytes(answer) for answer in answers[: len(routers)]]
            slots = [_address(answer) for answer in answers[len(routers) : 2 * len(routers)]]
        behind = [slot for slot in slots if slot is not None]
        said = answers[2 * len(routers) : 3 * len(routers)]
        settlers = frozenset(
            found for found in map(_address, answers[3 * len(routers) :]) if found is not None
        )
        code_by_implementation = self._codes(behind, at)
        hashes = (
            _code_hash(code, slot, code_by_implementation)
            for code, slot in zip(codes, slots, strict=True)
        )
        return RouterFacts(
            code_hash_by_router={
                router: found for router, found in zip(routers, hashes, strict=True) if found
            },
            settlers=settlers,
            # A contract that keeps no such list answers nothing: it forbids none.
            forbidden=frozenset(r for r, no in zip(routers, said, strict=True) if _is_no(no)),
        )

    def _codes(self, addresses: list[Address], at: object) -> dict[Address, bytes]:
        if not addresses:
            return {}
        answers = self.rpc.answers([("eth_getCode", [address, at]) for address in addresses])
        with sensible(self.rpc, "eth_getCode"):
            return dict(zip(addresses, map(_bytes, answers), strict=True))


def _code_calls(routers: tuple[Address, ...], at: object) -> list[Call]:
    return [
        *(("eth_getCode", [router, at]) for router in routers),
        *(("eth_getStorageAt", [router, IMPLEMENTATION_SLOT, at]) for router in routers),
    ]


def _allowed_calls(routers: tuple[Address, ...], contract: Address, at: object) -> list[Call]:
    reads = (read(contract, "isRouter(address)", int(router, 16)) for router in routers)
    return [("eth_call", [{"to": r.target, "input": "0x" + r.data.hex()}, at]) for r in reads]


def _is_no(answer: Answer) -> bool:
    return answer.error is None and answer.result == "0x" + "0" * WORD_DIGITS


def _settler_calls(book: RouterBook, at: object) -> list[Call]:
    """Return the reads of the current Settler, an ERC-721 token of the registry, and of the one before."""
    registry = book.settler_registry
    if registry is None:
        return []
    reads = (
        read(registry, "ownerOf(uint256)", book.settler_feature),
        read(registry, "prev(uint128)", book.settler_feature),
    )
    return [("eth_call", [{"to": r.target, "input": "0x" + r.data.hex()}, at]) for r in reads]


def _bytes(answer: Answer) -> bytes:
    if answer.error is not None:
        raise ValueError(answer.error)
    return bytes.fromhex(answer.result[2:])


def _address(answer: Answer) -> Address | None:
    """Return the address in a word; None for a revert, an empty answer, or zero."""
    if answer.error is not None or not isinstance(answer.result, str):
        return None
    digits = answer.result[2:]
    if len(digits) != WORD_DIGITS or int(digits, 16) >> 160:
        return None
    found = Address(to_checksum_address("0x" + digits[-40:]))
    return None if found == ZERO_ADDRESS else found


def _code_hash(
    code: bytes, implementation: Address | None, code_by_address: Mapping[Address, bytes]
) -> str | None:
    if not code:
        return None
    if implementation is None:
        return "0x" + keccak(code).hex()
    behind = keccak(code_by_address[implementation])
    return "0x" + keccak(keccak(code) + bytes.fromhex(implementation[2:]) + behind).hex()
