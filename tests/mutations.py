"""Seeded ways to damage or forge an export without its checkpoint key; none may pass verification."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from typing import Any

import rlp  # type: ignore[import-untyped]

from agent.domain.canonical import canonical_bytes
from agent.domain.record import RecordKind
from agent.log.records import RawRecord
from tests.exports import Export, bodied

ALIKE = ("0123456789", "abcdef", "ABCDEF", "ghijklmnopqrstuvwxyz", '{}[]":,')
"""Bytes that may stand for one another without a parser noticing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A file that is not the export; `line` is the one that was touched, where it was one."""

    name: str
    data: bytes
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A genuine export, and another log that the same key closed."""

    ours: bytes
    theirs: bytes

    @property
    def lines(self) -> list[bytes]:
        return list(BytesIO(self.ours))

    @property
    def their_lines(self) -> list[bytes]:
        return list(BytesIO(self.theirs))


taken_apart = cache(Export.of)

Mutate = Callable[[random.Random, Material], Mutation]


def _joined(name: str, lines: list[bytes], *, line: int | None = None) -> Mutation:
    return Mutation(name=name, data=b"".join(lines), line=line)


def _touched(
    rng: random.Random, material: Material, change: Callable[[bytearray, int], None], name: str
) -> Mutation:
    """Change one byte of one line; lines are chosen evenly by kind, so that short ones get their share."""
    lines = material.lines
    kinds = sorted({line[:6] for line in lines})
    kind = rng.choice(kinds)
    index = rng.choice([n for n, line in enumerate(lines) if line.startswith(kind)])
    line = bytearray(lines[index])
    change(line, rng.randrange(len(line)))
    return _joined(name, [*lines[:index], bytes(line), *lines[index + 1 :]], line=index + 1)


def flip_bit(rng: random.Random, material: Material) -> Mutation:
    def change(line: bytearray, at: int) -> None:
        line[at] ^= 1 << rng.randrange(8)

    return _touched(rng, material, change, "flip_bit")


def change_character(rng: random.Random, material: Material) -> Mutation:
    def change(line: bytearray, at: int) -> None:
        alike = next((a for a in ALIKE if chr(line[at]) in a), ALIKE[0] + chr(line[at]))
        line[at] = ord(rng.choice([c for c in alike if ord(c) != line[at]]))

    return _touched(rng, material, change, "change_character")


def insert_byte(rng: random.Random, material: Material) -> Mutation:
    def change(line: bytearray, at: int) -> None:
        line.insert(at, rng.choice(b' \n\t0a"{}\\\x00\xff'))

    return _touched(rng, material, change, "insert_byte")


def delete_bytes(rng: random.Random, material: Material) -> Mutation:
    def change(line: bytearray, at: int) -> None:
        del line[at : at + rng.choice((1, 1, 2, 8, 64))]

    return _touched(rng, material, change, "delete_bytes")


def rewrite_form(rng: random.Random, material: Material) -> Mutation:
    """Write a line in another way that says the same."""
    lines = material.lines
    index = rng.randrange(len(lines))
    tree = json.loads(lines[index])
    forms = (
        json.dumps(tree, sort_keys=True).encode(),
        json.dumps(tree, indent=rng.randrange(3), sort_keys=True).replace("\n", "").encode(),
        lines[index].rstrip() + b" ",
        b" " + lines[index].rstrip(),
        lines[index].rstrip() + b"\r",
        b"\xef\xbb\xbf" + lines[index].rstrip(),
        lines[index].rstrip().replace(b"e", b"\\u0065", 1),
    )
    line = rng.choice(forms) + b"\n"
    return _joined("rewrite_form", [*lines[:index], line, *lines[index + 1 :]], line=index + 1)


def drop_lines(rng: random.Random, material: Material) -> Mutation:
    lines = material.lines
    start = rng.randrange(len(lines))
    del lines[start : start + rng.choice((1, 1, 1, 2, 5, 24))]
    return _joined("drop_lines", lines)


def duplicate_line(rng: random.Random, material: Material) -> Mutation:
    lines = material.lines
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
    return _joined("duplicate_line", lines)


def swap_lines(rng: random.Random, material: Material) -> Mutation:
    lines = material.lines
    one = rng.randrange(len(lines) - 1)
    other = rng.choice((one + 1, rng.randrange(len(lines))))
    if one == other:
        other = one + 1
    lines[one], lines[other] = lines[other], lines[one]
    return _joined("swap_lines", lines)


