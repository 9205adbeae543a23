"""Notice + panel -> pages. The same notice, panel and font build give the same bytes everywhere."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Final

from ledsign.frame import Page, PageKind
from ledsign.notice import AssetReader, Notice, Status, Urgency, no_assets
from ledsign.panel import Panel
from ledsign.policy import Policy
from ledsign.render import theme
from ledsign.render.atlas import Atlas, load
from ledsign.render.band import Band
from ledsign.render.flow import Space, paginate, reading_us
from ledsign.render.fonts import MissingGlyph, base_scale, body_scale, coverage
from ledsign.render.front import emergency_chunks, front_chunks, title_chunks
from ledsign.render.items import Item, Rect, Sheet
from ledsign.render.layout import Layout
from ledsign.render.raster import compose
from ledsign.render.setting import LINE_PITCH, Setter, Style, aligned, fitted, run

_CACHE_BYTES: Final = 64_000_000


@dataclass(frozen=True, slots=True)
class Rendered:
    """Pages of one notice, characters no font has, and what could not be shown as meant.

    ``degraded`` holds asset_missing, asset_undecodable, asset_too_large, image_too_small, qr_too_large,
    video_poster, unknown_block: one entry for each block concerned.
    """

    pages: tuple[Page, ...]
    missing: tuple[MissingGlyph, ...]
    degraded: tuple[str, ...]


class Renderer:
    """Draws notices for one panel. Not thread-safe: one loop owns it. Raises RenderError where the shipped
    fonts are damaged; no notice makes it raise."""

    def __init__(self, panel: Panel, policy: Policy, cache_dir: Path | None = None) -> None:
        self.panel, self.policy = panel, policy
        self.atlas: Atlas = load(cache_dir)
        self._inks = theme.palette(panel.mode)
        self._styles: dict[bool, Style] = {}
        self._held = 0
        self._cache: OrderedDict[tuple[str, tuple[str, ...]], Rendered] = OrderedDict()

    def render(self, notice: Notice, assets: AssetReader = no_assets, night: bool = False) -> Rendered:
        """Pages in reading order; none for a withdrawn notice. ``night`` only lengthens the dwell."""
        key = (notice.digest, tuple(image.sha256 for image in notice.images() if assets(image) is not None))
        known = self._cache.get(key)
        if known is None:
            known = self._render(notice, assets)
            self._remember(key, known)
        else:
            self._cache.move_to_end(key)
        if not night:
            return known
        least = self.policy.dwell.night_min_s
        pages = tuple(replace(page, dwell_s=max(page.dwell_s, least)) for page in known.pages)
        return replace(known, pages=pages)

    def forget(self, digest: str) -> None:
        """Drop a notice's bitmaps: what was withdrawn must not stay in memory."""
        for key in [key for key in self._cache if key[0] == digest]:
            del self._cache[key]

    def _remember(self, key: tuple[str, tuple[str, ...]], rendered: Rendered) -> None:
        """Keep the newest drawings, within a bound of bytes; the caches are shadows and may be dropped."""
        self._cache[key] = rendered
        self._held += _size(rendered)
        while self._held > _CACHE_BYTES and len(self._cache) > 1:
            _, dropped = self._cache.popitem(last=False)
            self._held -= _size(dropped)

    def safe_page(self, lines: Sequence[str]) -> Page:
        """A quiet page of a few centred lines for when nothing may be shown; what does not fit is left out."""
        size = self.style().body
        setter = Setter(self.atlas)
        texts = [part for line in lines for part in setter.lines(setter.text(line), size.columns)]
        room = (self.panel.height - size.cell) // size.pitch + 1
        texts = texts[:room]
        y = (self.panel.height - (len(texts) - 1) * size.pitch - size.cell) // 2
        items: list[Item] = []
        for number, text in enumerate(texts):
            x = aligned(text.width * size.half, size.width, "center") // 8 * 8
            items.append(run(text, x, y + number * size.pitch, size.scale, theme.TEXT))
        return self._page(items, self.policy.dwell.max_s, PageKind.SAFE, 1, 1)

    def test_page(self) -> Page:
        """Technician's pattern: a border, both diagonals' corners, every ink as a bar, the panel's name."""
        width, height = self.panel.width, self.panel.height
        items: list[Item] = [
            Rect(0, 0, width, 1, theme.TEXT),
            Rect(0, height - 1, width, 1, theme.TEXT),
            Rect(0, 0, 1, height, theme.TEXT),
            Rect(width - 1, 0, 1, height, theme.TEXT),
        ]
        inks = (theme.TEXT, theme.TITLE, theme.WARN, theme.BAND)
        bar = (width - 8) // len(inks)
        for number, ink in enumerate(inks):
            items.append(Rect(4 + number * bar, height - 12, bar - 2, 8, ink, dotted=bool(number % 2)))
        setter = Setter(self.atlas)
        for number, line in enumerate((f"{width}x{height} {self.panel.mode}", "上左 测试 靐龘 0123")):
            text = setter.text(line)
            if 4 + text.width * 8 < width and 4 + number * 20 + 16 < height - 12:
                items.append(run(text, 4, 4 + number * 20, 1, theme.TEXT))
        return self._page(items, self.policy.dwell.max_s, PageKind.TEST, 1, 1)

    def style(self, *, emergency: bool = False) -> Style:
        """Sizes of text on this panel; an emergency is set larger."""
        if emergency not in self._styles:
            self._styles[emergency] = self._style(emergency=emergency)
        return self._styles[emergency]

    def _style(self, *, emergency: bool) -> Style:
        panel, sight, rule = self.panel, self.policy.legibility, self.policy.dwell
        base = base_scale(panel, sight.floor_arcmin)
        most = round((rule.max_s - rule.lead_in_s) * rule.chars_per_s)
        scale = body_scale(panel, base, LINE_PITCH, most)
        if emergency:
            scale = max(scale, base_scale(panel, sight.emergency_arcmin))
            scale = max(scale, min(panel.width // 160, (panel.height - 16 * base - 3) // 60))  # 10 x 3 characters
        height = panel.height - Band.height(base)
        body = fitted(panel.width, height, scale)
        return Style(body, fitted(panel.width, height, base), panel.mode, panel.width, panel.height, rule)

    def _render(self, notice: Notice, assets: AssetReader) -> Rendered:
        if notice.status is Status.WITHDRAWN:
            return Rendered((), (), ())
        emergency = notice.urgency is Urgency.EMERGENCY
        style = self.style(emergency=emergency)
        setter = Setter(self.atlas)
        layout = Layout(setter, style, assets)
        space = Space(Band.height(style.small.scale), style.body.height, self.panel.height)
        rule = self.policy.dwell
        if emergency:
            sheets = paginate(emergency_chunks(notice, layout), space, rule, PageKind.EMERGENCY)
        else:
            body = layout.body(notice)
            sheets = paginate([*title_chunks(notice, layout), *body], space, rule, PageKind.BODY)
            if len(sheets) > 2:
                front = paginate(front_chunks(notice, layout), space, rule, PageKind.DIGEST)
                sheets = front + paginate(body, space, rule, PageKind.BODY)
        band = Band(notice, self.policy, setter, style)
        pages = tuple(
            self._page(band.dress(sheet, n, len(sheets)), self._dwell(sheet), sheet.kind, n, len(sheets))
            for n, sheet in enumerate(sheets, 1)
        )
        missing = coverage(self.atlas, _texts((notice.title, notice.subtitle, notice.display.digest, notice.body)))
        return Rendered(pages, missing, tuple(layout.degraded))

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

    def _page(self, items: Sequence[Item], dwell: float, kind: PageKind, n: int, of: int) -> Page:
        panel = self.panel
        pixels = compose(self.atlas, items, panel.width, panel.height, panel.mode, self._inks)
        return Page(panel.width, panel.height, panel.mode, pixels, dwell, kind, n, of)


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


def _size(rendered: Rendered) -> int:
    return sum(len(page.pixels) for page in rendered.pages)
