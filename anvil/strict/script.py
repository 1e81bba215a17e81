"""When what goes wrong: a schedule of faults and acts, by call or by block."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from anvil.strict.faults import SENDS, Act, Fault, ScriptError, parsed

SEND = "eth_sendRawTransaction"


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The moment of a rule.

    With a `method`: its calls from the `call`-th on, `times` of them, at one `endpoint` or any (-1),
    counted from when the chain has grown by `block` blocks. Without one: that growth itself.
    """

    method: str = ""
    call: int = 1
    times: int = 1
    endpoint: int = -1
    block: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What happens when."""

    when: When
    do: Fault | Act


class Script:
    """Follows a schedule: says for each call which fault befalls it and which acts precede it."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._calls: Counter[int] = Counter()
        self._grown = 0
        self._done: set[int] = set()

    def grow(self, blocks: int) -> list[Act]:
        """Note how many blocks there have been, and return the acts that are due for it."""
        self._grown = max(self._grown, blocks)
        due: list[Act] = []
        for i, rule in enumerate(self.rules):
            if not rule.when.method and i not in self._done and rule.when.block <= self._grown:
                self._done.add(i)
                if isinstance(rule.do, Act):
                    due.append(rule.do)
        return due

    def call(self, method: str, endpoint: int) -> tuple[list[Act], Fault | None]:
        """Count a call, and return the acts that come before it and the fault that befalls it."""
        acts: list[Act] = []
        fault: Fault | None = None
        for i, rule in enumerate(self.rules):
            if not self._is_meant(rule.when, method, endpoint):
                continue
            self._calls[i] += 1
            if not rule.when.call <= self._calls[i] < rule.when.call + rule.when.times:
                continue
            if isinstance(rule.do, Act):
                acts.append(rule.do)
            elif fault is None:
                fault = rule.do
        return acts, fault

    def _is_meant(self, when: When, method: str, endpoint: int) -> bool:
        return (
            when.method in {method, "*"}
            and when.endpoint in {-1, endpoint}
            and when.block <= self._grown
        )


def load_script(path: Path) -> list[Rule]:
    """Return the rules in a file: a JSON array of `{"when": {...}, "do": {...}}`; raises ScriptError."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ScriptError(f"{path}: {error}") from error
    return rules_of(document)


def rules_of(document: Any) -> list[Rule]:  # noqa: ANN401 - JSON
    """Return the rules that a JSON array means; raises ScriptError naming what is wrong and where."""
    if not isinstance(document, list):
        raise ScriptError("write an array of rules")
    return [_rule(entry, where=f"[{i}]") for i, entry in enumerate(document)]


def _rule(entry: Any, *, where: str) -> Rule:  # noqa: ANN401 - JSON
    if not isinstance(entry, dict) or set(entry) != {"when", "do"}:
        raise ScriptError(f'{where}: write {{"when": ..., "do": ...}}')
    rule = Rule(
        when=_when(entry["when"], where=f"{where}.when"),
        do=parsed(entry["do"], where=f"{where}.do"),
    )
    if not rule.when.method and not isinstance(rule.do, Act):
        raise ScriptError(f"{where}.when.method is missing: a fault befalls the calls of one")
    if isinstance(rule.do, SENDS) and rule.when.method != SEND:
        raise ScriptError(f"{where}.when.method = {rule.when.method!r}: this befalls {SEND} only")
    return rule


def _when(given: Any, *, where: str) -> When:  # noqa: ANN401 - JSON
    kinds = {field.name: str if field.name == "method" else int for field in fields(When)}
    if not isinstance(given, dict) or not given:
        raise ScriptError(f"{where} = {given!r}: name a method or a block")
    for name, value in given.items():
        if name not in kinds:
            raise ScriptError(f"{where}.{name} is not known: {', '.join(kinds)} are")
        if not isinstance(value, kinds[name]) or isinstance(value, bool):
            raise ScriptError(f"{where}.{name} = {value!r}: write a {kinds[name].__name__}")
    return When(**given)
