"""How a HuiDu card on HTTP is made to do what is wanted.

A page is one uploaded picture and one programme that replaces all others; then the card's list of programmes must
hold exactly this one. Every page gets a name that was never used before, so that no older answer confirms it. A page
that stands already is only asked about, for sending it again would write the card's flash: it must be alone in the
list, and its end far.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from ledsign.errors import CardRefusedError, ProtocolError, TransportError, UnsupportedError
from ledsign.frame import PixelFormat
from ledsign.protocol.codec import Routine
from ledsign.protocol.huidu import codes
from ledsign.protocol.huidu.blank import black_png
from ledsign.protocol.huidu.ends import card_time, end_of, is_far
from ledsign.protocol.huidu_http.session import (
    DEVICE,
    PROGRAM,
    Put,
    Say,
    Session,
    Standing,
    Steps,
    Wanted,
    values_of,
)
from ledsign.protocol.message import (
    CardInfo,
    Clear,
    Intent,
    Prepare,
    QueryInfo,
    SetBrightness,
    SetClock,
    SetPower,
    ShowFrame,
)
from ledsign.protocol.screen import check_named_screen

_LOOKS = 60  # questions what lies on the card before giving up; each takes at least 30 ms
UNAUTHORISED = (401, 403)
PROPERTIES = Say(DEVICE, "getDeviceProperty")
STATUS = Say(DEVICE, "getDeviceStatus")
PROGRAMMES = Say(PROGRAM, "getAll")


def plan(session: Session, intent: Intent) -> Routine:
    """The commands of an intent. Raises UnsupportedError before the first one."""
    return _steady(_steps(session, intent))


def _steady(steps: Steps[CardInfo | None] | Steps[None]) -> Routine:
    """A card whose answers mean nothing must be asked again from the beginning, later."""
    try:
        return (yield from steps)
    except ProtocolError as error:
        raise TransportError(f"unreadable answer: {error}") from error


def _steps(session: Session, intent: Intent) -> Steps[CardInfo | None] | Steps[None]:
    if isinstance(intent, ShowFrame):
        if intent.frame.format is not PixelFormat.PNG:
            raise UnsupportedError(f"huidu-http takes no {intent.frame.format} frames")
        frame, ttl_s = intent.frame, intent.ttl_s if session.ends else None
        return _page(session, frame.data, frame.width, frame.height, ttl_s)
    if isinstance(intent, Clear):
        return _page(session, black_png(intent.width, intent.height), intent.width, intent.height, None)
    if isinstance(intent, Prepare):
        return _prepare(session, intent)
    if isinstance(intent, QueryInfo):
        return _info()
    if isinstance(intent, SetClock):
        return _clock(session, intent.at)
    return _say(_setting(intent))


def _say(command: Say) -> Steps[None]:
    yield command


def _setting(intent: Intent) -> Say:
    if isinstance(intent, SetBrightness):
        if not 0 <= intent.percent <= 100:
            raise UnsupportedError("brightness must be 0 to 100 percent")
        return _set({"luminance.mode": "default", "luminance": str(intent.percent)})
    if isinstance(intent, SetPower):
        return Say(DEVICE, "openDeviceScreen" if intent.on else "closeDeviceScreen", "{}")
    raise UnsupportedError(f"huidu-http cannot do {type(intent).__name__}")


def _set(values: dict[str, str]) -> Say:
    return Say(DEVICE, "setDeviceProperty", json.dumps(values))


def _clock(session: Session, at: datetime) -> Steps[None]:
    """The page that stands gets its end anew, for it is counted by this clock."""
    yield _set({"time.sync": "none", "time": at.strftime("%Y-%m-%d %H:%M:%S")})
    if session.standing is not None and session.standing.wanted.ttl_s is not None:
        yield from _programme(session, session.standing.wanted)


def greet(session: Session) -> Routine:
    """Learn the card and its date; changes nothing on it."""
    return _steady(_greet(session))


def _greet(session: Session) -> Steps[CardInfo | None]:
    session.standing = None
    session.files.clear()
    try:
        return (yield from _info())
    except CardRefusedError as refusal:
        if refusal.code not in UNAUTHORISED:
            raise
        return (yield from _info())  # signed with the date that the refusal brought: the card's own


def _prepare(session: Session, intent: Prepare) -> Steps[CardInfo | None]:
    info = yield from _greet(session)
    check_named_screen(info.details if info else {}, intent)
    stored = _listed(values_of((yield PROGRAMMES)))
    if stored:
        old = [{"uuid": guid, "name": name} for guid, name in stored]
        try:
            yield Say(PROGRAM, "remove", json.dumps(old))
        except CardRefusedError:  # the first page replaces them, and is checked to stand alone
            return info
    return info


def _info() -> Steps[CardInfo | None]:
    found = values_of((yield PROPERTIES))
    text = {key: value for key, value in found.items() if isinstance(value, str) and key != "raw"}
    details = {
        "name": text.get("name", ""),
        "fpga": text.get("version.fpga", ""),
        "screen": f"{text.get('screen.width', '')}x{text.get('screen.height', '')}",
        "rotation": text.get("screen.rotation", "0"),
        "time": text.get("time", ""),
    }
    return CardInfo("huidu-http", text.get("version.hardware", ""), text.get("version.app", ""), details)


def _page(session: Session, png: bytes, width: int, height: int, ttl_s: int | None) -> Steps[None]:
    md5 = hashlib.md5(png, usedforsecurity=False).hexdigest()
    name = session.files.get(md5)
    if name is not None and (yield from _stands(session, Wanted(width, height, name, md5, len(png), ttl_s))):
        return
    session.standing = None
    if name is None:
        name = _free_name(session)
        yield Put(name, png)  # the answer names MD5 and size, and is refused unless both are right
        session.files[md5] = name
    session.files.move_to_end(md5)
    try:
        yield from _programme(session, Wanted(width, height, name, md5, len(png), ttl_s))
    except CardRefusedError:
        session.files.clear()  # another client may have removed them: next time they are brought anew
        raise


def _stands(session: Session, page: Wanted) -> Steps[bool]:
    """Whether the card says that this very page stands alone and will for a while. A card that does not say is
    sent it."""
    standing = session.standing
    if standing is None or standing.wanted != page:
        return False
    try:
        if not _alone(_listed(values_of((yield PROGRAMMES))), standing.names):
            return False
        if standing.end is None or page.ttl_s is None:
            return page.ttl_s is None  # one that should end and does not: perhaps the card tells its time by now
        return is_far(standing.end, (yield from _time()), page.ttl_s)
    except CardRefusedError:
        return False


def _free_name(session: Session) -> str:
    """File names are used again, because nothing on this interface deletes files."""
    if len(session.files) >= session.keep:
        return session.files.popitem(last=False)[1]
    return f"ledsign-{len(session.files):03d}.png"


def _programme(session: Session, page: Wanted) -> Steps[None]:
    """The page replaces every programme, and must then be listed alone. It gets no end on a card that does not tell
    its time: a page that stays is better than none."""
    session.standing = None
    controls: Sequence[dict[str, object] | None] = [None]
    end = None
    if page.ttl_s is not None and (now := (yield from _time())) is not None:
        end = end_of(now, page.ttl_s)
        controls = _controls(now, end)
    names = tuple(session.fresh(page.md5) for _control in controls)
    made = [_node(page, name, control) for name, control in zip(names, controls, strict=True)]
    yield Say(PROGRAM, "replace", json.dumps(made))
    for _look in range(_LOOKS):
        stored = _listed(values_of((yield PROGRAMMES)))
        if _alone(stored, names):
            session.standing = Standing(page, names, end)
            return
    raise CardRefusedError(codes.NODE_NOT_EXIST, f"card holds {len(stored)} programmes that are not the page")


def _alone(stored: Sequence[tuple[str, str]], names: Sequence[str]) -> bool:
    """Whether the card lists these programmes and no other. It is not known whether a card lists the ID that it was
    given or one of its own; the name is the same."""
    return len(stored) == len(names) and all({guid, name} & set(names) for guid, name in stored)


def _node(page: Wanted, name: str, control: dict[str, object] | None) -> dict[str, object]:
    picture = {
        "type": "image",
        "file": page.name,
        "fileSize": page.size,
        "fileMd5": page.md5,
        "fit": "stretch",  # same size: stretching changes nothing
        "effect": {"type": 0, "speed": 0, "hold": 9_999_999},
    }
    area = {"x": 0, "y": 0, "width": page.width, "height": page.height, "item": [picture]}
    node: dict[str, object] = {"name": name, "uuid": name, "type": "normal", "area": [area]}
    return node if control is None else {**node, "playControl": control}


def _time() -> Steps[datetime | None]:
    """The card's own clock; None when it does not tell."""
    return card_time(values_of((yield PROPERTIES)).get("time"))


def _controls(now: datetime, end: datetime) -> list[dict[str, object]]:
    """The time from ``now`` to ``end``; after midnight a second part."""
    last = _control(end, end, end.strftime("%H:%M:%S"))
    if end.date() == now.date():
        return [last]
    return [_control(now, end - timedelta(days=1), "23:59:59"), last]


def _control(first: datetime, last: datetime, end: str) -> dict[str, object]:
    days = {"start": first.date().isoformat(), "end": last.date().isoformat()}
    return {"date": [days], "time": [{"start": "00:00:00", "end": end}]}


def _listed(values: dict[str, object]) -> list[tuple[str, str]]:
    """ID and name of every programme on the card."""
    items = values.get("item")
    entries = [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []
    return [(str(each.get("id", each.get("uuid", ""))), str(each.get("name", ""))) for each in entries]
