"""Channels to the operators through Apprise: mail, Slack, Telegram, Discord, ntfy, webhooks and more."""

from __future__ import annotations

import logging

from apprise import Apprise, NotifyFormat, NotifyType
from pydantic import SecretStr

from agent.domain.notice import Level, Notice
from agent.errors import MessengerUnavailableError, SettingsError

TYPE_BY_LEVEL = {
    Level.INFO: NotifyType.INFO,
    Level.WARNING: NotifyType.WARNING,
    Level.ERROR: NotifyType.FAILURE,
}
# Their words may hold the channel's address, and that its password or token.
TALKATIVE = ("apprise", "requests", "urllib3")


class AppriseMessenger:
    """One channel, named in the settings; its address is a secret."""

    def __init__(self, name: str, url: SecretStr) -> None:
        """Take an Apprise address, such as ntfys://host/topic.

        Raises:
            SettingsError: Apprise knows no such service, or the address lacks a part.
        """
        for library in TALKATIVE:
            logging.getLogger(library).setLevel(logging.CRITICAL + 1)
        self._name, self._apprise = name, Apprise()
        if not self._apprise.add(url.get_secret_value()):
            raise SettingsError(
                field=f"notify.channels.{name}",
                value="(secret)",
                mend="write an Apprise address, such as ntfys://ntfy.sh/my-topic",
            )

    @property
    def name(self) -> str:
        return self._name

    def send(self, notice: Notice) -> None:
        taken = self._apprise.notify(
            title=notice.title,
            body=notice.body,
            notify_type=TYPE_BY_LEVEL[notice.level],
            body_format=NotifyFormat.TEXT,
        )
        if not taken:
            raise MessengerUnavailableError(
                channel=self._name, reason="it did not take the notice, or could not be reached"
            )
