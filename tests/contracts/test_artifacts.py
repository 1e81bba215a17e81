"""The committed artifacts are what the sources compile to."""

import json
import subprocess

import pytest

from contracts.artifacts import CONTRACTS, HERE, TARGET, build

FORGE = HERE.parent / "anvil" / "node_modules" / ".bin" / "forge"


@pytest.fixture(scope="module")
def built():
    return build()


@pytest.mark.parametrize("name", CONTRACTS)
def test_artifact_reproduces_from_source(built, name):
    assert built[name] == (TARGET / f"{name}.json").read_text()


@pytest.mark.parametrize("name", CONTRACTS)
def test_artifact_is_the_code_that_forge_tests(name):
    committed = json.loads((TARGET / f"{name}.json").read_text())
    inspect = [FORGE, "inspect", name, "deployedBytecode"]
    said = subprocess.run(  # noqa: S603 the project's own tool
        inspect, cwd=HERE, capture_output=True, check=True, text=True
    )

    assert committed["deployedBytecode"] == said.stdout.strip()


@pytest.mark.parametrize("name", CONTRACTS)
def test_artifact_fits_into_a_contract(name):
    committed = json.loads((TARGET / f"{name}.json").read_text())

    assert len(committed["deployedBytecode"]) // 2 - 1 <= 24_576
