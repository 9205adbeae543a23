"""How a page gets onto a HuiDu card: its file, its programme, and a look at what the card really plays.

Every page gets a programme ID that was never used before, and the card is asked which programme it plays: an
answer that belongs to an older page cannot confirm a new one. A page that stands already is only asked about, for
sending it again would write the card's flash: it must be played, listed, alone, and its end must be far.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from ledsign.errors import CardRefusedError
from ledsign.protocol.huidu import codes, packets, xml
from ledsign.protocol.huidu.blank import black_png
from ledsign.protocol.huidu.ends import card_time, end_of, is_far
from ledsign.protocol.huidu.session import PREFIX, Say, Session, Standing, Steps, Upload, Wanted, body_of, may
from ledsign.protocol.message import Clear, ShowFrame

_UPLOADS = 3
_LOOKS = 60  # questions what is being played before giving up; each takes at least 30 ms


def show(session: Session, intent: ShowFrame) -> Steps[None]:
    """Play a PNG full screen. Raises CardRefusedError when the card does not come to play it."""
    frame = intent.frame
    ttl_s = intent.ttl_s if session.ends else None
    yield from _page(session, frame.data, frame.width, frame.height, intent.urgent, ttl_s)
    yield from _trim(session)


def clear(session: Session, intent: Clear) -> Steps[None]:
    """A black picture is the only programme; our other files are deleted."""
    yield from _page(session, black_png(intent.width, intent.height), intent.width, intent.height)
    yield from sweep(session, spare=list(session.files)[-1:])


def again(session: Session) -> Steps[None]:
    """The card's clock was set: a page with an end gets its end anew."""
    if session.standing is not None and session.standing.wanted.ttl_s is not None:
        yield from _programme(session, session.standing.wanted)


def _page(
    session: Session, png: bytes, width: int, height: int, urgent: bool = False, ttl_s: int | None = None
) -> Steps[None]:
    md5 = hashlib.md5(png, usedforsecurity=False).hexdigest()
    name = f"{PREFIX}{md5[:16]}.png"
    page = Wanted(width, height, name, md5, len(png), urgent, ttl_s)
    if (yield from _stands(session, page)):
        return
    session.standing = None
    if name not in session.files:
        yield from _upload(session, name, md5, png)
    session.files.move_to_end(name)
    yield from _programme(session, page)


def _stands(session: Session, page: Wanted) -> Steps[bool]:
    """Whether the card says that this very page stands and will for a while. A card that cannot say is sent it."""
    standing = session.standing
    if standing is None or standing.wanted != page:
        return False
    try:
        if session.verify and (yield from _played(session)) not in (*standing.guids, None):
            return False
        listed = [_plain(each.get("guid", "")) for each in body_of((yield Say("GetProgram"))).iter("program")]
    except CardRefusedError:
        if session.ended:
            raise
        return False
    if sorted(listed) != sorted(standing.guids):
        return False
    if standing.end is None or page.ttl_s is None:
        return page.ttl_s is None  # one that should end and does not: perhaps the card tells its time by now
    return is_far(standing.end, (yield from _time(session)), page.ttl_s)


def sweep(session: Session, spare: Collection[str] = ()) -> Steps[None]:
    """Delete our picture files, except ``spare``."""
    listed = yield from may(session, Say("GetFiles"))
    if listed is not None:
        names = [entry.get("name", "") for entry in body_of(listed).iter("file")]
        ours = [name for name in names if name.startswith(PREFIX) and name not in spare]
        if ours:
            yield from may(session, Say("DeleteFiles", xml.files(ours)))
    for name in [name for name in session.files if name not in spare]:
        del session.files[name]


def _programme(session: Session, page: Wanted) -> Steps[None]:
    """The page replaces every programme on the card; then the card must come to play it. It gets no end on a card
    that does not tell its time: a page that stays is better than none."""
    session.standing = None
    windows: Sequence[xml.Window | None] = [None]
    end = None
    if page.ttl_s is not None and (now := (yield from _time(session))) is not None:
        end = end_of(now, page.ttl_s)
        windows = _windows(now, end)
    made = [
        xml.Programme(
            session.fresh(page.md5), page.width, page.height, page.file, page.md5, page.size, page.urgent, window
        )
        for window in windows
    ]
    reply = yield Say("AddProgram", xml.screen(session.next_stamp(), made))
    for entry in body_of(reply).iter("file"):
        if entry.get("result", "kSuccess") not in ("kSuccess", codes.DOWNLOADING):
            session.files.pop(page.file, None)
            raise CardRefusedError(codes.code_of(entry.get("result", "")) or codes.FILE_NOT_FOUND)
    if session.verify:
        yield from _playing(session, [item.guid for item in made])
    session.standing = Standing(page, tuple(item.guid for item in made), end)


