"""Which pools are traded besides those of the vault's allowlist, whose records cannot name them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from agent.domain.pool import PoolKind, PoolRef
from agent.domain.units import Address
from agent.settings.fields import AddressSetting, Section

BALANCER_VAULT = Address("0xBA12222222228d8Ba445958a75a0704d566BF2C8")
"""The same on all chains."""

PoolId = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]


class WeightedSetting(Section):
    """A pair of tokens of a Balancer v2 weighted pool."""

    pool_id: PoolId
    token0: AddressSetting
    token1: AddressSetting

    @model_validator(mode="after")
    def _is_a_pair(self) -> WeightedSetting:
        if self.token0 == self.token1:
            raise ValueError("token0 and token1 are one token, name two of the pool's")
        return self


class VenueSettings(Section):
    """Weighted pools, each with the pair that is traded in it; none by default."""

    weighted: Annotated[tuple[WeightedSetting, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _each_once(self) -> VenueSettings:
        ids = [one.pool_id for one in self.weighted]
        if len(set(ids)) < len(ids):
            raise ValueError("weighted names a pool twice: one pair of each can be traded")
        return self

    def refs(self) -> tuple[PoolRef, ...]:
        """Return the pools; their fees are read from the chain."""
        return tuple(
            PoolRef(
                address=Address(one.pool_id),
                kind=PoolKind.WEIGHTED,
                token0=one.token0,
                token1=one.token1,
                fee_pips=0,
                tick_spacing=0,
                page=0,
                record=0,
                manager=BALANCER_VAULT,
            )
            for one in self.weighted
        )
