"""Notice + panel -> pages. The same notice, panel and font build give the same bytes everywhere."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from ledsign.frame import Page, PageKind
from ledsign.notice import AssetReader, Image, Notice, Status, Urgency, no_assets
from ledsign.panel import ColorMode, Panel
from ledsign.policy import Policy
from ledsign.render import shades, theme
from ledsign.render.atlas import SIZES, Atlas, load
from ledsign.render.band import Band
from ledsign.render.colours import limited
from ledsign.render.dense import is_dense
from ledsign.render.flow import Space, paginate, reading_us
from ledsign.render.fonts import Face, MissingGlyph, Role, choose, coverage, ladder
from ledsign.render.front import front_chunks
from ledsign.render.front import sheets as sheets_of
from ledsign.render.items import Item, Rect, Sheet
from ledsign.render.layout import Layout
from ledsign.render.lazy import DrawnPage, Recent
from ledsign.render.plate import plate
from ledsign.render.raster import compose
from ledsign.render.said import said
from ledsign.render.setting import LINE_PITCH, Setter, Style, fitted
from ledsign.render.standing import quiet_lines, test_pattern

_PLATE_BYTES: Final = 32_000_000  # of notices laid out: some hundred thousand characters, or a few large photos
_SENTENCE: Final = 40  # characters: a page of larger text that holds fewer would cut every sentence
_ALARM: Final = 2  # times as high as an emergency's text has to be: its headline, where the panel has room
_PIXEL_BYTES: Final = 8_000_000  # of pages composed: one of full HD, all of a small panel


@dataclass(frozen=True, slots=True)
class Rendered:
    """Pages of one notice, characters no font has, and what could not be shown as meant.

    The digest page, where there is one, is the first and has n = 0; the pages of the body count 1 to ``of``.
    A page's pixels are composed when they are looked at.

    ``degraded`` holds asset_missing, asset_undecodable, asset_too_large, image_too_small, qr_too_large,
    video_poster, unknown_block: one entry for each block concerned. ``absent``: pictures that were not there yet.
    """

    pages: tuple[DrawnPage, ...]
    missing: tuple[MissingGlyph, ...]
    degraded: tuple[str, ...]
    absent: tuple[Image, ...] = ()


class Renderer:
    """Draws notices for one panel. Not thread-safe: one loop owns it. Raises RenderError where the shipped
    fonts are damaged; no notice makes it raise.

    ``max_colours``: what a card can show that takes only pictures with a palette; None for all others. ``words``:
    pages also say what stands on them, line by line, for cards that draw it themselves. ``shaded``: the card shows
    the colours between two inks.
    """

    def __init__(
        self,
        panel: Panel,
        policy: Policy,
        cache_dir: Path | None = None,
        max_colours: int | None = None,
        words: bool = False,
        shaded: bool = True,
    ) -> None:
        self.panel, self.policy, self._words = panel, policy, words
        self.atlas: Atlas = load(cache_dir)
        for size in SIZES:
            self.atlas.at(size)  # unpacked now, once: an emergency must not wait for its large type
        self._smooth = shaded and panel.mode is ColorMode.RGB and policy.look.antialias == "always"
        for size in shades.SIZES if self._smooth else ():
            self.atlas.at(size).shades()
        self._inks = theme.palette(panel.mode)
        self._max_colours = max_colours if panel.mode is ColorMode.RGB else None
        self._recent = Recent(_PIXEL_BYTES, lambda made: compose(self.atlas, made, panel.mode))
        self._styles: dict[tuple[bool, bool], Style] = {}
        self._announced: dict[str, tuple[datetime, DrawnPage]] = {}
        self._held = 0
        self._cache: OrderedDict[str, Rendered] = OrderedDict()

    def render(self, notice: Notice, assets: AssetReader = no_assets, night: bool = False) -> Rendered:
        """Pages in reading order; none for a withdrawn notice. ``night`` only lengthens the dwell."""
        known = self._cache.get(notice.digest)
        if known is None or any(assets(image) is not None for image in known.absent):
            absent: list[Image] = []
            known = self._render(notice, _noting(assets, absent))
            known = replace(known, absent=tuple(dict.fromkeys(absent)))
            self._remember(notice.digest, known)
        else:
            self._cache.move_to_end(notice.digest)
        if not night:
            return known
        least = self.policy.dwell.night_min_s
        pages = tuple(page.standing(max(page.dwell_s, least)) for page in known.pages)
        return replace(known, pages=pages)

    def forget(self, digest: str) -> None:
        """Drop a notice's pages: what was withdrawn must not stay in memory."""
        if digest in self._announced:
            self._recent.forget(self._announced.pop(digest)[1].source)
        if digest in self._cache:
            self._drop(self._cache.pop(digest))

    def _remember(self, digest: str, rendered: Rendered) -> None:
        """Keep the newest drawings, within a bound of bytes; the caches are shadows and may be dropped."""
        self.forget(digest)
        self._cache[digest] = rendered
        self._held += _size(rendered)
        while self._held > _PLATE_BYTES and len(self._cache) > 1:
            self._drop(self._cache.popitem(last=False)[1])

    def _drop(self, rendered: Rendered) -> None:
        self._held -= _size(rendered)
        for page in rendered.pages:
            self._recent.forget(page.source)

    def safe_page(self, lines: Sequence[str]) -> Page:
        """A quiet page of a few centred lines for when nothing may be shown; what does not fit is left out."""
        items = quiet_lines(lines, self.style().body, self.panel, Setter(self.atlas))
        return self._page(items, self.policy.dwell.max_s, PageKind.SAFE, 1, 1)

    def test_page(self) -> Page:
        """Technician's pattern: a border, both diagonals' corners, every ink as a bar, the panel's name."""
        items = test_pattern(self.panel, Setter(self.atlas))
        return self._page(items, self.policy.dwell.max_s, PageKind.TEST, 1, 1)

    def style(self, *, emergency: bool = False, dense: bool = False) -> Style:
        """Sizes of text on this panel; an emergency is set larger, and so is a notice full of ``dense``
        characters where a page then still holds a sentence."""
        if (emergency, dense) not in self._styles:
            self._styles[emergency, dense] = self._style(emergency=emergency, dense=dense)
        return self._styles[emergency, dense]

    def _style(self, *, emergency: bool, dense: bool) -> Style:
        sight, rule = self.policy.legibility, self.policy.dwell
        wanted = sight.emergency_arcmin
        margin = self._border(PageKind.EMERGENCY) if emergency else 0
        panel = replace(self.panel, width=self.panel.width - 2 * margin, height=self.panel.height - 2 * margin)
        small = choose(panel, sight.floor_arcmin, Role.SMALL)
        most = round((rule.max_s - rule.lead_in_s) * rule.chars_per_s)
        face = choose(panel, sight.floor_arcmin, Role.BODY, most_chars=most, pitch=LINE_PITCH)
        if emergency:
            face = max(face, choose(panel, wanted, Role.EMERGENCY), key=lambda face: face.cell)
        height = panel.height - Band.height(small) - Band.foot(panel.height, small)
        body = fitted(panel.width, height, face)
        if dense and face.cell < sight.dense_px:
            larger = fitted(panel.width, height, ladder(sight.dense_px, 2 * sight.dense_px)[0])
            body = larger if larger.columns // 2 * larger.lines >= _SENTENCE else body
        small_size, least = fitted(panel.width, height, small), fitted(panel.width, height, self._least(small))
        loud = (each.cell for each in ladder(small.cell, panel.height) if panel.arcmin(each.cell) >= _ALARM * wanted)
        alarm = next(loud, 0) if emergency else 0
        return Style(body, small_size, least, panel.mode, panel.width, panel.height, rule, alarm)

    def _least(self, small: Face) -> Face:
        """The smallest lawful face, which may be below the profile's ``text_px``."""
        sight = self.policy.legibility
        for face in ladder(sight.min_px, small.cell):
            if self.panel.arcmin(face.cell) >= sight.floor_arcmin:
                return face
        return small

    def lay_out(self, notice: Notice, assets: AssetReader = no_assets) -> tuple[Layout, list[Sheet]]:
        """The sheets of a notice before they get their band, and the layout that made them."""
        texts = _strings(notice)
        layout = self._layout(notice, texts, assets)
        layout.setter.learn(_parts(texts))
        return layout, sheets_of(notice, layout, self._space(layout.style), self.policy.dwell)

    def announced(self, notice: Notice, digest: Page, starts: datetime) -> Page:
        """The notice's digest page with the hour at which its full text runs today; the last one is kept."""
        known = self._announced.get(notice.digest)
        if known is not None and known[0] == starts:
            return known[1]
        layout = self._layout(notice, _strings(notice), no_assets)
        local = starts.astimezone(self.policy.zone)
        line = theme.FULL_TEXT.format(hour=local.hour, minute=local.minute)
        chunks, _ = front_chunks(notice, layout, line)
        sheet = paginate(chunks, self._space(layout.style), self.policy.dwell, PageKind.DIGEST)[0]
        items = Band(notice, self.policy, layout.setter, layout.style).dress(sheet, digest.n, digest.of)
        page = self._page(items, self._dwell(sheet), PageKind.DIGEST, digest.n, digest.of, sheet.items)
        self._announced[notice.digest] = starts, page
        return page

    def _layout(self, notice: Notice, texts: Sequence[str], assets: AssetReader) -> Layout:
        dense, look = is_dense(texts), self.policy.look
        style = self.style(emergency=notice.urgency is Urgency.EMERGENCY, dense=dense)
        setter = Setter(self.atlas, 0 if dense else self.policy.legibility.dense_px)
        return Layout(setter, style, assets, calm=look.dither == "blue_noise")

    @staticmethod
    def _space(style: Style) -> Space:
        return Space(Band.height(style.small.face), style.body.height, style.panel_height)

    def _render(self, notice: Notice, assets: AssetReader) -> Rendered:
        if notice.status is Status.WITHDRAWN:
            return Rendered((), (), ())
        layout, sheets = self.lay_out(notice, assets)
        band = Band(notice, self.policy, layout.setter, layout.style)
        first = 0 if sheets and sheets[0].kind is PageKind.DIGEST else 1
        of = len(sheets) - 1 + first
        pages = tuple(
            self._page(self._bordered(items, sheet.kind), self._dwell(sheet), sheet.kind, n, of, sheet.items)
            for n, sheet, items in ((n, sheet, band.dress(sheet, n, of)) for n, sheet in enumerate(sheets, first))
        )
        missing = coverage(self.atlas, ["\n".join(_strings(notice))])
        return Rendered(pages, missing, tuple(layout.degraded))

    def _border(self, kind: PageKind) -> int:
        """LEDs around a page that belong to its frame and the air inside."""
        if kind is not PageKind.EMERGENCY or not self.policy.look.emergency_border:
            return 0
        return 3 * choose(self.panel, self.policy.legibility.floor_arcmin, Role.SMALL).unit

    def _bordered(self, items: Sequence[Item], kind: PageKind) -> Sequence[Item]:
        """The page inside its frame, where it has one."""
        margin = self._border(kind)
        if not margin:
            return items
        width, height, thick = self.panel.width, self.panel.height, margin * 2 // 3
        boxes = (
            (0, 0, width, thick), (0, height - thick, width, thick),
            (0, thick, thick, height - 2 * thick), (width - thick, thick, thick, height - 2 * thick),
        )  # fmt: skip
        return [*(Rect(*box, theme.WARN) for box in boxes), *(item.moved(margin, margin) for item in items)]

    def _dwell(self, sheet: Sheet) -> float:
        """Seconds, by the policy's formula; pictures and codes have a least time of their own."""
        rule = self.policy.dwell
        seconds = rule.lead_in_s + reading_us(rule, sheet.weight, sheet.rows) / 1_000_000
        least = rule.min_s
        if sheet.picture:
            least = max(least, rule.image_s)
        if sheet.qr:
            least = max(least, rule.qr_s)
        return round(min(rule.max_s, max(least, seconds)), 1)

    def _page(
        self, items: Sequence[Item], dwell: float, kind: PageKind, n: int, of: int, words: Sequence[Item] = ()
    ) -> DrawnPage:
        """``words``: the items that say something, where the band around them is not to be read with them."""
        panel = self.panel
        if self._max_colours is not None:
            items = limited(items, self._max_colours, self._inks)
        made = plate(self.atlas, items, panel.width, panel.height, panel.mode, self._inks, self._smooth)
        return DrawnPage.made(
            self._recent, made, width=panel.width, height=panel.height, mode=panel.mode, dwell_s=dwell, kind=kind,
            n=n, of=of, text=(said(words) or said(items)) if self._words else (),
        )  # fmt: skip


def _noting(assets: AssetReader, absent: list[Image]) -> AssetReader:
    """The reader, which also tells what it could not find."""

    def read(image: Image) -> bytes | None:
        raw = assets(image)
        if raw is None:
            absent.append(image)
        return raw

    return read


def _strings(notice: Notice) -> list[str]:
    return list(_texts((notice.title, notice.subtitle, notice.display.digest, notice.body)))


def _texts(value: object) -> Iterator[str]:
    """Every string in a tree of blocks: what may have to be drawn."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))


def _parts(texts: Sequence[str]) -> list[str]:
    """The texts as layout asks for them: paragraphs line by line, cells of tables in one line."""
    lines = {line.strip() for text in texts for line in text.splitlines()}
    return sorted(lines | {" ".join(text.split()) for text in texts})


def _size(rendered: Rendered) -> int:
    return sum(page.source.nbytes for page in rendered.pages)
