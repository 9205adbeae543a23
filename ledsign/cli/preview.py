"""``ledsign preview`` and ``ledsign fonts``: what a notice would look like, and which characters it lacks."""

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import click

from ledsign.cli.common import Exit, emit, fail, json_option, panel_option
from ledsign.errors import ConfigError, RefusedError, RenderError
from ledsign.feed.parse import parse_json, parse_notice
from ledsign.frame import Page
from ledsign.i18n import _
from ledsign.notice import AssetReader, Image, Notice
from ledsign.panel import Panel
from ledsign.policy import Policy, load_policy
from ledsign.render import Rendered, Renderer
from ledsign.render.atlas import SIZES, load
from ledsign.render.fonts import MissingGlyph, RareGlyph, chain, coverage, rare
from ledsign.render.legibility import Sight, verdict
from ledsign.render.pack import png
from ledsign.render.report import Entry, report
from ledsign.render.view import contact_sheets, gif, half_blocks, led_picture, sixel
from ledsign.resources import resource

_ASSET_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_MOST_BYTES = 16_000_000
Json: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Output:
    folder: Path | None
    gif: bool
    led: bool
    term: bool
    verify: bool
    sheet: bool = False
    sixel: bool = False


def folder_reader(folder: Path) -> AssetReader:
    """Assets by name from one folder, only where the bytes have the digest the notice binds."""

    def read(image: Image) -> bytes | None:
        if not _ASSET_NAME.fullmatch(image.name):
            return None
        path = folder / image.name
        try:
            if path.is_symlink() or path.stat().st_size > _MOST_BYTES:
                return None
            raw = path.read_bytes()
        except OSError:
            return None
        return raw if hashlib.sha256(raw).hexdigest() == image.sha256 else None

    return read


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@panel_option
@click.option("--out", type=click.Path(path_type=Path), help=_("Folder for the pictures."))
@click.option("--assets", type=click.Path(path_type=Path), help=_("Folder of the pictures in the notices."))
@click.option("--term", is_flag=True, help=_("Draw the pages in the terminal."))
@click.option("--gif", "as_gif", is_flag=True, help=_("Also write one animation a notice, with the true dwell."))
@click.option("--led", is_flag=True, help=_("Draw round LEDs instead of one pixel a LED."))
@click.option("--sheet", is_flag=True, help=_("Also write all pages of a notice on one contact sheet."))
@click.option("--html", type=click.Path(path_type=Path), help=_("Write one self-contained report of all notices."))
@click.option("--sixel", "as_sixel", is_flag=True, help=_("Draw the pages in a terminal with sixel graphics."))
@click.option("--verify", is_flag=True, help=_("Fail when characters are missing or two drawings differ."))
@json_option
def preview(
    files: tuple[Path, ...],
    panel: Panel,
    out: Path | None,
    assets: Path | None,
    term: bool,
    as_gif: bool,
    led: bool,
    sheet: bool,
    html: Path | None,
    as_sixel: bool,
    verify: bool,
    as_json: bool,
) -> None:
    """Draw notices as the panel would show them; signatures are not checked."""
    try:
        policy = load_policy(resource("configs", "policy.yaml"))
    except ConfigError as error:
        fail(Exit.CONFIG, str(error))
    output = _Output(out, as_gif, led, term, verify, sheet, as_sixel)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    worst = Exit.OK
    shown: list[Entry] = []
    for file in files:
        # a renderer of its own for each file: what one notice leaves in memory never helps the next
        renderer = Renderer(panel, policy)
        worst = max(worst, _one(file, renderer, assets or file.parent / "assets", output, shown, as_json=as_json))
    if not as_json:
        _sight(panel, policy)
    if html is not None:
        try:
            html.write_text(report(shown, panel, policy), encoding="utf-8")
        except OSError as error:
            fail(Exit.DATA, f"{html}: {error.strerror}")
    if worst:
        raise click.exceptions.Exit(int(worst))


def _one(file: Path, renderer: Renderer, assets: Path, output: _Output, shown: list[Entry], *, as_json: bool) -> Exit:
    try:
        notice = parse_notice(parse_json(file.read_bytes()))
    except OSError as error:
        emit({"file": str(file), "error": "unreadable"}, f"{file}: {error.strerror}", as_json)
        return Exit.DATA
    except RefusedError as error:
        emit({"file": str(file), "error": error.reason}, f"{file}: {error}", as_json)
        return Exit.DATA
    reader = folder_reader(assets)
    try:
        rendered = renderer.render(notice, reader)
        same = not output.verify or _same(rendered, Renderer(renderer.panel, renderer.policy), notice, reader)
    except RenderError as error:
        emit({"file": str(file), "error": "render"}, f"{file}: {error}", as_json)
        return Exit.GLYPHS
    written = [_write(page, file.stem, renderer.panel, output) for page in rendered.pages]
    shown.append(Entry(file.name, notice, rendered))
    if output.sheet:
        for number, picture in enumerate(contact_sheets(rendered.pages), 1):
            name = f"{file.stem}-{renderer.panel.name}-sheet{'' if number == 1 else number}.png"
            picture.save((output.folder or Path()) / name)
    if output.gif and output.folder is not None and rendered.pages:
        (output.folder / f"{file.stem}-{renderer.panel.name}.gif").write_bytes(gif(rendered.pages))
    document: Json = {
        "file": str(file),
        "pages": [
            {"n": page.n, "of": page.of, "dwell_s": page.dwell_s, "sha256": page.sha256, "png": name}
            for page, name in zip(rendered.pages, written, strict=True)
        ],
        "missing_glyphs": [f"U+{glyph.codepoint:04X}" for glyph in rendered.missing],
        "degraded": list(rendered.degraded),
    }
    emit(document, _summary(file, rendered, same=same), as_json)
    if (output.term or output.sixel) and not as_json:
        _draw(rendered, as_sixel=output.sixel)
    return Exit.GLYPHS if output.verify and (rendered.missing or not same) else Exit.OK


