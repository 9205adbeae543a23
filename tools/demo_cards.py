"""`ledsign demo` with every card family: is each page on the simulated card's glass the page of the preview?

One line a family: panel, pages on the glass, how many of them equal the preview, and what the demonstration itself
complains of (a busy machine misses its promised times). Ends with 1 when any page differs, a demonstration breaks
off, or a family shows nothing. With cards that write letters of their own the words are compared.
"""

import argparse
import json
import subprocess
import sys
import tempfile

from ledsign.errors import ConfigError
from ledsign.panel import Panel, load_panels
from ledsign.protocol.codec import Link, Role, create, families, network_scheme
from ledsign.resources import resource


def panel_for(family: str, wanted: str | None) -> Panel:
    """The panel profile of that name, else the smallest one, that the family can show. Raises ConfigError."""
    link = Link.UDP if network_scheme(family) == "udp" else Link.NET
    codec = create(family, link, Role.DRIVER)
    panels = load_panels(resource("configs", "panels.yaml"))
    for panel in sorted(panels.values(), key=lambda p: p.width * p.height):
        if codec.formats(panel.mode, panel.width, panel.height) and wanted in (None, panel.name):
            return panel
    raise ConfigError(f"shows no {wanted or 'panel'}")


def run(family: str, panel: Panel, seconds: int) -> tuple[int, int, str]:
    """Pages on the glass, those of them that equal the preview, and what the demonstration complains of."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ledsign", "demo", "--card", family, "--panel", panel.name, "--pace", "0.1"]
        options = ["--seconds", str(seconds), "--out", folder, "--json"]
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=seconds * 10 + 60)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    pages = [line for line in lines if line.get("event") == "page"]
    if not lines or lines[-1].get("event") != "summary":
        return 0, 0, done.stderr.strip()[-500:]
    complaint = "; ".join(map(str, lines[-1]["faults"]))
    return len(pages), sum(line.get("equals_preview") is True for line in pages), complaint


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=12, help="of each demonstration")
    parser.add_argument("--card", action="append", help="only this family; may be given several times")
    parser.add_argument("--panel", help="profile; the smallest that the family shows, if not given")
    arguments = parser.parse_args()
    failed = False
    for family in arguments.card or families():
        try:
            panel = panel_for(family, arguments.panel)
        except ConfigError as error:
            print(f"{family:12} -    {error}", flush=True)
            continue
        pages, equal, complaint = run(family, panel, arguments.seconds)
        good = equal == pages > 0
        failed |= not good
        mark = "ok" if good else "FAIL"
        print(f"{family:12} {mark:4} {panel.name:20} {equal}/{pages} pages equal {complaint}".rstrip(), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
