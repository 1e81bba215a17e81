"""Which aggregators are asked, with which keys, and which routers may run what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, SecretStr, model_validator

from agent.domain.offer import Service
from agent.settings.fields import AddressSetting, Section, UrlSetting

NEEDS_KEY = frozenset({Service.ZEROX, Service.ONEINCH})
"""The services that answer nobody without an account."""

CodeHash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]


class AggregatorSettings(Section):
    """Aggregators beside the pools; none by default.

    A ladder is asked for `sizes` sizes of each of at most `orders` orders and ends after `deadline_s`
    with whatever came. `code_hashes` pins routers: one whose code is another, or that has no pin, is
    not called. `urls` replaces a service's own address.
    """

    services: tuple[Service, ...] = ()
    deadline_s: Annotated[int, Field(ge=1, le=300)] = 20
    sizes: Annotated[int, Field(ge=1, le=8)] = 3
    orders: Annotated[int, Field(ge=1, le=500)] = 100
    keys: Mapping[Service, SecretStr] = {}
    urls: Mapping[Service, UrlSetting] = {}
    code_hashes: Mapping[AddressSetting, CodeHash] = {}

    @model_validator(mode="after")
    def _services_can_be_asked(self) -> AggregatorSettings:
        if len(set(self.services)) < len(self.services):
            raise ValueError("services names one twice, name each once")
        lacking = [service for service in self.services if service in NEEDS_KEY - set(self.keys)]
        if lacking:
            raise ValueError(
                f"{lacking[0]} wants a key: set aggregators.keys, or a credential {lacking[0]}-key"
            )
        return self
