"""What a simulated BX-Y card stores and plays: files, play list, bulletins, dynamic areas.

It draws from the files it stores: list, programme, picture. Bulletins are drawn with our letters.
"""

import base64
import io
import xml.etree.ElementTree as Xml
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from PIL import Image as Pictures
from PIL import UnidentifiedImageError

from ledsign.panel import Panel
from ledsign.protocol.bxy.calls import Json
from ledsign.simulator.canvas import Pixels, logo, paste
from ledsign.simulator.lettering import letter

Function: TypeAlias = Callable[[Json, Mapping[str, bytes]], Json | None]
"""A function of the card: its input and the parts of a form, to its output."""

_DEMO = "lists/demo.xml"  # what the vendor's tool left
_MOST_LEDS = 4096 * 4096
_LINE = 16  # LEDs of a bulletin


class FunctionError(Exception):
    """A function that ends with one of the card's error numbers."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def several(given: Json, key: str) -> list[Any]:
    """A list in the input; what is in it only shows when it is used."""
    value = given.get(key)
    if not isinstance(value, list):
        raise FunctionError(18 if value is None else 20, key)
    return value


def text_of(value: object) -> str:
    return value if isinstance(value, str) else ""


class Player:
    """``changed`` is called with a cause when the glass may look different, ``stamp`` gives the card's time."""

    def __init__(self, panel: Panel, changed: Callable[[str], None], stamp: Callable[[], str]) -> None:
        self._logo = logo(panel)
        self._width = panel.width
        self._changed = changed
        self._stamp = stamp
        self._files: dict[str, tuple[bytes, str]] = {_DEMO: (b"", "2019-01-01 00:00:00")}
        self._waiting: dict[str, bytes] = {}
        self.playlist = _DEMO  # named in the last play; survives
        self._bulletins: dict[str, Json] = {}
        self._areas: dict[str, tuple[int, int, Pixels]] = {}
        self._alone = False
        self.functions: Mapping[str, Function] = {
            "findfile": self._find,
            "findtempfile": self._find_waiting,
            "movefile": self._move,
            "play": self._play,
            "stopplay": self._stop,
            "checkplayer": lambda _given, _parts: self._playing(),
            "clearallprogram": self._clear_programmes,
            "querybulletin": lambda _given, _parts: (
                {n: b.get("name", "") for n, b in self._bulletins.items()} or None
            ),
            "createbulletin": self._new_bulletin,
            "deletebulletin": self._delete_bulletin,
            "updatedynamic": self._update,
            "cleardynamic": self._clear_areas,
        }

    def power_up(self) -> None:
        self._areas, self._alone, self._waiting = {}, False, {}

    def state(self) -> Mapping[str, object]:
        return {
            "files": sorted(self._files),
            "playlist": self.playlist,
            "bulletins": sorted(self._bulletins),
            "areas": sorted(self._areas),
        }

    def uploaded(self, name: str, data: bytes) -> None:
        """A file into the temporary area."""
        self._waiting[name] = data

    # ---- functions ------------------------------------------------------------------------------------------

    def _find(self, given: Json, _parts: Mapping[str, bytes]) -> Json:
        items = several(given, "items")
        return {"items": [self._entry(text_of(item.get("filename"))) for item in items]}

    def _entry(self, path: str) -> Json:
        data, when = self._files.get(path, (b"", ""))
        return {"fileName": path, "mtime": when, "size": str(len(data))}

    def _find_waiting(self, given: Json, _parts: Mapping[str, bytes]) -> Json:
        name = text_of(given.get("filename"))
        return {"filename": name, "size": str(len(self._waiting.get(name, b"")))}

    def _move(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        source, target = text_of(given.get("src")), text_of(given.get("dst"))
        if source not in self._waiting:
            if source and target in self._files:
                return
            raise FunctionError(24, "path")
        self._files[target] = (self._waiting.pop(source), self._stamp())

    def _play(self, given: Json, _parts: Mapping[str, bytes]) -> Json:
        wanted = text_of(given.get("playlist"))
        if given.get("type") != "program" or wanted not in self._files:
            raise FunctionError(30, "player")
        self.playlist = wanted
        self._changed("page")
        return {"message": wanted, "type": "program"}

    def _stop(self, given: Json, _parts: Mapping[str, bytes]) -> Json:
        if given.get("type") == "program":
            self.playlist = ""
            self._changed("stored")
        return {"type": text_of(given.get("type"))}

    def _playing(self) -> Json:
        if not self.playlist:
            return {"playstatus": "Unlock"}
        return {"programlist": self.playlist, "programname": "program_1", "playstatus": "Unlock"}

    def _clear_programmes(self, _given: Json, _parts: Mapping[str, bytes]) -> None:
        self._files, self.playlist = {}, ""
        self._changed("stored")

    def _new_bulletin(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        base64.b64decode(text_of(given.get("content")), validate=True).decode("utf-8")
        self._bulletins[text_of(given.get("order"))] = given
        self._changed("text")

    def _delete_bulletin(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        items = several(given, "items")
        self._bulletins = {n: each for n, each in self._bulletins.items() if "*" not in items and n not in items}
        self._changed("stored")

    def _update(self, given: Json, parts: Mapping[str, bytes]) -> None:
        for area in several(given, "dynamics"):
            unit = area["unit"][0]
            name = text_of(unit["content"])
            data = parts[name] if name in parts else base64.b64decode(name, validate=True)
            size = (int(area["width"]), int(area["height"]))
            self._areas[text_of(area["id"])] = (int(area["xcoord"]), int(area["ycoord"]), _picture(data, size))
            self._alone = given.get("cover") == "1"
        self._changed("page")

    def _clear_areas(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        gone = several(given, "id")
        self._areas = {n: area for n, area in self._areas.items() if "*" not in gone and n not in gone}
        self._changed("stored")

    def _programme(self, glass: Pixels) -> None:
        """The first picture of the first programme on the list."""
        if self.playlist == _DEMO:
            glass[:] = self._logo
            return
        try:
            listed = Xml.fromstring(self._files[self.playlist][0]).find("program")
            if listed is None:
                return
            shown = Xml.fromstring(self._files[listed.attrib["programFile"]][0])
            for area in shown.iter("picture"):
                unit = next(iter(area))
                size = (int(area.attrib["w"]), int(area.attrib["h"]))
                pixels = _picture(self._files[unit.attrib["file"]][0], size)
                paste(glass, pixels, int(area.attrib["x"]), int(area.attrib["y"]))
        except (KeyError, ValueError, StopIteration, Xml.ParseError):
            return  # a file is missing or damaged: a real player shows nothing

    def draw(self, glass: Pixels) -> None:
        """What is shown while the light is on."""
        if not (self._areas and self._alone):
            self._programme(glass)
        for x, y, pixels in self._areas.values():
            paste(glass, pixels, x, y)
        for row, bulletin in enumerate(self._bulletins.values()):
            words = base64.b64decode(text_of(bulletin.get("content"))).decode("utf-8")
            paste(glass, letter(words, self._width, _LINE), 0, row * _LINE)


def _picture(data: bytes, size: tuple[int, int]) -> Pixels:
    """A picture file at the size of its area. Raises ValueError."""
    try:
        with Pictures.open(io.BytesIO(data), formats=("BMP", "PNG")) as picture:
            if picture.width * picture.height > _MOST_LEDS:
                raise ValueError("picture is too large")
            shown = picture.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"picture: {error}") from error
    return np.asarray(shown if shown.size == size else shown.resize(size), np.uint8)
