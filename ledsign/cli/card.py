"""``ledsign card``: talk to a card, and read its packets."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from ledsign.card import Card
from ledsign.card.discovery import find_cards
from ledsign.cli.common import Exit, emit, fail, json_option, panel_option
from ledsign.clock import SystemClock
from ledsign.errors import (
    CardRefusedError,
    ConfigError,
    LedsignError,
    ProtocolError,
    TransportError,
    UnsupportedError,
)
from ledsign.frame import Frame, Page, PixelFormat
from ledsign.i18n import _
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Codec, Link, Role, create, families
from ledsign.protocol.message import describe
from ledsign.render.pack import pack

Result = dict[str, object]


@click.group("card", help=_("Talk to a card, and read its packets."))
def card() -> None:
    """Group of card verbs."""


family_option = click.option("--family", default="cp5200", show_default=True, help=_("Card family."))
url_option = click.option("--url", required=True, metavar="URL", help=_("tcp://HOST:PORT, serial:///dev/…, pty:///…"))
dry_option = click.option("--dry-run", is_flag=True, help=_("Say what would be done; send nothing."))


def _talk(
    family: str, url: str, panel: Panel, dry: bool, as_json: bool, verb: str, act: Callable[[Card], Result]
) -> None:
    """Open the card, do one thing, report it, and map what went wrong to an exit code."""
    try:
        connection = Card(family, url, panel, SystemClock())
        result: Result = {} if dry else act(connection)
        if not dry:
            connection.close()
    except (ConfigError, UnsupportedError) as error:
        fail(Exit.USAGE, str(error))
    except CardRefusedError as error:
        fail(Exit.UNCONFIRMED, _("card refused: {code}").format(code=f"{error.code:#04x}"))
    except TransportError as error:
        fail(Exit.TEMPFAIL, _("no connection to the card: {error}").format(error=error))
    except LedsignError as error:
        fail(Exit.UNEXPECTED, str(error))
    done = _("would be done") if dry else _("confirmed by the card")
    words = "  ".join(f"{key}={value}" for key, value in result.items())
    emit({"verb": verb, "url": url, "dry_run": dry} | result, f"{verb}: {words or done}", as_json)


@card.command("info", help=_("Ask the card who it is."))
@family_option
@url_option
@panel_option
@json_option
@dry_option
def info(family: str, url: str, panel: Panel, as_json: bool, dry_run: bool) -> None:
    def act(connection: Card) -> Result:
        found = connection.info()
        return {"family": found.family, "model": found.model, "firmware": found.firmware, **found.details}

    _talk(family, url, panel, dry_run, as_json, "info", act)


def pattern_frame(panel: Panel, form: PixelFormat) -> Frame:
    """A frame around the edge and a dot every 8 LEDs: shows size, order of rows and bits at a glance.

    ``form`` is a plane format. The identity is left empty: a pattern is not a page.
    """
    row_bytes = (panel.width + 7) // 8
    rows = []
    for y in range(panel.height):
        edge = y in (0, panel.height - 1)
        lit = [edge or x in (0, panel.width - 1) or (x % 8 == 0 and y % 8 == 0) for x in range(panel.width)]
        bits = "".join("1" if on else "0" for on in lit).ljust(row_bytes * 8, "0")
        rows.append(int(bits, 2).to_bytes(row_bytes, "big"))
    planes = {PixelFormat.PLANES_1: 1, PixelFormat.PLANES_2: 2, PixelFormat.PLANES_3: 3}
    return Frame(panel.width, panel.height, form, b"".join(rows) * planes[form], "")


@card.command("pattern", help=_("Show a test pattern."))
@family_option
@url_option
@panel_option
@json_option
@dry_option
def pattern(family: str, url: str, panel: Panel, as_json: bool, dry_run: bool) -> None:
    forms = {
        ColorMode.MONO: PixelFormat.PLANES_1,
        ColorMode.DUAL: PixelFormat.PLANES_2,
        ColorMode.RGB: PixelFormat.PLANES_3,
    }

    def act(connection: Card) -> Result:
        frame = pattern_frame(panel, forms[panel.mode])
        if frame.format not in connection.formats:  # a card that takes picture files
            one = pattern_frame(panel, PixelFormat.PLANES_1)
            frame = pack(Page(one.width, one.height, ColorMode.MONO, one.data, 0.0), connection.formats[0])
        return {"ack": connection.show(frame).name.lower()}

    _talk(family, url, panel, dry_run, as_json, "pattern", act)


@card.command("brightness", help=_("Set the brightness for the whole day."))
@click.argument("percent", type=click.IntRange(0, 100))
@family_option
@url_option
@panel_option
@json_option
@dry_option
def brightness(percent: int, family: str, url: str, panel: Panel, as_json: bool, dry_run: bool) -> None:
    def act(connection: Card) -> Result:
        connection.set_brightness(percent)
        return {"percent": percent}

    _talk(family, url, panel, dry_run, as_json, "brightness", act)


@card.command("power", help=_("Switch the light on or off."))
@click.argument("state", type=click.Choice(["on", "off"]))
@family_option
@url_option
@panel_option
@json_option
@dry_option
def power(state: str, family: str, url: str, panel: Panel, as_json: bool, dry_run: bool) -> None:
    def act(connection: Card) -> Result:
        connection.set_power(state == "on")
        return {"power": state}

    _talk(family, url, panel, dry_run, as_json, "power", act)


@card.command("clock", help=_("Set the card's clock to this computer's."))
@family_option
@url_option
@panel_option
@json_option
@dry_option
def clock(family: str, url: str, panel: Panel, as_json: bool, dry_run: bool) -> None:
    def act(connection: Card) -> Result:
        now = SystemClock().now()
        connection.set_clock(now)
        return {"clock": now.isoformat(timespec="seconds")}

    _talk(family, url, panel, dry_run, as_json, "clock", act)


@card.command("clear", help=_("Take everything off the glass."))
@family_option
@url_option
@panel_option
@json_option
@dry_option
def clear(family: str, url: str, panel: Panel, as_json: bool, dry_run: bool) -> None:
    def act(connection: Card) -> Result:
        connection.clear()
        return {"cleared": True, "ack": connection.ack.name.lower()}

    _talk(family, url, panel, dry_run, as_json, "clear", act)


@card.command("discover", help=_("Ask who is there, by broadcast."))
@family_option
@click.option("--address", default="255.255.255.255", show_default=True, help=_("Broadcast address, or one card's."))
@click.option("--port", type=click.IntRange(1, 65535), help=_("The family's own, if not given."))
@click.option("--seconds", default=4.0, show_default=True, type=click.FloatRange(0.1, 60), help=_("Time to listen."))
@json_option
def discover(family: str, address: str, port: int | None, seconds: float, as_json: bool) -> None:
    try:
        cards = find_cards(family, address, port, seconds, SystemClock())
    except (ConfigError, UnsupportedError) as error:
        fail(Exit.USAGE, str(error))
    except TransportError as error:
        fail(Exit.TEMPFAIL, str(error))
    for host, found in cards:
        words = "  ".join(f"{key}={value}" for key, value in found.details.items())
        emit({"address": host, "model": found.model, **found.details}, f"{host}  {found.model}  {words}", as_json)
    if not cards:
        fail(Exit.TEMPFAIL, _("no card answered"))


@dataclass(frozen=True, slots=True)
class _Sample:
    """Bytes to read: one packet of a vector file, or a stream. ``link`` None: look at the first byte.

    ``kind`` names a value that is no packet of its own, such as a picture.
    """

    id: str
    data: bytes
    link: Link | None
    kind: str = ""


_LINK_NAMES = {"serial": Link.SERIAL, "net": Link.NET, "tcp": Link.NET, "udp": Link.UDP}


def _hex(text: str, where: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error


# files that hold several protocols of one maker: families that a codec does not speak
_NOT_THEIRS = {"huidu": ("huidu-gen6", "huidu-http"), "huidu-http": ("huidu-gen6", "huidu-sdk2")}


def _from_vectors(path: Path, family: str) -> Iterator[_Sample]:
    """Packets and values of a vector file; entries without bytes (rules) are left out."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        if any(entry.get("family") == family for entry in entries):  # a file of several families
            entries = [entry for entry in entries if entry.get("family") == family]
        for entry in entries:
            if str(entry.get("family")) in _NOT_THEIRS.get(family, ()):
                continue
            found = entry.get("hex")  # none: a rule, or values instead of bytes
            packets = found if isinstance(found, list) else [found]
            params = entry.get("params") or {}
            if params.get("sdkSecret"):  # a signature: what was signed stands beside it
                data = json.dumps({**params, "sign": entry["hex"]}).encode("ascii")
                yield _Sample(str(entry["id"]), data, Link.NET, "signature")
                continue
            for packet in filter(None, packets):
                link = _LINK_NAMES.get(params.get("transport", ""))
                kind = params.get("kind", "file" if "md5" in params else "")  # a file is named by its sum
                yield _Sample(str(entry["id"]), _hex(packet, str(entry["id"])), link, kind)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path}: {error!r}") from error


