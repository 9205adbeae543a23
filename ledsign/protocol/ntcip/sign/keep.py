"""A sign's memory as text, so that it outlives the program: what a real sign keeps through a restart.

Kept are changeable messages, graphics, the settings, and what the network activated, with its end in wall time.
Volatile messages are lost, as the standard wants it; one that is on the glass stays there.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from ledsign.errors import ProtocolError
from ledsign.protocol.ntcip.codes import (
    Activation,
    GraphicStatus,
    Memory,
    MessageId,
    MessageStatus,
    Source,
)
from ledsign.protocol.ntcip.multi import MultiError, parse
from ledsign.protocol.ntcip.sign.memory import Graphic, Row, Shown, State

FORM = 1
Document: TypeAlias = dict[str, Any]  # JSON


def dump(state: State, at: float, unix: float) -> str:
    """``at`` is the monotonic moment that is ``unix`` in wall time."""
    wanted = state.aside or state.shown
    kept = {key: row for key, row in state.messages.items() if key[0] == Memory.CHANGEABLE}
    document = {
        "form": FORM,
        "messages": [[*key, _row(row)] for key, row in sorted(kept.items())],
        "graphics": [[number, _graphic(each)] for number, each in sorted(state.graphics.items())],
        "shown": {
            "code": wanted.code.pack().hex(),
            "source": wanted.source.value,
            "row": _row(wanted.row),
            "message": wanted.message.pack().hex(),
            "until": None if wanted.until is None else wanted.until - at + unix,
            "graphics": [_graphic(each) for _number, each in sorted(wanted.graphics.items())],
        },
        "numbers": state.numbers,
        "codes": {name: code.pack().hex() for name, code in state.codes.items()},
    }
    return json.dumps(document, separators=(",", ":"))


def load(text: str, fresh: State, at: float, unix: float) -> State:
    """``fresh``, the memory of a new sign, with what was kept laid over it. Raises ProtocolError for a text that is
    none of ours, or of another form."""
    try:
        document = json.loads(text)
        if document["form"] != FORM:
            raise ProtocolError("kept by another version")
        state = fresh.copy()
        for memory, number, row in document["messages"]:
            state.messages[memory, number] = _read_row(row)
        for number, graphic in document["graphics"]:
            state.graphics[number] = _read_graphic(graphic)
        state.shown = _read_shown(document["shown"], at - unix)
        state.numbers.update({name: int(document["numbers"][name]) for name in fresh.numbers})
        state.codes.update({name: MessageId.unpack(bytes.fromhex(document["codes"][name])) for name in fresh.codes})
    except (ValueError, KeyError, TypeError, IndexError, MultiError) as error:
        raise ProtocolError(f"not a sign's memory: {type(error).__name__} {error}") from error
    return state


def _row(row: Row) -> Document:
    return {
        "multi": row.multi.hex(),
        "owner": row.owner.hex(),
        "beacon": row.beacon,
        "pixel_service": row.pixel_service,
        "priority": row.priority,
        "status": row.status.value,
    }


def _read_row(document: Mapping[str, Any]) -> Row:
    return Row(
        bytes.fromhex(document["multi"]),
        bytes.fromhex(document["owner"]),
        int(document["beacon"]),
        int(document["pixel_service"]),
        int(document["priority"]),
        MessageStatus(document["status"]),
    )


def _graphic(graphic: Graphic) -> Document:
    """One whose identity is still being worked out is ready by the time it is read again."""
    ready = graphic.status in (GraphicStatus.CALCULATING_ID, GraphicStatus.IN_USE)
    return {
        "number": graphic.number,
        "name": graphic.name.hex(),
        "height": graphic.height,
        "width": graphic.width,
        "scheme": int(graphic.scheme),
        "transparent": graphic.transparent,
        "colour": graphic.colour.hex(),
        "status": (GraphicStatus.READY if ready else graphic.status).value,
        "bitmap": graphic.bitmap.hex(),
    }


def _read_graphic(document: Mapping[str, Any]) -> Graphic:
    return Graphic(
        number=int(document["number"]),
        name=bytes.fromhex(document["name"]),
        height=int(document["height"]),
        width=int(document["width"]),
        scheme=int(document["scheme"]),
        transparent=int(document["transparent"]),
        colour=bytes.fromhex(document["colour"]),
        status=GraphicStatus(document["status"]),
        bitmap=bytes.fromhex(document["bitmap"]),
    )


def _read_shown(document: Mapping[str, Any], shift: float) -> Shown:
    row, message = _read_row(document["row"]), MessageId.unpack(bytes.fromhex(document["message"]))
    graphics = [_read_graphic(each) for each in document["graphics"]]
    return Shown(
        Activation.unpack(bytes.fromhex(document["code"])),
        Source(document["source"]),
        row,
        message,
        None if document["until"] is None else float(document["until"]) + shift,
        () if message.memory == Memory.BLANK else parse(row.multi),
        {graphic.number: graphic for graphic in graphics},
    )
