"""Every branch of the contracts' test trees has its test, and every test its branch."""

import re

import pytest

from contracts.artifacts import HERE

SOURCES = sorted((HERE / "test").glob("*.t.sol"))
LEAF = re.compile(r"\(((?:test|invariant)\w+)\)")
TEST = re.compile(r"function ((?:test|invariant)\w+)\(")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_tree_and_tests_match(source):
    leaves = LEAF.findall(source.with_name(source.name.replace(".t.sol", ".tree")).read_text())

    assert sorted(leaves) == sorted(TEST.findall(source.read_text()))
