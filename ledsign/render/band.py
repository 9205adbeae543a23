"""The band on top of every page: what this is, who says so, which page of how many."""

from ledsign.notice import Notice, Urgency
from ledsign.policy import Policy
from ledsign.render import theme
from ledsign.render.glyphs import Text
from ledsign.render.items import Item, Label, Rect, Sheet
from ledsign.render.setting import Setter, Style, run


class Band:
    """Dresses the sheets of one notice. The band says as much as its width allows: the category's name and
    the issuer in full, then shorter forms that still name the issuer, at least the page number."""

    def __init__(self, notice: Notice, policy: Policy, setter: Setter, style: Style) -> None:
        self.setter, self.style, self.size = setter, style, style.small
        self.emergency = notice.urgency is Urgency.EMERGENCY
        self._marks = _marks(notice)
        category = policy.categories.get(notice.category)
        self._category = category.name if category else notice.category
        self._short = theme.SHORT_CATEGORY.get(notice.category, self._category[:2])
        self._issuers = theme.short_issuers(notice.issuer.name)
        self._left: dict[int, str] = {}

    @staticmethod
    def height(scale: int) -> int:
        """LEDs from the top edge to the first line of the body: characters, a rule, air."""
        return 16 * scale + 3

    def dress(self, sheet: Sheet, n: int, of: int) -> tuple[Item, ...]:
        """The sheet's items and the band above them; a full-page sheet gets its number in the corner."""
        scale, half = self.size.scale, self.size.half
        number = self.setter.text(f"{n}/{of}")
        x = self.style.panel_width - number.width * half
        if sheet.full:
            y = self.style.panel_height - self.size.cell
            return (*sheet.items, run(number, x, y, scale, theme.BAND))
        columns = self.size.columns - number.width - 1
        left = self._table(sheet.band, columns) if sheet.band else self.setter.text(self._text(columns))
        color = theme.WARN if self.emergency else theme.BAND
        rule = Rect(0, self.size.cell, self.style.panel_width, 1, theme.WARN if self.emergency else theme.BAND_RULE)
        items = (run(left, 0, 0, scale, color), run(number, x, 0, scale, color), rule)
        return (*sheet.items, *(item for item in items if item.w))

    def _table(self, label: Label, columns: int) -> Text:
        """A table's caption as far as it fits, and its unit."""
        name = "".join(f"{mark} " for mark in self._marks) + label.name
        unit = self.setter.text(f" {label.unit}" if label.unit else "")
        if unit.width * 2 > columns:
            return self.setter.fitting(f"{name}{label.unit and ' '}{label.unit}", columns, "…")
        return self.setter.fitting(name, columns - unit.width, "…") + unit

    def _text(self, columns: int) -> str:
        """The longest form that fits ``columns`` half cells."""
        mark = "".join(f"{mark} " for mark in self._marks)
        forms: list[str] = []
        for issuer in self._issuers:
            forms += [f"{mark}{self._category} {issuer}", f"{mark}{self._short} {issuer}", f"{mark}{issuer}"]
        forms += [f"{mark}{self._category}", f"{mark}{self._short}", self._short, ""]
        return next(form for form in forms if self.setter.text(form).width <= columns)


def _marks(notice: Notice) -> tuple[str, ...]:
    marks = []
    if notice.urgency is Urgency.EMERGENCY:
        marks.append(theme.EMERGENCY)
    if notice.correction is not None:
        marks.append(theme.CORRECTION)
    if notice.alert is not None and notice.alert.relayed_by and notice.urgency is not Urgency.EMERGENCY:
        marks.append(theme.RELAY)
    return tuple(marks)
