"""Blocks of a notice to chunks: what stands where, before pages are cut."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import singledispatchmethod

from ledsign.notice import (
    AssetReader,
    Block,
    Heading,
    Image,
    ListBlock,
    Notice,
    Paragraph,
    Qa,
    Qr,
    Signature,
    Steps,
    Table,
    UnknownBlock,
    Video,
)
from ledsign.render import theme
from ledsign.render.dense import is_mixed
from ledsign.render.illustration import Illustrator
from ledsign.render.image import ImageFaultError
from ledsign.render.items import Chunk, Part
from ledsign.render.linebreak import weight
from ledsign.render.prose import Prose
from ledsign.render.qr import qr_chunk
from ledsign.render.setting import Metrics, Setter, Span, Style, line_chunk, line_of
from ledsign.render.table import table_chunks
from ledsign.render.titles import evened

_WIDOW_LINES = 5  # on pages of that many lines a paragraph's first and last lines never stand alone
_JUSTIFY_COLUMNS = 32  # half cells: a shorter line would show its gaps


class Layout:
    """Lays out one notice; collects in ``degraded`` what could not be shown as it was meant. ``calm``: still photos
    are dithered like moving ones."""

    def __init__(self, setter: Setter, style: Style, assets: AssetReader, *, calm: bool = False) -> None:
        self.setter, self.style, self.assets = setter, style, assets
        self._pictures = Illustrator(setter, style, assets, calm=calm)
        self.degraded: list[str] = []
        self._title = self._heard = ""
        self._has_steps = False

    def body(self, notice: Notice) -> list[Chunk]:
        """Chunks of all blocks in order."""
        self._title = notice.title.strip()
        self._has_steps = any(isinstance(block, Steps) for block in notice.body)
        chunks: list[Chunk] = []
        blocks = list(notice.body)
        while blocks:
            pair = self._pictures.pair(blocks[:2])
            chunks.extend(pair or self.block(blocks[0]))
            del blocks[: 2 if pair else 1]
        return chunks

    def flow(
        self,
        string: str,
        color: int = theme.TEXT,
        *,
        size: Metrics | None = None,
        label: str = "",
        indent: int = 0,
        align: str = "left",
        keep: bool = False,
        gap: int | None = None,
    ) -> list[Chunk]:
        """Running text as one chunk a line. ``label`` hangs left of all lines, ``indent`` (half cells) moves
        the first; ``keep`` ties the lines together and to what follows; ``align`` is that of notice blocks."""
        size = size or self.style.body
        tag = self.setter.text(label)
        hang = min(tag.width, size.columns // 2)
        leading = size.pitch - size.cell
        chunks: list[Chunk] = []
        for part in string.splitlines():
            text = self.setter.sized(part.strip(), size.face)
            first = size.columns - hang - indent
            spans: Sequence[Span] = self.setter.spans(text, size.columns - hang, first)
            if align in {"center", "right"}:
                spans = evened(text, first, spans)
            left = hang * size.half, (hang + indent) * size.half
            drawn_out = align == "justify" and size.columns >= _JUSTIFY_COLUMNS
            prose = Prose(text, spans, size, color, left, align, drawn_out=drawn_out) if len(spans) > 1 else None
            mixed, lines = is_mixed(text), list[Chunk]()
            for row, span in enumerate(spans):
                if prose is None or (mixed and is_mixed(line_of(text, *span))):
                    x, line = left[row == 0], line_of(text, *span)
                    lines.append(line_chunk(line, size, color, x=x, align=align, gap=leading, keep=keep, more=True))
                    continue
                own = Part(prose, row, row + 1)
                lines.append(Chunk(size.cell, (), prose.weight[row], gap=leading, keep=keep, part=own, more=True))
            if lines:
                lines[-1].more = False
            if lines and not chunks:
                opening = lines[0]
                opening.gap = leading if gap is None else gap
                if label:
                    below = opening.height - size.cell
                    items = (item.moved(0, below) for item in line_chunk(tag, size, color).items)
                    opening.items, opening.weight = (*opening.items, *items), opening.weight + weight(tag)
            chunks += lines
        if len(chunks) > 2 and size.lines >= _WIDOW_LINES:
            chunks[0].keep = chunks[-2].keep = True
        return chunks

    @singledispatchmethod
    def block(self, block: Block) -> Iterator[Chunk]:
        """Chunks of one block."""
        raise TypeError(f"no layout for {type(block).__name__}")

    @block.register
    def _heading(self, block: Heading) -> Iterator[Chunk]:
        text = self._heard = block.text.strip()
        if text:
            yield from self.flow(text, theme.HEADING, label="▌", keep=True)

    @block.register
    def _paragraph(self, block: Paragraph) -> Iterator[Chunk]:
        align = block.align if block.align in {"center", "right", "justify"} else "left"
        indent = 0 if align in {"center", "right"} else 4 * max(0, min(block.indent, 4)) // 2
        yield from self.flow(block.text, indent=min(indent, self.style.body.columns // 3), align=align)

    @block.register
    def _list(self, block: ListBlock) -> Iterator[Chunk]:
        for number, item in enumerate(block.items, 1):
            labels = {"dot": "•", "number": f"{number}.", "cn": f"{theme.cn_number(number)}、"}
            yield from self.flow(item, label=labels.get(block.style, ""))

    @block.register
    def _steps(self, block: Steps) -> Iterator[Chunk]:
        if block.title.strip() and not self._heard.endswith(block.title.strip()):
            yield from self.flow(block.title.strip(), theme.HEADING, label="▌", keep=True)
        for number, item in enumerate(block.items, 1):
            arrow = "" if number == len(block.items) else " ↓"
            yield from self.flow(item.strip() + arrow, label=theme.step_number(number))

    @block.register
    def _qa(self, block: Qa) -> Iterator[Chunk]:
        question = self.flow(block.question, theme.KEY, label=theme.QUESTION, keep=True)
        reminder = self._question_again(block.question)
        answer = self.flow(block.answer, label=theme.ANSWER)
        facts = " ".join(part for part in (block.state, block.dept, block.answered_on) if part)
        if answer and facts:
            answer[-1].keep = True  # what became of it says nothing on a page of its own
        answer.extend(self.flow(facts, theme.HEADING, size=self.style.body, align="right"))
        yield from question
        yield from (replace(chunk, head=reminder) for chunk in answer)

    def _question_again(self, question: str) -> Chunk:
        """One line that stands over the rest of an answer when the page is turned."""
        size = self.style.body
        text = self.setter.fitting(theme.QUESTION + " ".join(question.split()), size.columns, "…" + theme.CONTINUED)
        chunk = line_chunk(text, size, theme.KEY)
        return replace(chunk, weight=0)

    @block.register
    def _signature(self, block: Signature) -> Iterator[Chunk]:
        lines = [
            *self.flow(block.issuer, align="right", keep=True),
            *self.flow(block.date, align="right", keep=True),
        ]
        if lines:
            lines[-1] = replace(lines[-1], keep=False)
        yield from lines

    @block.register
    def _unknown(self, block: UnknownBlock) -> Iterator[Chunk]:
        self.degraded.append("unknown_block")
        yield from self.flow(block.text)

    @block.register
    def _table(self, block: Table) -> Iterator[Chunk]:
        legend, chunks = table_chunks(block, self.setter, self.style, self._title)
        for line in legend:
            yield from self.flow(line, size=self.style.small)
        yield from chunks
        for note in block.notes:
            yield from self.flow(note)

    @block.register
    def _qr(self, block: Qr) -> Iterator[Chunk]:
        placed = qr_chunk(block, self.setter, self.style)
        if placed is not None:
            chunk, with_caption = placed
            if not with_caption:
                yield from self.flow(block.caption)
            yield chunk
            return
        self.degraded.append("qr_too_large")
        yield from self.flow(block.caption, keep=True)
        yield from self.flow(block.text.removeprefix("https://").removeprefix("http://"))

    @block.register
    def _video(self, block: Video) -> Iterator[Chunk]:
        self.degraded.append("video_poster")
        caption = f"{theme.VIDEO}:{block.alt}"
        if block.poster is None:
            yield from self.flow(caption)
            return
        yield from self._picture(replace(block.poster, caption=caption, alt=block.alt))

    @block.register
    def _image(self, block: Image) -> Iterator[Chunk]:
        yield from self._picture(block)

    def _picture(self, block: Image) -> Iterator[Chunk]:
        raw = self.assets(block)
        reason = "asset_missing"
        if raw is not None:
            try:
                shown = self._pictures.shown(block, raw)
            except ImageFaultError as fault:
                reason = fault.reason
            else:
                yield from shown
                return
        self.degraded.append(reason)
        if block.role == "flowchart" and self._has_steps:
            return  # the steps say the same in readable letters
        yield from self.flow(f"〔{block.caption or '图'}〕{block.alt}")
