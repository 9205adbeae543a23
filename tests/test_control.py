import json
import os
import socket

import pytest

from ledsign.control import Caller, ControlServer, NotRunningError, call
from ledsign.errors import ConfigError, StoreError


def handler(verb, arguments, caller):
    if verb == "broken":
        raise StoreError("disk gone")
    return {"verb": verb, "arguments": dict(arguments), "uid": caller.uid}


@pytest.fixture
def server(tmp_path):
    running = ControlServer(tmp_path / "run" / "control.sock", handler, {"status"})
    yield running, tmp_path / "run" / "control.sock"
    running.close()


def test_a_question_is_answered_with_the_callers_credentials(server):
    assert call(server[1], "status", {"x": "村"}) == {
        "ok": True,
        "verb": "status",
        "arguments": {"x": "村"},
        "uid": os.getuid(),
    }


def test_an_expected_error_comes_back_by_name(server):
    assert call(server[1], "broken") == {"ok": False, "error": "StoreError", "detail": "disk gone"}


def test_only_operators_may_change_things(server):
    running, _path = server
    assert running.allowed(Caller(os.getuid(), 99999, "me"))
    assert not running.allowed(Caller(99999, 99999, "stranger"))
    assert running._answer(b'{"verb": "blank"}', Caller(99999, 99999, "stranger"))["error"] == "not_permitted"
    assert running._answer(b'{"verb": "status"}', Caller(99999, 99999, "stranger"))["ok"]


def test_nonsense_on_the_socket_hurts_nobody(server):
    _running, path = server
    for nonsense in (b"\xff\xfe\n", b"[]\n", b"{}\n", b"no end"):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(path))
            line.sendall(nonsense)
            line.shutdown(socket.SHUT_WR)
            answer = line.recv(4096)
            assert answer == b"" or not json.loads(answer)["ok"]
    assert call(path, "status")["ok"]


def test_nobody_there(tmp_path):
    with pytest.raises(NotRunningError):
        call(tmp_path / "nothing.sock", "status")


def test_unknown_operators_are_a_configuration_error(tmp_path):
    with pytest.raises(ConfigError, match=r"operators\.users"):
        ControlServer(tmp_path / "a.sock", handler, (), users=["nobody-of-this-name"])
    with pytest.raises(ConfigError, match=r"operators\.groups"):
        ControlServer(tmp_path / "b.sock", handler, (), groups=["no-group-of-this-name"])


def test_a_stale_socket_file_is_replaced_and_removed_at_the_end(tmp_path):
    path = tmp_path / "control.sock"
    path.write_text("stale")
    running = ControlServer(path, handler, {"status"})
    assert call(path, "status")["ok"]
    running.close()
    assert not path.exists()
