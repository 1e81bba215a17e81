"""The settings of the channels to the operators: where they are, and what each is told."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator, model_validator

from agent.domain.notice import ChannelRules, Level, QuietHours
from agent.settings.fields import Section

ChannelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
HourSetting = Annotated[int, Field(ge=0, le=23)]


class NotifySettings(Section):
    """Channels by name, each an Apprise address; `level` is the least that a channel is told."""

    channels: Mapping[ChannelName, SecretStr] = {}
    level: Level = Level.INFO
    level_by_channel: Mapping[ChannelName, Level] = {}
    quiet_from_hour: HourSetting = 0
    quiet_to_hour: HourSetting = 0

    @field_validator("channels", mode="before")
    @classmethod
    def _from_credential(cls, urls: Any) -> Any:  # noqa: ANN401 - whatever was written
        if not isinstance(urls, str):
            return urls
        try:
            return tomllib.loads(urls)
        except tomllib.TOMLDecodeError:
            raise ValueError('write lines of: name = "address"') from None  # the cause shows them

    @model_validator(mode="after")
    def _channels_exist(self) -> NotifySettings:
        for name in sorted(self.level_by_channel.keys() - self.channels.keys()):
            raise ValueError(f"level_by_channel names {name}, add it to channels or drop it here")
        return self

    def rules(self) -> Mapping[str, ChannelRules]:
        """Return what each channel is told."""
        quiet = QuietHours(begins=self.quiet_from_hour, ends=self.quiet_to_hour)
        return {
            name: ChannelRules(least=self.level_by_channel.get(name, self.level), quiet=quiet)
            for name in self.channels
        }
