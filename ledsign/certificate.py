"""A certificate as one self-contained page: what the ledger proves of a notice, with the pictures of its pages.

No script, no address, no font from outside: the file opens on any machine, also years later.
"""

import base64
from collections.abc import Callable, Sequence
from html import escape

from ledsign.ledgerbook import Certificate
from ledsign.tally import Tally, tally_document

PICTURES = 400  # pages drawn into one certificate; the others are named by their identity alone
LEVELS = ("仅排入", "已发送", "控制卡已确认", "已回读核对", "光学佐证")
_STYLE = (
    "body{font-family:sans-serif;max-width:60em;margin:2em auto;line-height:1.6}"
    "table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2em .6em;text-align:left;font-weight:normal}"
    "figure{display:inline-block;margin:.4em;vertical-align:top}"
    "img{image-rendering:pixelated;background:#000;max-width:26em;border:1px solid #444}"
    "figcaption,code{font-size:.75em;word-break:break-all}"
)


def certificate_html(made: Certificate, title: str, screen: str, picture: Callable[[str], bytes | None]) -> str:
    """The certificate as HTML. ``picture``: PNG of a page's identity, None where it is not kept (any more)."""
    parts = [
        "<!DOCTYPE html><html lang=zh-Hans><head><meta charset=utf-8>",
        f"<title>公开证明 {escape(made.notice_id)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>公开证明:{escape(title)}</h1>",
        f"<p>编号 <code>{escape(made.notice_id)}</code>;屏幕 <code>{escape(screen)}</code></p>",
    ]
    for tally in made.tallies:
        parts += _revision(tally, picture)
    parts += [
        "<p>各项数字均由台账逐行重新统计,不取自播放程序的账目。台账为只增的散列链,",
        f"统计至第 {made.head.seq} 行,行散列 <code>{made.head.hash}</code>。</p></body></html>\n",
    ]
    return "".join(parts)


def _revision(tally: Tally, picture: Callable[[str], bytes | None]) -> Sequence[str]:
    document = tally_document(tally)
    weakest = tally.exposure.weakest
    rows = {
        "修订版": str(tally.key[1]),
        "内容摘要(SHA-256)": tally.digest,
        "首次上屏": document["first_shown_at"],
        "末次上屏": document["last_shown_at"],
        "首次完整播完": document["first_complete_at"] or "尚无",
        "完整播放次数": str(tally.exposure.passes),
        "页数": str(tally.exposure.pages),
        "有效公开天数": f"{len(tally.exposure.counted_days)}({'、'.join(document['counted_days']) or '无'})",
        "计入时长": f"{tally.seconds / 60:.1f} 分钟",
        "证据等级": "无" if weakest is None else f"{int(weakest)} 级:{LEVELS[weakest]}",
        "时钟不可信的行数": str(tally.untrusted_rows),
    }
    if len(tally.panels) > 1:  # the figures above are those of the weakest
        rows["各显示面(以最少者为准)"] = ";".join(
            f"{each.panel}:有效 {each.counted_days} 天,完整播放 {each.passes} 次" for each in tally.panels
        )
    cells = "".join(f"<tr><th>{escape(name)}<td>{escape(str(value))}" for name, value in rows.items())
    parts = [f"<h2>第 {tally.key[1]} 版</h2><table>{cells}</table><h3>页面(渲染帧,非现场照片)</h3>"]
    for number, name in enumerate(tally.page_sha256):
        data = picture(name) if number < PICTURES else None
        image = ""
        if data is not None:
            image = f'<img alt="" src="data:image/png;base64,{base64.b64encode(data).decode("ascii")}">'
        note = "" if data is not None else "(图像未存)"
        parts.append(f"<figure>{image}<figcaption>{note}{name}</figcaption></figure>")
    return parts
