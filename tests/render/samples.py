"""Self-written notices, one for each kind of block; names and places are invented."""

import hashlib
import io
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import segno
from PIL import Image as Pillow
from PIL import ImageDraw

from ledsign import notice as n

AT = datetime(2026, 11, 21, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def make(*body: n.Block, title: str = "示例村公开事项", **changes: object) -> n.Notice:
    """A plain published notice; ``changes`` replace its fields."""
    fields: dict[str, object] = {
        "id": "990000000201-20261121-C07-0001",
        "revision": 1,
        "status": n.Status.PUBLISHED,
        "village_code": "990000000201",
        "level": "village",
        "targets": ("990000000201",),
        "category": "C07",
        "item": "C07-01",
        "title": title,
        "subtitle": "",
        "doc_number": "",
        "index_number": "",
        "lang": "zh-Hans",
        "issuer": n.Issuer("990000000201", "示例镇样板村民委员会"),
        "period": None,
        "validity": None,
        "approval": n.Approval("normal", (), (), ()),
        "publish_at": AT,
        "updated_at": AT,
        "display": n.Display(AT, None, 10, 3, "一句话说明。"),
        "urgency": n.Urgency.ROUTINE,
        "priority": 50,
        "alert": None,
        "channels": ("led",),
        "canonical_url": "",
        "exemptions": (),
        "correction": None,
        "withdrawal": None,
        "body": body,
        **changes,
    }
    fields["digest"] = hashlib.sha256(repr(sorted(fields.items())).encode()).hexdigest()
    return n.Notice(**fields)  # type: ignore[arg-type]


def column(title: str, kind: str = "text", align: str = "left", *, pin: bool = False) -> n.Column:
    return n.Column(title, title, kind, align, pin)


NARROW = n.Table(
    (column("姓名", pin=True), column("金额", "money", "right")),
    (("甲某某", "1,280.50"), ("乙某", "96.00"), ("丙某某", "0.50")),
    caption="补贴",
    unit="单位:元",
    foot=(("合计", "1,377.00"),),
    notes=("如有疑问请到村委会查询。",),
)
WIDE = n.Table(
    (
        column("序号", "int", "center", pin=True),
        column("姓名", pin=True),
        *(column(f"{month}月", "money", "right") for month in range(1, 13)),
    ),
    tuple((str(row), f"户主{row}", *(f"{row * month},000.00" for month in range(1, 13))) for row in range(1, 5)),
    caption="全年收入",
    unit="单位:元",
)
TWO_LEVELS = n.Table(
    (column("组别", pin=True), column("户数", "int", "right"), column("人数", "int", "right")),
    (("一组", "45", "180"), ("", "51", "203"), ("三组", "38", "149")),
    header=((n.HeaderCell("组别", 1, 2), n.HeaderCell("规模", 2, 1)), (n.HeaderCell("户数"), n.HeaderCell("人数"))),
    spans=(n.Span(0, 0, 2, 1),),
)


RARE = n.Table(
    (column("序号", "int", "center", pin=True), column("姓名", pin=True), column("金额", "money", "right")),
    (("1", "马曦懿", "37.50"), ("2", "李四某", "1,074.00"), ("3", "欧阳瑔", "8.25")),
    caption="名单",
)
RECORDS = n.Table(
    (
        column("项目", pin=True), column("建设内容"), column("计划投资(万元)", "money", "right"),
        column("施工单位"), column("进度"), column("完成时限", "date"),
    ),
    (
        ("村道硬化", "长一千二百六十米、宽四米五", "45.36", "样板建筑队", "在建(百分之六十五)", "2026-12-31"),
        ("自来水管网改造", "更换主管三千六百米,入户三百户", "109.64", "示例水务公司", "未开工", "2027-03-31"),
    ),
    caption="项目明细",
    unit="单位:万元",
)  # fmt: skip


def photo() -> bytes:
    """A small grey ramp with a dark square."""
    picture = Pillow.linear_gradient("L").resize((120, 60)).convert("RGB")
    picture.paste((20, 20, 20), (40, 20, 60, 40))
    return _png(picture)


def drawing() -> bytes:
    """A map: dark lines on white, a red field."""
    picture = Pillow.new("RGB", (160, 80), (255, 255, 255))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((4, 4, 155, 75), outline=(0, 0, 0), width=3)
    pen.line((4, 60, 80, 20, 155, 50), fill=(0, 0, 0), width=4)
    pen.rectangle((100, 10, 140, 35), fill=(220, 0, 0))
    return _png(picture)


def stamp() -> bytes:
    """A seal: a red ring with a star of lines."""
    picture = Pillow.new("RGBA", (120, 120), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((4, 4, 115, 115), outline=(220, 0, 0, 255), width=6)
    for line in ((60, 30, 60, 90), (30, 60, 90, 60)):
        pen.line(line, fill=(220, 0, 0, 255), width=5)
    return _png(picture)


def banner() -> bytes:
    """A strip of eighteen blocks, as characters stand in one, three of each shape."""
    picture = Pillow.new("RGB", (18 * 44, 40), (0, 60, 0))
    pen = ImageDraw.Draw(picture)
    for number in range(18):
        left = number * 44 + 6
        pen.rectangle((left, 6, left + 31, 33), outline=(255, 255, 0), width=4)
        if number % 3:
            pen.line((left, 6, left + 31, 33), fill=(255, 255, 0), width=number % 3 * 3)
    return _png(picture)


def later() -> bytes:
    """The photo from the other side."""
    return _png(Pillow.open(io.BytesIO(photo())).transpose(Pillow.Transpose.ROTATE_180))


def _png(picture: Pillow.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def image(raw: bytes, **changes: str) -> n.Image:
    fields = {"name": "a.png", "media_type": "image/png", "alt": "示意图说明", "caption": "示意图", "role": "photo"}
    return n.Image(sha256=hashlib.sha256(raw).hexdigest(), **{**fields, **changes})


def qr(text: str = "https://example.invalid/n/1") -> n.Qr:
    matrix = segno.make(text, error="m", micro=False).matrix
    return n.Qr(text, "扫码看全文", tuple("".join("1" if cell else "0" for cell in row) for row in matrix))


def samples() -> dict[str, n.Notice]:
    """Every kind of block by name."""
    long = "各村民小组:为做好冬季防火工作,现将有关事项通知如下。请于2026年11月30日前清理房前屋后柴草,做到“三清三查”。"
    alert = n.Alert(
        "1", "Alert", (), "11B03", "暴雨", "red", "示例区气象台", AT, AT, AT, (), "全镇", "立即转移!不要返回!",
        "示例镇应急办",
    )  # fmt: skip
    relayed = replace(alert, event_name="大雾", severity="yellow", instruction="")
    pair = (
        image(photo(), caption="施工前", name="before.png"), image(later(), caption="施工后", name="after.png"),
    )  # fmt: skip
    return {
        "list-dot": make(n.ListBlock("dot", ("不私拉电线;", "不在楼道给电动车充电,不堵塞消防通道。"))),
        "list-number": make(n.ListBlock("number", tuple(f"第{n}项材料原件及复印件;" for n in range(8, 12)))),
        "image-map": make(image(drawing(), role="map", caption="村域图")),
        "image-seal": make(image(stamp(), role="seal", caption="公章")),
        "image-pair": make(*pair),
        "image-banner": make(image(banner(), caption="横幅")),
        "exercise": make(n.Paragraph("请到村部广场集合清点人数。", "justify", 0), qr(), title="防汛转移演练",
                         urgency=n.Urgency.EMERGENCY, alert=replace(alert, event_name="防汛演练")),
        "forwarded": make(n.Paragraph("夜间有浓雾,请减速慢行。", "justify", 2), title="大雾黄色预警", alert=relayed),
        "dense": make(n.Paragraph("為進一步規範財務收支,現將本季度賬目公開如下,歡迎監督。" * 3, "justify", 2)),
        "dense-names": make(n.Paragraph("经评议,马曦懿、李某某等两户列入名单。", "justify", 2), RARE),
        "table-records": make(RECORDS),
        "heading": make(n.Heading(1, "一、基本情况"), n.Paragraph("全村共312户。", "justify", 2)),
        "paragraph": make(n.Paragraph(long, "justify", 2)),
        "digest-first": make(n.Paragraph(long * 4, "justify", 2)),
        "list": make(n.ListBlock("cn", ("按时参加会议;", "遵守村规民约,爱护公共设施和环境卫生。"))),
        "steps": make(n.Steps("办理流程", ("本人申请", "村级受理(2个工作日)", "发证"))),
        "qa": make(n.Qa("路灯什么时候修好?", long, "2026-11-01", "2026-11-05", "已办结", "村委会")),
        "signature": make(n.Paragraph("特此公告。", "justify", 2), n.Signature("示例镇样板村", "2026年11月21日")),
        "table": make(NARROW),
        "table-wide": make(WIDE),
        "table-two-levels": make(TWO_LEVELS),
        "image": make(image(photo())),
        "image-missing": make(image(b"not here")),
        "video": make(n.Video("活动集锦", 4.0, image(photo(), caption=""))),
        "qr": make(qr()),
        "unknown": make(n.UnknownBlock("hologram", "三维展示(不支持)")),
        "emergency": make(n.Paragraph("4组、5组沿岸群众请立即转移。", "justify", 0), title="暴雨红色预警",
                          urgency=n.Urgency.EMERGENCY, alert=alert),
        "correction": make(n.Paragraph("更正后余额为100元。", "justify", 2),
                           correction=n.Correction("x", 1, "typo", "余额笔误", AT, "书记")),
    }  # fmt: skip


def assets(block: n.Image) -> bytes | None:
    raws = (photo(), later(), drawing(), stamp(), banner())
    return next((raw for raw in raws if hashlib.sha256(raw).hexdigest() == block.sha256), None)
