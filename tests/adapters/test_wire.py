"""Exact JSON and the field types shared by signals and data files."""

import sys
from decimal import Decimal

import pytest

from agent.adapters.wire import Body as _Body
from agent.adapters.wire import BodyError, PositiveUsd, exact_json, parse_body, path_of


class Amount(_Body):
    usd: PositiveUsd


def usd(text: str) -> Decimal:
    return parse_body(Amount, b'{"usd": ' + text.encode() + b"}").usd


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"0.1"', "0.1"),
        ("0.1", "0.1"),
        ("1900000000000", "1900000000000"),
        ("1.9e12", "1.9e12"),
        ("0.30000000000000004441", "0.30000000000000004441"),
        ('"12345678901234567.123456789012345678"', "12345678901234567.123456789012345678"),
    ],
)
def test_numbers_and_strings_are_read_to_the_last_digit(text, expected):
    assert Decimal(expected) == usd(text)


@pytest.mark.parametrize(
    "text",
    [
        '"NaN"', '"Infinity"', '"-1"', "-1", "0", '"0"', "1e400", '"1e12"', '"1_000"', '" 1"',
        '"\\u0661"', '""', "true", "null", "[1]", "1e-400", "0." + "1" * 60, '"1."',
    ],
)  # fmt: skip
def test_what_is_no_plain_positive_amount_is_refused_with_its_path(text):
    with pytest.raises(BodyError) as caught:
        usd(text)

    assert "usd" == caught.value.field


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"nul", b'{"a": NaN}', b'{"a": -Infinity}', b"\xff\xfe", b"[" * 100_000,
        b'{"a": 1, "a": 2}', b"1" * 5_000, b"1e99999999999999999999", b"{} {}",
    ],
)  # fmt: skip
def test_what_is_not_exact_json_is_refused(raw):
    with pytest.raises(BodyError) as caught:
        exact_json(raw)

    assert "body" == caught.value.field
    assert caught.value.mend.startswith("send valid JSON")


def test_a_byte_order_mark_is_tolerated():
    assert {"a": 1} == exact_json(b'\xef\xbb\xbf{"a": 1}')


def test_a_path_is_one_line_whatever_the_keys_are():
    assert "rows[3].rank" == path_of(("rows", 3, "rank"))
    assert "\n" not in path_of(("rows", "a\nb"))
    assert 120 == len(path_of(("x" * 500,)))


def test_deep_nesting_is_refused_whatever_the_recursion_limit():
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10**7)
    try:
        with pytest.raises(BodyError, match="send valid JSON"):
            exact_json(b"[" * 1_000_000)
    finally:
        sys.setrecursionlimit(before)
