"""The pools that a cycle reads, behind one node: the allowlist's, and the settings' weighted ones."""

from __future__ import annotations

from agent import observe
from agent.adapters.abi import read
from agent.adapters.asked import asked
from agent.adapters.rpc import Rpc
from agent.adapters.venue_group import VenueGroup
from agent.adapters.venue_pools import PoolVenue
from agent.adapters.venue_weighted import WeightedVenue
from agent.domain.plan import Position
from agent.domain.pool import WeightedPool
from agent.domain.swap import SwapResult
from agent.domain.units import Address
from agent.planning.swapping import swap_exact_in
from agent.ports import Venue
from agent.settings import Settings


def venue(settings: Settings, rpc: Rpc) -> Venue:
    """Return what reads pools through one node; without weighted pools in the settings, the lens alone."""
    allowed = PoolVenue(rpc, unread=observe.pool_left_out)
    listed = settings.venues.refs()
    if not listed:
        return allowed
    others = WeightedVenue(rpc, unread=observe.pool_left_out, quoted=quoted)
    return VenueGroup(allowed, others, listed)


def quoted(pool: WeightedPool, amount_in: int) -> int | None:
    """Return what our integers say that an input of token0 brings; None where the pool refuses it."""
    swap = swap_exact_in(pool, zero_for_one=True, amount_in=amount_in)
    return swap.amount_out if isinstance(swap, SwapResult) else None


def allows(rpc: Rpc, position: Position, router: Address) -> bool:
    """Tell whether the contract that holds the funds lets its batches call a router.

    Raises:
        NodeUnfitError, RpcUnavailableError.
    """
    question = read(position.contract.address, "isRouter(address)", router)
    (answer,) = asked(rpc, [question], block=position.block)
    return bool(answer.words()) and answer.word() == 1
