"""How a HuiDu card is made to do what is wanted: handshake, settings, pages."""

from datetime import datetime, timedelta

from ledsign.errors import CardRefusedError, CardUnusableError, ProtocolError, TransportError, UnsupportedError
from ledsign.frame import PixelFormat
from ledsign.protocol.codec import Routine
from ledsign.protocol.huidu import codes, packets, pages, xml
from ledsign.protocol.huidu.session import Say, Session, Steps, body_of, may
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

_BEIJING = "(UTC+08:00)Beijing,Chongqing,HongKong,Urumchi"  # as the vendor writes it


def plan(session: Session, intent: Intent) -> Routine:
    """The commands of an intent. Raises UnsupportedError before the first one."""
    return _steady(session, _steps(session, intent))


def _steady(session: Session, steps: Steps[CardInfo | None] | Steps[None]) -> Routine:
    """After an error packet, or with a session that the card no longer knows, the only way on is a new connection:
    that is a broken line, not a refusal."""
    try:
        return (yield from steps)
    except CardRefusedError as refusal:
        if session.ended or refusal.code == codes.INVALID_GUID:
            raise TransportError(f"card refused the session: {refusal}") from refusal
        raise
    except ProtocolError as error:
        raise TransportError(f"unreadable answer: {error}") from error


def _steps(session: Session, intent: Intent) -> Steps[CardInfo | None] | Steps[None]:
    if isinstance(intent, ShowFrame):
        if intent.frame.format is not PixelFormat.PNG:
            raise UnsupportedError(f"huidu takes no {intent.frame.format} frames")
        return pages.show(session, intent)
    if isinstance(intent, Clear):
        return pages.clear(session, intent)
    if isinstance(intent, Prepare):
        return _prepare(session, intent)
    if isinstance(intent, QueryInfo):
        return _info(session)
    if isinstance(intent, SetClock):
        return _clock(session, intent)
    return _say(_setting(intent))


def _say(command: Say) -> Steps[None]:
    yield command


def _clock(session: Session, intent: SetClock) -> Steps[None]:
    yield Say("SetTimeInfo", _time_info(intent.at))
    yield from pages.again(session)


def _setting(intent: Intent) -> Say:
    if isinstance(intent, SetBrightness):
        if not 0 <= intent.percent <= 100:
            raise UnsupportedError("brightness must be 0 to 100 percent")
        return Say("SetLuminancePloy", xml.luminance(max(1, intent.percent)))
    if isinstance(intent, SetPower):
        return Say("OpenScreen" if intent.on else "CloseScreen")
    raise UnsupportedError(f"huidu cannot do {type(intent).__name__}")


def _time_info(at: datetime) -> str:
    minutes = round((at.utcoffset() or timedelta()).total_seconds() / 60)
    zone = f"(UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d})"
    return (
        xml.tag("timezone", {"value": _BEIJING if minutes == 480 else zone})
        + xml.tag("summer", {"enable": "false"})
        + xml.tag("sync", {"value": "none"})
        + xml.tag("time", {"value": at.strftime("%Y-%m-%d %H:%M:%S")})
    )


def greet(session: Session) -> Routine:
    """Handshake; changes nothing on the card."""
    return _steady(session, _greet(session))


def _greet(session: Session) -> Steps[CardInfo | None]:
    session.forget()
    yield packets.VersionAsk(session.version)
    reply = yield Say("GetIFVersion", xml.tag("version", {"value": 1000000}))
    if isinstance(reply, packets.XmlAnswer):
        session.guid = xml.read_call(reply.text, "out").guid
    if not session.guid:
        raise TransportError("card gave no session ID")
    info = yield from _info(session)
    found = info.details.get("id") if info else None
    if session.wanted_id and found != session.wanted_id:
        raise CardUnusableError(0, f"card {found} answers where {session.wanted_id} was expected")
    return info


def _prepare(session: Session, intent: Prepare) -> Steps[CardInfo | None]:
    """An empty list of programmes replaces the stored one, so that nothing old is played."""
    info = yield from _greet(session)
    check_named_screen(info.details if info else {}, intent)
    yield from may(session, Say("AddProgram", xml.tag("screen", {"timeStamps": session.next_stamp()})))
    if intent.deep:
        yield from pages.sweep(session)
    return info


def _info(session: Session) -> Steps[CardInfo | None]:
    reply = yield Say("GetDeviceInfo")
    body = body_of(reply)
    if session.echoes is None and isinstance(reply, packets.XmlAnswer):
        session.echoes = xml.read_call(reply.text, "out").guid == session.guid
    found = {child.tag: child.attrib for child in body}
    device, version, size = (found.get(name, {}) for name in ("device", "version", "screen"))
    details = {
        "id": device.get("id", ""),
        "name": device.get("name", ""),
        "cpu": device.get("cpu", ""),
        "fpga": version.get("fpga", ""),
        "screen": f"{size.get('width', '0')}x{size.get('height', '0')}",
        "rotation": size.get("rotation", "0"),
    }
    return CardInfo("huidu", device.get("model", ""), version.get("app", ""), details)
