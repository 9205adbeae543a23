"""``ledsign card decode``: read packets, vectors and recordings with the live codec."""

import json
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import click

from ledsign.card import link_of
from ledsign.cli.common import Exit, emit, fail, json_option
from ledsign.errors import ConfigError, ProtocolError, UnsupportedError
from ledsign.i18n import _
from ledsign.protocol.codec import Codec, Link, Role, create, families
from ledsign.protocol.message import describe
from ledsign.transport import parse_url
from ledsign.transport.recording import Chunk, is_recording, line_of
from ledsign.transport.recording import read as read_recording

Result = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Sample:
    """Bytes to read: one packet of a vector file, or a stream. ``link`` None: look at the first byte.

    ``kind`` names a value that is no packet of its own, such as a picture.
    """

    id: str
    data: bytes
    link: Link | None
    kind: str = ""


_LINK_NAMES = {"serial": Link.SERIAL, "net": Link.NET, "tcp": Link.NET, "udp": Link.UDP}


def _hex(text: str, where: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error


# files that hold several protocols of one maker: families that a codec does not speak
_NOT_THEIRS = {"huidu": ("huidu-gen6", "huidu-http"), "huidu-http": ("huidu-gen6", "huidu-sdk2")}


def _entries(path: Path) -> list[dict[str, Any]]:
    """A vector file's entries, each with the shape that the rest relies on. Raises ConfigError."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: {error!r}") from error
    if not (isinstance(entries, list) and all(map(_shaped, entries))):
        raise ConfigError(f"{path}: " + _("no vectors: they are a list of objects with id, hex and params"))
    return entries


def _shaped(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("params") or {}, dict) or "id" not in entry:
        return False
    found = entry.get("hex")
    packets = found if isinstance(found, list) else [found]
    return all(packet is None or isinstance(packet, str) for packet in packets)


def _from_vectors(path: Path, family: str) -> Iterator[_Sample]:
    """Packets and values of a vector file; entries without bytes (rules) are left out."""
    entries = _entries(path)
    if any(entry.get("family") == family for entry in entries):  # a file of several families
        entries = [entry for entry in entries if entry.get("family") == family]
    for entry in entries:
        if str(entry.get("family")) in _NOT_THEIRS.get(family, ()):
            continue
        found = entry.get("hex")  # none: a rule, or values instead of bytes
        packets = found if isinstance(found, list) else [found]
        params, name = entry.get("params") or {}, str(entry["id"])
        if params.get("sdkSecret"):  # a signature: what was signed stands beside it
            data = json.dumps({**params, "sign": found}).encode("ascii")
            yield _Sample(name, data, Link.NET, "signature")
            continue
        for packet in filter(None, packets):
            link = _LINK_NAMES.get(str(params.get("transport")))
            kind = str(params.get("kind", "file" if "md5" in params else ""))  # a file is named by its sum
            yield _Sample(name, _hex(packet, name), link, kind)


def _of_line(family: str, path: Path) -> Iterator[Result]:
    """A recording made by ``record:``: both directions as they went, each read as one stream."""
    link = link_of(parse_url(line_of(path), 1))
    for chunks in read_recording(path):
        for sent in (True, False):
            yield from _stream(family, path, link, [chunk for chunk in chunks if chunk.sent is sent])


def _stream(family: str, path: Path, link: Link, chunks: list[Chunk]) -> Iterator[Result]:
    """One direction's packets in order, and an error for the bytes between that are none. Where a packet is written
    otherwise than this program would, nobody knows where it ended: then what follows it is not looked at."""
    codec = create(family, link, Role.WITNESS)
    whole = b"".join(chunk.data for chunk in chunks)
    read, known = 0, True
    for number, chunk in enumerate(chunks):
        messages = codec.feed(chunk.data)
        if number == len(chunks) - 1:
            messages += codec.silence()
        for message in messages:
            again = b"".join(codec.encode(message))
            at = whole.find(again, read)
            if at > read and known:
                yield _damage(path, chunks, read, at)
            read, known = (at + len(again), True) if at >= 0 else (read, False)
            yield {**_head(path, chunk), "ok": True, "error": None, "message": describe(message),
                   "reencoded_equal": again in whole}  # fmt: skip
    if known and read < len(whole):
        yield _damage(path, chunks, read, len(whole))


def _head(path: Path, chunk: Chunk) -> Result:
    return {"id": f"{path.name}:{chunk.number}", "at": chunk.at, "from": "us" if chunk.sent else "card"}


def _damage(path: Path, chunks: list[Chunk], begin: int, end: int) -> Result:
    """Bytes of a direction that belong to no sound packet, named by where they begin."""
    ends = list(accumulate(len(chunk.data) for chunk in chunks))
    first = chunks[bisect_right(ends, begin)]
    data = b"".join(chunk.data for chunk in chunks)[begin:end]
    error = f"{len(data)} bytes are no sound packet: {data[:40].hex(' ')}"
    return {**_head(path, first), "ok": False, "error": error, "message": None, "reencoded_equal": False}


def _from_recording(path: Path) -> Iterator[_Sample]:
    """Lines of hex, or the ``< aa bb`` lines of the log; anything else is a raw binary file."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error}") from error
    try:
        lines = [line for line in raw.decode("ascii").splitlines() if line.strip() and not line.startswith("#")]
        found = [bytes.fromhex(line.replace("<", ">").rpartition(">")[2]) for line in lines]
    except ValueError:
        yield _Sample(path.name, raw, None)
        return
    for number, data in enumerate(found, 1):
        yield _Sample(f"{path.name}:{number}", data, None)


