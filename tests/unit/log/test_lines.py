"""Lines of an export: one way to write each, and no other that is read."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.bodies import Halted
from agent.domain.record import Checkpoint
from agent.domain.units import Address
from agent.errors import LogVerificationError
from agent.log.lines import Content, Header, Line, line_bytes, read_line
from agent.log.records import EMPTY, head_after, record_after, record_hash
from tests.logbook import START

HEADER = Header(format="agent.log/1", origin="index ü €", closed_by="ab" * 32)
RECORD = record_after(
    EMPTY,
    Halted(error="E", reason='say "\\\n\x00\x1f\x7f\u2028 \U0001f600"'),
    cycle_id="c",
    at=START,
)
CHECKPOINT = Checkpoint(
    origin="index", size=1, head="ab" * 32, at="2026-11-23T00:00:00Z", chain_id=1, block_number=2,
    block_hash="0xab", account=Address("0xcd"), first_nonce=3, next_nonce=4, previous="0" * 64,
    key_id="00", signature="ff",
)  # fmt: skip


def content(data: bytes) -> Content:
    return Content(sha256=hashlib.sha256(data).hexdigest(), data=data)


@pytest.mark.parametrize(
    "line", [HEADER, RECORD, CHECKPOINT, content(b"text"), content(b"\xff\x00"), content(b"")]
)
def test_what_is_written_is_read(line: Line) -> None:
    raw = line_bytes(line)

    assert read_line(raw, number=1) == line
    assert raw.endswith(b"}\n")
    assert raw.count(b"\n") == 1


@given(st.binary(max_size=80))
def test_any_content_survives(data: bytes) -> None:
    assert read_line(line_bytes(content(data)), number=1) == content(data)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_words_survive(one: str, other: str) -> None:
    body = Halted(
        error=one.encode("utf-8", "ignore").decode(),
        reason=other.encode("utf-8", "ignore").decode(),
    )
    record = record_after(EMPTY, body, cycle_id="c", at=START)

    assert read_line(line_bytes(record), number=1) == record
    assert head_after(EMPTY, record).hash == record.hash


def test_a_records_line_is_its_canonical_json() -> None:
    tree = json.loads(line_bytes(RECORD))["record"]

    assert sorted(tree) == list(tree)
    assert tree.pop("hash") == record_hash(RECORD)
    preimage = json.dumps(tree, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(preimage).hexdigest() == RECORD.hash


def test_text_is_for_people_to_read() -> None:
    assert b'"text":"{\\"a\\":1}"' in line_bytes(content(b'{"a":1}'))
    assert b'"base64":"/w=="' in line_bytes(content(b"\xff"))


@pytest.mark.parametrize(
    "raw",
    [
        b"\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b'{"note":{}}\n',
        b'{"header":{},"record":{}}\n',
        b'{"header":[]}\n',
        b'{"header":{"format":"agent.log/1","origin":"x"}}\n',
        b'{"record":[]}\n',
        b'{"record":{}}\n',
        b'{"content":{"sha256":"x"}}\n',
        b'{"content":{"sha256":"x","base64":"/w="}}\n',
        b'{"content":{"sha256":"x","base64":"_w=="}}\n',
        b'{"content":{"sha256":["x"],"text":"y"}}\n',
        b'{"content":{"sha256":"x","text":5}}\n',
        b'{"content":{"sha256":"x","text":"\\ud800"}}\n',
        b'{"checkpoint":5}\n',
        b"\xff\n",
        b"[" * 200_000 + b"\n",
        b"1" * 10_000 + b"\n",
        b'{"header":NaN}\n',
        line_bytes(RECORD).replace(b'"halt"', b'"party"'),
        line_bytes(RECORD).replace(b'"seq":"1"', b'"seq":"x"'),
        line_bytes(RECORD).replace(b'"seq":"1"', b'"seq":1'),
        line_bytes(RECORD).replace(b'"cycle_id":"c"', b'"cycle_id":{}'),
        line_bytes(RECORD).replace(b'"error":"E"', b'"error":1e999'),
        line_bytes(CHECKPOINT).replace(b'"size":"1"', b'"size":"one"'),
    ],
)  # fmt: skip
def test_what_is_no_line_is_refused(raw: bytes) -> None:
    with pytest.raises(LogVerificationError, match="at line 7: it is not"):
        read_line(raw, number=7)


@pytest.mark.parametrize(
    "raw",
    [
        line_bytes(HEADER).replace(b"{", b"{ ", 1),
        line_bytes(HEADER).replace("ü".encode(), b"\\u00fc"),
        line_bytes(RECORD).replace(b'"seq":"1"', b'"seq":"01"'),
        line_bytes(RECORD).replace(b'"seq":"1"', b'"seq":" 1"'),
        line_bytes(RECORD).replace(b'"kind":"halt"', b'"kind":"halt","kind":"halt"'),
        line_bytes(CHECKPOINT).replace(b'"size":"1"', b'"size":"+1"'),
        line_bytes(content(b"\xff")).replace(b"/w==", b"/x=="),
        b'{"content":{"base64":"YQ==","sha256":"x"}}\n',
        b'{"content":{"extra":"","sha256":"x","text":"y"}}\n',
    ],
)  # fmt: skip
def test_a_line_is_written_in_one_way(raw: bytes) -> None:
    with pytest.raises(LogVerificationError, match="at line 7: it is not in canonical form"):
        read_line(raw, number=7)


def test_a_line_without_its_end_is_cut_off() -> None:
    with pytest.raises(LogVerificationError, match="at line 7: the file is cut off here"):
        read_line(line_bytes(HEADER)[:-1], number=7)
