"""Messages whose data are a row of fields: described once, written and read by the same description.

::

    HEAD | numbers and byte strings of FORM, one a field | the last field, where it is not in FORM | END

Reading is strict: a message counts only when packing it again gives the very same bytes, so that padding,
constants and lengths are checked without a word about them in the classes.
"""

import struct
from collections.abc import Callable
from dataclasses import fields
from typing import Any, ClassVar, Self

from ledsign.errors import ProtocolError
from ledsign.protocol.message import Message


def need(condition: bool, what: str) -> None:
    """Structure check of a received packet. Raises ProtocolError."""
    if not condition:
        raise ProtocolError(what)


def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


class Packed(Message):
    """Base; subclasses are dataclasses. ``FORM`` as ``struct`` has it; ``sound`` says what else must hold."""

    __slots__ = ()
    HEAD: ClassVar[bytes] = b""
    FORM: ClassVar[str] = ""
    END: ClassVar[bytes] = b""

    def pack(self) -> bytes:
        """The data."""
        values: list[Any] = [getattr(self, name) for name in _names(type(self))]
        count = len(struct.unpack(self.FORM, bytes(struct.calcsize(self.FORM))))
        return self.HEAD + struct.pack(self.FORM, *values[:count]) + b"".join(values[count:]) + self.END

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Read data. Raises ProtocolError unless they are this message's to the byte."""
        start = len(cls.HEAD)
        end = start + struct.calcsize(cls.FORM)
        need(len(data) >= end + len(cls.END), f"{cls.__name__} is too short")
        values = struct.unpack(cls.FORM, data[start:end])
        rest = data[end : len(data) - len(cls.END)]
        make: Callable[..., Self] = cls
        made = make(*values, *([rest] if len(values) < len(_names(cls)) else []))
        need(made.pack() == data and not (cls.END and cls.END in rest) and made.sound(), cls.__name__)
        return made

    def sound(self) -> bool:
        """Whether the values can be meant."""
        return True
