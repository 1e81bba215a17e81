"""Regime signals: the published format, and a source that reads it from a file or address."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from agent.adapters.envelope import opened
from agent.adapters.http import ByteSource
from agent.adapters.wire import Body, BodyError, Probability, Sequence, Text, Timestamp, parse_body
from agent.domain.signal import Regime, RegimeSignal
from agent.domain.signal_rules import SignalLimits, check_expiry, check_time
from agent.errors import SignalError, SignalRefusedError


class RegimeBody(Body):
    """Where the market is said to stand, and how surely."""

    schema_: Annotated[Literal["agent.regime/1"], Field(alias="schema")]
    issued_at: Timestamp
    source: Annotated[Text, Field(description="who made the signal")]
    sequence: Sequence | None = None
    expires_at: Timestamp | None = None
    regime: Annotated[Regime, Field(strict=False)]
    probability: Annotated[Probability, Field(description="of the regime named, from 0 to 1")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeReader:
    """A `SignalSource` over bytes from anywhere."""

    source: ByteSource
    limits: SignalLimits
    keys: Collection[str] = ()

    @property
    def name(self) -> str:
        return self.source.name

    def fetch_regime(self, *, now: datetime) -> tuple[RegimeSignal, bytes]:
        raw = self.source.read()
        try:
            signal = parse_regime(raw, source=self.name, keys=self.keys)
            check_expiry(signal.expires_at, source=self.name, now=now)
            check_time(signal.issued_at, source=self.name, now=now, limits=self.limits)
        except SignalError as error:
            error.raw = raw
            raise
        return signal, raw


def parse_regime(raw: bytes, *, source: str, keys: Collection[str] = ()) -> RegimeSignal:
    """Return the regime signal in `raw`.

    Raises:
        SignalRefusedError: names the first field that is wrong, its value and the mend.
    """
    try:
        envelope = opened(raw, keys=keys)
        body = parse_body(RegimeBody, envelope.body)
    except BodyError as error:
        raise SignalRefusedError(
            source=source, field=error.field, value=error.value, mend=error.mend
        ) from error
    return RegimeSignal(
        regime=body.regime,
        probability=body.probability,
        issued_at=body.issued_at,
        source=body.source,
        sha256=hashlib.sha256(raw).hexdigest(),
        sequence=body.sequence,
        expires_at=body.expires_at,
        signed_by=envelope.signed_by,
    )


def regime_schema() -> bytes:
    """Return the published JSON Schema of a regime signal."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **RegimeBody.model_json_schema(),
        "title": "Regime",
    }
    return json.dumps(schema, indent=2).encode() + b"\n"
