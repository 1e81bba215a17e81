"""`agent init`: what a new deployment starts with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agent.cli.frame import console
from agent.errors import SettingsError
from agent.log.keys import create_key
from agent.settings import settings_template

SETTINGS_NAME = "agent.toml"
KEY_NAME = "checkpoint.pem"


def write_deployment(directory: Path, given: Mapping[str, str]) -> None:
    """Write the settings file and the checkpoint key pair into `directory`; overwrite nothing."""
    target = directory / SETTINGS_NAME
    if target.exists():
        raise SettingsError(
            field="DIRECTORY", value=str(target), mend="it exists already: edit it, or name another"
        )
    directory.mkdir(parents=True, exist_ok=True)
    key = create_key(directory / KEY_NAME)
    with target.open("x", encoding="utf-8") as file:
        file.write(settings_template({**given, "checkpoint_key": KEY_NAME}))
    screen = console()
    screen.print(f"wrote {target}", soft_wrap=True)
    screen.print(
        f"wrote {directory / KEY_NAME} and its public half, key {key.public.key_id}", soft_wrap=True
    )
    screen.print("next: fill in what is marked FILL IN, then run agent check")
