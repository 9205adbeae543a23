"""How things are done on BX-Y cards: sessions, and which calls in which order."""

import hashlib
from collections.abc import Callable
from contextlib import suppress

from ledsign.errors import CardRefusedError
from ledsign.frame import Frame
from ledsign.protocol.bxy import calls, files
from ledsign.protocol.bxy.calls import Answer, Json, Put, Say
from ledsign.protocol.codec import Routine
from ledsign.protocol.http import HttpReply
from ledsign.protocol.message import CardInfo, Message, Prepare
from ledsign.protocol.screen import check_told

_LOGGED_OUT = frozenset({11, 12, 401})  # expired, never was, and HTTP's own word for it
_MODELS = {
    "8280": "BX-Y04",
    "8536": "BX-Y08",
    "8792": "BX-Y2",
    "9048": "BX-Y3",
    "9304": "BX-Y2L",
    "10584": "BX-Y5E",
}
_KEYS = ("controllertype", "width", "height", "firmwareversion", "brightness", "screenonoffstatus", "playlist")
_STILL_THERE = 15



class Doing:
    """The routines of one conversation. ``token`` names the session; ``stored``: pages are files and a list instead
    of a dynamic area in memory."""

    def __init__(self, user: str, password: str, stored: bool) -> None:
        self._user = user
        self._password = password
        self.stored = stored
        self.token = ""
        self._device = "8280"
        self._covered = False  # a dynamic area lies over the programme

    def logged_in(self, make: Callable[[], Routine]) -> Routine:
        """Do it, and once more behind a new login when the card no longer knows the old one."""
        if self.token:
            try:
                return (yield from make())
            except CardRefusedError as error:
                if error.code not in _LOGGED_OUT:
                    raise
        yield from self._login()
        return (yield from make())

    def _login(self) -> Routine:
        """A code is good for one login, so both are asked for together."""
        if self.token:
            with suppress(CardRefusedError):  # usually gone already
                yield Say("userLogout", {"username": self._user})
        self.token = ""
        code = _output((yield Say("getVerificationCode", {"username": self._user}))).get("verificationcode", "")
        given = {
            "username": self._user,
            "verificationcode": str(code),
            "password": calls.hashed_password(self._password, str(code)),
        }
        self.token = str(_output((yield Say("userLogin", given))).get("sessionid", ""))
        return None

    def greet(self) -> Routine:
        yield from self._login()
        return (yield from self.info())

    def prepare(self, intent: Prepare) -> Routine:
        info = yield from self.greet()
        check_told(info, intent)
        yield from self.empty(deep=intent.deep or self.stored)
        return info

    def empty(self, deep: bool) -> Routine:
        """Empty all three places from which a restarted card would play, and look that they are empty."""
        with suppress(CardRefusedError):
            yield Say("clearDynamic", {"id": ["*"]})
        self._covered = False
        with suppress(CardRefusedError):
            yield Say("deleteBulletin", {"items": ["*"]})
        if _output((yield Say("queryBulletin"))):
            raise CardRefusedError(_STILL_THERE, "bxy: bulletins would not be deleted")
        if deep:
            for step in (
                Say("deleteDynamicFile", {"id": ["*"]}),
                Say("stopPlay", {"type": "program"}),
                Say("clearAllProgram", {"keepmaterial": "no"}),
            ):
                with suppress(CardRefusedError):
                    yield step
            if name := _output((yield Say("checkPlayer"))).get("programname"):
                raise CardRefusedError(_STILL_THERE, f"bxy: the card still plays {name}")
        return None

    def info(self) -> Routine:
        found = _output((yield Say("getProperty", dict.fromkeys(_KEYS, ""))))
        self._device = str(found.get("controllertype", self._device))
        details = {
            "size": f"{found.get('width', '?')}x{found.get('height', '?')}",
            "on": str(found.get("screenonoffstatus", "")),
            "playlist": str(found.get("playlist", "")),
        }
        model = _MODELS.get(self._device, f"BX-Y ({self._device})")
        return CardInfo("bxy", model, str(found.get("firmwareversion", "")), details)

    def dynamic(self, frame: Frame, suffix: str, data: bytes) -> Routine:
        """The picture in dynamic area 0 over the whole screen; programmes stop meanwhile."""
        name = "_" + hashlib.md5(data).hexdigest()
        unit = {"type": "Picture", "order": "0", **files.STILL, "stayTime": "60", "content": name, "gifFlag": "0"}
        area = {
            "id": "0", "xcoord": "0", "ycoord": "0", "width": str(frame.width),
            "height": str(frame.height), "transparency": "100", "relativeprogram": "", "runmode": "0",
            "updatefrequency": "0", "unit": [unit],
        }  # fmt: skip
        given = {"immediatelyPlay": "", "cover": "1", "dynamics": [area]}
        yield from self._window(on=True)
        yield Say("UpdateDynamic", given, ((name, data),))
        self._covered = True
        yield from self._window(on=False)
        return None

    @staticmethod
    def _window(on: bool) -> Routine:
        yield Say("enableUploadDownload", {"type": "upload", "flag": "on" if on else "off"})
        return None

    def store(self, frame: Frame, suffix: str, data: bytes) -> Routine:
        """Picture, programme and list as files, each only when it is not there, then play; the order is that of
        the wire log."""
        image = files.CardFile("share", suffix, data)
        width, height = frame.width, frame.height
        shown = files.programme(image, width, height)
        wanted = files.play_list([shown], self._device, width, height)
        yield from self._window(on=True)
        for file in (image, shown, wanted):
            yield from self._bring(file)
        yield from self._window(on=False)
        yield Say("play", {"type": "program", "playlist": wanted.path})
        if self._covered:
            yield Say("clearDynamic", {"id": ["*"]})
            self._covered = False
        return None

    @staticmethod
    def _bring(file: files.CardFile) -> Routine:
        there = _output((yield Say("findFile", {"items": [{"fileName": file.path}]}))).get("items")
        if (
            isinstance(there, list)
            and there
            and isinstance(there[0], dict)
            and there[0].get("size") == str(len(file.data))
        ):
            return None
        waiting = _output((yield Say("findTempFile", {"filename": file.name})))
        if waiting.get("size") != str(len(file.data)):
            yield Put(file.name, file.data)
        yield Say("moveFile", {"src": file.name, "dst": file.path})
        return None


def _output(reply: Message | None) -> Json:
    answer: Answer | None = calls.read_reply(reply) if isinstance(reply, HttpReply) else None
    return answer.output if answer else {}
