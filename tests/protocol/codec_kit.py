"""The codec kit: what every registered family must pass. A family brings a ``Case``; the kit does the rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from ledsign.errors import UnsupportedError
from ledsign.frame import Frame, PixelFormat
from ledsign.protocol.codec import Ability, Codec, Link
from ledsign.protocol.message import (
    Intent,
    Message,
    QueryInfo,
    SetBrightness,
    SetClock,
    Setup,
    ShowText,
    StorePage,
    UploadFile,
)


@dataclass(frozen=True)
class Golden:
    """A packet from outside and where it comes from."""

    id: str
    data: bytes
    link: Link
    source: str


@dataclass(frozen=True)
class Case:
    """A family's side: packets from outside, a codec that reads them, and things it must refuse."""

    family: str
    goldens: Sequence[Golden]
    make: Callable[[Link], Codec]
    false_header: dict[Link, bytes]  # bytes that promise a packet which never comes
    unknown: dict[Link, bytes]  # a sound packet of a kind that nobody knows
    unsupported: Sequence[Message | object]
    mark: str = "cmd=66"  # what the unknown kind's message says of itself
    checked: bool = True  # False: no checksum of its own, a flipped bit is TCP's business
    preamble: int = 0  # leading bytes of which any one does; without it the same message may still come


def read(codec: Codec, *pieces: bytes) -> list[Message]:
    return [message for piece in pieces for message in codec.feed(piece)]


def both_ways(case: Case, golden: Golden) -> None:
    codec = case.make(golden.link)
    messages = read(codec, golden.data)
    assert len(messages) == 1, golden.id
    assert codec.encode(messages[0]) == [golden.data], golden.id


def any_chunking(case: Case, goldens: Sequence[Golden], cuts: Sequence[int]) -> None:
    """All packets in one stream, cut anywhere, give the same messages."""
    link = goldens[0].link
    expected = [m for g in goldens for m in read(case.make(link), g.data)]
    stream = b"".join(g.data for g in goldens)
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    codec = case.make(link)
    assert read(codec, *pieces, b"") + codec.silence() == expected


def noise_then_packet(case: Case, golden: Golden, noise: bytes) -> None:
    """After any noise the packet is found, at the latest when the line falls quiet."""
    codec = case.make(golden.link)
    wanted = read(case.make(golden.link), golden.data)
    before = read(codec, noise) + codec.silence()
    assert read(codec, golden.data) + codec.silence() == wanted, (golden.id, before)
    together = case.make(golden.link)
    assert (read(together, noise + golden.data) + together.silence())[-1:] == wanted, golden.id


def false_header(case: Case, golden: Golden) -> None:
    codec = case.make(golden.link)
    wanted = read(case.make(golden.link), golden.data)
    assert read(codec, case.false_header[golden.link], golden.data) + codec.silence() == wanted


def flipped_bits(case: Case, golden: Golden) -> int:
    """Any one bit flipped gives no message, where the family has a checksum; returns how many were tried."""
    if not case.checked:
        return 0
    for bit in range(len(golden.data) * 8):
        spoiled = bytearray(golden.data)
        spoiled[bit // 8] ^= 1 << bit % 8
        codec = case.make(golden.link)
        found = read(codec, bytes(spoiled)) + codec.silence()
        spared = bit // 8 < case.preamble and found == read(case.make(golden.link), golden.data)
        assert found == [] or spared, (golden.id, bit)
    return len(golden.data) * 8


def truncated(case: Case, golden: Golden) -> None:
    for length in range(len(golden.data)):
        codec = case.make(golden.link)
        assert read(codec, golden.data[:length]) + codec.silence() == [], (golden.id, length)


def unsupported(case: Case, link: Link) -> None:
    codec = case.make(link)
    for message in case.unsupported:
        try:
            packets = codec.encode(message)  # type: ignore[arg-type]
        except UnsupportedError:
            continue
        raise AssertionError(f"{message} gave {packets}")


_AT = datetime(2026, 5, 1, tzinfo=UTC)
# not POWER: a sign without a switch may go blank instead, and says so on its page
_NEEDED: Sequence[tuple[Ability, Intent]] = (
    (Ability.TEXT, ShowText("x")),
    (Ability.SAFE, StorePage(Frame(8, 1, PixelFormat.PLANES_1, b"\x00", ""))),
    (Ability.BRIGHTNESS, SetBrightness(50)),
    (Ability.CLOCK, SetClock(_AT)),
    (Ability.STATUS, QueryInfo()),
)
_NONSENSE: Sequence[Intent] = (Setup({"no such key": "1"}), UploadFile("no:such.name.fits", b"1", _AT))


def beyond_abilities(codec: Codec) -> int:
    """An intent without the ability it needs, or that makes no sense, raises before a byte; returns how many."""
    refused = [intent for ability, intent in _NEEDED if ability not in codec.abilities]
    for intent in (*refused, *_NONSENSE):
        try:
            codec.routine(intent)
        except UnsupportedError:
            continue
        raise AssertionError(f"{codec.family} does {intent}")
    return len(refused) + len(_NONSENSE)
