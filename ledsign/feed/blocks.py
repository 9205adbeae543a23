"""The form of a notice's blocks on the wire, and what each becomes.

A block type of a later schema is carried along, and so are unknown members of known blocks: both may be shown
without being understood.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator
from pydantic_core import PydanticCustomError

from ledsign import notice as n

_ASSET = re.compile(r"asset://([A-Za-z0-9._-]+)", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_QR_ROW = re.compile(r"[01]+", re.ASCII)
_QR_SIDES = range(21, 178, 4)  # versions 1 to 40
Size = Annotated[int, Field(ge=0, le=10**12)]


class Open(BaseModel):
    """No conversion; unknown members are dropped."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Heading(Open):
    type: Literal["heading"]
    level: Annotated[int, Field(ge=1, le=6)]
    text: str

    def build(self) -> n.Heading:
        return n.Heading(self.level, self.text)


class Paragraph(Open):
    type: Literal["paragraph"]
    text: str
    align: Literal["justify", "left", "center", "right"]
    indent: Annotated[int, Field(ge=0, le=20)]

    def build(self) -> n.Paragraph:
        return n.Paragraph(self.text, self.align, self.indent)


class ListBlock(Open):
    type: Literal["list"]
    style: Literal["dot", "number", "cn", "none"]
    items: list[str]

    def build(self) -> n.ListBlock:
        return n.ListBlock(self.style, tuple(self.items))


class Column(Open):
    key: str
    title: str
    kind: Literal["text", "int", "money", "percent", "date", "id", "phone"]
    align: Literal["left", "center", "right"]
    pin: bool


class HeaderCell(Open):
    text: str
    colspan: Annotated[int, Field(ge=1, le=64)] = 1
    rowspan: Annotated[int, Field(ge=1, le=8)] = 1


class Span(Open):
    row: Size
    col: Size
    rowspan: Annotated[int, Field(ge=1, le=10_000)] = 1
    colspan: Annotated[int, Field(ge=1, le=64)] = 1


class Table(Open):
    type: Literal["table"]
    columns: Annotated[list[Column], Field(min_length=1, max_length=64)]
    rows: list[list[str]]
    caption: str | None = None
    unit: str | None = None
    header: Annotated[list[list[HeaderCell]], Field(max_length=8)] | None = None
    spans: list[Span] | None = None
    foot: list[list[str]] | None = None
    notes: str | list[str] | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Table":
        width = len(self.columns)
        if any(len(row) != width for row in [*self.rows, *(self.foot or [])]):
            raise PydanticCustomError("ledsign_table", "a row has another number of cells than there are columns")
        if self.header and not _covers(self.header, width):
            raise PydanticCustomError("ledsign_table", "the header's cells do not cover the columns exactly")
        if self.spans and not _inside(self.spans, len(self.rows), width):
            raise PydanticCustomError("ledsign_table", "spans overlap or leave the table")
        return self

    def build(self) -> n.Table:
        notes = [self.notes] if isinstance(self.notes, str) else self.notes or []
        return n.Table(
            columns=tuple(n.Column(c.key, c.title, c.kind, c.align, c.pin) for c in self.columns),
            rows=tuple(tuple(row) for row in self.rows),
            caption=self.caption or "",
            unit=self.unit or "",
            header=tuple(tuple(n.HeaderCell(c.text, c.colspan, c.rowspan) for c in row) for row in self.header or []),
            spans=tuple(n.Span(s.row, s.col, s.rowspan, s.colspan) for s in self.spans or []),
            foot=tuple(tuple(row) for row in self.foot or []),
            notes=tuple(notes),
        )


def _covers(header: Sequence[Sequence[HeaderCell]], width: int) -> bool:
    """Whether the header's cells, placed left to right into the gaps, fill rows x columns without overlap."""
    taken: set[tuple[int, int]] = set()
    for row, cells in enumerate(header):
        col = 0
        for cell in cells:
            while (row, col) in taken:
                col += 1
            area = {(row + down, col + right) for down in range(cell.rowspan) for right in range(cell.colspan)}
            if area & taken or col + cell.colspan > width or row + cell.rowspan > len(header):
                return False
            taken |= area
    return len(taken) == len(header) * width


