"""The codes of NTCIP 1203 that more than one module speaks of: memory types, states, errors, activation.

Source: MIB 1203v03A; numbers in comments behind a class are the object's place under 1.3.6.1.4.1.1206.4.2.3.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address

from ledsign.errors import ProtocolError

FOREVER = 65535  # minutes


class Memory(IntEnum):
    """dmsMessageMemoryType (5.8.1.1)."""

    PERMANENT = 2
    CHANGEABLE = 3
    VOLATILE = 4
    CURRENT = 5
    SCHEDULE = 6
    BLANK = 7


class MessageStatus(IntEnum):
    """dmsMessageStatus (5.8.1.9); the last three are orders."""

    NOT_USED = 1
    MODIFYING = 2
    VALIDATING = 3
    VALID = 4
    ERROR = 5
    MODIFY_REQ = 6
    VALIDATE_REQ = 7
    NOT_USED_REQ = 8


class GraphicStatus(IntEnum):
    """dmsGraphicStatus (10.6.1.10); the last three are orders."""

    NOT_USED = 1
    MODIFYING = 2
    CALCULATING_ID = 3
    READY = 4
    IN_USE = 5
    PERMANENT = 6
    MODIFY_REQ = 7
    READY_REQ = 8
    NOT_USED_REQ = 9


class ActivateError(IntEnum):
    """dmsActivateMsgError (6.17)."""

    OTHER = 1
    NONE = 2
    PRIORITY = 3
    MESSAGE_STATUS = 4
    MEMORY_TYPE = 5
    MESSAGE_NUMBER = 6
    MESSAGE_CRC = 7
    SYNTAX_MULTI = 8
    LOCAL_MODE = 9
    CENTRAL_MODE = 10
    CENTRAL_OVERRIDE = 11


class ValidateError(IntEnum):
    """dmsValidateMessageError (5.9)."""

    OTHER = 1
    NONE = 2
    BEACONS = 3
    PIXEL_SERVICE = 4
    SYNTAX_MULTI = 5


class MultiFault(IntEnum):
    """dmsMultiSyntaxError (6.18)."""

    OTHER = 1
    NONE = 2
    UNSUPPORTED_TAG = 3
    UNSUPPORTED_TAG_VALUE = 4
    TEXT_TOO_BIG = 5
    FONT_NOT_DEFINED = 6
    CHARACTER_NOT_DEFINED = 7
    FIELD_DEVICE_MISSING = 8
    FIELD_DEVICE_ERROR = 9
    FLASH_REGION = 10
    TAG_CONFLICT = 11
    TOO_MANY_PAGES = 12
    FONT_VERSION_ID = 13
    GRAPHIC_ID = 14
    GRAPHIC_NOT_DEFINED = 15


class ControlMode(IntEnum):
    """dmsControlMode (6.1)."""

    LOCAL = 2
    CENTRAL = 4
    CENTRAL_OVERRIDE = 5


class Source(IntEnum):
    """dmsMsgSourceMode (6.7): who put the message there."""

    OTHER = 1
    LOCAL = 2
    CENTRAL = 8
    SCHEDULER = 9
    POWER_RECOVERY = 10
    RESET = 11
    COMM_LOSS = 12
    POWER_LOSS = 13
    END_DURATION = 14


class Scheme(IntEnum):
    """dmsColorScheme (4.11) and dmsGraphicType (10.6.1.6)."""

    MONO_1BIT = 1
    MONO_8BIT = 2
    CLASSIC = 3
    RGB_24BIT = 4


CLASSIC_RGB = (
    (0, 0, 0), (255, 0, 0), (255, 255, 0), (0, 255, 0), (0, 255, 255),
    (0, 0, 255), (255, 0, 255), (255, 255, 255), (255, 165, 0), (255, 208, 0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MessageId:
    """MessageIDCode, 5 octets: memory type, number, CRC."""

    memory: int
    number: int
    crc: int

    def pack(self) -> bytes:
        return struct.pack(">BHH", self.memory, self.number, self.crc)

    @classmethod
    def unpack(cls, data: bytes) -> "MessageId":
        """Raises ProtocolError."""
        if len(data) != 5:
            raise ProtocolError("MessageIDCode has 5 octets")
        return cls(*struct.unpack(">BHH", data))


BLANK = MessageId(Memory.BLANK, 1, 0)
SCHEDULE = MessageId(Memory.SCHEDULE, 1, 0)


@dataclass(frozen=True, slots=True)
class Activation:
    """MessageActivationCode, 12 octets. ``minutes``: 65535 is forever; ``source``: IPv4 address of the asker."""

    minutes: int
    priority: int
    message: MessageId
    source: str

    def pack(self) -> bytes:
        return struct.pack(">HB", self.minutes, self.priority) + self.message.pack() + IPv4Address(self.source).packed

    @classmethod
    def unpack(cls, data: bytes) -> "Activation":
        """Raises ProtocolError."""
        if len(data) != 12:
            raise ProtocolError("MessageActivationCode has 12 octets")
        minutes, priority = struct.unpack_from(">HB", data)
        return cls(minutes, priority, MessageId.unpack(data[3:8]), str(IPv4Address(data[8:])))
