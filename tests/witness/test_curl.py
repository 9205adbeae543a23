"""The cards that speak HTTP, driven by curl with signatures made by OpenSSL: the sender shares no code with us."""

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from ledsign import simulator
from ledsign.frame import Page
from ledsign.panel import ColorMode, Panel

PANEL = Panel("test", 64, 32, ColorMode.RGB, 10)
KEY, SECRET = "key-of-others", "secret-of-others"
DATE = "Sat, 21 Nov 2026 04:00:00 GMT"


@pytest.fixture(autouse=True)
def _programs() -> None:
    for program in ("curl", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def run(*command: str, data: bytes = b"") -> str:
    done = subprocess.run(command, input=data, capture_output=True, timeout=20, check=True)
    return done.stdout.decode("utf-8")


def curl(*arguments: str, data: bytes = b"") -> str:
    """The status and the body of an answer."""
    return run("curl", "-sS", "--noproxy", "*", "-w", "\n%{http_code}", *arguments, data=data)


def page() -> Page:
    return Page(64, 32, ColorMode.RGB, random.Random(5).randbytes(64 * 32 * 3), 1.0)


def picture(path: Path, kind: str) -> Path:
    Image.frombytes("RGB", (64, 32), page().pixels).save(path, kind)
    return path


# ---- HuiDu HTTP SDK 3.0 ---------------------------------------------------------------------------------------


def hmac_md5(text: str) -> str:
    said = run("openssl", "dgst", "-md5", "-hmac", SECRET, "-r", data=text.encode())
    return said.split()[0]


def signed(body: str) -> list[str]:
    headers = [f"sdkKey: {KEY}", f"date: {DATE}", f"sign: {hmac_md5(body + KEY + DATE)}", "requestId: 1"]
    return [part for header in headers for part in ("-H", header)]


def call(base: str, path: str, method: str, data: object, *more: str) -> tuple[int, dict[str, object]]:
    body = json.dumps({"method": method, "data": data})
    told = signed(body)
    answer = curl("-X", "POST", *told, "-H", "Content-Type: application/json", *more, "-d", body, base + path)
    text, _, status = answer.rpartition("\n")
    return int(status), json.loads(text)


def test_huidu_http(tmp_path: Path) -> None:
    with simulator.serve("huidu-http", f"tcp://127.0.0.1:0?key={KEY}&secret={SECRET}", PANEL) as card:
        base = "http://" + card.url.removeprefix("tcp://").partition("?")[0]
        file = picture(tmp_path / "others.png", "PNG")
        answer = curl(*signed(""), "-F", f"file=@{file};type=application/octet-stream", f"{base}/api/file/others.png")
        text, _, status = answer.rpartition("\n")
        (entry,) = json.loads(text)["data"]
        assert (status, entry["md5"]) == ("200", run("openssl", "dgst", "-md5", "-r", str(file)).split()[0])
        item = {"type": "image", "file": "others.png", "fileMd5": entry["md5"], "fit": "stretch"}
        area = {"x": 0, "y": 0, "width": 64, "height": 32, "border": {}, "item": [item]}
        programme = [{"name": "of others", "type": "normal", "uuid": "0123", "area": [area]}]
        # once as it is, once in pieces: HTTP's chunks
        for more in ((), ("-H", "Transfer-Encoding: chunked")):
            status, said = call(base, "/api/program/", "replace", programme, *more)
            assert (status, said["message"]) == (200, "ok")
        assert card.wait_for(lambda it: it.glass == page().sha256, 5)
        status, said = call(base, "/api/device/", "closeDeviceScreen", [])
        assert said["message"] == "ok"
        assert card.wait_for(lambda it: it.glass != page().sha256, 5)


def test_huidu_http_refuses_another_signature() -> None:
    with simulator.serve("huidu-http", f"tcp://127.0.0.1:0?key={KEY}&secret={SECRET}", PANEL) as card:
        base = "http://" + card.url.removeprefix("tcp://").partition("?")[0]
        body = json.dumps({"method": "getDeviceProperty", "data": []})
        headers = [part.replace("sign: ", "sign: 0") for part in signed(body)]
        assert curl("-X", "POST", *headers, "-d", body, f"{base}/api/device/").endswith("\n401")
        assert call(base, "/api/device/", "getDeviceProperty", [])[0] == 200


# ---- Onbon BX-Y -----------------------------------------------------------------------------------------------


def function(base: str, name: str, given: object = None, token: str = "") -> dict[str, object]:
    remote = {"name": name, **({"input": given} if given is not None else {})}
    body = json.dumps({"protocol": {"name": "YQ-COM2", "version": "1.0", "remotefunction": remote}})
    where = f"{base}/" if not token else f"{base}/;stok={token}"
    text, _, _status = curl("-X", "POST", "-H", "Content-Type: application/json", "-d", body, where).rpartition("\n")
    found: dict[str, object] = json.loads(text)["remotefunction"]
    return found


def sha1(text: str) -> str:
    return run("openssl", "dgst", "-sha1", "-r", data=text.encode()).split()[0]


def test_bx_y() -> None:
    with simulator.serve("bxy", "tcp://127.0.0.1:0", PANEL) as card:
        base = "http://" + card.url.removeprefix("tcp://").removeprefix("http://")
        assert function(base, "systembrightness", {"brightness": "128"})["error"]["code"] == 12
        code = function(base, "getVerificationCode")["output"]["verificationcode"]
        login = {"username": "guest", "password": sha1(code + sha1("guest")), "verificationcode": code}
        token = function(base, "userLogin", login)["output"]["sessionID"]
        assert "error" not in function(base, "getProperty", {}, token)
        again = function(base, "userLogin", login)
        assert again["error"]["code"] == 27, "a code is good for one login"