def _playing(session: Session, guids: Sequence[str]) -> Steps[None]:
    """Ask what is being played until it is one of ``guids``; loading a picture takes the card a moment."""
    playing: str | None = ""
    for look in range(1, _LOOKS + 1):
        playing = yield from _played(session)
        if playing is None or playing in guids:
            return
        if look == _LOOKS // 4:
            yield from may(session, Say("SwitchProgram", xml.tag("program", {"guid": guids[0]})))
    raise CardRefusedError(codes.NODE_NOT_EXIST, f"card plays programme {playing!r} instead of the page")


def _played(session: Session) -> Steps[str | None]:
    """ID of the programme that is being played. None on old firmware that does not know the question: what
    AddProgram confirmed is all there is."""
    try:
        reply = yield Say("GetCurrentPlayProgramGUID")
    except CardRefusedError as refusal:
        if not session.ended and refusal.code in (codes.INVALID_METHOD, codes.UNSUPPORT_METHOD):
            return None
        raise
    found = body_of(reply).find("program")
    return "" if found is None else _plain(found.get("guid", ""))


def _plain(guid: str) -> str:
    """An ID as we wrote it; cards may put it in capitals and braces."""
    return guid.strip("{}").lower()


def _time(session: Session) -> Steps[datetime | None]:
    """The card's own clock; None when it does not tell."""
    reply = yield from may(session, Say("GetTimeInfo"))
    found = None if reply is None else body_of(reply).find("time")
    return None if found is None else card_time(found.get("value"))


def _windows(now: datetime, end: datetime) -> list[xml.Window]:
    """The time from ``now`` to ``end`` as days and times of day."""
    last = xml.Window(end.date(), end.date(), end=end.strftime("%H:%M:%S"))
    if end.date() == now.date():
        return [last]
    return [xml.Window(now.date(), end.date() - timedelta(days=1)), last]


def _upload(session: Session, name: str, md5: str, data: bytes) -> Steps[None]:
    """Bring a file onto the card, from where it stopped the last time. What was sent in one go is whole when the card
    says so at its end, and its programme names the MD5; where older bytes are under it, the card must list it."""
    for attempt in range(1, _UPLOADS + 1):
        try:
            existing = yield from _start(session, name, md5, len(data))
            if existing <= len(data):
                yield Upload(data[existing:])
                if not existing or (yield from _listed(session, name, md5, len(data))):
                    session.files[name] = None
                    return
        except CardRefusedError:
            if session.ended or attempt == _UPLOADS:
                raise
        yield from may(session, Say("DeleteFiles", xml.files([name])))  # broken: from the beginning
    raise CardRefusedError(codes.FILE_NOT_FINISH)


def _start(session: Session, name: str, md5: str, size: int) -> Steps[int]:
    """Announce a file; returns how much of it the card has. A full card gets rid of our old files first."""
    ask = packets.FileStart(md5, size, 0, name)
    try:
        answer = yield ask
    except CardRefusedError as refusal:
        if session.ended or refusal.code != codes.NO_SPACE:
            raise
        yield from sweep(session)
        answer = yield ask
    return answer.existing if isinstance(answer, packets.FileStartAnswer) else 0


def _listed(session: Session, name: str, md5: str, size: int) -> Steps[bool]:
    """Whether the card's list has the file whole. True as well when the card has no list."""
    reply = yield from may(session, Say("GetFiles"))
    if reply is None:
        return True
    for entry in body_of(reply).iter("file"):
        if entry.get("name") == name:
            whole = {entry.get("size"), entry.get("existSize")} <= {str(size), None}
            return whole and entry.get("md5", md5).lower() == md5
    return False


def _trim(session: Session) -> Steps[None]:
    """Keep the number of our files on the card within bounds."""
    spare = len(session.files) - session.keep
    if spare > 0:
        old = list(session.files)[: min(len(session.files) - 1, spare + session.keep // 4)]
        yield from may(session, Say("DeleteFiles", xml.files(old)))
        for name in old:
            del session.files[name]
