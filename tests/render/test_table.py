"""Tables: spans, figures, names, places, totals, cuts. All rows and names are invented."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from ledsign import notice as n
from ledsign.frame import PageKind
from ledsign.panel import ColorMode, Panel
from ledsign.policy import Policy
from ledsign.render.atlas import Atlas
from ledsign.render.flow import Space, paginate
from ledsign.render.fonts import Face
from ledsign.render.grid import grid, places
from ledsign.render.items import Chunk, Rect, Run, Sheet
from ledsign.render.setting import Setter, Style, fitted
from ledsign.render.table import table_chunks
from render.apart import apart
from render.samples import TWO_LEVELS, WIDE, column


def style(policy: Policy, width: int = 320, height: int = 160, face: Face | None = None) -> Style:
    size = fitted(width, height - 19, face or Face())
    return Style(size, size, size, ColorMode.MONO, width, height, policy.dwell)


def sheets(atlas: Atlas, policy: Policy, table: n.Table, width: int = 320, height: int = 160) -> list[Sheet]:
    look = style(policy, width, height)
    _, chunks = table_chunks(table, Setter(atlas), look)
    return paginate(chunks, Space(19, height - 19, height), policy.dwell, PageKind.BODY)


def text(run: Run) -> str:
    return "".join(map(chr, run.cells.text.cps)).strip()


def runs(sheet: Sheet) -> Iterator[Run]:
    return (item for item in apart(sheet.items) if isinstance(item, Run))


def words(sheet: Sheet) -> list[str]:
    return [text(run) for run in runs(sheet)]


def roster(rows: int, groups: int = 3) -> n.Table:
    columns = (
        column("序号", "int", "center", pin=True), column("组别"), column("姓名", pin=True),
        column("金额", "money", "right"),
    )  # fmt: skip
    names = ("王伟", "李小明", "欧阳某某")
    cells = tuple((str(i + 1), str(1 + i * groups // rows), names[i % 3], f"{1000 + i}.50") for i in range(rows))
    return n.Table(columns, cells, caption="发放名单", unit="单位:元", foot=(("合计", "", "", "99.00"),))


def test_two_level_header_has_no_wall_under_a_wide_heading(atlas: Atlas, policy: Policy) -> None:
    (sheet,) = sheets(atlas, policy, TWO_LEVELS)
    top = {text(run): run for run in runs(sheet)}
    assert top["规模"].y < top["户数"].y == top["人数"].y
    assert top["规模"].y < top["组别"].y < top["户数"].y  # over both levels, in the middle
    walls = [item for item in apart(sheet.items) if isinstance(item, Rect) and item.w == 1]
    between = [wall for wall in walls if top["户数"].x < wall.x < top["人数"].x]
    assert between
    assert min(wall.y for wall in between) > top["规模"].y + 8


def test_a_cell_over_rows_is_said_once_and_again_after_a_cut(atlas: Atlas, policy: Policy) -> None:
    rows = tuple((("一组" if i < 12 else "二组") if i in {0, 12} else "", f"户主{i}", f"{i}.00") for i in range(24))
    table = n.Table(
        (column("组", pin=True), column("户主"), column("金额", "money", "right")),
        rows,
        spans=(n.Span(0, 0, 12, 1), n.Span(12, 0, 12, 1)),
    )
    found = sheets(atlas, policy, table)
    assert len(found) > 2
    for sheet in found:
        said = words(sheet)
        owners = [int(word[2:]) for word in said if word.startswith("户主") and word != "户主"]
        for group, inside in (("一组", [i < 12 for i in owners]), ("二组", [i >= 12 for i in owners])):
            assert said.count(group) == (1 if any(inside) else 0), (group, said)


def test_rules_do_not_cross_a_cell_over_rows(atlas: Atlas, policy: Policy) -> None:
    (sheet,) = sheets(atlas, policy, TWO_LEVELS)
    at = {text(run): run for run in runs(sheet)}
    between = [
        item for item in apart(sheet.items)
        if isinstance(item, Rect) and item.dotted and item.h == 1 and at["45"].y < item.y < at["51"].y
    ]  # fmt: skip
    assert between
    assert min(rule.x for rule in between) > at["一组"].x


def test_figures_stand_on_their_points(atlas: Atlas, policy: Policy) -> None:
    values = ("1,280.5", "96", "0.125", "12.00", "—", "见明细")
    table = n.Table((column("项", pin=True), column("金额", "money", "right")), tuple(("甲", v) for v in values))
    (sheet,) = sheets(atlas, policy, table)
    found = {text(run): run for run in runs(sheet) if text(run) in values}
    points = {found[v].x + (v.index(".") if "." in v else len(v)) * 8 for v in values[:4]}
    assert len(points) == 1
    assert found["0.125"].x + 5 * 8 == found["—"].x + 16 == found["见明细"].x + 48


def test_names_of_two_are_drawn_out_to_three(atlas: Atlas) -> None:
    names = grid(roster(6)).column(2)
    assert names == ["王\u3000伟", "李小明", "欧阳某某"] * 2
    short = n.Table((column("姓名"),), (("王伟",), ("李明",)))
    assert grid(short).column(0) == ["王伟", "李明"]
    other = n.Table((column("项目"),), (("道路",), ("水渠修",)))
    assert grid(other).column(0) == ["道路", "水渠修"]


def test_place_in_a_long_roster(atlas: Atlas, policy: Policy) -> None:
    table = roster(60)
    assert places(table, grid(table))[::20] == ["1组", "2组", "3组"]
    assert set(places(roster(6), grid(roster(6)))) == {""}
    mixed = n.Table(table.columns, table.rows[::7] + table.rows[1::7] + table.rows[2::7])
    assert set(places(mixed, grid(mixed))) == {""}
    found = sheets(atlas, policy, table, 192, 96)
    assert {sheet.place for sheet in found} >= {"1组", "2组", "3组"}


@pytest.mark.parametrize("size", [(192, 96), (320, 160), (256, 128), (512, 256)])
@pytest.mark.parametrize("rows", [1, 2, 5, 6, 7, 8, 13, 29])
def test_total_has_company_and_no_row_is_alone(
    atlas: Atlas, policy: Policy, size: tuple[int, int], rows: int
) -> None:
    found = sheets(atlas, policy, roster(rows), *size)
    last = [word for word in words(found[-1]) if word.endswith(".50")]
    if any("99.00" in word for word in words(found[-1])) and rows > 1:
        assert last or any("合计" in word for word in words(found[-1]))
    tables = [sheet for sheet in found if sheet.rows]
    if len(tables) > 1 and size[0] > 192:
        assert tables[-1].rows > 1


def test_header_on_each_page_and_each_row_once(atlas: Atlas, policy: Policy) -> None:
    found = sheets(atlas, policy, roster(60))
    drawn = [word for sheet in found for word in words(sheet)]
    for number in range(60):
        assert drawn.count(f"{1000 + number}.50") == 1
    assert all("姓名" in words(sheet) for sheet in found if sheet.rows)


@pytest.mark.parametrize("size", [(192, 96), (320, 160), (512, 400)])
def test_wide_table_repeats_its_keys(atlas: Atlas, policy: Policy, size: tuple[int, int]) -> None:
    cells = tuple((str(row), f"户主{row}", *(f"{row}{month:02}7.00" for month in range(12))) for row in range(1, 8))
    found = [" ".join(words(sheet)) for sheet in sheets(atlas, policy, n.Table(WIDE.columns, cells), *size)]
    for row in range(1, 8):
        for month in range(12):
            (said,) = [said for said in found if f"{row}{month:02}7.00" in said]
            assert f"户主{row}" in said
            assert f"{month + 1}月" in said


def test_groups_of_columns_stand_below_each_other_on_a_high_panel(atlas: Atlas, policy: Policy) -> None:
    found = sheets(atlas, policy, WIDE, 512, 400)
    assert len(found) < len(sheets(atlas, policy, WIDE, 512, 160))
    assert words(found[0]).count("姓名") > 1


def test_caption_never_stands_alone(atlas: Atlas, policy: Policy) -> None:
    for size in ((192, 96), (256, 128), (320, 160), (416, 208), (1920, 1080)):
        for table in (roster(40), WIDE):
            for sheet in sheets(atlas, policy, table, *size):
                assert sheet.rows or set(words(sheet)) - {table.caption, table.unit, ""}, (size, words(sheet))


def test_pages_are_never_higher_than_the_panel(policy: Policy, atlas: Atlas) -> None:
    for width, height in ((192, 96), (320, 160), (64, 48)):
        panel = Panel("x", width, height, ColorMode.MONO, 10.0)
        for sheet in sheets(atlas, policy, roster(25), width, height):
            assert max(item.y + item.h for item in apart(sheet.items)) <= panel.height
            assert min(item.y for item in apart(sheet.items)) >= 19


def test_row_lines_follow_each_other(atlas: Atlas, policy: Policy) -> None:
    """A single table's rows never overlap."""
    _, chunks = table_chunks(roster(9), Setter(atlas), style(policy, 512, 256))
    rows: list[Chunk] = [chunk for chunk in chunks if chunk.rows]
    assert rows
    for above, below in pairwise(rows):
        assert above.height >= 16
        assert below.gap >= 0


