"""What systemd hears, over a real notification socket."""

import os
import socket

import pytest

from agent.adapters.supervisor import SystemdSupervisor


@pytest.fixture
def notified(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(5)
        yield receiver


def test_every_sign_arrives_as_systemd_spells_it(notified, tmp_path):
    supervisor = SystemdSupervisor({"NOTIFY_SOCKET": str(tmp_path / "notify")})

    supervisor.ready()
    supervisor.status("next cycle\nMonday")
    supervisor.heartbeat()
    supervisor.stopping()

    said = [notified.recv(200).decode() for _ in range(4)]
    assert ["READY=1", "STATUS=next cycle Monday", "WATCHDOG=1", "STOPPING=1"] == said


def test_an_abstract_socket_is_reached():
    name = f"agent-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0" + name)
        receiver.settimeout(5)

        SystemdSupervisor({"NOTIFY_SOCKET": "@" + name}).ready()

        assert receiver.recv(200) == b"READY=1"


def test_without_systemd_nobody_is_told():
    supervisor = SystemdSupervisor({})

    supervisor.ready()

    assert supervisor.heartbeat_s is None


@pytest.mark.parametrize(
    ("pid", "beats"), [(os.getpid(), True), (1, False)], ids=["ours", "another"]
)
def test_the_watchdog_is_fed_three_times_an_interval_where_it_is_ours(pid, beats):
    environ = {"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": str(pid)}

    assert SystemdSupervisor(environ).heartbeat_s == (40.0 if beats else None)
