"""Calls of routers, read: every argument that names a token, an amount, a recipient or a deadline.

What a router hands on to its executors stays opaque: that it does no harm is for the exact approval, the
floors and the rehearsal to see to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from eth_utils.abi import function_signature_to_4byte_selector
from eth_utils.address import to_checksum_address

from agent.domain.offer import Service
from agent.domain.units import ZERO_ADDRESS, Address
from agent.rehearsal.calldata import Arguments, Function, UnreadableCallError, values_of

BALANCER = "balancer"


def arguments_of(venue: str, data: bytes, *, tail_bytes: int) -> Arguments:
    """Return what a call of a venue's router says; at most `tail_bytes` may follow its arguments.

    Raises:
        UnreadableCallError: the function is not known, or not written as the ABI wants it.
    """
    known = FUNCTIONS.get(venue, {})
    function = known.get(data[:4])
    if function is None:
        raise UnreadableCallError(
            f"selector 0x{data[:4].hex()} is none that {venue} may be called by"
        )
    return function.reader(values_of(function.signature, data[4:], tail_bytes))


def _address(text: str) -> Address:
    return Address(to_checksum_address(text))


def _faults(*found: tuple[bool, str]) -> tuple[str, ...]:
    return tuple(words for is_fault, words in found if is_fault)


SETTLER_EXECUTE = "execute((address,address,uint256),bytes[],bytes32)"


def _allowance_holder(values: Any) -> Arguments:  # noqa: ANN401 - ABI values
    """0x-settler, AllowanceHolder.exec around Settler.execute."""
    operator, token, amount, target, data = values
    if data[:4] != function_signature_to_4byte_selector(SETTLER_EXECUTE):
        raise UnreadableCallError(
            f"selector 0x{data[:4].hex()} is none that a Settler may be called by"
        )
    (recipient, buy_token, least), actions, _ = values_of(SETTLER_EXECUTE, data[4:], 0)
    return Arguments(
        function="exec",
        token_in=_address(token),
        amount_in=amount,
        token_out=_address(buy_token),
        min_amount_out=least,
        recipient=_address(recipient),
        callees=(_address(operator), _address(target)),
        faults=_faults((not actions, "it does nothing")),
    )


PARTIAL_FILL, EXTRA_ETH = 1, 2
ONEINCH_PERMIT2 = 4


def _oneinch_swap(values: Any) -> Arguments:  # noqa: ANN401
    """1inch AggregationRouterV6.swap; flags: 1 partial fill, 2 extra ETH, 4 by Permit2."""
    _, (source, destination, _, receiver, amount, least, flags), _ = values
    return Arguments(
        function="swap",
        token_in=_address(source),
        amount_in=amount,
        token_out=_address(destination),
        min_amount_out=least,
        recipient=_address(receiver),
        faults=_faults(
            (bool(flags & PARTIAL_FILL), "it may fill in part"),
            (bool(flags & EXTRA_ETH), "it wants more ETH"),
            (bool(flags & ~(PARTIAL_FILL | EXTRA_ETH | ONEINCH_PERMIT2)), "its flags are unknown"),
        ),
    )


def _unoswap(values: Any) -> Arguments:  # noqa: ANN401
    """1inch AggregationRouterV6.unoswap and unoswap2: straight through pools, paid to the caller."""
    token, amount, least = values[:3]
    if token >> 160:
        raise UnreadableCallError("the token of unoswap is no address")
    return Arguments(
        function="unoswap",
        token_in=_address(f"0x{token:040x}"),
        amount_in=amount,
        token_out=None,
        min_amount_out=least,
        recipient=None,
    )


def _velora_swap(values: Any) -> Arguments:  # noqa: ANN401
    """Velora AugustusV6.2.swapExactAmountIn; beneficiary zero is the caller."""
    _, (source, destination, amount, least, _, _, beneficiary), _, permit, _ = values
    return Arguments(
        function="swapExactAmountIn",
        token_in=_address(source),
        amount_in=amount,
        token_out=_address(destination),
        min_amount_out=least,
        recipient=None if _address(beneficiary) == ZERO_ADDRESS else _address(beneficiary),
        faults=_faults((bool(permit), "it carries a permit")),
    )


KYBER_FORBIDDEN = 0x01 | 0x02 | 0x08 | 0x10
"""Partial fill, extra ETH, burn from the sender, burn from the signer."""


def _kyber_swap(values: Any) -> Arguments:  # noqa: ANN401
    """KyberSwap MetaAggregationRouterV2.swap."""
    ((_, approve_target, _, description, _),) = values
    source, destination, _, shares, fee_receivers, fees = description[:6]
    receiver, amount, least, flags, permit = description[6:]
    return Arguments(
        function="swap",
        token_in=_address(source),
        amount_in=amount,
        token_out=_address(destination),
        min_amount_out=least,
        recipient=_address(receiver),
        faults=_faults(
            (bool(permit), "it carries a permit"),
            (bool(flags & KYBER_FORBIDDEN), "its flags allow what they must not"),
            (bool(fee_receivers) or bool(fees), "it pays a fee to somebody"),
            (_address(approve_target) != ZERO_ADDRESS, "it approves somebody"),
            (bool(shares) and sum(shares) != amount, "its shares are not its amount"),
        ),
    )


def _odos_swap(values: Any) -> Arguments:  # noqa: ANN401
    """OdosRouterV3.swap; the referral fee is in units of 1e-18."""
    (source, amount, _, destination, _, least, receiver), _, _, (_, fee, fee_recipient) = values
    return Arguments(
        function="swap",
        token_in=_address(source),
        amount_in=amount,
        token_out=_address(destination),
        min_amount_out=least,
        recipient=_address(receiver),
        faults=_faults(
            (fee > 0 or _address(fee_recipient) != ZERO_ADDRESS, "it pays a fee to somebody")
        ),
    )


OPENOCEAN_FORBIDDEN = 0x01
"""Partial fill."""


def _openocean_swap(values: Any) -> Arguments:  # noqa: ANN401
    """OpenOceanExchange.swap; its calls run in the caller contract that it names."""
    _, description, _ = values
    source, destination, _, receiver, amount, least = description[:6]
    _, flags, _, permit = description[6:]
    return Arguments(
        function="swap",
        token_in=_address(source),
        amount_in=amount,
        token_out=_address(destination),
        min_amount_out=least,
        recipient=_address(receiver),
        faults=_faults(
            (bool(permit), "it carries a permit"),
            (bool(flags & OPENOCEAN_FORBIDDEN), "it may fill in part"),
        ),
    )


GIVEN_IN = 0


def _vault_swap(values: Any) -> Arguments:  # noqa: ANN401
    """Balancer v2 Vault.swap: one pool, an exact input, tokens in and out at accounts."""
    single, (sender, from_internal, recipient, to_internal), least, deadline = values
    _, kind, source, destination, amount, user_data = single
    return Arguments(
        function="swap",
        token_in=_address(source),
        amount_in=amount,
        token_out=_address(destination),
        min_amount_out=least,
        recipient=_address(recipient),
        deadline=deadline,
        faults=_faults(
            (kind != GIVEN_IN, "its amount is not the input"),
            (sender != recipient, f"it takes from {_address(sender)}"),
            (from_internal or to_internal, "it uses balances inside the Vault"),
            (bool(user_data), "it hands on data"),
        ),
    )


def _table(functions: Sequence[Function]) -> Mapping[bytes, Function]:
    return MappingProxyType({function.selector: function for function in functions})


FUNCTIONS: Mapping[str, Mapping[bytes, Function]] = MappingProxyType(
    {
        Service.ZEROX: _table(
            [
                Function(
                    signature="exec(address,address,uint256,address,bytes)",
                    reader=_allowance_holder,
                )
            ]
        ),
        Service.ONEINCH: _table(
            [
                Function(
                    signature="swap(address,(address,address,address,address,uint256,uint256,uint256),bytes)",
                    reader=_oneinch_swap,
                ),
                Function(signature="unoswap(uint256,uint256,uint256,uint256)", reader=_unoswap),
                Function(
                    signature="unoswap2(uint256,uint256,uint256,uint256,uint256)", reader=_unoswap
                ),
            ]
        ),
        Service.VELORA: _table(
            [
                Function(
                    signature="swapExactAmountIn(address,(address,address,uint256,uint256,uint256,bytes32,address),uint256,bytes,bytes)",
                    reader=_velora_swap,
                )
            ]
        ),
        Service.KYBERSWAP: _table(
            [
                Function(
                    signature="swap((address,address,bytes,(address,address,address[],uint256[],address[],uint256[],address,uint256,uint256,uint256,bytes),bytes))",
                    reader=_kyber_swap,
                )
            ]
        ),
        Service.ODOS: _table(
            [
                Function(
                    signature="swap((address,uint256,address,address,uint256,uint256,address),bytes,address,(uint64,uint64,address))",
                    reader=_odos_swap,
                )
            ]
        ),
        Service.OPENOCEAN: _table(
            [
                Function(
                    signature="swap(address,(address,address,address,address,uint256,uint256,uint256,uint256,address,bytes),(uint256,uint256,uint256,bytes)[])",
                    reader=_openocean_swap,
                )
            ]
        ),
        BALANCER: _table(
            [
                Function(
                    signature="swap((bytes32,uint8,address,address,uint256,bytes),(address,bool,address,bool),uint256,uint256)",
                    reader=_vault_swap,
                )
            ]
        ),
    }
)
