"""JSON from files that nobody vouches for: parsed safely, then read field by field.

Checks go by fields rather than by today's classes: logs are kept for years, and classes grow.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import from_json

from agent.errors import LogVerificationError

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)")


def parsed(raw: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return a JSON value; ValueError where there is none, or one nested so deep that it is an attack."""
    return from_json(raw, allow_inf_nan=False)


class Tree:
    """A JSON object at a place that errors name."""

    def __init__(self, value: Any, *, where: str) -> None:  # noqa: ANN401 - any JSON
        """Wrap whatever a file held."""
        self.value = value
        self.where = where

    def at(self, *path: str) -> Any:  # noqa: ANN401 - any JSON
        """Return what stands at a path."""
        found = self.value
        for name in path:
            if not isinstance(found, dict) or name not in found:
                raise self.wrong(f"it has no {'.'.join(path)}")
            found = found[name]
        return found

    def text(self, *path: str) -> str:
        found = self.at(*path)
        if not isinstance(found, str):
            raise self.wrong(f"{'.'.join(path)} is not text")
        return found

    def number(self, *path: str) -> int:
        found = self.text(*path)
        if not NUMBER.fullmatch(found):
            raise self.wrong(f"{'.'.join(path)} is not a number")
        return int(found)

    def data(self, *path: str) -> bytes:
        found = self.text(*path)
        try:
            return bytes.fromhex(found.removeprefix("0x"))
        except ValueError:
            raise self.wrong(f"{'.'.join(path)} is not hexadecimal") from None

    def trees(self, *path: str) -> list[Tree]:
        found = self.at(*path)
        if not isinstance(found, list):
            raise self.wrong(f"{'.'.join(path)} is not a list")
        return [Tree(item, where=self.where) for item in found]

    def must(self, what: str, found: object, wanted: object) -> None:
        """Raise unless both are equal."""
        if found != wanted:
            raise self.wrong(f"{what} is {found}, it must be {wanted}")

    def wrong(self, reason: str) -> LogVerificationError:
        return LogVerificationError(where=self.where, reason=reason)