def _from_recording(path: Path) -> Iterator[_Sample]:
    """A recording: lines of hex, or the ``< aa bb`` lines of the log; anything else is a raw binary file."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error}") from error
    try:
        lines = [line for line in raw.decode("ascii").splitlines() if line.strip() and not line.startswith("#")]
        found = [bytes.fromhex(line.replace("<", ">").rpartition(">")[2]) for line in lines]
    except ValueError:
        yield _Sample(path.name, raw, None)
        return
    for number, data in enumerate(found, 1):
        yield _Sample(f"{path.name}:{number}", data, None)


def _value(codec: Codec, sample: _Sample) -> Result:
    try:
        value, again = codec.value(sample.kind, sample.data)
    except (ProtocolError, UnsupportedError) as error:
        return {"id": sample.id, "ok": False, "error": str(error), "message": None, "reencoded_equal": False}
    equal = again == sample.data
    return {"id": sample.id, "ok": True, "error": None, "message": describe(value), "reencoded_equal": equal}


def _read(family: str, sample: _Sample, link: Link | None) -> Iterator[Result]:
    """What the live codec makes of the bytes: one result a packet, one with an error for what is none."""
    guess = Link.SERIAL if sample.data[:1] == b"\xa5" else Link.NET
    codec = create(family, link or sample.link or guess, Role.WITNESS)
    if sample.kind:
        yield _value(codec, sample)
        return
    messages = codec.feed(sample.data) + codec.silence()
    if not messages:
        yield {"id": sample.id, "ok": False, "error": "no sound packet", "message": None, "reencoded_equal": False}
        return
    again = [b"".join(codec.encode(message)) for message in messages]
    whole = b"".join(again) == sample.data
    for number, (message, data) in enumerate(zip(messages, again, strict=True)):
        name = sample.id if len(messages) == 1 else f"{sample.id}#{number}"
        equal = whole if len(messages) == 1 else data in sample.data
        yield {"id": name, "ok": True, "error": None, "message": describe(message), "reencoded_equal": equal}


@card.command("decode", help=_("Read packets with the live codec."))
@click.option("--family", required=True, help=_("Card family."))
@click.option("--transport", type=click.Choice(["serial", "net", "udp"]), help=_("How the packets are framed."))
@click.option("--hex", "hex_text", metavar="HEX", help=_("Bytes as hex."))
@click.option(
    "--vectors", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.json", help=_("A file of vectors.")
)
@click.argument("recording", required=False, type=click.Path(path_type=Path, dir_okay=False))
@json_option
def decode(
    family: str,
    transport: str | None,
    hex_text: str | None,
    vectors: Path | None,
    recording: Path | None,
    as_json: bool,
) -> None:
    if [hex_text, vectors, recording].count(None) != 2:
        raise click.UsageError(_("give exactly one of --hex, --vectors and RECORDING"))
    if family not in families():
        raise click.UsageError(_("no such card family; known: {names}").format(names=", ".join(families())))
    link = Link(transport) if transport else None
    bad = 0
    try:
        if vectors is not None:
            samples = list(_from_vectors(vectors, family))
        elif recording is not None:
            samples = list(_from_recording(recording))
        else:
            samples = [_Sample("hex", _hex(hex_text or "", "--hex"), None)]
        for sample in samples:
            for result in _read(family, sample, link):
                bad += not result["ok"]
                emit(result, _line(result), as_json)
    except (ConfigError, UnsupportedError) as error:
        fail(Exit.DATA, str(error))
    if bad:
        raise click.exceptions.Exit(Exit.DATA)


def _line(result: Result) -> str:
    mark = ("=" if result["reencoded_equal"] else "≠") if result["ok"] else "✗"
    return f"{mark} {result['id']}  {json.dumps(result['message'] or result['error'], ensure_ascii=False)}"
