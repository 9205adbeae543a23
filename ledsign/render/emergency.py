"""The words of an emergency: a headline as large as the panel allows, sentences that no page cuts."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from ledsign.notice import Block, Paragraph
from ledsign.render import theme
from ledsign.render.items import Chunk
from ledsign.render.layout import Layout
from ledsign.render.linebreak import longest_pieces
from ledsign.render.setting import Metrics, faces, sized

_SENTENCE: Final = re.compile("(?<=[!！。;；])(?=.)")
_CLAUSE: Final = re.compile("(?<=[,，、:：])(?=.)")
_LINES: Final = 3  # of a headline's page; on a panel of a few characters a line as many as it holds
_FEW_COLUMNS: Final = 12  # half cells: six characters
_LEAST_COLUMNS: Final = 6
_PAGES: Final = 4  # of a headline that does not stand on one page in large characters
_TIED: Final = 5  # lines that are held together at most (see ``flow``)
_LONG: Final = 1000  # characters: more is no order to a village


def headline_chunks(layout: Layout, text: str) -> list[Chunk]:
    """What to do, one command a line, in the largest characters with which it all stands on one page; where these
    would be smaller than ``Style.alarm``, on several pages in larger ones, sentence by sentence."""
    body = layout.style.body
    parts = _SENTENCE.split(" ".join(text.split())) if len(text) < _LONG else [text]
    sentences = [part.strip() for part in parts if part.strip()]
    several: list[list[Chunk]] = []
    for face in reversed(faces(body.cell, 4 * body.cell)) if len(text) < _LONG else ():
        size = sized(body, face)
        pages = _pages(layout, sentences, size)
        if not pages:
            continue
        loud = bool(several) and size.cell < layout.style.alarm
        if len(pages) == 1 and not loud:
            return _whole(pages[0], layout)
        if len(pages) <= _PAGES and (not several or size.cell >= layout.style.alarm):
            several = pages
    if several:
        return [chunk for page in several for chunk in _whole(page, layout)]
    lines = [_lines(layout, sentence, body) for sentence in sentences]
    return held_together([line for part in lines for line in part], body.lines)


def sentences_apart(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Every sentence of running text a paragraph of its own."""
    return tuple(
        replace(block, text=_SENTENCE.sub("\n", block.text))
        if isinstance(block, Paragraph) and len(block.text) < _LONG
        else block
        for block in blocks
    )


def _pages(layout: Layout, sentences: Sequence[str], size: Metrics) -> list[list[Chunk]]:
    """The sentences on as many pages as they take, each whole; none where one is too long for a page. On several
    pages one that is may be cut between clauses."""
    most = min(size.lines, _LINES if size.columns >= _FEW_COLUMNS else size.lines)
    if size.columns < _LEAST_COLUMNS or size.cell > size.height:
        return []
    pages: list[list[Chunk]] = []
    for sentence in sentences:
        parts, needed = [sentence], len(_lines(layout, sentence, size))
        if needed > most * _PAGES or len(pages) > _PAGES:
            return []
        if needed > most:
            parts = _clauses(layout, sentence, size, most)
        for part in parts:
            text = layout.setter.text(part)
            lines = _lines(layout, part, size)
            if len(lines) > most or longest_pieces(text, np.array((0, len(text)))).max(initial=0) > size.columns:
                return []
            if pages and len(pages[-1]) + len(lines) <= most and part is sentence:
                pages[-1] += lines
            else:
                pages.append(lines)
    return pages


def _clauses(layout: Layout, sentence: str, size: Metrics, most: int) -> list[str]:
    """As many clauses together as a page holds."""
    found = [""]
    for clause in _CLAUSE.split(sentence):
        if found[-1] and len(_lines(layout, found[-1] + clause, size)) > most:
            found.append("")
        found[-1] += clause
    return found


def _lines(layout: Layout, text: str, size: Metrics) -> list[Chunk]:
    return layout.flow(text, theme.WARN, size=size, align="center")


def _whole(lines: Sequence[Chunk], layout: Layout) -> list[Chunk]:
    """A page of its own: invisible chunks centre the words and keep other text off it."""
    spare = layout.style.body.height - sum(line.height + line.gap for line in lines) + lines[0].gap
    held = [replace(line, keep=True) for line in lines]
    return [Chunk(spare // 2, (), keep=True), replace(held[0], gap=0), *held[1:], Chunk(spare - spare // 2, ())]


def held_together(chunks: Sequence[Chunk], lines: int) -> list[Chunk]:
    """Lines of a paragraph tied to each other where a page of so many ``lines`` holds them; what is longer falls
    into pieces of nearly equal length."""
    found: list[Chunk] = []
    lines = min(lines, _TIED)
    start = 0
    for end, chunk in enumerate(chunks, 1):
        if chunk.more:
            continue
        count = end - start
        pages = -(-count // lines)
        cuts = {-(-count * number // pages) for number in range(1, pages + 1)}
        found += [
            replace(line, keep=line.keep if number in cuts else True)
            for number, line in enumerate(chunks[start:end], 1)
        ]
        start = end
    return found
