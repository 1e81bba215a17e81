"""The services that the agent speaks to, with what each one allows without a contract."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from agent.adapters.aggregators.kyberswap import KyberSwap
from agent.adapters.aggregators.odos import Odos
from agent.adapters.aggregators.oneinch import OneInch
from agent.adapters.aggregators.openocean import OpenOcean
from agent.adapters.aggregators.restraint import Limits
from agent.adapters.aggregators.velora import Velora
from agent.adapters.aggregators.wires import Wire
from agent.adapters.aggregators.zerox import ZeroX
from agent.domain.offer import Service

WIRES: Mapping[Service, Wire] = MappingProxyType(
    {
        wire.service: wire
        for wire in (ZeroX(), OneInch(), Velora(), KyberSwap(), Odos(), OpenOcean())
    }
)

NEEDS_KEY = frozenset({Service.ZEROX, Service.ONEINCH})

LIMITS: Mapping[Service, Limits] = MappingProxyType(
    {
        # Rates of the free plans and lifetimes as the services state them; where a page says nothing,
        # the shortest that another one does.
        Service.ZEROX: Limits(
            calls_per_s=5, burst=2, calls_per_ladder=200, timeout_s=5, lifetime_s=30
        ),
        Service.ONEINCH: Limits(
            calls_per_s=1, burst=1, calls_per_ladder=60, timeout_s=5, lifetime_s=30
        ),
        Service.VELORA: Limits(
            calls_per_s=1, burst=1, calls_per_ladder=60, timeout_s=5, lifetime_s=30
        ),
        Service.KYBERSWAP: Limits(
            calls_per_s=3, burst=2, calls_per_ladder=200, timeout_s=5, lifetime_s=10
        ),
        Service.ODOS: Limits(
            calls_per_s=1, burst=1, calls_per_ladder=40, timeout_s=6, lifetime_s=60
        ),
        Service.OPENOCEAN: Limits(
            calls_per_s=2, burst=2, calls_per_ladder=120, timeout_s=5, lifetime_s=30
        ),
    }
)
