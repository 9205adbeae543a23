"""How a page gets onto a HuiDu card: its file, its programme, and a look at what the card really plays.

Every page gets a programme ID that was never used before, and the card is asked which programme it plays: an
answer that belongs to an older page cannot confirm a new one.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from ledsign.errors import CardRefusedError
from ledsign.protocol.huidu import codes, packets, xml
from ledsign.protocol.huidu.blank import black_png
from ledsign.protocol.huidu.session import PREFIX, Say, Session, Standing, Steps, Upload, body_of, may
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
    if session.standing is not None and session.standing.ttl_s is not None:
        yield from _programme(session, session.standing)


def _page(
    session: Session, png: bytes, width: int, height: int, urgent: bool = False, ttl_s: int | None = None
) -> Steps[None]:
    md5 = hashlib.md5(png, usedforsecurity=False).hexdigest()
    name = f"{PREFIX}{md5[:16]}.png"
    session.standing = None
    if name not in session.files:
        yield from _upload(session, name, md5, png)
    session.files.move_to_end(name)
    page = Standing(width, height, name, md5, len(png), urgent, ttl_s)
    yield from _programme(session, page)
    session.standing = page


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


def _programme(session: Session, page: Standing) -> Steps[None]:
    """The page replaces every programme on the card; then the card must come to play it."""
    windows: Sequence[xml.Window | None] = [None]
    if page.ttl_s is not None:
        windows = yield from _windows(session, page.ttl_s)
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


def _playing(session: Session, guids: Sequence[str]) -> Steps[None]:
    """Ask what is being played until it is one of ``guids``; loading a picture takes the card a moment."""
    playing = ""
    for look in range(1, _LOOKS + 1):
        try:
            reply = yield Say("GetCurrentPlayProgramGUID")
        except CardRefusedError as refusal:
            if not session.ended and refusal.code in (codes.INVALID_METHOD, codes.UNSUPPORT_METHOD):
                return  # old firmware: what AddProgram confirmed is all there is
            raise
        found = body_of(reply).find("program")
        playing = "" if found is None else found.get("guid", "")
        if playing.strip("{}").lower() in guids:
            return
        if look == _LOOKS // 4:
            yield from may(session, Say("SwitchProgram", xml.tag("program", {"guid": guids[0]})))
    raise CardRefusedError(codes.NODE_NOT_EXIST, f"card plays programme {playing!r} instead of the page")


def _windows(session: Session, ttl_s: int) -> Steps[list[xml.Window | None]]:
    """The time from now on, by the card's own clock, as days and times of day: it ends after ``ttl_s`` s. Without
    an end on a card that does not tell its time: a page that stays is better than none."""
    reply = yield from may(session, Say("GetTimeInfo"))
    found = None if reply is None else body_of(reply).find("time")
    try:
        now = datetime.fromisoformat("" if found is None else found.get("value", ""))
    except ValueError:
        return [None]
    end = now + timedelta(seconds=max(1, ttl_s))
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
