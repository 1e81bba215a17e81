"""What answers to a broadcast mean, over the words of the clients' own sources."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.intent import TxState
from agent.execution.classifier import WORDS, Meaning, meaning
from agent.execution.send_state import state_after
from agent.ports import SendAnswer

ERRORS = json.loads((Path(__file__).parents[1] / "data" / "node_errors.json").read_text())["errors"]


def refused(text):
    return SendAnswer(is_accepted=False, text=text)


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: f"{row['client']}: {row['text'][:60]}")
def test_the_words_of_a_client_have_their_meaning(row):
    assert Meaning(row["class"]) is meaning(refused(row["text"]))


def test_the_table_is_large_and_has_every_meaning():
    assert len({row["text"] for row in ERRORS}) >= 60
    assert {str(m) for m in Meaning} - {"accepted"} == {row["class"] for row in ERRORS}


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: f"{row['client']}: {row['text'][:60]}")
def test_case_does_not_matter(row):
    assert meaning(refused(row["text"])) is meaning(refused(row["text"].upper()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nonce too far in the future", Meaning.GAP),
        ("tx-nonce-too-high", Meaning.GAP),
        ("nonce 9 exceeds next nonce 4", Meaning.GAP),
        ("unknown transaction", Meaning.UNKNOWN),
        ("", Meaning.UNKNOWN),
        ("it does not answer in time\nalready known", Meaning.POSSIBLY_OURS),
        ("nonce too high\nreplacement transaction underpriced", Meaning.SLOT_HELD),
        ("insufficient funds for gas\nnonce too low", Meaning.POSSIBLY_OURS),
    ],
)
def test_other_words_and_several_endpoints(text, expected):
    assert expected is meaning(refused(text))


@given(st.text())
def test_a_text_without_listed_words_is_unknown(text):
    listed = [word for _, words in WORDS for word in words]

    if not any(word.strip("\\b")[:9] in text.lower() for word in listed):
        assert Meaning.UNKNOWN is meaning(refused(text))


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: row["text"][:60])
def test_no_refusal_ends_doubt(row):
    assert TxState.IN_DOUBT is state_after(refused(row["text"]))
