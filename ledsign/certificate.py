"""A certificate on paper: what the ledger proves of a notice and whether its term was kept, in words, as JSON values
or as one self-contained page with the pictures of its pages.

No script, no address, no font from outside: the page opens on any machine, also years later.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from html import escape

from ledsign.i18n import _
from ledsign.ledgerbook import Certificate
from ledsign.notice import Notice
from ledsign.playlist.retention import TermState, account, served
from ledsign.policy import Policy
from ledsign.proof import Checked
from ledsign.tally import Tally, tally_document
from ledsign.trust import ClockTrust

PICTURES = 400  # pages drawn into one certificate; the others are named by their identity alone
TERMS = {
    TermState.MET: "已达标",
    TermState.NOT_MET: "未达标",
    TermState.RUNNING: "进行中",
    TermState.AT_RISK: "风险",
}
CLOCKS = {ClockTrust.TRUSTED: "可信", ClockTrust.HOLDOVER: "未校验", ClockTrust.UNTRUSTED: "不可信"}
LEVELS = ("仅排入", "已发送", "控制卡已确认", "已回读核对", "光学佐证")
_STYLE = (
    "body{font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em;line-height:1.6}"
    "table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2em .6em;text-align:left;font-weight:normal}"
    "th{white-space:nowrap}td,figcaption,code{overflow-wrap:anywhere}"
    "figure{display:inline-block;width:13em;margin:.4em;vertical-align:top;break-inside:avoid}"
    "img{image-rendering:pixelated;background:#000;width:100%;border:1px solid #444}"
    "figcaption{font-size:.7em;line-height:1.3}"
)


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate with what it is written from. ``notice``: the notice as the store holds it, None when it is gone;
    ``screen``: the screen's code; ``checked``: how the rows were found sound."""

    made: Certificate
    checked: Checked
    title: str
    screen: str
    notice: Notice | None
    policy: Policy

    def term(self, tally: Tally) -> tuple[int | None, TermState | None]:
        """Days the revision had to be on show, and where that stands at the end of the ledger. A revision that is not
        held any more has met its term or has not, by the days its own rows require; None where no row says, or where
        no clock was ever believed."""
        at = self.made.at
        if self.notice is not None and self.notice.key == tally.key and at is not None:
            found = account(self.notice, tally.exposure, self.policy, at)
            return found.required_days, found.state
        required = tally.required_days
        if required is None or at is None:
            return required, None
        return required, TermState.MET if served(required, tally.exposure, at) else TermState.NOT_MET


def certificate_document(paper: Paper, tally: Tally) -> dict[str, object]:
    """One revision as JSON values, free of any language."""
    made = paper.made
    required, state = paper.term(tally)
    return {
        **tally_document(tally),
        "required_days": required,
        "term": None if state is None else str(state),
        "screen": paper.screen,
        "head_seq": made.head.seq,
        "head": made.head.hash,
        "counted_at": None if made.at is None else made.at.isoformat(timespec="seconds"),
        "clock": str(made.clock),
        "checked": _checked_document(paper.checked),
    }


def _checked_document(checked: Checked) -> dict[str, object]:
    return {
        "rows": checked.rows,
        "whole_chain": checked.whole,
        "roots": checked.roots,
        "root_seq": checked.root.seq if checked.root else None,
        "root": checked.root.hash if checked.root else None,
        "root_at": checked.at or None,
        "key": checked.key or None,
        "walked": checked.walked,
    }


def certificate_text(paper: Paper, tally: Tally) -> str:
    """One revision in words, a line a panel at its end."""
    made, exposure = paper.made, tally.exposure
    required, state = paper.term(tally)
    states = {
        TermState.NOT_MET: _("not met"),
        TermState.RUNNING: _("running"),
        TermState.MET: _("met"),
        TermState.AT_RISK: _("at risk"),
    }
    clocks = {
        ClockTrust.TRUSTED: _("clock trusted"),
        ClockTrust.HOLDOVER: _("clock not confirmed"),
        ClockTrust.UNTRUSTED: _("CLOCK WRONG"),
    }
    text = _(
        "{title} (revision {revision}, digest {digest})\n"
        "  notice {id}, screen {screen}\n"
        "  term: {state}; {days} of {required} required days count\n"
        "  shown from {first} to {last}: {passes} complete showings of {pages} pages, {minutes:.1f} min in all\n"
        "  evidence level {level} (0 planned, 1 sent, 2 acknowledged, 3 read back, 4 seen)\n"
        "  counted from the ledger up to row {seq} of {at}, {clock}; rows without a believed clock: {untrusted}\n"
        "  hash of that row: {hash}\n"
        "  {checked}"
    ).format(
        title=paper.title,
        revision=tally.key[1],
        digest=tally.digest[:16],
        id=made.notice_id,
        screen=paper.screen or "-",
        state=_("not known") if state is None else states[state],
        days=len(exposure.counted_days),
        required="?" if required is None else required,
        first=_local(tally.first_at),
        last=_local(tally.last_at),
        passes=exposure.passes,
        pages=exposure.pages,
        minutes=tally.seconds / 60,
        level="-" if exposure.weakest is None else int(exposure.weakest),
        seq=made.head.seq,
        at="-" if made.at is None else _local(made.at),
        clock=clocks[made.clock],
        untrusted=tally.untrusted_rows,
        hash=made.head.hash,
        checked=_checked_text(paper.checked),
    )
    panel = _("panel {panel}: {days} days count, {passes} complete showings")
    lines = [panel.format(panel=one.panel, days=one.counted_days, passes=one.passes) for one in tally.panels]
    return "\n  ".join([text, *lines])


