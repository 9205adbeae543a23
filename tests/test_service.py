import os
import shutil
import socket
import subprocess

import pytest

from kit import FakeClock
from ledsign.errors import StoreError
from ledsign.service import Pulse, notify, watchdog_seconds


def test_notify_sends_one_datagram(tmp_path):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        assert notify("READY=1\nSTATUS=村务", {"NOTIFY_SOCKET": str(path)})
        assert manager.recv(100).decode() == "READY=1\nSTATUS=村务"


def test_without_systemd_nothing_is_sent_and_a_dead_manager_is_said():
    assert not notify("READY=1", {})
    with pytest.raises(StoreError):
        notify("READY=1", {"NOTIFY_SOCKET": "/nowhere/notify"})


def test_watchdog_interval_is_ours_only():
    assert watchdog_seconds({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}) == 30
    assert watchdog_seconds({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}) is None
    assert watchdog_seconds({}) is None


def test_a_loop_that_stops_ticking_is_found():
    clock = FakeClock()
    pulse = Pulse(clock)
    pulse.tick("feed", 90)
    pulse.tick("player main", 30)
    clock.advance(31)
    assert pulse.stuck() == ["player main"]
    pulse.tick("player main", 30)
    assert pulse.stuck() == []
    clock.advance(100)
    pulse.retire("feed")
    assert pulse.stuck() == ["player main"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_unit_verifies_and_is_hardened(root):
    unit = str(root / "configs" / "ledsign.service")
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60, check=False
    )
    assert verified.returncode == 0, verified.stderr
    assert "ledsign.service" not in verified.stderr
    scored = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert scored.returncode == 0, scored.stdout[-400:]
