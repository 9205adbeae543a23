"""The daemon as systemd sees it: a process, its notifications, its signals, its exit codes."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledsign.clock import SystemClock
from ledsign.panel import load_panels
from ledsign.stage import Setting, set_stage


@pytest.fixture
def stage(root, tmp_path):
    panel = load_panels(root / "configs" / "panels.yaml")["p10-192x96-mono"]
    with set_stage(Setting(panel, "990203104205", tmp_path / "out"), SystemClock()) as stage:
        yield stage


def start(config: Path, **environment: str) -> subprocess.Popen:
    code = str(Path(__file__).resolve().parent.parent)
    return subprocess.Popen(
        [sys.executable, "-m", "ledsign", "run", "--config", str(config)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": code, **environment},
    )  # fmt: skip


def words(manager: socket.socket, wanted: str, seconds: float) -> list[str]:
    """Everything the service manager heard until ``wanted`` came."""
    heard: list[str] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        manager.settimeout(max(0.05, end - time.monotonic()))
        try:
            heard += manager.recv(4096).decode().splitlines()
        except TimeoutError:
            break
        if wanted in heard:
            return heard
    raise AssertionError(f"{wanted} never came: {heard}")


def test_ready_after_the_first_confirmed_page_then_watchdog_then_a_clean_stop(stage, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        process = start(stage.config, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="3000000")
        try:
            heard = words(manager, "READY=1", 30)
            assert stage.card.shown, "ready before a page was confirmed"
            assert any(word.startswith("STATUS=") for word in heard)
            words(manager, "WATCHDOG=1", 10)
            process.send_signal(signal.SIGTERM)
            words(manager, "STOPPING=1", 10)
            assert process.wait(20) == 0
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(10)
            assert process.stderr is not None
            process.stderr.close()
    assert stage.pages[stage.card.glass][0] is None, "the safe page stands in"


def test_two_daemons_on_one_state_folder_do_not_start(stage):
    first = start(stage.config)
    try:
        assert stage.card.wait_for(lambda card: bool(card.shown), 30)
        second = start(stage.config)
        assert second.wait(30) == 75
        assert b"another process" in second.communicate()[1]
        assert first.poll() is None
    finally:
        first.terminate()
        assert first.wait(20) == 0
        assert first.stderr is not None
        first.stderr.close()


def test_a_wrong_configuration_exits_with_78_and_says_where(tmp_path):
    (tmp_path / "ledsign.yaml").write_text("screen: {code: '990203104205', name: x}\n", encoding="utf-8")
    process = start(tmp_path / "ledsign.yaml")
    _out, err = process.communicate(timeout=30)
    assert process.returncode == 78
    assert b"ledsign.yaml:1: keys_file" in err
    assert b"Traceback" not in err


def test_a_missing_key_file_exits_with_78(stage):
    (stage.config.parent / "platform.key").unlink()
    process = start(stage.config)
    _out, err = process.communicate(timeout=30)
    assert process.returncode == 78
    assert b"platform.key" in err
    assert b"Traceback" not in err
