"""The band on top of every page: what this is, who says so, which page of how many; and the foot of the last."""

from collections.abc import Iterator

from ledsign.notice import Notice, Urgency
from ledsign.policy import Policy
from ledsign.render import theme
from ledsign.render.fonts import Face
from ledsign.render.glyphs import Text
from ledsign.render.items import Item, Picture, Rect, Run, Sheet
from ledsign.render.setting import Setter, Style, run

_CODE = 8  # hex digits of the digest: what the board, the leaflet and the screen are compared by
_FOOTED = 20  # small lines: a panel as high as that has a foot on every page


class Band:
    """Dresses the sheets of one notice. The category's name stands on every page; beside it as much as fits of
    the issuer (in full, without its town, abbreviated, the village alone), a table's caption, unit and place."""

    def __init__(self, notice: Notice, policy: Policy, setter: Setter, style: Style) -> None:
        self.setter, self.style, self.size = setter, style, style.small
        self.emergency = notice.urgency is Urgency.EMERGENCY
        self._marks = _marks(notice)
        category = policy.categories.get(notice.category)
        self._category = category.name if category else notice.category
        self._short = theme.SHORT_CATEGORY.get(notice.category, self._category[:2])
        self._issuers = theme.short_issuers(notice.issuer.name)
        self._code = notice.digest[:_CODE]
        day = notice.publish_at
        self._dated = f"{notice.issuer.name} {day.year}年{day.month}月{day.day}日"

    @staticmethod
    def height(face: Face) -> int:
        """LEDs from the top edge to the first line of the body: characters, a rule, air."""
        return face.cell + 3

    @staticmethod
    def foot(panel_height: int, face: Face) -> int:
        """LEDs kept free below the body of every page; on low panels only the last page has a foot."""
        return face.cell + 3 if panel_height >= _FOOTED * face.cell else 0

    def dress(self, sheet: Sheet, n: int, of: int) -> tuple[Item, ...]:
        """The sheet's items, the band above and the foot below them; a full-page sheet gets the same words in
        its right corners."""
        number = self.setter.text(theme.DIGEST_MARK if sheet.kind.value == "digest" else f"{n}/{of}")
        last = n == of
        if sheet.full:
            return (*sheet.items, *self._corners(sheet, number, last=last))
        foot = self._foot(sheet, last=last)
        face, half = self.size.face, self.size.half
        color = theme.WARN if self.emergency else theme.BAND
        columns = self.size.columns - number.width - 1
        items: list[Run | Rect] = [run(number, self.style.panel_width - number.width * half, 0, face, color)]
        x = 0
        for text, inverse in self._left(sheet, columns, self._code if last and not foot else ""):
            ink, ground = (theme.BLACK, color) if inverse else (color, theme.BLACK)
            items.append(run(text, x * half, 0, face, ink, ground))
            x += text.width + 1
        rule = theme.WARN if self.emergency else theme.BAND_RULE
        items.append(Rect(0, self.size.cell, self.style.panel_width, 1, rule))
        return (*sheet.items, *(item for item in (*items, *foot) if item.w))

    def _left(self, sheet: Sheet, columns: int, code: str) -> list[tuple[Text, bool]]:
        """Marks (in inverse) and words of the longest form that fits ``columns`` half cells."""
        marks = [(self.setter.text(mark), True) for mark in self._marks]
        room = columns - sum(mark.width + 1 for mark, _ in marks)
        words = next((form for form in self._forms(sheet, code) if self.setter.text(form).width <= room), "")
        return [*marks, (self.setter.text(words), False)]

    def _forms(self, sheet: Sheet, code: str) -> Iterator[str]:
        """From the fullest to the shortest."""
        name, unit = (sheet.band.name, sheet.band.unit) if sheet.band else ("", "")
        tails = [[sheet.place, unit, code], [unit, code], [sheet.place, code], [code]]
        for category in (self._category, self._short):
            for middle in ([name], []) if name else ([],):
                for issuer in self._issuers:
                    yield _joined(category, issuer, *middle, *tails[0])
            for tail in tails:
                yield _joined(category, *tail)
            yield category

    def _corners(self, sheet: Sheet, number: Text, *, last: bool) -> Iterator[Item]:
        """Category top right, page number bottom right, the code above it where there is room."""
        width, height, size = self.style.panel_width, self.style.panel_height, self.size
        yield from self._corner(sheet)
        code = self.setter.text(self._code)
        if last and sheet.bottom <= height - 2 * size.cell:
            x = max(0, width - code.width * size.half)
            yield run(code, x, height - 2 * size.cell, size.face, theme.BAND)
        yield run(number, width - number.width * size.half, height - size.cell, size.face, theme.BAND)

    def _corner(self, sheet: Sheet) -> Iterator[Item]:
        """Marks and category top right, beside the picture that fills the left."""
        width, size = self.style.panel_width, self.size
        taken = max((item.x + item.w for item in sheet.items if isinstance(item, Picture)), default=0)
        room = (width - taken) // size.half
        marks = [self.setter.text(mark) for mark in self._marks]
        names = [self.setter.text(name) for name in (self._category, self._short)]
        needed = sum(mark.width + 1 for mark in marks)
        name = next((name for name in names if needed + name.width <= room), None)
        parts = [(mark, True) for mark in marks] + ([(name, False)] if name is not None else [])
        x = width
        for text, inverse in reversed(parts):
            x -= text.width * size.half
            ink, ground = (theme.BLACK, theme.BAND) if inverse else (theme.BAND, theme.BLACK)
            yield run(text, max(0, x), 0, size.face, ink, ground)
            x -= size.half

    def _foot(self, sheet: Sheet, *, last: bool) -> tuple[Run, ...]:
        """The digest's first digits, on a high panel also who and when."""
        style, size = self.style, self.size
        y = style.panel_height - size.cell
        every = self.foot(style.panel_height, size.face) > 0
        if not (last or every) or sheet.bottom > y:
            return ()
        code = self.setter.text(f"{theme.CODE}{self._code}")
        if code.width > size.columns:
            return ()
        items = [run(code, style.panel_width - code.width * size.half, y, size.face, theme.BAND)]
        dated = self.setter.text(self._dated)
        if every and dated.width + 2 + code.width <= size.columns:
            items.append(run(dated, 0, y, size.face, theme.BAND))
        return tuple(items)


def carries_code(sheet: Sheet, of: int, style: Style) -> bool:
    """Whether the last sheet has room for the digest's digits, below its text or in its band."""
    if sheet.full or sheet.bottom <= style.panel_height - style.small.cell:
        return True
    number = 2 * len(str(of)) + 1
    return style.small.columns >= number + 1 + 2 * theme.CATEGORY_CHARS + 1 + _CODE


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _marks(notice: Notice) -> tuple[str, ...]:
    marks = []
    if notice.is_exercise:
        marks.append(theme.DRILL)
    if notice.urgency is Urgency.EMERGENCY:
        marks.append(theme.EMERGENCY)
    if notice.correction is not None:
        marks.append(theme.CORRECTION)
    if notice.alert is not None and notice.alert.relayed_by and notice.urgency is not Urgency.EMERGENCY:
        marks.append(theme.RELAY)
    return tuple(marks)
