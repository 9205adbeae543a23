"""What every command of the binary format is: an argument block and data, packed and strictly read."""

from typing import ClassVar, Self, TypeAlias

from ledsign.errors import ProtocolError
from ledsign.protocol.message import Message

Parts: TypeAlias = tuple[bytes, bytes]
"""Argument block (not padded) and data."""


def need(condition: bool, what: str) -> None:
    """Structure check of a received packet."""
    if not condition:
        raise ProtocolError(what)


def cut(arg: bytes, size: int) -> bytes:
    """The first ``size`` bytes of a padded block. Raises ProtocolError when it is not that block."""
    need(len(arg) == -(-size // 4) * 4 and not any(arg[size:]), "argument length")
    return arg[:size]


def text(data: bytes) -> str:
    """A NUL-padded name. Raises ProtocolError for anything behind the first NUL."""
    name = data.rstrip(b"\0")
    need(b"\0" not in name, "name")
    return name.decode("latin-1")


class Command(Message):
    """Base of all commands."""

    __slots__ = ()
    CODE: ClassVar[int]

    @property
    def code(self) -> int:
        return self.CODE

    def pack(self) -> Parts:
        raise NotImplementedError

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        raise NotImplementedError
