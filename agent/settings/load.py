"""Reading the settings: the file, the credentials and the environment, and what is wrong with them."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError as UnreadableValueError

from agent.domain.offer import Service
from agent.errors import InvalidSettingsError, SettingsError
from agent.settings.model import ENV_DELIMITER, ENV_PREFIX, Settings

PLACES = (Path("agent.toml"), Path("/etc/agent/agent.toml"))
PATH_KEYS = (
    ("signals", "ranking"),
    ("signals", "regime"),
    ("signals", "ranking_others"),
    ("signals", "regime_others"),
    ("signals", "inbox"),
    ("key", "keystore"),
    ("key", "password_file"),
    ("ledger", "path"),
    ("log", "checkpoint_key"),
)
CREDENTIAL_FILES = {
    "keystore": ("key", "keystore"),
    "keystore-password": ("key", "password_file"),
    "checkpoint-key": ("log", "checkpoint_key"),
}
PROVIDERS = ("coingecko", "coinmarketcap", "coinpaprika", "tokenmetrics")
CREDENTIAL_VALUES = {
    "rpc-url": ("chain", "rpc_url"),
    "channels": ("notify", "channels"),
    **{f"{p}-key": ("feeds", f"{p}_key") for p in PROVIDERS},
}
SERVICE_KEY = "{service}-key"
"""The credential that holds the key of an aggregator."""

SECRETS = {
    ("aggregators", "keys"),
    ("aggregators", "urls"),
    ("ledger", "url"),
    ("chain", "rpc_url"),
    ("chain", "rpc_urls"),
    ("chain", "private_rpc_urls"),
    *(("feeds", f"{p}_{what}") for p in PROVIDERS for what in ("key", "url")),
    ("notify", "channels"),
}

Tree = dict[str, Any]


def load_settings(path: Path | None = None) -> Settings:
    """Return the settings of `path` (by default the first of `PLACES`), credentials and environment.

    Paths in the file are relative to the file.

    Raises:
        SettingsError: there is no file, or it is not TOML.
        InvalidSettingsError: names everything that is wrong with the values.
    """
    file = find_settings_file(path)
    tree = _with_credentials(_read_file(file), os.environ.get("CREDENTIALS_DIRECTORY"))
    strays = tuple(_stray_variables(os.environ))
    try:
        settings = Settings(**tree)
    except ValidationError as error:
        found = tuple(_setting_error(detail) for detail in error.errors(include_url=False))
        raise InvalidSettingsError(errors=strays + found) from None  # the cause shows secrets
    except UnreadableValueError as error:
        raise SettingsError(
            field=str(error), value="environment", mend="write it as JSON"
        ) from None
    if strays:
        raise InvalidSettingsError(errors=strays)
    return settings


def find_settings_file(path: Path | None = None) -> Path:
    """Return the settings file to read."""
    candidates = PLACES if path is None else (path,)
    found = next((p for p in candidates if p.is_file()), None)
    if found is None:
        raise SettingsError(
            field="--settings",
            value=" or ".join(str(p) for p in candidates),
            mend="there is no such file: write one with agent init",
        )
    return found


def _read_file(path: Path) -> Tree:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            field="--settings", value=str(path), mend=f"not TOML: {error}"
        ) from error
    except OSError as error:
        raise SettingsError(
            field="--settings", value=str(path), mend=f"not readable: {error.strerror}"
        ) from error
    for section, key in PATH_KEYS:
        part = tree.get(section)
        if isinstance(part, dict) and key in part:
            part[key] = _beside(path, part[key])
    return tree


def _beside(file: Path, value: object) -> object:
    """Return a path, or each of a list, relative to the directory of a file; addresses stay as they are."""
    if isinstance(value, list):
        return [_beside(file, item) for item in value]
    if not isinstance(value, str) or "://" in value:
        return value
    return str(file.absolute().parent / Path(value).expanduser())


def _with_credentials(tree: Tree, directory: str | None) -> Tree:
    """Return the tree with what systemd's LoadCredential= put into `directory` over it."""
    if directory is None:
        return tree
    given = {p.name: p for p in Path(directory).iterdir()}
    for name, (section, key) in CREDENTIAL_FILES.items():
        if name in given:
            tree.setdefault(section, {})[key] = str(given[name])
    for name, (section, key) in CREDENTIAL_VALUES.items():
        if name in given:
            tree.setdefault(section, {})[key] = given[name].read_text(encoding="utf-8").strip()
    for service in Service:
        name = SERVICE_KEY.format(service=service)
        if name in given:
            keys = tree.setdefault("aggregators", {}).setdefault("keys", {})
            keys[service.value] = given[name].read_text(encoding="utf-8").strip()
    return tree


def _stray_variables(environ: Mapping[str, str]) -> Iterator[SettingsError]:
    """Yield an error for each `AGENT_X__Y` whose section does not exist: it would set nothing."""
    for name in sorted(environ):
        section, delimiter, _ = name.removeprefix(ENV_PREFIX).partition(ENV_DELIMITER)
        is_ours = name.startswith(ENV_PREFIX) and delimiter
        if is_ours and section.lower() not in Settings.model_fields:
            mend = _unknown((section.lower(),), Settings.model_fields)
            yield SettingsError(field=name, value="(environment)", mend=mend)


def _setting_error(detail: ErrorDetails) -> SettingsError:
    location = detail["loc"]
    value = "(secret)" if location[:2] in SECRETS else detail["input"]
    match detail["type"]:
        case "missing":
            value, mend = "(missing)", "add it"
        case "extra_forbidden":
            mend = _unknown(location, _known_keys(location[:-1]))
        case "value_error":
            mend = str(detail["ctx"]["error"])
            value = value if isinstance(value, str | int) else "(section)"
        case _:
            mend = detail["msg"][0].lower() + detail["msg"][1:]
    return SettingsError(field=".".join(map(str, location)), value=_short(value), mend=mend)


def _short(value: object) -> object:
    text = str(value)
    return value if len(text) <= 80 else text[:77] + "..."  # noqa: PLR2004 - a line of a terminal


def _unknown(location: tuple[int | str, ...], known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"unknown key, did you mean {near[0]}?" if near else "unknown key, remove it"


def _known_keys(location: tuple[int | str, ...]) -> Mapping[str, object]:
    model: Any = Settings
    for part in location:
        model = model.model_fields[part].annotation
        model = next((m for m in (model, *get_args(model)) if _is_section(m)), model)
    return model.model_fields if _is_section(model) else {}


def _is_section(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