def truncate(rng: random.Random, material: Material) -> Mutation:
    if rng.random() < 0.5:
        return Mutation(name="truncate", data=material.ours[: rng.randrange(len(material.ours))])
    lines = material.lines
    return _joined("truncate", lines[: rng.randrange(len(lines))])


def splice(rng: random.Random, material: Material) -> Mutation:
    """Put lines of another log of the same key into ours."""
    ours, theirs = material.lines, material.their_lines
    at, their_at = rng.randrange(1, len(ours)), rng.randrange(len(theirs))
    spliced = (
        ours[:at] + theirs[at:],
        theirs[:at] + ours[at:],
        [*ours[:at], theirs[min(at, len(theirs) - 1)], *ours[at + 1 :]],
        [*ours[:at], theirs[their_at], *ours[at:]],
        ours + theirs,
        ours[:-1] + theirs[-1:],
        theirs[:1] + ours[1:],
    )
    return _joined("splice", rng.choice(spliced))


def rewrite_history(rng: random.Random, material: Material) -> Mutation:
    """Change what a record says, or leave it out, and make all hashes fit; only the key is missing."""
    export = taken_apart(material.ours)
    records = list(export.records)
    index = rng.randrange(len(records))
    match rng.choice(("drop", "text", "time", "swap")):
        case "drop":
            del records[index]
        case "text":
            note = str(rng.random())
            records[index] = bodied(records[index], lambda body: body.update({"note": note}))
        case "time":
            at = records[index].at.replace("2026", "2027")
            records[index] = replace(records[index], at=at)
        case _:
            records[index - 1], records[index] = records[index], records[index - 1]
    return Mutation(name="rewrite_history", data=export.chained(records, None).data())


MUTATIONS: Mapping[str, Mutate] = {
    mutate.__name__: mutate
    for mutate in (
        flip_bit, change_character, insert_byte, delete_bytes, rewrite_form, drop_lines,
        duplicate_line, swap_lines, truncate, splice, rewrite_history,
    )
}  # fmt: skip


def mutations(name: str, material: Material, *, seed: int, count: int) -> Iterator[Mutation]:
    """Yield `count` files of one kind of mutation, none of them the genuine one."""
    rng = random.Random(f"{name} {seed}")
    while count:
        mutation = MUTATIONS[name](rng, material)
        if mutation.data not in (material.ours, material.theirs):
            count -= 1
            yield mutation


NONSENSE: tuple[Any, ...] = (
    None, True, "", [], {}, "0x", "-1", "9" * 400, "1" * 80, ["x"], {"a": "b"}, "ü", [[]], "0xff",
)  # fmt: skip


def nonsense(rng: random.Random, export: Export) -> list[RawRecord]:
    """Return the records with one value in one body gone, or something else."""
    records = list(export.records)
    index = rng.randrange(len(records))
    body = json.loads(records[index].body)
    *way, last = rng.choice(list(_paths(body))[1:])
    holder = body
    for step in way:
        holder = holder[step]
    if isinstance(holder, dict) and rng.random() < 0.3:
        del holder[last]
    else:
        holder[last] = rng.choice(NONSENSE)
    records[index] = replace(records[index], body=canonical_bytes(body))
    return records


def malformed(rng: random.Random, export: Export) -> list[RawRecord]:
    """Return the records with the signed bytes of one transaction put together wrongly."""
    records = list(export.records)
    signed = [n for n, record in enumerate(records) if record.kind is RecordKind.SIGNED]
    index = rng.choice(signed)
    body = json.loads(records[index].body)
    fields = rlp.decode(bytes.fromhex(body["attempt"]["raw"][4:]))
    at = rng.randrange(len(fields))
    wrong: tuple[object, ...] = (b"\x00", b"\xff" * 40, [b"a"], b"\x00\x01", [[]])
    fields[at] = rng.choice(wrong)
    body["attempt"]["raw"] = "0x02" + rlp.encode(fields).hex()
    records[index] = replace(records[index], body=canonical_bytes(body))
    return records


def _paths(tree: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield way
    inner: Any = tree.items() if isinstance(tree, dict) else ()
    if isinstance(tree, list):
        inner = enumerate(tree)
    for step, value in inner:
        yield from _paths(value, (*way, step))
