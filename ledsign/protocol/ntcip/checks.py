"""The CRC that runs through NTCIP: CRC-16/X-25 (ISO 3309), and the identities made of it.

Identities (message, font, graphic) are that value with its two bytes swapped. Source: MIB 1203v03A, objects
dmsMessageCRC, fontVersionID, dmsGraphicID, with their worked examples.
"""


def _entry(byte: int) -> int:
    for _bit in range(8):
        byte = byte >> 1 ^ (0x8408 if byte & 1 else 0)
    return byte


_TABLE = tuple(_entry(byte) for byte in range(256))


def x25(data: bytes) -> int:
    """Polynomial 1021 reflected, start FFFF, inverted at the end; "123456789" gives 906E."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFF


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
