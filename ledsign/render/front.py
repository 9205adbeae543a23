"""What stands before the body: title, digest page, and the whole of an emergency."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ledsign.frame import PageKind
from ledsign.notice import Alert, Notice, Urgency
from ledsign.policy import DwellRule
from ledsign.render import theme
from ledsign.render.band import carries_code
from ledsign.render.emergency import headline_chunks, held_together, sentences_apart
from ledsign.render.flow import Space, budget_us, count_pages, paginate, reading_us
from ledsign.render.items import Chunk, Sheet
from ledsign.render.layout import Layout
from ledsign.render.setting import LINE_PITCH, Metrics, faces, sized

_LEAST_COLUMNS = 12  # half cells: fewer than six characters a line make no sentence
_SHORT = 2  # pages: a notice up to this long needs no digest page


def sheets(notice: Notice, layout: Layout, space: Space, rule: DwellRule) -> list[Sheet]:
    """All pages of a notice: of a longer one the digest page first, then the body."""
    if notice.urgency is Urgency.EMERGENCY:
        return _coded(emergency_chunks(notice, layout), layout, space, rule, PageKind.EMERGENCY)
    body = layout.body(notice)
    titled = [*title_chunks(notice, layout), *body]
    if count_pages(titled, space.height, rule) <= _SHORT:
        whole = _coded(titled, layout, space, rule, PageKind.BODY)
        if len(whole) <= _SHORT:
            return whole
    chunks, with_title = front_chunks(notice, layout)
    front = paginate(chunks, space, rule, PageKind.DIGEST)
    return front + _coded(body if with_title else titled, layout, space, rule, PageKind.BODY)


def _coded(chunks: list[Chunk], layout: Layout, space: Space, rule: DwellRule, kind: PageKind) -> list[Sheet]:
    """Pages of which the last has room for the digest's digits."""
    found = paginate(chunks, space, rule, kind)
    if found and not carries_code(found[-1], len(found), layout.style):
        found = paginate([*chunks, Chunk(layout.style.small.cell, (), gap=1)], space, rule, kind)
    return found


def title_chunks(notice: Notice, layout: Layout, size: Metrics | None = None) -> list[Chunk]:
    """Title, subtitle, document number, correction and relay lines: the head of a short notice."""
    chunks = layout.flow(_parted(notice.title, layout, size), theme.TITLE, align="center", keep=True, size=size)
    chunks += layout.flow(notice.subtitle, theme.TITLE, align="center", keep=True, size=size)
    chunks += layout.flow(notice.doc_number, theme.HEADING, align="center", keep=True, size=size)
    if chunks and _height(chunks) > layout.style.body.height // 2:
        chunks = [replace(chunk, keep=False) for chunk in chunks]  # too long to hold together
    if notice.correction is not None:
        chunks += layout.flow(f"{theme.CORRECTION}:{notice.correction.summary}", theme.WARN, size=size)
    if notice.alert is not None:
        relayed = layout.flow(relay_line(notice.alert, layout, size), theme.HEADING, size=size, keep=True)
        chunks += [*relayed[:-1], replace(relayed[-1], keep=False)]
    return chunks


def front_chunks(notice: Notice, layout: Layout, announced: str = "") -> tuple[list[Chunk], bool]:
    """The digest page and whether the title is on it: the title, the notice in one sentence, who disclosed it
    and when, in the largest characters with which it all stays on one page; rather the signature in the body's
    size, or the day alone, as the band says who, than the sentence in smaller ones. Where the panel is too small
    for that, the signature is left out, then the title, which opens the body instead, then the end of the
    sentence: the page is never two. ``announced``: when the full text runs, said last and never left out."""
    enlarged = _enlarged(notice, layout, announced)
    if enlarged:
        return _centred(enlarged, layout), True
    for size in (layout.style.body, layout.style.small):
        hour = layout.flow(announced, theme.TITLE, align="center", size=size)
        chunks = _digest(notice, layout, size)
        if _fits([*chunks, *hour], layout):
            issuer, day = _signed(notice, layout, size)
            signed = ([*issuer, *day], day, list[Chunk]())
            best = next(part for part in signed if _fits([*chunks, *part, *hour], layout))
            return _centred([*chunks, *best, *hour], layout), True
        digest = layout.flow(notice.display.digest, theme.TEXT, size=size)
        if digest and _fits([*digest, *hour], layout):
            return _centred([*digest, *hour], layout), False
    size = layout.style.small
    hour = layout.flow(announced, theme.TITLE, align="center", size=size)
    words = _cut(notice.display.digest.strip() or notice.title.strip(), layout, hour)
    return _centred([*layout.flow(words, theme.TEXT, size=size), *hour], layout), False


