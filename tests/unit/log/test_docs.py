"""The verifier in docs/log.md works: the page is enough to write one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from agent.domain.intent import NEXT_STATES, SIGNABLE
from agent.domain.record import RecordKind
from tests.exports import export_of

PAGE = (Path(__file__).parents[3] / "docs" / "log.md").read_text()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("audit")
    data, _ = export_of(home, weeks=1)
    (home / "log.jsonl").write_bytes(data)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (home / "audit.py").write_text(code)
    return home


def audit(home: Path, data: bytes) -> subprocess.CompletedProcess[str]:
    (home / "audited.jsonl").write_bytes(data)
    return subprocess.run(
        [sys.executable, "audit.py", "audited.jsonl", "checkpoint.pub"],
        cwd=home, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_it_passes_a_genuine_export(home: Path) -> None:
    said = audit(home, (home / "log.jsonl").read_bytes())

    assert (said.stdout, said.stderr) == ("24 records, closed at block 90\n", "")


def test_it_refuses_a_damaged_export(home: Path) -> None:
    data = bytearray((home / "log.jsonl").read_bytes())
    at = data.index(b'"note":"as planned"') + 10
    data[at] ^= 1

    said = audit(home, bytes(data))
    assert said.returncode == 1
    assert "record 24 was changed" in said.stderr


def test_every_kind_of_record_is_described() -> None:
    assert {kind for kind in RecordKind if f"| `{kind}` |" not in PAGE} == set()


def test_the_arrows_are_the_agents() -> None:
    block = PAGE[PAGE.index("    intent -> ") : PAGE.index("`final_ok` needs")]
    arrows = {
        (state, target)
        for state, targets in re.findall(r"(\w+) -> ((?:\w+(?: \([^)]*\))?(?:, )?)+)", block)
        for target in re.sub(r" \([^)]*\)", "", targets).split(", ")
    }

    assert arrows == {(s.value, t.value) for s, targets in NEXT_STATES.items() for t in targets}
    assert {s.value for s in SIGNABLE} == {"reserved", "signed", "in_doubt", "seen"}
