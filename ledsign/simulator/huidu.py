"""A simulated HuiDu full-colour card on SDK2: handshake, XML, files.

One user at a time: a new handshake ends the session of the one before. Answers are ASCII, as the vendor's own
program needs them.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from xml.etree.ElementTree import Element

from ledsign.errors import ConfigError, ProtocolError
from ledsign.panel import Panel
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.huidu import HuiDu, codes, discovery, packets, xml
from ledsign.protocol.message import Message
from ledsign.simulator.brain import Brain, Lit, Talk
from ledsign.simulator.huidu_player import MAX_FILE, MAX_FILES, HuiduPlayer, StoredFile
from ledsign.simulator.huidu_settings import Method, settings
from ledsign.simulator.huidu_xml import read_programme

CARD_ID = "C16L-D00-A000F"
_VERSION = 0x01000009
_LOWEST = 0x01000005
_OK = "kSuccess"


class HuiduBrain:
    """The card. Option ``hello``: 8 or 10 bytes answer the version question (default 10)."""

    family = "huidu"

    def __init__(self, panel: Panel, lit: Lit) -> None:
        self._player = HuiduPlayer(panel, lit)
        self._hello = "10"
        self._sessions = 0
        self._guid = ""
        self._incoming: StoredFile | None = None
        self._stamp = ""
        self._methods: Mapping[str, Method] = {
            **settings(self._player),
            "GetIFVersion": lambda _body: '<version value="1000000"/>',
            "GetDeviceInfo": self._device,
            "GetDeviceName": lambda _body: '<name value="BoxPlayer"/>',
            "AddProgram": self._add,
            "UpdateProgram": self._update,
            "DeleteProgram": self._delete,
            "SwitchProgram": self._switch,
            "SetPlayTypeToNormal": self._normal,
            "GetProgram": self._programmes,
            "GetCurrentPlayProgramGUID": self._current,
            "GetFiles": self._list,
            "DeleteFiles": self._delete_files,
            "Reboot": self._reboot,
        }

    # ---- what every brain does ------------------------------------------------------------------------------

    def configure(self, options: Mapping[str, str]) -> None:
        if set(options) - {"hello"} or options.get("hello", "10") not in ("8", "10"):
            raise ConfigError("a simulated huidu card has the option hello=8 or hello=10")
        self._hello = options.get("hello", "10")

    def talk(self, link: Link) -> Talk:
        return HuiDu(link, Role.CARD)

    def power_up(self) -> None:
        self._guid, self._incoming = "", None
        self._player.power_up()

    def run_on(self, now: Callable[[], float]) -> None:
        self._player.run_on(now)

    def due(self) -> float | None:
        return self._player.due()

    def tick(self) -> None:
        self._player.tick()

    def state(self) -> Mapping[str, object]:
        return self._player.state()

    def damaged(self, message: Message) -> Sequence[Message]:
        if isinstance(message, packets.XmlAsk):
            try:
                method = xml.read_call(message.text, "in").method
            except ProtocolError:
                return ()
            return (packets.XmlAnswer(xml.answer(self._guid, method, codes.name_of(codes.PARSE_XML_FAILED))),)
        if isinstance(message, packets.FileStart):
            return (packets.FileStartAnswer(codes.INVALID_PACKET_LEN, 0),)
        if isinstance(message, packets.FileEnd):
            self._incoming = None
            return (packets.FileEndAnswer(codes.INVALID_FILE_DATA),)
        return ()

    def foreign(self, message: Message) -> Sequence[Message]:
        """On TCP nobody else can answer; what comes unasked is the card's own sign of life, and the answer of
        another session to the same question."""
        strange = hashlib.md5(b"another session", usedforsecurity=False).hexdigest()
        try:
            method = (
                xml.read_call(message.text, "in").method if isinstance(message, packets.XmlAsk) else "GetEth0Info"
            )
        except ProtocolError:
            method = "GetEth0Info"
        if method == "GetIFVersion":  # here the session's ID is made: there is none yet to tell them apart
            method = "GetEth0Info"
        return (packets.Heartbeat(answer=True), packets.XmlAnswer(xml.answer(strange, method, _OK)))

    def answer(self, message: Message) -> Sequence[Message]:
        if isinstance(message, packets.VersionAsk):
            return self._welcome(message.version)
        if isinstance(message, discovery.SearchAsk):
            return (discovery.SearchAnswer(_VERSION, CARD_ID, 1),)
        if isinstance(message, packets.Heartbeat):
            return ()
        if not self._guid:  # nothing but the version question is allowed at first
            return (packets.ErrorAnswer(codes.PROCESS_ERROR),)
        if isinstance(message, packets.XmlAsk):
            return (packets.XmlAnswer(self._xml(message)),)
        return self._file(message)

    def _welcome(self, version: int) -> Sequence[Message]:
        if version < _LOWEST:
            return (packets.ErrorAnswer(codes.VERSION_TOO_LOW),)
        self._sessions += 1
        self._guid = hashlib.md5(f"session {self._sessions}".encode(), usedforsecurity=False).hexdigest()
        self._incoming = None
        return (packets.VersionAnswer(min(version, _VERSION), b"" if self._hello == "8" else b"\0\0"),)

    # ---- files ----------------------------------------------------------------------------------------------

    def _file(self, message: Message) -> Sequence[Message]:
        if isinstance(message, packets.FileStart):
            return (self._start(message),)
        if isinstance(message, packets.FileContent):
            if self._incoming is not None:
                room = self._incoming.size - len(self._incoming.data)
                self._incoming.data += message.data[: room + 1]  # one too many shows that it is broken
            return ()
        if isinstance(message, packets.FileEnd):
            return (packets.FileEndAnswer(self._end()),)
        return ()

    def _start(self, message: packets.FileStart) -> Message:
        files = self._player.files
        if message.size > MAX_FILE or (len(files) >= MAX_FILES and message.name not in files):
            return packets.FileStartAnswer(codes.NO_SPACE, 0)
        stored = files.get(message.name)
        if stored is None or (stored.md5, stored.size) != (message.md5, message.size):
            stored = files[message.name] = StoredFile(message.name, message.md5, message.size)
        self._incoming = stored
        return packets.FileStartAnswer(codes.SUCCESS, len(stored.data))

    def _end(self) -> int:
        stored, self._incoming = self._incoming, None
        if stored is None:
            return codes.PROCESS_ERROR
        if stored.whole:
            return codes.SUCCESS
        return codes.FILE_NOT_FINISH if len(stored.data) < stored.size else codes.INVALID_FILE_DATA

    # ---- XML ------------------------------------------------------------------------------------------------

    def _xml(self, message: packets.XmlAsk) -> str:
        try:
            call = xml.read_call(message.text, "in")
        except ProtocolError:
            return xml.answer(self._guid, "", codes.name_of(codes.PARSE_XML_FAILED))
        if call.method != "GetIFVersion" and call.guid != self._guid:
            return xml.answer(self._guid, call.method, codes.name_of(codes.INVALID_GUID))
        method = self._methods.get(call.method)
        if method is None:
            return xml.answer(self._guid, call.method, codes.name_of(codes.UNSUPPORT_METHOD))
        done = method(call.body)
        result, body = (_OK, done) if isinstance(done, str) else done
        return xml.answer(self._guid, call.method, result, body.encode("ascii", "xmlcharrefreplace").decode("ascii"))

    def _device(self, _body: Element) -> str:
        panel = self._player.panel
        return (
            xml.tag("device", {"cpu": "RK.px30", "model": "C16L", "id": CARD_ID, "name": "BoxPlayer"})
            + xml.tag("version", {"fpga": "16.12.0.0", "app": "7.10.78.1", "kernel": ""})
            + xml.tag("screen", {"width": panel.width, "height": panel.height, "rotation": 0})
        )

    def _add(self, body: Element) -> str | tuple[str, str]:
        screen = body.find("screen")
        if screen is None:
            return "kScreenNodeIsNull", ""
        try:
            programmes = [read_programme(each) for each in screen.findall("program")]
        except ValueError:
            return "kInvalidParam", ""
        missing = self._player.missing(programmes)
        if missing:
            bad = [xml.tag("file", {"name": name, "result": "kFileNotFound"}) for name in missing]
            return xml.tag("files", None, *bad)
        stamp = screen.get("timeStamps", self._stamp)
        if stamp == self._stamp:
            self._player.append(programmes)
        else:
            self._player.replace(programmes)
            self._stamp = stamp
        for each in screen.findall("program"):
            if each.get("flag") == "realtime":
                self._player.switch(each.get("guid", ""))
        return ""

    def _update(self, body: Element) -> str | tuple[str, str]:
        known = {each.guid for each in self._player.programmes}
        try:
            programmes = [read_programme(each) for each in body.iter("program")]
        except ValueError:
            return "kInvalidParam", ""
        if not programmes or any(each.guid not in known for each in programmes):
            return "kNodeNotExist", ""
        self._player.append(programmes)
        return ""

    def _delete(self, body: Element) -> str | tuple[str, str]:
        found = self._player.remove([each.get("guid", "") for each in body.iter("program")])
        return "" if found else ("kNodeNotExist", "")

    def _switch(self, body: Element) -> str | tuple[str, str]:
        wanted = body.find("program")
        guid = "" if wanted is None else wanted.get("guid", "")
        if not guid and wanted is not None:
            index = wanted.get("index", "")
            known = self._player.programmes
            guid = known[int(index)].guid if index.isdecimal() and int(index) < len(known) else ""
        return "" if guid and self._player.switch(guid) else ("kNodeNotExist", "")

    def _normal(self, _body: Element) -> str:
        self._player.switch("")
        return ""

    def _programmes(self, _body: Element) -> str:
        known = [xml.tag("program", {"guid": each.guid, "type": "normal"}) for each in self._player.programmes]
        return xml.tag("screen", {"timeStamps": self._stamp}, *known)

    def _current(self, _body: Element) -> str:
        playing = self._player.playing()
        return xml.tag("program", {"guid": playing.guid if playing else ""})

    def _list(self, _body: Element) -> str:
        entries = [
            xml.tag("file", {"size": f.size, "existSize": len(f.data), "md5": f.md5, "type": "image", "name": f.name})
            for f in self._player.files.values()
        ]
        return xml.tag("files", None, *entries)

    def _delete_files(self, body: Element) -> str:
        for entry in body.iter("file"):
            self._player.files.pop(entry.get("name", ""), None)
        self._player.show("files")
        return ""

    @staticmethod
    def _reboot(_body: Element) -> str:
        return ""  # the restart itself is the loop's business; a real card waits ``delay`` seconds


def make(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """A new card, not yet powered up. Packets of this family have no order that ``strict`` could ask for."""
    return HuiduBrain(panel, lit)
