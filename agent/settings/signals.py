"""Settings of the signals: where they come from, who may sign them, and when they may be acted on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from eth_utils.address import is_checksum_address
from pydantic import AfterValidator, Field, model_validator

from agent.settings.fields import Section

DAY_S = 86_400


def _signing_key(text: str) -> str:
    scheme, _, rest = text.partition(":")
    is_ed25519 = scheme == "ed25519" and re.fullmatch(r"[0-9a-f]{64}", rest)
    if not is_ed25519 and not (scheme == "eip191" and is_checksum_address(rest)):
        raise ValueError(
            'write "ed25519:" and 64 lower case hex digits, or "eip191:" and a checksum address'
        )
    return text


SigningKey = Annotated[str, AfterValidator(_signing_key)]


class SignalSettings(Section):
    """Where the signals come from, and when they may be acted on.

    A place is a file, an http(s) address, or a provider such as `coingecko://`; see `docs/signals.md`.
    With `_agree` 1 the others of a signal are asked where the first has nothing usable, else so many of
    all must agree. Where `keys` lists any, a signal of ours must be signed by one of them. What is
    pushed to `webhook_port` on loopback lies in the directory `inbox`, and is the place `webhook://`.
    """

    ranking: Annotated[str, Field(min_length=1)]
    regime: Annotated[str, Field(min_length=1)]
    ranking_others: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    regime_others: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    ranking_agree: Annotated[int, Field(ge=1, le=20)] = 1
    regime_agree: Annotated[int, Field(ge=1, le=20)] = 1
    keys: tuple[SigningKey, ...] = ()
    webhook_port: Annotated[int, Field(ge=0, le=65_535)] | None = None
    inbox: Path = Path("inbox")
    max_age_s: Annotated[int, Field(ge=60, le=31 * DAY_S)] = 2 * DAY_S
    max_gap_s: Annotated[int, Field(ge=0, le=31 * DAY_S)] = DAY_S
    max_skew_s: Annotated[int, Field(ge=0, le=3_600)] = 120

    @model_validator(mode="after")
    def _pushes_are_signed(self) -> SignalSettings:
        if self.webhook_port is not None and not self.keys:
            raise ValueError("webhook_port is set, list in keys who may sign what is pushed")
        return self

    @model_validator(mode="after")
    def _enough_sources(self) -> SignalSettings:
        for name in ("ranking", "regime"):
            sources, agree = (
                1 + len(getattr(self, f"{name}_others")),
                getattr(self, f"{name}_agree"),
            )
            if agree > sources:
                raise ValueError(f"{name}_agree is {agree} of {sources} sources, lower it")
        return self
