"""Blocks as chunks: pairs of photos, posters in strips, animations, steps, lists, answers."""

import hashlib
import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image as Pillow

from ledsign import notice as n
from ledsign.panel import ColorMode, Panel
from ledsign.policy import Policy
from ledsign.render.atlas import Atlas
from ledsign.render.fonts import Face
from ledsign.render.items import Chunk, Picture, Run
from ledsign.render.layout import Layout
from ledsign.render.legibility import Sight, verdict
from ledsign.render.setting import Setter, Style, fitted
from render.apart import apart
from render.samples import image, make


def saved(picture: Pillow.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def reader(*raws: bytes) -> Callable[[n.Image], bytes | None]:
    known = {hashlib.sha256(raw).hexdigest(): raw for raw in raws}
    return lambda block: known.get(block.sha256)


def chunks(
    atlas: Atlas, policy: Policy, *blocks: n.Block, raws: tuple[bytes, ...] = (), width: int = 320, height: int = 160
) -> list[Chunk]:
    size = fitted(width, height - 19, Face())
    style = Style(size, size, size, ColorMode.MONO, width, height, policy.dwell)
    return Layout(Setter(atlas), style, reader(*raws)).body(make(*blocks))


def words(chunk: Chunk) -> list[str]:
    drawn = chunk.part.of.drawn(chunk.part.first, chunk.part.last, 0) if chunk.part else ()
    items = apart((*chunk.items, *drawn))
    return ["".join(map(chr, item.cells.text.cps)) for item in items if isinstance(item, Run)]


def gradient(width: int, height: int, turn: bool = False) -> bytes:
    picture = Pillow.linear_gradient("L").resize((width, height))
    return saved(picture.transpose(Pillow.Transpose.FLIP_TOP_BOTTOM) if turn else picture)


BEFORE, AFTER = gradient(400, 300), gradient(400, 300, turn=True)


def test_photos_before_and_after_stand_side_by_side(atlas: Atlas, policy: Policy) -> None:
    pair = (image(BEFORE, caption="施工前"), image(AFTER, caption="施工后"))
    (chunk,) = chunks(atlas, policy, *pair, raws=(BEFORE, AFTER))
    left, right = [item for item in chunk.items if isinstance(item, Picture)]
    assert left.x + left.w < right.x
    assert right.x + right.w <= 320
    assert words(chunk) == ["施工前", "施工后"]


def test_pairs_need_room_and_both_photos(atlas: Atlas, policy: Policy) -> None:
    pair = (image(BEFORE, caption="施工前"), image(AFTER, caption="施工后"))
    assert len(chunks(atlas, policy, *pair, raws=(BEFORE, AFTER), width=192, height=96)) == 2
    assert len(chunks(atlas, policy, *pair, raws=(BEFORE,))) > 1
    others = (image(BEFORE, caption="大门"), image(AFTER, caption="广场"))
    assert len(chunks(atlas, policy, *others, raws=(BEFORE, AFTER))) == 2
    broken = image(b"broken", caption="施工后")
    assert len(chunks(atlas, policy, pair[0], broken, raws=(BEFORE, b"broken"))) > 1


def test_a_tall_poster_is_cut_into_strips(atlas: Atlas, policy: Policy) -> None:
    poster = gradient(300, 1200)
    found = chunks(atlas, policy, image(poster, caption="海报"), raws=(poster,))
    count = len(found)
    assert [words(chunk) for chunk in found] == [[f"海报 {number}/{count}"] for number in range(1, count + 1)]
    assert 2 <= count <= 6
    for role in ("map", "seal"):
        assert len(chunks(atlas, policy, image(poster, role=role), raws=(poster,))) == 1
    small = gradient(40, 100)
    assert len(chunks(atlas, policy, image(small, caption=""), raws=(small,))) == 1


def test_an_animation_becomes_pages_of_its_different_frames(atlas: Atlas, policy: Policy) -> None:
    frames = [Pillow.new("L", (80, 60), level) for level in (0, 0, 90, 180, 255)]
    raw = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    found = chunks(atlas, policy, image(raw, caption="动图"), raws=(raw,))
    assert [words(chunk) for chunk in found] == [[f"动图 {number}/4"] for number in range(1, 5)]
    many = [Pillow.fromarray(np.full((40, 40), level, dtype=np.uint8)) for level in range(0, 250, 10)]
    raw = saved(many[0], "GIF", save_all=True, append_images=many[1:], duration=50)
    assert len(chunks(atlas, policy, image(raw), raws=(raw,))) <= 6


def test_small_lettering_in_a_chart_gives_way_to_words_or_steps(atlas: Atlas, policy: Policy) -> None:
    chart = gradient(1280, 420)
    block = image(chart, role="flowchart", alt="甲→乙")
    (chunk,) = chunks(atlas, policy, block, raws=(chart,), width=192, height=96)
    assert "甲→乙" in words(chunk)[0]
    steps = n.Steps("流程", ("甲", "乙"))
    found = chunks(atlas, policy, steps, block, raws=(chart,), width=192, height=96)
    assert not any("甲→乙" in word for chunk in found for word in words(chunk))
    assert [words(chunk)[0] for chunk in found[1:]] == ["甲 ↓", "乙"]


def test_chinese_numbers(atlas: Atlas, policy: Policy) -> None:
    found = chunks(atlas, policy, n.ListBlock("cn", tuple("甲" for _ in range(21))))
    labels = [words(chunk)[1] for chunk in found]
    assert labels[0] == "一、"
    assert labels[9:12] == ["十、", "十一、", "十二、"]
    assert labels[19:] == ["二十、", "二十一、"]


def test_answer_repeats_its_question(atlas: Atlas, policy: Policy) -> None:
    found = chunks(atlas, policy, n.Qa("路灯何时修好?", "尽快。" * 90, "", "2026-11-05", "已办结", "村委会"))
    question, *answer = found
    assert question.head is None
    assert all(chunk.head is not None and "路灯何时修好?" in words(chunk.head)[0] for chunk in answer)


@pytest.mark.parametrize(
    ("pitch", "size", "distance", "sight"),
    [(10, (192, 96), 15, Sight.GOOD), (5, (64, 48), 15, Sight.FAIR), (2.5, (64, 48), 15, Sight.REFUSED),
     (10, (192, 96), 28, Sight.FAIR), (10, (192, 96), 120, Sight.REFUSED),
     (10, (192, 16), 15, Sight.REFUSED), (10, (48, 96), 15, Sight.REFUSED), (10, (96, 192), 15, Sight.GOOD)],
)  # fmt: skip
def test_verdict_on_the_smallest_text(
    pitch: float, size: tuple[int, int], distance: float, sight: Sight, policy: Policy
) -> None:
    found = verdict(Panel("x", *size, ColorMode.MONO, pitch, distance), policy.legibility)
    assert found.sight is sight, found


def test_every_shipped_profile_is_legible(panels: dict[str, Panel], policy: Policy) -> None:
    for panel in panels.values():
        found = verdict(panel, policy.legibility)
        assert found.sight is Sight.GOOD, panel.name
        assert found.emergency_arcmin >= policy.legibility.emergency_arcmin
        assert found.farthest_m >= panel.distance_m
