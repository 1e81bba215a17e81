"""What nodes say when they do not take a transaction, by client and source, and what it means for us."""

import json
from collections import Counter
from pathlib import Path

import pytest

from agent.execution.classifier import Meaning, meaning
from agent.ports import SendAnswer
from anvil.strict.dialects import DIALECTS
from anvil.strict.refusals import Kind

TABLE = json.loads((Path(__file__).parents[1] / "data" / "node_errors.json").read_text())
ERRORS, SOURCES = TABLE["errors"], TABLE["sources"]
CLASSES = {
    *("possibly_ours", "slot_held", "gap", "underfunded"),
    *("fee_too_low", "delegated_pool", "unknown"),
}
CLIENT_OF = {"nethermind-plain": {"nethermind", "geth"}, "relay": {"flashbots", "geth"}}
"""Dialects that have no rows of their own name, and whose words they use."""


def test_the_table_knows_many_words_of_every_client():
    clients = Counter(row["client"] for row in ERRORS)

    assert len(ERRORS) >= 60
    assert {"geth", "nethermind", "besu", "erigon", "reth", "anvil", "flashbots"} <= set(clients)
    assert set(CLASSES) == {row["class"] for row in ERRORS}
    assert len(ERRORS) == len({(row["client"], row["text"]) for row in ERRORS})


def test_every_text_names_where_it_stands():
    for row in ERRORS:
        source = SOURCES[row["source"]]

        assert {"thread"} <= set(source) or {"repository", "path"} <= set(source)


def rows():
    for row in ERRORS:
        yield pytest.param(row, id=f"{row['client']}: {row['text'][:50]}")


@pytest.mark.parametrize("row", list(rows()))
def test_an_error_is_never_taken_for_an_answer_that_it_is_not(row):
    found = meaning(SendAnswer(is_accepted=False, text=row["text"]))

    assert found is not Meaning.ACCEPTED
    assert found is not Meaning.POSSIBLY_OURS or row["class"] == "possibly_ours"


@pytest.mark.parametrize("name", DIALECTS)
def test_the_strict_node_speaks_words_of_the_table(name):
    dialect = DIALECTS[name]
    clients = CLIENT_OF.get(name, {name})
    known = {
        (row["code"], text) for row in ERRORS if row["client"] in clients for text in [row["text"]]
    }
    for kind, words in dialect.texts.items():
        if kind in dialect.lax or (kind, dialect.max_nonce_distance) == (Kind.NONCE_TOO_HIGH, None):
            continue  # it has no such rule
        code, text = (dialect.code, words) if isinstance(words, str) else words
        head = text.split("{")[0]

        assert any(said.startswith(head) and c in {code, None} for c, said in known), (kind, text)
