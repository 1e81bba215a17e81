"""How clients say no: the words and codes that each uses, and the rules that it has or has not.

The words are those of the clients' own sources; tests/data/node_errors.json names the file of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from anvil.strict.refusals import ETHER, Kind, Refusal, Rules

Words = str | tuple[int, str]
"""A text with its facts in braces, and the JSON-RPC code where it is not the dialect's usual one."""

SERVER_ERROR = -32000
INTERNAL_ERROR = -32603
NO_SUCH_METHOD = -32601


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The words of one client."""

    name: str
    version: str
    texts: Mapping[Kind, Words]
    unknown_block: Words
    unknown_method: str
    code: int = SERVER_ERROR
    lax: frozenset[Kind] = field(default_factory=frozenset)
    max_nonce_distance: int | None = None

    def rules(self, wanted: Rules) -> Rules:
        """Return the rules as this client has them."""
        distance = wanted.max_nonce_distance
        return replace(
            wanted,
            lax=wanted.lax | self.lax,
            max_nonce_distance=self.max_nonce_distance if distance is None else distance,
        )

    def refused(self, refusal: Refusal) -> dict[str, Any]:
        """Return the JSON-RPC error of a refusal."""
        facts: dict[str, Any] = dict(refusal.facts)
        if refusal.kind is Kind.ABOVE_FEE_CAP:
            facts |= {f"{name}_ether": facts[name] / ETHER for name in ("fee", "cap")}
        return self.error(self.texts[refusal.kind], facts)

    def no_such_block(self, block: str) -> dict[str, Any]:
        return self.error(self.unknown_block, {"block": block})

    def no_such_method(self, method: str) -> dict[str, Any]:
        return self.error((NO_SUCH_METHOD, self.unknown_method), {"method": method})

    def error(self, words: Words, facts: Mapping[str, Any]) -> dict[str, Any]:
        code, text = (self.code, words) if isinstance(words, str) else words
        return {"code": code, "message": text.format(**facts)}


_GETH_TEXTS: Mapping[Kind, Words] = MappingProxyType(
    {
        Kind.UNDECODABLE: "rlp: value size exceeds available input length",
        Kind.TYPE_NOT_SUPPORTED: "transaction type not supported",
        Kind.UNPROTECTED: "only replay-protected (EIP-155) transactions allowed over RPC",
        Kind.ABOVE_FEE_CAP: "tx fee ({fee_ether:.2f} ether) exceeds the configured cap ({cap_ether:.2f} ether)",
        Kind.ALREADY_KNOWN: "already known",
        Kind.OVERSIZED: "oversized data: transaction size {size}, limit {limit}",
        Kind.ABOVE_GAS_CAP: "transaction gas limit too high (cap: {bound}, tx: {gas})",
        Kind.ABOVE_BLOCK_GAS: "exceeds block gas limit",
        Kind.TIP_ABOVE_FEE: "max priority fee per gas higher than max fee per gas",
        Kind.WRONG_CHAIN: "invalid sender: invalid chain id for signer: have {found} want {expected}",
        Kind.BELOW_INTRINSIC_GAS: "intrinsic gas too low: gas {gas}, minimum needed {bound}",
        Kind.BELOW_FLOOR_GAS: "insufficient gas for floor data gas cost: gas {gas}, minimum needed {bound}",
        Kind.TIP_TOO_LOW: "transaction underpriced: gas tip cap {tip}, minimum needed {bound}",
        Kind.BELOW_BASE_FEE: "max fee per gas less than block base fee",
        Kind.NONCE_TOO_LOW: "nonce too low: next nonce {next}, tx nonce {nonce}",
        Kind.NONCE_TOO_HIGH: "nonce too high: tx nonce {nonce}, gapped nonce {next}",
        Kind.UNDERFUNDED: "insufficient funds for gas * price + value: balance {balance}, tx cost {cost}, overshot {short}",
        Kind.OVERDRAWN: "insufficient funds for gas * price + value: balance {balance}, queued cost {queued}, "
        "tx cost {cost}, overshot {short}",
        Kind.DELEGATED_GAP: "gapped-nonce tx from delegated accounts",
        Kind.DELEGATED_IN_FLIGHT: "in-flight transaction limit reached for delegated accounts",
        Kind.AUTHORITY_RESERVED: "authority already reserved",
        Kind.REPLACEMENT_UNDERPRICED: "replacement transaction underpriced",
    }
)


def _like_geth(changes: Mapping[Kind, Words]) -> Mapping[Kind, Words]:
    return MappingProxyType({**_GETH_TEXTS, **changes})


GETH = Dialect(
    name="geth",
    version="Geth/v1.17.2-stable/linux-amd64/go1.26.0",
    texts=_GETH_TEXTS,
    unknown_block="header not found",
    unknown_method="the method {method} does not exist/is not available",
)

RETH = Dialect(
    name="reth",
    version="reth/v2.2.0/x86_64-unknown-linux-gnu",
    texts=_like_geth(
        {
            Kind.UNDECODABLE: (-32602, "failed to decode signed transaction"),
            Kind.TYPE_NOT_SUPPORTED: (-32003, "transaction type not supported"),
            Kind.ABOVE_FEE_CAP: "tx fee ({fee} wei) exceeds the configured cap ({cap} wei)",
            Kind.ABOVE_GAS_CAP: "exceeds max transaction gas limit",
            Kind.TIP_ABOVE_FEE: (-32003, "max priority fee per gas higher than max fee per gas"),
            Kind.WRONG_CHAIN: "invalid chain ID",
            Kind.BELOW_INTRINSIC_GAS: "intrinsic gas too low",
            Kind.BELOW_FLOOR_GAS: "intrinsic gas too low",
            Kind.TIP_TOO_LOW: "transaction underpriced",
            Kind.UNDERFUNDED: (
                -32003,
                "insufficient funds for gas * price + value: have {balance} want {cost}",
            ),
            Kind.OVERDRAWN: (
                -32003,
                "insufficient funds for gas * price + value: have {balance} want {cost}",
            ),
        }
    ),
    unknown_block=(-32001, "block not found: {block}"),
    unknown_method="Method not found",
    lax=frozenset({Kind.UNPROTECTED}),
)

NETHERMIND = Dialect(
    name="nethermind",
    version="Nethermind/v1.36.2+linux-x64/dotnet10.0.2",
    code=-32010,
    texts=_like_geth(
        {
            Kind.UNDECODABLE: "Invalid RLP.",
            Kind.TYPE_NOT_SUPPORTED: "NotSupportedTxType",
            Kind.UNPROTECTED: "Invalid",
            Kind.ALREADY_KNOWN: "AlreadyKnown",
            Kind.OVERSIZED: "MaxTxSizeExceeded",
            Kind.ABOVE_GAS_CAP: "Invalid, TxGasLimitCapExceeded: Gas limit {gas} exceeded cap of {bound}.",
            Kind.ABOVE_BLOCK_GAS: "GasLimitExceeded, Gas limit: {bound}, gas limit of rejected tx: {gas}",
            Kind.TIP_ABOVE_FEE: "Invalid, InvalidMaxPriorityFeePerGas: Cannot be higher than maxFeePerGas.",
            Kind.WRONG_CHAIN: "Invalid, InvalidTxChainId: Expected {expected}, got {found}.",
            Kind.BELOW_INTRINSIC_GAS: "Invalid, intrinsic gas too low",
            Kind.BELOW_FLOOR_GAS: "Invalid, intrinsic gas too low",
            Kind.TIP_TOO_LOW: "FeeTooLow",
            Kind.BELOW_BASE_FEE: "FeeTooLow",
            Kind.NONCE_TOO_LOW: "OldNonce, Current nonce: {next}, nonce of rejected tx: {nonce}",
            Kind.NONCE_TOO_HIGH: "NonceGap, Future nonce. Expected nonce: {next}",
            Kind.UNDERFUNDED: "InsufficientFunds, Account balance: {balance}, cumulative cost: {cost}",
            Kind.OVERDRAWN: "InsufficientFunds, Account balance: {balance}, cumulative cost: {cost}",
            Kind.DELEGATED_GAP: "NotCurrentNonceForDelegation",
            Kind.DELEGATED_IN_FLIGHT: "NotCurrentNonceForDelegation",
            Kind.AUTHORITY_RESERVED: "DelegatorHasPendingTx",
            Kind.REPLACEMENT_UNDERPRICED: "ReplacementNotAllowed",
        }
    ),
    unknown_block=(-39001, "Unknown block"),
    unknown_method="The method '{method}' is not supported.",
    max_nonce_distance=0,
    lax=frozenset({Kind.ABOVE_FEE_CAP}),
)

NETHERMIND_PLAIN = replace(
    NETHERMIND,
    name="nethermind-plain",
    version="Nethermind/v1.40.0+linux-x64/dotnet10.0.4",
    code=SERVER_ERROR,
    texts=_like_geth(
        {
            Kind.UNDECODABLE: "Invalid RLP.",
            Kind.TYPE_NOT_SUPPORTED: "unsupported transaction type",
            Kind.UNPROTECTED: "transaction invalid",
            Kind.OVERSIZED: "transaction too large",
            Kind.ABOVE_GAS_CAP: "transaction invalid, TxGasLimitCapExceeded: Gas limit {gas} exceeded cap of {bound}.",
            Kind.ABOVE_BLOCK_GAS: "gas limit reached, Gas limit: {bound}, gas limit of rejected tx: {gas}",
            Kind.WRONG_CHAIN: "transaction invalid, InvalidTxChainId: Expected {expected}, got {found}.",
            Kind.NONCE_TOO_LOW: "nonce too low, Current nonce: {next}, nonce of rejected tx: {nonce}",
            Kind.NONCE_TOO_HIGH: "nonce too high, Future nonce. Expected nonce: {next}",
            Kind.UNDERFUNDED: "insufficient funds for gas * price + value, Account balance: {balance}, cumulative cost: {cost}",
            Kind.OVERDRAWN: "insufficient funds for gas * price + value, Account balance: {balance}, cumulative cost: {cost}",
            Kind.DELEGATED_GAP: "delegation nonce gap",
            Kind.DELEGATED_IN_FLIGHT: "delegation nonce gap",
            Kind.AUTHORITY_RESERVED: "delegation authority has pending transaction",
        }
    ),
)
"""The same client since it says what geth says."""

BESU = Dialect(
    name="besu",
    version="besu/v26.4.0/linux-x86_64/openjdk-java-25",
    texts=_like_geth(
        {
            Kind.UNDECODABLE: (-32602, "Invalid transaction params (missing or incorrect)"),
            Kind.TYPE_NOT_SUPPORTED: (-32602, "Invalid transaction type"),
            Kind.UNPROTECTED: "ChainId is required",
            Kind.ABOVE_FEE_CAP: "Transaction fee cap exceeded",
            Kind.ALREADY_KNOWN: "Known transaction",
            Kind.ABOVE_GAS_CAP: (-32005, "Transaction gas limit cap exceeded"),
            Kind.ABOVE_BLOCK_GAS: (-32005, "Transaction gas limit exceeds block gas limit"),
            Kind.TIP_ABOVE_FEE: "Max priority fee per gas exceeds max fee per gas",
            Kind.WRONG_CHAIN: "Wrong chainId",
            Kind.BELOW_INTRINSIC_GAS: (-32003, "Intrinsic gas exceeds gas limit"),
            Kind.BELOW_FLOOR_GAS: (-32003, "Intrinsic gas exceeds gas limit"),
            Kind.TIP_TOO_LOW: (-32009, "Gas price below configured minimum gas price"),
            Kind.BELOW_BASE_FEE: (-32009, "Gas price below current base fee"),
            Kind.NONCE_TOO_LOW: (-32001, "Nonce too low"),
            Kind.NONCE_TOO_HIGH: "Transaction nonce is too distant from current sender nonce",
            Kind.UNDERFUNDED: (-32004, "Upfront cost exceeds account balance"),
            Kind.REPLACEMENT_UNDERPRICED: "Replacement transaction underpriced",
        }
    ),
    unknown_block=(-39001, "Unknown block"),
    unknown_method="Method not found",
    max_nonce_distance=200,
    lax=frozenset(
        {
            *(Kind.OVERSIZED, Kind.OVERDRAWN, Kind.DELEGATED_GAP),
            *(Kind.DELEGATED_IN_FLIGHT, Kind.AUTHORITY_RESERVED),
        }
    ),
)

ERIGON = Dialect(
    name="erigon",
    version="erigon/v3.4.1/linux-amd64/go1.25.3",
    texts=_like_geth(
        {
            Kind.ALREADY_KNOWN: "ALREADY_EXISTS: already known",
            Kind.OVERSIZED: "INVALID: oversized data",
            Kind.ABOVE_GAS_CAP: "INTERNAL_ERROR: gas limit is too high",
            Kind.ABOVE_BLOCK_GAS: "INTERNAL_ERROR: gas limit is too high",
            Kind.WRONG_CHAIN: "invalid chain id, expected: {expected} got: {found}",
            Kind.BELOW_INTRINSIC_GAS: "INTERNAL_ERROR: IntrinsicGas",
            Kind.BELOW_FLOOR_GAS: "INTERNAL_ERROR: IntrinsicGas",
            Kind.TIP_TOO_LOW: "FEE_TOO_LOW: underpriced",
            Kind.BELOW_BASE_FEE: "FEE_TOO_LOW: fee too low",
            Kind.NONCE_TOO_LOW: "INTERNAL_ERROR: nonce too low",
            Kind.UNDERFUNDED: "INTERNAL_ERROR: insufficient funds",
            Kind.OVERDRAWN: "INTERNAL_ERROR: insufficient funds",
            Kind.AUTHORITY_RESERVED: "INTERNAL_ERROR: EIP-7702 transaction with authority already reserved",
            Kind.REPLACEMENT_UNDERPRICED: "INTERNAL_ERROR: could not replace existing tx",
        }
    ),
    unknown_block="block not found: {block}",
    unknown_method="the method {method} does not exist/is not available",
    lax=frozenset({Kind.DELEGATED_GAP, Kind.DELEGATED_IN_FLIGHT}),
)

RELAY = replace(
    GETH,
    name="relay",
    version="rpc-endpoint",
    texts=_like_geth(
        {
            Kind.NONCE_TOO_LOW: (INTERNAL_ERROR, "invalid nonce"),
            Kind.NONCE_TOO_HIGH: (INTERNAL_ERROR, "invalid nonce"),
            Kind.OVERSIZED: (INTERNAL_ERROR, "invalid target for large tx"),
        }
    ),
    max_nonce_distance=0,
)
"""A private relay as Flashbots' rpc-endpoint is one; what it holds, only block builders see."""

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        dialect.name: dialect
        for dialect in (GETH, NETHERMIND, NETHERMIND_PLAIN, BESU, ERIGON, RETH, RELAY)
    }
)
