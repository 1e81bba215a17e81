"""What aggregators offer: what is asked of them, what they say it brings, and calldata that would do it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.domain.token import Token
from agent.domain.units import Address, Bps


class Service(StrEnum):
    """The aggregators that are known, by the names that settings and reports use."""

    ZEROX = "0x"
    ONEINCH = "1inch"
    VELORA = "velora"
    KYBERSWAP = "kyberswap"
    ODOS = "odos"
    OPENOCEAN = "openocean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One exact input that a service is asked for.

    `taker` holds the tokens, calls the router and receives; `origin` signs the transaction. A token
    with the zero address is native ETH, whatever a service calls it.
    """

    order_id: str
    token_in: Token
    token_out: Token
    amount_in: int
    taker: Address
    origin: Address
    slippage_bps: Bps
    gas_price_wei: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a service says an input brings; nothing is promised by it.

    `gas` is the service's own estimate of the whole call. `pools` are the addresses of the pools that
    the route names; `names_all_pools` is false where it names none, or not all of them.
    """

    service: Service
    order_id: str
    token_in: Address
    token_out: Address
    amount_in: int
    amount_out: int
    gas: int
    sources: tuple[str, ...]
    pools: tuple[Address, ...]
    names_all_pools: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterCall:
    """A call of a router as a service wrote it: nothing of it is trusted until it is decoded."""

    chain_id: int
    router: Address
    allowance_target: Address
    data: bytes
    value_wei: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmOffer:
    """An offer with the call that takes it. `expires_at` in Unix seconds: later it is not used."""

    offer: Offer
    call: RouterCall
    expires_at: int


class Decline(StrEnum):
    """Why there is no offer."""

    NO_ROUTE = "no route"
    UNREACHABLE = "out of reach"
    LIMITED = "over its rate limit"
    UNAUTHORISED = "key refused"
    MALFORMED = "answer refused"
    RESTING = "left alone after failures"
    TOO_LATE = "not asked before the deadline"
    UNSAFE = "refused by the firewall"
    BEATEN = "others pay more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """An ask that brought no offer: expected, and told. `detail` names no key."""

    service: Service
    order_id: str
    amount_in: int
    why: Decline
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What aggregators made of a plan's orders: the ladder, what was made firm and may be signed, the rest."""

    offers: tuple[Offer, ...] = ()
    firm: tuple[FirmOffer, ...] = ()
    declined: tuple[Declined, ...] = ()


NOTHING_OFFERED = Offered()