def _checked_text(checked: Checked) -> str:
    if checked.whole:
        text = _(
            "checked: all {rows} rows of the chain one by one, {roots} signed roots among them by device key {key}"
        )
    else:
        text = _(
            "checked: its rows and the events against {roots} roots signed by device key {key}, the last at {at}, "
            "when the whole chain was walked and found sound; the {walked} rows since then one by one"
        )
    return text.format(
        rows=checked.rows,
        roots=checked.roots,
        key=checked.key[:16] or "-",
        at=checked.at[:19].replace("T", " "),
        walked=checked.walked,
    )


def _local(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def certificate_html(paper: Paper, picture: Callable[[str], bytes | None]) -> str:
    """The certificate as HTML: verdict, figures and what they rest on first, the pages behind. ``picture``: PNG of a
    page's identity, None where it is not kept (any more)."""
    made = paper.made
    at = "" if made.at is None else f"（{_local(made.at)}，时钟{CLOCKS[made.clock]}）"
    issuer = f"；发布机构：{escape(paper.notice.issuer.name)}" if paper.notice else ""
    parts = [
        "<!DOCTYPE html><html lang=zh-Hans><head><meta charset=utf-8>",
        f"<title>公开证明 {escape(made.notice_id)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>公开证明：{escape(paper.title)}</h1>",
        f"<p>编号 <code>{escape(made.notice_id)}</code>；屏幕 <code>{escape(paper.screen)}</code>{issuer}</p>",
        *(_figures(paper, tally) for tally in made.tallies),
        "<h2>依据</h2><p>各项数字均由台账逐行重新统计，不取自播放程序的账目。台账为只增的散列链，",
        f"统计至第 {made.head.seq} 行{at}，行散列 <code>{made.head.hash}</code>。</p>",
        f"<p>{_checked_words(paper.checked)}</p>",
        *(_pages(tally, picture) for tally in made.tallies),
        "</body></html>\n",
    ]
    return "".join(parts)


def _checked_words(checked: Checked) -> str:
    key = f"设备公钥 <code>{escape(checked.key)}</code>"
    if checked.whole:
        signed = f"其中 {checked.roots} 个签名根，末个由{key}签署" if checked.roots else "链上尚无签名根"
        return f"核验范围：出具前已逐行核对全链 {checked.rows} 行，{signed}。"
    at = checked.at[:19].replace("T", " ")
    return (
        f"核验范围：本通知的各行及事件行已与 {checked.roots} 个签名根核对一致，由{key}签署；"
        f"末个签名根签署于 {at}，当时全链逐行核对无误；此后 {checked.walked} 行已逐行核对。"
    )


def _figures(paper: Paper, tally: Tally) -> str:
    """The verdict on a revision, and the figures that it rests on."""
    exposure = tally.exposure
    required, state = paper.term(tally)
    verdict = "不详" if state is None else TERMS[state]
    days = "、".join(day.isoformat() for day in exposure.counted_days) or "无"
    rows = {
        "应公开天数": "不详" if required is None else str(required),
        "公开期限": verdict,
        "有效公开天数": f"{len(exposure.counted_days)}（{days}）",
        "首次上屏": _local(tally.first_at),
        "末次上屏": _local(tally.last_at),
        "首次完整播完": _local(exposure.first_pass_at) if exposure.first_pass_at else "尚无",
        "完整播放次数": str(exposure.passes),
        "页数": str(exposure.pages),
        "计入时长": f"{tally.seconds / 60:.1f} 分钟",
        "证据等级": "无" if exposure.weakest is None else f"{int(exposure.weakest)} 级：{LEVELS[exposure.weakest]}",
        "时钟不可信的行数": str(tally.untrusted_rows),
        "内容摘要（SHA-256）": tally.digest,
    }
    if len(tally.panels) > 1:  # the figures above are those of the weakest
        rows["各显示面（以最少者为准）"] = "；".join(
            f"{each.panel}：有效 {each.counted_days} 天，完整播放 {each.passes} 次" for each in tally.panels
        )
    cells = "".join(f"<tr><th>{escape(name)}<td>{escape(value)}" for name, value in rows.items())
    said = f"有效公开 {len(exposure.counted_days)} 天"
    said += "" if required is None else f"，应公开 {required} 天"
    return f"<h2>第 {tally.key[1]} 版：{verdict}</h2><p>{said}。</p><table>{cells}</table>"


def _pages(tally: Tally, picture: Callable[[str], bytes | None]) -> str:
    """The pages of a revision as they were drawn."""
    parts = [f"<h2>第 {tally.key[1]} 版页面（渲染帧，非现场照片）</h2>"]
    for number, (n, name) in enumerate(tally.pages):
        data = picture(name) if number < PICTURES else None
        image = ""
        if data is not None:
            image = f'<img alt="" src="data:image/png;base64,{base64.b64encode(data).decode("ascii")}">'
        which = f"第 {n} 页" if n else "摘要页"
        note = "" if data is not None else "（图像未存）"
        parts.append(f"<figure>{image}<figcaption>{which}{note} {name}</figcaption></figure>")
    return "".join(parts)
