"""A certificate on paper: what the ledger proves of a notice and whether its term was kept, in words, as JSON values
or as one self-contained page with the pictures of its pages.

No script, no address, no font from outside: the page opens on any machine, also years later.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from ledsign.i18n import _
from ledsign.ledgerbook import Certificate
from ledsign.notice import Notice
from ledsign.playlist.retention import TermState, account, served
from ledsign.policy import Policy
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
    "body{font-family:sans-serif;max-width:60em;margin:2em auto;line-height:1.6}"
    "table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2em .6em;text-align:left;font-weight:normal}"
    "figure{display:inline-block;margin:.4em;vertical-align:top}"
    "img{image-rendering:pixelated;background:#000;max-width:26em;border:1px solid #444}"
    "figcaption,code{font-size:.75em;word-break:break-all}"
)


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate with what it is written from. ``notice``: the notice as the store holds it, None when it is gone;
    ``screen``: the screen's code."""

    made: Certificate
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
        "  hash of that row: {hash}"
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
    )
    panel = _("panel {panel}: {days} days count, {passes} complete showings")
    lines = [panel.format(panel=one.panel, days=one.counted_days, passes=one.passes) for one in tally.panels]
    return "\n  ".join([text, *lines])


def _local(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def certificate_html(paper: Paper, picture: Callable[[str], bytes | None]) -> str:
    """The certificate as HTML. ``picture``: PNG of a page's identity, None where it is not kept (any more)."""
    made = paper.made
    parts = [
        "<!DOCTYPE html><html lang=zh-Hans><head><meta charset=utf-8>",
        f"<title>公开证明 {escape(made.notice_id)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>公开证明:{escape(paper.title)}</h1>",
        f"<p>编号 <code>{escape(made.notice_id)}</code>;屏幕 <code>{escape(paper.screen)}</code></p>",
    ]
    for tally in made.tallies:
        parts += _revision(paper, tally, picture)
    at = "" if made.at is None else f"({_local(made.at)},时钟{CLOCKS[made.clock]})"
    parts += [
        "<p>各项数字均由台账逐行重新统计,不取自播放程序的账目。台账为只增的散列链,",
        f"统计至第 {made.head.seq} 行{at},行散列 <code>{made.head.hash}</code>。</p></body></html>\n",
    ]
    return "".join(parts)


def _revision(paper: Paper, tally: Tally, picture: Callable[[str], bytes | None]) -> Sequence[str]:
    document = tally_document(tally)
    required, state = paper.term(tally)
    weakest = tally.exposure.weakest
    rows = {
        "修订版": str(tally.key[1]),
        "内容摘要(SHA-256)": tally.digest,
        "首次上屏": document["first_shown_at"],
        "末次上屏": document["last_shown_at"],
        "首次完整播完": document["first_complete_at"] or "尚无",
        "完整播放次数": str(tally.exposure.passes),
        "页数": str(tally.exposure.pages),
        "应公开天数": "不详" if required is None else str(required),
        "公开期限": "不详" if state is None else TERMS[state],
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
    for number, (n, name) in enumerate(tally.pages):
        data = picture(name) if number < PICTURES else None
        image = ""
        if data is not None:
            image = f'<img alt="" src="data:image/png;base64,{base64.b64encode(data).decode("ascii")}">'
        which = f"第 {n} 页" if n else "摘要页"
        note = "" if data is not None else "(图像未存)"
        parts.append(f"<figure>{image}<figcaption>{which}{note} {name}</figcaption></figure>")
    return parts
