"""What stands before the body: title, digest page, and the whole of an emergency."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ledsign.frame import PageKind
from ledsign.notice import Alert, Notice, Urgency
from ledsign.policy import DwellRule
from ledsign.render import theme
from ledsign.render.band import carries_code
from ledsign.render.flow import Space, budget_us, paginate, reading_us
from ledsign.render.items import Chunk, Sheet
from ledsign.render.layout import Layout
from ledsign.render.setting import Metrics, faces, sized

_SENTENCE = re.compile("([!！。;；])(?=.)")
_LEAST_COLUMNS = 12  # half cells: fewer than six characters a line make no sentence
_HEADLINES = 3  # lines of an emergency's headline
_SHORT = 2  # pages: a notice up to this long needs no digest page


def sheets(notice: Notice, layout: Layout, space: Space, rule: DwellRule) -> list[Sheet]:
    """All pages of a notice: of a longer one the digest page first, then the body."""
    if notice.urgency is Urgency.EMERGENCY:
        return _coded(emergency_chunks(notice, layout), layout, space, rule, PageKind.EMERGENCY)
    body = layout.body(notice)
    titled = [*title_chunks(notice, layout), *body]
    whole = _coded(titled, layout, space, rule, PageKind.BODY)
    if len(whole) <= _SHORT:
        return whole
    chunks, with_title = front_chunks(notice, layout)
    front = paginate(chunks, space, rule, PageKind.DIGEST)
    return front + (_coded(body, layout, space, rule, PageKind.BODY) if with_title else whole)


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
        relayed = layout.flow(relay_line(notice.alert), theme.HEADING, size=size, keep=True)
        chunks += [*relayed[:-1], replace(relayed[-1], keep=False)]
    return chunks


def front_chunks(notice: Notice, layout: Layout, announced: str = "") -> tuple[list[Chunk], bool]:
    """The digest page and whether the title is on it: the title, the notice in one sentence, who disclosed it
    and when, in the largest characters with which it all stays on one page. Where the panel is too small for
    that, the signature is left out, then the title, which opens the body instead, then the end of the sentence:
    the page is never two. ``announced``: when the full text runs, said last and never left out."""
    body = layout.style.body
    for face in reversed(faces(body.cell + 1, 3 * body.cell)):
        size = sized(body, face)
        if size.columns < _LEAST_COLUMNS:
            continue
        chunks = _digest(notice, layout, size)
        chunks += [chunk for part in _signed(notice, layout, size) for chunk in part]
        chunks += layout.flow(announced, theme.TITLE, align="center", size=size)
        if _fits(chunks, layout):
            return _centred(chunks, layout), True
    for size in (body, layout.style.small):
        hour = layout.flow(announced, theme.TITLE, align="center", size=size)
        digest = layout.flow(notice.display.digest, theme.TEXT, size=size)
        chunks = [*title_chunks(notice, layout, size), *digest]
        if _fits([*chunks, *hour], layout):
            issuer, day = _signed(notice, layout, size)
            signed = ([*issuer, *day], day, list[Chunk]())
            best = next(part for part in signed if _fits([*chunks, *part, *hour], layout))
            return _centred([*chunks, *best, *hour], layout), True
        if digest and _fits([*digest, *hour], layout):
            return _centred([*digest, *hour], layout), False
    size = layout.style.small
    hour = layout.flow(announced, theme.TITLE, align="center", size=size)
    words = _cut(notice.display.digest.strip() or notice.title.strip(), layout, hour)
    return _centred([*layout.flow(words, theme.TEXT, size=size), *hour], layout), False


def _fits(chunks: Sequence[Chunk], layout: Layout) -> bool:
    """Whether they are one page, in height and in time to read."""
    style = layout.style
    read = reading_us(style.rule, sum(chunk.weight for chunk in chunks), 0)
    return _height(chunks) <= style.body.height and read <= budget_us(style.rule)


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
    return title_chunks(notice, layout, size) + layout.flow(notice.display.digest, theme.TEXT, size=size)


def _signed(notice: Notice, layout: Layout, size: Metrics) -> tuple[list[Chunk], list[Chunk]]:
    """Who, and when."""
    day = notice.publish_at
    dated = f"{day.year}年{day.month}月{day.day}日"
    issuer = layout.flow(notice.issuer.name, theme.HEADING, align="right", size=size)
    return issuer, layout.flow(dated, theme.HEADING, align="right", size=size)


def _height(chunks: Sequence[Chunk]) -> int:
    return sum(chunk.height for chunk in chunks) + sum(chunk.gap for chunk in chunks[1:])


def emergency_chunks(notice: Notice, layout: Layout) -> list[Chunk]:
    """What to do first, as large as a page allows, then what happened, then who says so."""
    chunks: list[Chunk] = []
    alert = notice.alert
    headline = alert.instruction if alert is not None and alert.instruction else notice.display.digest
    chunks += _headline(layout, headline or notice.title)
    if chunks:
        chunks[-1] = replace(chunks[-1], keep=False)
    chunks += layout.flow(_parted(notice.title, layout, None), theme.WARN, align="center")
    chunks += layout.body(notice)
    if alert is not None:
        chunks += layout.flow(relay_line(alert), theme.HEADING)
    return chunks


def _headline(layout: Layout, text: str) -> list[Chunk]:
    """One page of the largest characters that hold the text; none smaller than the body's."""
    body = layout.style.body
    best: list[Chunk] = []
    sentences = _SENTENCE.sub(r"\1\n", text)  # one command a line
    for face in faces(body.cell, 4 * body.cell):
        size = sized(body, face)
        if size.columns < _LEAST_COLUMNS // 2 or size.cell > body.height:
            break
        chunks = layout.flow(sentences, theme.WARN, size=size, align="center", keep=True)
        if best and (_height(chunks) > body.height or len(chunks) > _HEADLINES):
            break
        best = chunks
    spare = body.height - _height(best)
    if best and spare > 0:
        # the page stays whole: invisible chunks centre the words and keep other text off it
        above = spare // 2
        best = [Chunk(above, (), keep=True), replace(best[0], gap=0), *best[1:], Chunk(spare - above, ())]
    return best


def _parted(title: str, layout: Layout, size: Metrics | None) -> str:
    """A title too long for one line is cut at its blanks rather than anywhere."""
    columns = (size or layout.style.body).columns
    parts = title.split()
    if layout.setter.text(title).width <= columns or len(parts) > 3:
        return title
    return "\n".join(parts) if all(layout.setter.text(part).width <= columns for part in parts) else title


def relay_line(alert: Alert) -> str:
    """Who issued the warning and when, who passed it on (气象法 asks for both on any relay)."""
    relayed = f" {alert.relayed_by}{theme.RELAY}" if alert.relayed_by else ""
    return f"{alert.sender} {_moment(alert.sent)}发布{relayed}"


def _moment(at: datetime) -> str:
    return f"{at.month}月{at.day}日{at.hour}:{at.minute:02}"
