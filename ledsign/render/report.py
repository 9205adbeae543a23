"""One HTML file that shows a clerk what the sign will show: no script, no link, every picture inside."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from PIL import Image

from ledsign.frame import Page, PageKind
from ledsign.notice import Notice
from ledsign.panel import ColorMode, Panel
from ledsign.policy import Policy
from ledsign.render.legibility import Sight, verdict
from ledsign.render.pages import Rendered
from ledsign.render.view import colored

_STYLE: Final = """
body{font:16px/1.6 "Noto Sans SC","Microsoft YaHei",sans-serif;margin:1.5em;background:#f4f4f2;color:#222}
h1{font-size:1.5em}h2{font-size:1.2em;margin:1.6em 0 .2em;border-top:1px solid #bbb;padding-top:.8em}
p{margin:.2em 0}.warn{color:#a00}.pages{display:flex;flex-wrap:wrap;gap:14px;margin-top:.8em}
figure{margin:0;background:#111;padding:6px;border-radius:4px}
figcaption{color:#ccc;font-size:13px;text-align:center}img{image-rendering:pixelated;display:block;max-width:100%}
"""
_KINDS: Final = {PageKind.DIGEST: "摘要页", PageKind.EMERGENCY: "紧急页"}
_SIGHTS: Final = {Sight.GOOD: "清楚", Sight.FAIR: "可读(低于建议字高)", Sight.REFUSED: "太小,不合规定"}
_REASONS: Final = {
    "asset_missing": "图片未到或校验不符,改显文字说明",
    "asset_undecodable": "图片无法解码,改显文字说明",
    "asset_too_large": "图片过大,改显文字说明",
    "image_too_small": "图片缩小后看不清,改显文字说明或步骤",
    "qr_too_large": "二维码在本屏放不下,改显网址",
    "video_poster": "视频改显封面",
    "unknown_block": "有本版本不认识的内容,只显其文字",
}
_WIDTH: Final = 480  # of a page in the report, about


@dataclass(frozen=True, slots=True)
class Entry:
    """One notice and its pages."""

    file: str
    notice: Notice
    rendered: Rendered


def report(entries: Sequence[Entry], panel: Panel, policy: Policy) -> str:
    """The whole document."""
    seen = verdict(panel, policy.legibility)
    about = (
        f"屏幕 {panel.name}:{panel.width}×{panel.height} 点,点距 {panel.pitch_mm:g} 毫米,"
        f"观看距离 {panel.distance_m:g} 米。"
        f"最小字高 {seen.px} 点({seen.mm:.0f} 毫米,{seen.arcmin:.1f}′):{_SIGHTS[seen.sight]};"
        f"{seen.farthest_m:.0f} 米以内可正常阅读。"
    )
    parts = [
        '<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>公开屏预览</title>',
        f"<style>{_STYLE}</style></head><body><h1>公开屏预览</h1><p>{escape(about)}</p>",
        *(_section(entry, panel, policy) for entry in entries),
        "</body></html>\n",
    ]
    return "".join(parts)


def _section(entry: Entry, panel: Panel, policy: Policy) -> str:
    notice, pages = entry.notice, entry.rendered.pages
    category = policy.categories.get(notice.category)
    seconds = sum(page.dwell_s for page in pages)
    facts = [
        f"{category.name if category else notice.category} · {notice.issuer.name}",
        f"共 {len(pages)} 页,播一遍 {_minutes(seconds)};核对码 {notice.digest[:8]};文件 {entry.file}",
    ]
    warnings = [
        f"缺字:{_char(glyph.codepoint)}(U+{glyph.codepoint:04X}),{glyph.count} 处" for glyph in entry.rendered.missing
    ]
    warnings += [_REASONS.get(reason, reason) for reason in entry.rendered.degraded]
    if not pages:
        warnings.append("已撤下,不显示")
    lines = [f"<h2>{escape(notice.title)}</h2>"]
    lines += [f"<p>{escape(fact)}</p>" for fact in facts]
    lines += [f'<p class="warn">{escape(warning)}</p>' for warning in warnings]
    lines.append('<div class="pages">' + "".join(_figure(page, panel) for page in pages) + "</div>")
    return "".join(lines)


def _figure(page: Page, panel: Panel) -> str:
    number = _KINDS.get(page.kind, "")
    where = number if page.kind is PageKind.DIGEST else f"{number} 第{page.n}/{page.of}页".strip()
    width = panel.width * max(1, round(_WIDTH / panel.width)) if panel.width < _WIDTH else _WIDTH
    return (
        f'<figure><img width="{width}" alt="{escape(where)}" src="data:image/png;base64,{_png(page)}">'
        f"<figcaption>{escape(where)} · {page.dwell_s:g} 秒</figcaption></figure>"
    )


def _png(page: Page) -> str:
    picture = Image.fromarray(colored(page))
    if page.mode is not ColorMode.RGB:
        picture = picture.quantize(4, dither=Image.Dither.NONE)
    elif page.width > 2 * _WIDTH:
        picture = picture.resize((2 * _WIDTH, page.height * 2 * _WIDTH // page.width), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} 秒" if whole < 60 else f"{whole // 60} 分 {whole % 60} 秒"


def _char(codepoint: int) -> str:
    return chr(codepoint) if not 0xD800 <= codepoint < 0xE000 else "\ufffd"
