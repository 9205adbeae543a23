"""A warm headless Chromium as a contender for table pages: ``innerHTML`` and a screenshot over the DevTools protocol.

Needs a browser on the PATH (Debian: chromium) and the package ``websocket-client``.
"""

import base64
import html
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--hide-scrollbars", "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)  # fmt: skip
START_S = 20.0


class Browser:
    """One page of a running browser."""

    def __init__(self, socket: Any, width: int, height: int) -> None:
        self._socket, self._numbers = socket, itertools.count(1)
        self.version = str(self._ask("Browser.getVersion")["product"])
        view = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", **view)

    def _ask(self, method: str, **given: object) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": given}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])

    def run(self, script: str) -> object:
        """The value of an expression, awaited."""
        found = self._ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(str(found["exceptionDetails"]))
        return found["result"].get("value")

    def prepare(self, font: bytes, size: int) -> None:
        """The font and the style of all tables."""
        source = base64.b64encode(font).decode()
        style = (
            f"@font-face{{font-family:bench;src:url(data:font/ttf;base64,{source})}}"
            f"body{{margin:0;background:#000;color:#fff;font:{size}px/{size}px bench}}"
            "table{border-collapse:collapse;width:100%}td{padding:1px 2px;border-bottom:1px solid #fff}"
        )
        self.run(f"document.head.innerHTML = {json.dumps(f'<style>{style}</style>')}")
        self.run(f"document.fonts.load('{size}px bench').then(fonts => fonts.length)")

    def table(self, rows: Sequence[Sequence[str]]) -> bytes:
        """The table laid out by the browser, as PNG."""
        cells = "".join(f"<tr>{''.join(f'<td>{html.escape(text)}' for text in row)}" for row in rows)
        self.run(f"document.body.innerHTML = {json.dumps(f'<table>{cells}</table>')}; 0")
        shot = self._ask("Page.captureScreenshot", format="png", optimizeForSpeed=True)
        return base64.b64decode(shot["data"])


@contextmanager
def browser(width: int, height: int) -> Iterator[Browser | None]:
    """A browser that is stopped at the end; None where there is none, or no ``websocket-client``."""
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    try:
        websocket = import_module("websocket")
    except ImportError:
        websocket = None
    if program is None or websocket is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="ledsign-bench-", ignore_cleanup_errors=True) as profile:
        command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        # a group of its own: what a distribution installs is a script that starts the browser and goes away
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)
        try:
            socket = websocket.create_connection(_page(Path(profile)), timeout=START_S)
            try:
                yield Browser(socket, width, height)
            finally:
                socket.close()
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=START_S)


def _page(profile: Path) -> str:
    """Address of the first page's socket."""
    until = time.monotonic() + START_S
    note = profile / "DevToolsActivePort"
    while time.monotonic() < until:
        if note.exists() and (lines := note.read_text().splitlines()):
            with urllib.request.urlopen(f"http://127.0.0.1:{lines[0]}/json/list", timeout=START_S) as answer:
                pages = [entry for entry in json.load(answer) if entry["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise TimeoutError("the browser did not start")