def _inside(spans: Sequence[Span], height: int, width: int) -> bool:
    taken: set[tuple[int, int]] = set()
    for span in spans:
        if span.row + span.rowspan > height or span.col + span.colspan > width:
            return False
        area = {(span.row + down, span.col + right) for down in range(span.rowspan) for right in range(span.colspan)}
        if area & taken:
            return False
        taken |= area
    return True


class Image(Open):
    """``src`` is judged later: an address that is no asset name degrades the image, it refuses nothing."""

    type: Literal["image"]
    src: str
    sha256: str
    media_type: str
    alt: Annotated[str, StringConstraints(min_length=1)]
    role: str
    caption: str | None = None
    width: Size | None = None
    height: Size | None = None
    bytes: Size | None = None

    def build(self) -> n.Image:
        """An address that is no plain asset name leaves ``name`` empty: never opened, never fetched."""
        match = _ASSET.fullmatch(self.src)
        name = match[1] if match and match[1].strip(".") and _SHA256.fullmatch(self.sha256) else ""
        return n.Image(
            name, self.sha256, self.media_type, self.alt, self.caption or "", self.role,
            self.width or 0, self.height or 0, self.bytes or 0,
        )  # fmt: skip


class Video(Open):
    type: Literal["video"]
    src: str
    sha256: str
    media_type: str
    duration_s: Annotated[int, Field(ge=0, le=86_400)]
    alt: Annotated[str, StringConstraints(min_length=1)]
    poster: Image | None

    def build(self) -> n.Video:
        return n.Video(self.alt, float(self.duration_s), self.poster.build() if self.poster else None)


class Qr(Open):
    type: Literal["qr"]
    text: str
    caption: str | None
    matrix: list[str]

    def build(self) -> n.Qr:
        """The matrix is left empty when it cannot be a QR symbol (square, side 21 + 4k, only 0 and 1)."""
        side = len(self.matrix)
        proper = side in _QR_SIDES and all(len(row) == side and _QR_ROW.fullmatch(row) for row in self.matrix)
        return n.Qr(self.text, self.caption or "", tuple(self.matrix) if proper else ())


class Steps(Open):
    type: Literal["steps"]
    items: list[str]
    title: str | None = None

    def build(self) -> n.Steps:
        return n.Steps(self.title or "", tuple(self.items))


class Qa(Open):
    type: Literal["qa"]
    question: str
    answer: str
    asked_on: str | None
    answered_on: str | None
    state: str
    dept: str | None = None

    def build(self) -> n.Qa:
        return n.Qa(
            self.question, self.answer, self.asked_on or "", self.answered_on or "", self.state, self.dept or ""
        )


class Signature(Open):
    type: Literal["signature"]
    issuer: str
    date: str

    def build(self) -> n.Signature:
        return n.Signature(self.issuer, self.date)


class Unknown(Open):
    type: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    alt: object = None
    text: object = None

    def build(self) -> n.UnknownBlock:
        shown = self.alt if isinstance(self.alt, str) else self.text
        return n.UnknownBlock(self.type, shown if isinstance(shown, str) else "")


_KNOWN = ("heading", "paragraph", "list", "table", "image", "video", "qr", "steps", "qa", "signature")


def _kind(value: object) -> str:
    kind = value.get("type") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) and kind in _KNOWN else "unknown"


Block: TypeAlias = Annotated[
    Annotated[Heading, Tag("heading")]
    | Annotated[Paragraph, Tag("paragraph")]
    | Annotated[ListBlock, Tag("list")]
    | Annotated[Table, Tag("table")]
    | Annotated[Image, Tag("image")]
    | Annotated[Video, Tag("video")]
    | Annotated[Qr, Tag("qr")]
    | Annotated[Steps, Tag("steps")]
    | Annotated[Qa, Tag("qa")]
    | Annotated[Signature, Tag("signature")]
    | Annotated[Unknown, Tag("unknown")],
    Discriminator(_kind),
]