def _sight(panel: Panel, policy: Policy) -> None:
    """Say whether what was drawn can be read from where people stand."""
    seen = verdict(panel, policy.legibility)
    text = _("{px} px at {pitch} mm from {distance} m: {seen:.1f}′").format(
        px=seen.px, pitch=panel.pitch_mm, distance=panel.distance_m, seen=seen.arcmin
    )
    if seen.sight is Sight.REFUSED:
        advice = _("too small to be read (least {floor:g}′) and no room for larger")
        click.echo(f"{text}: {advice.format(floor=policy.legibility.floor_arcmin)}", err=True)
        return
    click.echo(f"{text}: " + _("read at full speed up to {metres:.0f} m").format(metres=seen.farthest_m))


def _same(rendered: Rendered, other: Renderer, notice: Notice, reader: AssetReader) -> bool:
    """Whether a second drawing gives the same pixels."""
    again = other.render(notice, reader)
    return [page.sha256 for page in again.pages] == [page.sha256 for page in rendered.pages]


def _write(page: Page, stem: str, panel: Panel, output: _Output) -> str | None:
    if output.folder is None:
        return None
    path = output.folder / f"{stem}-{panel.name}-{page.n:03}.png"
    if output.led:
        led_picture(page).save(path)
    else:
        path.write_bytes(png(page))
    return str(path)


def _summary(file: Path, rendered: Rendered, *, same: bool) -> str:
    seconds = sum(page.dwell_s for page in rendered.pages)
    count = len(rendered.pages)
    lines = [_("{file}: {pages} pages, {seconds:.0f} s").format(file=file, pages=count, seconds=seconds)]
    lines += [_glyph_line(glyph) for glyph in rendered.missing]
    lines += [_("  shown otherwise: {reason}").format(reason=reason) for reason in rendered.degraded]
    if not same:
        lines.append(_("  two drawings differ"))
    return "\n".join(lines)


def _glyph_line(glyph: MissingGlyph) -> str:
    char = chr(glyph.codepoint) if not 0xD800 <= glyph.codepoint < 0xE000 else "\ufffd"
    return _("  no font has {char} U+{code:04X} ({count} times)").format(
        char=char, code=glyph.codepoint, count=glyph.count
    )


def _draw(rendered: Rendered, *, as_sixel: bool) -> None:
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 4096
    for page in rendered.pages:
        click.echo(f"{page.n}/{page.of}  {page.dwell_s} s")
        drawn = sixel(page) if as_sixel else half_blocks(page, columns, color=color)
        click.echo(drawn, color=True if as_sixel or color else None)


@click.group()
def fonts() -> None:
    """The shipped fonts and what they cover."""


@fonts.command("list")
@json_option
def fonts_list(as_json: bool) -> None:
    """The font chain of each size, the font with most glyphs first."""
    try:
        links = chain(load())
    except RenderError as error:
        fail(Exit.GLYPHS, str(error))
    for link in links:
        document = {
            "px": link.px,
            "name": link.source.name,
            "version": link.source.version,
            "licence": link.source.licence,
            "glyphs": link.glyphs,
            "sha256": link.source.sha256,
        }
        text = _("{px} px: {name} {version} ({licence}), {glyphs} glyphs").format(**document)
        emit(document, text, as_json)


@fonts.command("coverage")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--px", type=click.Choice([str(size) for size in SIZES]), default="16", help=_("Size of the font."))
@json_option
def fonts_coverage(files: tuple[Path, ...], px: str, as_json: bool) -> None:
    """Characters of text or notice files that no font has, and the font that draws each rare one."""
    try:
        atlas = load(size=int(px))
    except RenderError as error:
        fail(Exit.GLYPHS, str(error))
    worst = Exit.OK
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            emit({"file": str(file), "error": "unreadable"}, f"{file}: {error}", as_json)
            worst = max(worst, Exit.DATA)
            continue
        absent, unusual = coverage(atlas, [text]), rare(atlas, [text])
        document = {
            "file": str(file),
            "missing_glyphs": [_glyph_row(glyph) for glyph in absent],
            "rare_glyphs": [{**_glyph_row(glyph), "font": glyph.font, "px": glyph.px} for glyph in unusual],
        }
        lines = [_("{file}: {count} characters missing").format(file=file, count=len(absent))]
        lines += [f"{_glyph_line(glyph)}  {_standing(glyph)}" for glyph in absent]
        lines += [_rare_line(glyph) for glyph in unusual]
        emit(document, "\n".join(lines), as_json)
        worst = max(worst, Exit.GLYPHS if absent else Exit.OK)
    if worst:
        raise click.exceptions.Exit(int(worst))


def _glyph_row(glyph: MissingGlyph | RareGlyph) -> dict[str, object]:
    return {
        "codepoint": f"U+{glyph.codepoint:04X}",
        "count": glyph.count,
        "block": glyph.block,
        "level": glyph.level,
    }


def _standing(glyph: MissingGlyph | RareGlyph) -> str:
    """Block, and the level of GB 18030-2022 that asks for the character."""
    if glyph.level is None:
        return f"[{glyph.block}]"
    return _("[{block}, GB 18030-2022 level {level}]").format(block=glyph.block, level=glyph.level)


def _rare_line(glyph: RareGlyph) -> str:
    return _("  {char} U+{code:04X} drawn from {font} at {px} px ({count} times)  {standing}").format(
        char=chr(glyph.codepoint), code=glyph.codepoint, font=glyph.font, px=glyph.px, count=glyph.count,
        standing=_standing(glyph),
    )  # fmt: skip