def _value(codec: Codec, sample: _Sample) -> Result:
    try:
        value, again = codec.value(sample.kind, sample.data)
    except (ProtocolError, UnsupportedError) as error:
        return {"id": sample.id, "ok": False, "error": str(error), "message": None, "reencoded_equal": False}
    equal = again == sample.data
    return {"id": sample.id, "ok": True, "error": None, "message": describe(value), "reencoded_equal": equal}


def _read(family: str, sample: _Sample, link: Link | None) -> Iterator[Result]:
    """What the live codec makes of the bytes: one result a packet, one with an error for what is none."""
    guess = Link.SERIAL if sample.data[:1] == b"\xa5" else Link.NET
    codec = create(family, link or sample.link or guess, Role.WITNESS)
    if sample.kind:
        yield _value(codec, sample)
        return
    messages = codec.feed(sample.data) + codec.silence()
    if not messages:
        yield {"id": sample.id, "ok": False, "error": "no sound packet", "message": None, "reencoded_equal": False}
        return
    again = [b"".join(codec.encode(message)) for message in messages]
    whole = b"".join(again) == sample.data
    for number, (message, data) in enumerate(zip(messages, again, strict=True)):
        name = sample.id if len(messages) == 1 else f"{sample.id}#{number}"
        equal = whole if len(messages) == 1 else data in sample.data
        yield {"id": name, "ok": True, "error": None, "message": describe(message), "reencoded_equal": equal}


def _results(
    family: str, link: Link | None, hex_text: str | None, vectors: Path | None, recording: Path | None
) -> Iterator[Result]:
    if recording is not None and is_recording(recording):
        yield from _of_line(family, recording)
        return
    if vectors is not None:
        samples = list(_from_vectors(vectors, family))
    elif recording is not None:
        samples = list(_from_recording(recording))
    else:
        samples = [_Sample("hex", _hex(hex_text or "", "--hex"), None)]
    for sample in samples:
        yield from _read(family, sample, link)


@click.command("decode", help=_("Read packets with the live codec."))
@click.option("--family", required=True, help=_("Card family."))
@click.option("--transport", type=click.Choice(["serial", "net", "udp"]), help=_("How the packets are framed."))
@click.option("--hex", "hex_text", metavar="HEX", help=_("Bytes as hex."))
@click.option(
    "--vectors", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.json", help=_("A file of vectors.")
)
@click.argument("recording", required=False, type=click.Path(path_type=Path, dir_okay=False))
@json_option
def decode(
    family: str,
    transport: str | None,
    hex_text: str | None,
    vectors: Path | None,
    recording: Path | None,
    as_json: bool,
) -> None:
    if [hex_text, vectors, recording].count(None) != 2:
        raise click.UsageError(_("give exactly one of --hex, --vectors and RECORDING"))
    if family not in families():
        raise click.UsageError(_("no such card family; known: {names}").format(names=", ".join(families())))
    link = Link(transport) if transport else None
    bad = found = 0
    try:
        for result in _results(family, link, hex_text, vectors, recording):
            found += 1
            bad += not result["ok"]
            emit(result, _line(result), as_json)
    except (ConfigError, UnsupportedError) as error:
        fail(Exit.DATA, str(error))
    if not found:
        fail(Exit.DATA, _("there is nothing to decode"))
    if bad:
        raise click.exceptions.Exit(Exit.DATA)


def _line(result: Result) -> str:
    mark = ("=" if result["reencoded_equal"] else "≠") if result["ok"] else "✗"
    return f"{mark} {result['id']}  {json.dumps(result['message'] or result['error'], ensure_ascii=False)}"
