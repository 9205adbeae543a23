"""The words of a page, line by line: for cards that draw with fonts of their own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledsign.render.glyphs import Text
from ledsign.render.items import Item, Lines, Run


@dataclass(frozen=True, slots=True)
class _Piece:
    """Characters in a row: left edge, first LED behind them, lower edge, height."""

    x: int
    end: int
    bottom: int
    height: int
    text: str


def said(items: Sequence[Item]) -> tuple[str, ...]:
    """Lines from top to bottom. What stands beside each other is one line; parts that do not touch are parted by
    a blank. Pictures and rules say nothing."""
    rows: list[list[_Piece]] = []
    for piece in sorted(_pieces(items), key=lambda piece: (piece.bottom, piece.x)):
        first = rows[-1][0] if rows else None
        if first is not None and piece.bottom - first.bottom < min(piece.height, first.height) // 2:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    lines = (_joined(sorted(row, key=lambda piece: piece.x)) for row in rows)
    return tuple(line for line in lines if line)


def _pieces(items: Sequence[Item]) -> Iterator[_Piece]:
    for item in items:
        if isinstance(item, Run):
            yield _Piece(item.x, item.x + item.w, item.y + item.h, item.h, _words(item.cells.text))
        elif isinstance(item, Lines):
            at, half, high = 0, item.size // 2 * item.scale, item.size * item.scale
            for x, y, count in zip(item.x.tolist(), item.y.tolist(), item.counts.tolist(), strict=True):
                text = item.text[at : at + count]
                yield _Piece(x, x + text.width * half, y + high, high, _words(text))
                at += count


def _words(text: Text) -> str:
    return text.cps.tobytes().decode("utf-32-le", "replace")


def _joined(row: Sequence[_Piece]) -> str:
    line, end = "", 0
    for piece in row:
        line += (" " if line and piece.x > end else "") + piece.text
        end = piece.end
    return line.strip()