def test_percentages_stand_on_the_place_of_their_point(atlas: Atlas, policy: Policy) -> None:
    rows = (("甲", "0.5%"), ("乙", "1%"), ("丙", "12.25%"), ("丁", "—"))
    (sheet,) = sheets(atlas, policy, n.Table((column("户", pin=True), column("比例", "percent", "right")), rows))
    placed = {text(run): run.x for run in runs(sheet)}
    point = {value: placed[value] + 8 * len(value.rstrip("%").split(".")[0]) for value in ("0.5%", "1%", "12.25%")}
    assert len(set(point.values())) == 1, point


def test_the_least_lawful_size_keeps_a_table_together(atlas: Atlas, policy: Policy) -> None:
    """A panel set in 24 LEDs that may show 16 by law: only a table that would fall apart is set so."""
    height = 256 - 27
    big, least = (fitted(512, height, Face(size)) for size in (24, 16))
    look = Style(big, big, least, ColorMode.RGB, 512, 256, policy.dwell)
    columns = (column("序号", "int", pin=True), column("姓名", pin=True), *(column(f"{month}月", "money", "right")
               for month in range(1, 6)))  # fmt: skip
    wide = n.Table(columns, tuple((str(row), "王某某", *["1,234.00"] * 5) for row in range(1, 30)))
    narrow = n.Table(columns[:4], tuple((str(row), "王某某", *["1,234.00"] * 2) for row in range(1, 30)))
    sizes = {}
    for name, table in (("wide", wide), ("narrow", narrow)):
        _, chunks = table_chunks(table, Setter(atlas), look)
        pages = paginate(chunks, Space(27, height, 256), policy.dwell, PageKind.BODY)
        sizes[name] = {run.size for sheet in pages for run in runs(sheet)}
        heads = [[word for word in words(sheet) if word.endswith("月")] for sheet in pages]
        assert all(titles == heads[0] for titles in heads)
    assert sizes == {"wide": {16}, "narrow": {24}}
