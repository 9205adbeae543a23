"""``ledsign card``: talk to a card, and read its packets."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click

from ledsign.card import Card
from ledsign.card.discovery import find_cards
from ledsign.cli.common import Exit, emit, fail, json_option, panel_option
from ledsign.cli.decode import decode
from ledsign.clock import SystemClock
from ledsign.errors import (
    CardRefusedError,
    CardUnusableError,
    ConfigError,
    LedsignError,
    RecordingError,
    TransportError,
    UnsupportedError,
)
from ledsign.frame import AckLevel, Frame, Page, PixelFormat
from ledsign.i18n import _
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.message import UploadFile
from ledsign.render.pack import pack
from ledsign.transport import Address

Result = dict[str, object]


@click.group("card", help=_("Talk to a card, and read its packets."))
@click.option("-v", "--verbose", is_flag=True, help=_("Tell what goes over the line, on stderr."))
def card(verbose: bool) -> None:
    """``--verbose`` stands before the verb."""
    if verbose:
        logging.basicConfig(level=logging.WARNING, format="%(message)s")
        logging.getLogger("ledsign").setLevel(logging.DEBUG)


family_option = click.option("--family", default="cp5200", show_default=True, help=_("Card family."))
url_option = click.option("--url", required=True, metavar="URL", help=_("tcp://HOST:PORT, serial:///dev/…, pty:///…"))
dry_option = click.option("--dry-run", is_flag=True, help=_("Say what would be done; send nothing."))


class _DryRunError(Exception):
    """A dry run has come to where the line would be opened."""


def _send_nothing(_address: Address) -> NoReturn:
    raise _DryRunError


def _talk(
    family: str, url: str, panel: Panel, dry: bool, as_json: bool, verb: str, act: Callable[[Card], Result]
) -> None:
    """Open the card, do one thing, report it, and map what went wrong to an exit code. A dry run asks the family
    whether it could."""
    try:
        connection = Card(family, url, panel, SystemClock(), opener=_send_nothing if dry else None)
        try:
            result: Result = act(connection)
        except _DryRunError:
            result = {}  # the family knows how
        finally:
            connection.close()
    except RecordingError as error:
        fail(Exit.DATA, str(error))
    except (ConfigError, UnsupportedError) as error:
        fail(Exit.USAGE, str(error))
    except CardRefusedError as error:
        fail(Exit.DATA, _("card refused: {error}").format(error=error))
    except CardUnusableError as error:
        fail(Exit.TEMPFAIL, _("card answers, but cannot be used: {error}").format(error=error))
    except TransportError as error:
        fail(Exit.TEMPFAIL, _("no connection to the card: {error}").format(error=error))
    except LedsignError as error:
        fail(Exit.UNEXPECTED, str(error))
    sent = not dry and connection.ack <= AckLevel.SENT
    told = _("sent; such cards confirm nothing") if sent else _("confirmed by the card")
    done = _("would be done") if dry else told
    words = "  ".join(f"{key}={value}" for key, value in result.items())
    emit({"verb": verb, "url": url, "dry_run": dry} | result, f"{verb}: {words or done}", as_json)
    if sent:
        raise click.exceptions.Exit(int(Exit.UNCONFIRMED))


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


@card.command("pattern", help=_("Show a test pattern. Erases what stands on the card."))
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
        if not connection.formats:
            raise UnsupportedError(_("{family} cards cannot show such a panel").format(family=family))
        if frame.format not in connection.formats:  # a card that takes picture files
            one = pattern_frame(panel, PixelFormat.PLANES_1)
            said = (f"{one.width}x{one.height}", "测试 0123")  # for cards that draw words only
            page = Page(one.width, one.height, ColorMode.MONO, one.data, 0.0, text=said)
            frame = pack(page, connection.formats[0])
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


@card.command("clear", help=_("Take everything off the glass. Erases what stands on the card."))
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


@card.command("text", help=_("Let the card write a text over its page, in its own letters."))
@click.argument("text")
@click.option("--seconds", default=30, show_default=True, type=click.IntRange(1, 255), help=_("How long."))
@family_option
@url_option
@panel_option
@json_option
@dry_option
def text(text: str, seconds: int, family: str, url: str, panel: Panel, as_json: bool, dry_run: bool) -> None:
    def act(connection: Card) -> Result:
        connection.say(text, seconds)
        return {"text": text, "seconds": seconds}

    _talk(family, url, panel, dry_run, as_json, "text", act)


@card.command("setup", help=_("Read the card's own settings, and change those given as KEY=VALUE."))
@click.argument("changes", nargs=-1, metavar="[KEY=VALUE]…")
@family_option
@url_option
@panel_option
@json_option
@dry_option
def setup(
    changes: tuple[str, ...], family: str, url: str, panel: Panel, as_json: bool, dry_run: bool
) -> None:
    wanted = dict(change.partition("=")[::2] for change in changes)
    if "" in wanted or not all("=" in change for change in changes):
        raise click.UsageError(_("changes are given as KEY=VALUE"))
    _talk(family, url, panel, dry_run, as_json, "setup", lambda connection: dict(connection.setup(wanted)))


@card.command("upload", help=_("Put a file on the card's disk; this writes its flash."))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--name", help=_("Its name on the card: 8 characters, a dot and 3; the file's own, if not given."))
@family_option
@url_option
@panel_option
@json_option
@dry_option
def upload(
    file: Path, name: str | None, family: str, url: str, panel: Panel, as_json: bool, dry_run: bool
) -> None:
    def act(connection: Card) -> Result:
        data = file.read_bytes()
        connection.upload(UploadFile(name or file.name, data, SystemClock().now()))
        return {"name": name or file.name, "bytes": len(data)}

    _talk(family, url, panel, dry_run, as_json, "upload", act)


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


card.add_command(decode)
