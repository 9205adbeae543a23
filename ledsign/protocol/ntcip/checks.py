"""The CRC that runs through NTCIP: CRC-16/X-25 (ISO 3309), and the identities made of it.

Identities (message, font, graphic) are that value with its two bytes swapped. Source: MIB 1203v03A, objects
dmsMessageCRC, fontVersionID, dmsGraphicID, with their worked examples.
"""

from binascii import crc_hqx

_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def x25(data: bytes) -> int:
    """Polynomial 1021 reflected, start FFFF, inverted at the end; "123456789" gives 906E.

    The same as the unreflected CRC of the bytes with their bits in reverse order, itself reversed; that one Python
    has, and fast.
    """
    crc = crc_hqx(data.translate(_MIRROR), 0xFFFF)
    return (_MIRROR[crc & 0xFF] << 8 | _MIRROR[crc >> 8]) ^ 0xFFFF


def identity(data: bytes) -> int:
    """The CRC with its bytes swapped."""
    crc = x25(data)
    return crc >> 8 | (crc & 0xFF) << 8


def message_crc(multi: bytes, beacon: int = 0, pixel_service: int = 0) -> int:
    """dmsMessageCRC; a sign without beacons or pixel service counts them as 0."""
    return identity(multi + bytes((beacon, pixel_service)))


def graphic_stream(
    number: int, height: int, width: int, kind: int, transparent: bool, colour: bytes, bitmap: bytes
) -> bytes:
    """What dmsGraphicID is made of. The colour counts as it is stored, also while transparency is off."""
    head = bytes((number,)) + height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return head + bytes((kind, transparent)) + colour.ljust(3, b"\0")[:3] + bitmap


def graphic_id(
    number: int, height: int, width: int, kind: int, transparent: bool, colour: bytes, bitmap: bytes
) -> int:
    """dmsGraphicID."""
    return identity(graphic_stream(number, height, width, kind, transparent, colour, bitmap))
