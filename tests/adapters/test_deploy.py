"""The systemd unit is well-formed, hardened, and made for how the service behaves."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.settings.load import CREDENTIAL_FILES, CREDENTIAL_VALUES
from agent.workflow.engine import LONGEST_DRAIN_S

ROOT = Path(__file__).parent.parent.parent
UNIT = ROOT / "deploy" / "agent.service"

SYSTEMD_ANALYZE = shutil.which("systemd-analyze") or ""

needs_systemd = pytest.mark.skipif(not SYSTEMD_ANALYZE, reason="systemd-analyze is not installed")


def analyzed(*arguments):
    return subprocess.run(  # noqa: S603 - our own arguments
        [SYSTEMD_ANALYZE, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def values(key):
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


@needs_systemd
def test_the_unit_is_exposed_to_little():
    result = analyzed("security", "--offline=true", "--threshold=20", "--no-pager", str(UNIT))

    assert result.returncode == 0, result.stdout
    assert "Overall exposure level" in result.stdout


@needs_systemd
def test_the_unit_is_clean_once_installed(tmp_path):
    installed = tmp_path / UNIT.name
    text = UNIT.read_text().replace("/opt/agent/.venv/bin/python", sys.executable)
    installed.write_text(text.replace("/opt/agent", str(ROOT)))

    result = analyzed("verify", "--man=no", str(installed))

    assert (result.returncode, result.stderr) == (0, "")


def test_compiled_code_may_run():
    assert values("MemoryDenyWriteExecute") == []


def test_systemd_waits_longer_than_the_service_drains():
    assert int(values("TimeoutStopSec")[0]) > LONGEST_DRAIN_S


def test_every_credential_is_one_that_the_settings_know():
    names = {value.partition(":")[0] for value in values("LoadCredential")}

    # The unit asks for what every deployment has; systemd starts no unit with one that is missing.
    assert names == CREDENTIAL_FILES.keys() | {"rpc-url"}
    assert names <= CREDENTIAL_FILES.keys() | CREDENTIAL_VALUES.keys()


def test_by_hand_is_run_what_the_service_is_given(tmp_path):
    (tmp_path / "systemd-run").write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    (tmp_path / "systemd-run").chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "AGENT_UNIT": str(UNIT)}

    done = subprocess.run(  # noqa: S603 - our own script
        [ROOT / "deploy" / "by-hand", "approve", "a b"],
        env=environ, capture_output=True, text=True, check=True,
    )  # fmt: skip

    words = done.stdout.splitlines()
    for key in ("User", "DynamicUser", "StateDirectory", "LoadCredential", "Environment"):
        assert all(f"--property={key}={value}" in words for value in values(key))
    assert ["-m", "agent", "approve", "a b"] == words[-4:]


def test_the_unit_is_parsed_as_written():
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    parser.optionxform = str
    parser.read(UNIT)

    assert parser["Service"]["Type"] == "notify"
    assert parser["Service"]["WatchdogSec"] == "120"