def _enlarged(notice: Notice, layout: Layout, announced: str) -> list[Chunk]:
    """The digest page in characters larger than the body's; nothing where it would not be one page."""
    body, words = layout.style.body, notice.display.digest.strip()
    for face in reversed(faces(body.cell + 1, 3 * body.cell)):
        size = sized(body, face)
        if size.columns < _LEAST_COLUMNS:
            continue
        lines = sum(-(-layout.setter.text(each).width // size.columns) for each in (notice.title, words))
        if lines * size.cell > body.height:
            continue
        said = _digest(notice, layout, size)
        hour = layout.flow(announced, theme.TITLE, align="center", size=size)
        if not _fits(_tightened([*said, *hour]), layout):
            continue
        (large_issuer, large_day), (issuer, day) = (_signed(notice, layout, each) for each in (size, body))
        for signed in ([*large_issuer, *large_day], [*issuer, *day], day):
            chunks = [*said, *signed, *hour]
            for each in (chunks, _tightened(chunks)):
                if _fits(each, layout):
                    return each
    return []


def _fits(chunks: Sequence[Chunk], layout: Layout) -> bool:
    """Whether they are one page, in height and in time to read."""
    style = layout.style
    read = reading_us(style.rule, sum(chunk.weight for chunk in chunks), 0)
    return _height(chunks) <= style.body.height and read <= budget_us(style.rule)


def _tightened(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The lines as close as they may stand."""
    return [replace(chunk, gap=min(chunk.gap, round(chunk.height * (LINE_PITCH - 1)))) for chunk in chunks]


def _centred(chunks: Sequence[Chunk], layout: Layout) -> list[Chunk]:
    if not chunks:
        return []
    spare = layout.style.body.height - _height(chunks)
    return [Chunk(spare // 2, ()), replace(chunks[0], gap=0), *chunks[1:]]


def _cut(text: str, layout: Layout, below: Sequence[Chunk]) -> str:
    """As much of the text as one page holds above other lines: whole sentences where that is most of it."""

    def fits(end: int) -> bool:
        flowed = layout.flow(text[:end] + "…", theme.TEXT, size=layout.style.small)
        return _fits([*flowed, *below], layout)

    end = bisect_right(range(1, len(text) + 1), False, key=lambda end: not fits(end))
    sentences = max(text.rfind(mark, 0, end) for mark in "。;；!！")
    if (sentences + 1) * 5 >= end * 3:
        return text[: sentences + 1]
    return text[:end].rstrip("，、,:： ") + "…"


def _digest(notice: Notice, layout: Layout, size: Metrics) -> list[Chunk]:
    """Title and sentence; a sentence of one line stands in the middle as the title does."""
    words = notice.display.digest.strip()
    align = "center" if layout.setter.text(words).width <= size.columns else "left"
    return title_chunks(notice, layout, size) + layout.flow(words, theme.TEXT, size=size, align=align)


def _signed(notice: Notice, layout: Layout, size: Metrics) -> tuple[list[Chunk], list[Chunk]]:
    """Who, and when."""
    day = notice.publish_at
    dated = f"{day.year}年{day.month}月{day.day}日"
    issuer = layout.flow(notice.issuer.name, theme.HEADING, align="right", size=size)
    return issuer, layout.flow(dated, theme.HEADING, align="right", size=size)


def _height(chunks: Sequence[Chunk]) -> int:
    return sum(chunk.height for chunk in chunks) + sum(chunk.gap for chunk in chunks[1:])


def emergency_chunks(notice: Notice, layout: Layout) -> list[Chunk]:
    """What to do first, as large as a page allows, then what happened, then who says so; no sentence goes over to
    a new page that a page holds."""
    alert = notice.alert
    headline = alert.instruction if alert is not None and alert.instruction else notice.display.digest
    chunks = headline_chunks(layout, headline or notice.title)
    title = layout.flow(_parted(notice.title, layout, None), theme.WARN, align="center")
    told, lines = layout.body(replace(notice, body=sentences_apart(notice.body))), layout.style.body.lines
    if next((count for count, line in enumerate(told, 1) if not line.more), 0) > lines:
        title = [replace(line, more=True) for line in title]  # a sentence that is cut anyway begins below the title
    told = [*title, *told]
    if alert is not None:
        told += layout.flow(relay_line(alert, layout), theme.HEADING)
    return [*chunks, *held_together(told, lines)]


def _parted(title: str, layout: Layout, size: Metrics | None) -> str:
    """A title too long for one line is cut at its blanks rather than anywhere."""
    columns = (size or layout.style.body).columns
    parts = title.split()
    if layout.setter.text(title).width <= columns or len(parts) > 3:
        return title
    return "\n".join(parts) if all(layout.setter.text(part).width <= columns for part in parts) else title


def relay_line(alert: Alert, layout: Layout, size: Metrics | None = None) -> str:
    """Who issued the warning and when, who passed it on (气象法 asks for both on any relay), in lines where it is
    too long for one."""
    parts = [
        alert.sender,
        f"{_moment(alert.sent)}发布",
        *([f"{alert.relayed_by}{theme.RELAY}"] * bool(alert.relayed_by)),
    ]
    columns, lines = (size or layout.style.body).columns, [""]
    for part in parts:
        longer = f"{lines[-1]} {part}".strip()
        if layout.setter.text(longer).width <= columns:
            lines[-1] = longer
        else:
            lines.append(part)
    return "\n".join(line for line in lines if line)


def _moment(at: datetime) -> str:
    return f"{at.month}月{at.day}日{at.hour}:{at.minute:02}"
