"""``ledsign town serve`` as a process: says where it answers, stops on SIGTERM."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import requests


def start(*arguments: str, root: Path) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(root), "LEDSIGN_LANG": "en"}
    command = [sys.executable, "-m", "ledsign", "town", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=root
    )


def test_it_serves_and_stops(tmp_path: Path, root: Path) -> None:
    process = start("serve", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "data"), "--json", root=root)
    try:
        assert process.stdout is not None
        event = json.loads(process.stdout.readline())
        assert event["event"] == "serving"
        keys = json.loads(Path(event["keys_file"]).read_bytes())["keys"]
        assert [entry["alg"] for entry in keys.values()] == ["ed25519"]
        assert (tmp_path / "data" / "signing-key.json").stat().st_mode & 0o777 == 0o600
        reply = requests.get(
            event["url"] + "/v1/screens",
            headers={"Authorization": "Bearer TEST-KEY-town-admin-qingxi"},
            timeout=10,
        )
        assert [screen["code"] for screen in reply.json()["screens"]] == ["990203104205", "990203104206"]
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert json.loads(output) == {"event": "stopped"}
    assert (process.returncode, errors) == (0, "")


def test_a_wrong_configuration_is_78(tmp_path: Path, root: Path) -> None:
    config = tmp_path / "town.yaml"
    config.write_text("schema: ledsign.town/1\n", encoding="utf-8")
    process = start("serve", "--config", str(config), root=root)
    _output, errors = process.communicate(timeout=30)
    assert process.returncode == 78
    assert "town.yaml:1" in errors
    process = start("serve", "--listen", "nowhere", "--data", str(tmp_path / "d"), root=root)
    _output, errors = process.communicate(timeout=30)
    assert process.returncode == 78
    assert "HOST:PORT" in errors


def test_the_sample_keys_answer_on_loopback_only(tmp_path: Path, root: Path) -> None:
    process = start("serve", "--listen", "0.0.0.0:0", "--data", str(tmp_path / "d"), root=root)
    _output, errors = process.communicate(timeout=30)
    assert process.returncode == 78
    assert "test keys" in errors
