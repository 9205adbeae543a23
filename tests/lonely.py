"""The configuration of a screen that has neither town nor card."""

import base64
import json
from pathlib import Path


def lonely(folder: Path, cache: Path, screen: str) -> Path:
    """Written into ``folder`` with its keys; nobody listens at the card's port."""
    keys = {"keys": {"town": {"alg": "ed25519", "key": base64.b64encode(bytes(32)).decode()}}}
    (folder / "keys.json").write_text(json.dumps(keys), encoding="ascii")
    document = {
        "screen": {"code": screen, "name": "柳塘村"},
        "keys_file": "keys.json",
        "panels": [{"profile": "p10-192x96-mono", "card": {"family": "cp5200", "url": "tcp://127.0.0.1:9"}}],
        "state": str(folder / "state"),
        "control": str(folder / "control.sock"),
        "cache": str(cache),
    }
    path = folder / "ledsign.yaml"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path
