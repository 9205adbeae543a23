"""The fuzz campaign: random and mutated bytes into every decoder, on every line and in both directions.

    python tools/fuzz.py [--inputs 1000000] [--families cp5200 ...] [--seed 1]

``--inputs`` for each registered family, spread over its lines and over both ends of each. The mutated ones come from
a real session with the family's simulated card. A decoder may answer with messages or with nothing; any exception
is a fault, and so is a message that cannot be written again otherwise than by a declared error, memory that grows,
or an input that takes longer than a second.
"""

import argparse
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from ledsign.card import Card
from ledsign.errors import ConfigError, LedsignError
from ledsign.frame import Page
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Codec, Link, Role, codec_class, create, families
from ledsign.render.pack import pack
from ledsign.simulator.desk import Desk, DeskLine
from ledsign.simulator.simulated import BRAINS

URLS = {Link.SERIAL: "pty:///desk?baud=57600", Link.NET: "tcp://desk", Link.UDP: "udp://desk"}
URLS[Link.RAW] = URLS[Link.UDP]  # the same frames as datagrams
FRESH = 500  # inputs into one decoder object before the next
SLOW_S = 1.0


@dataclass(frozen=True)
class Result:
    """What a family's decoders made of their inputs. ``grown``: kilobytes of memory, ``slowest`` in s."""

    family: str
    inputs: int
    messages: int
    seconds: float
    slowest: float
    grown: int
    faults: tuple[str, ...]


class _Ear:
    """A line that keeps what went over it."""

    def __init__(self, line: DeskLine, heard: list[bytes]) -> None:
        self._line = line
        self._heard = heard
        self.close = line.close
        self.line_seconds = line.line_seconds

    def write(self, data: bytes, timeout: float) -> None:
        self._heard.append(data)
        self._line.write(data, timeout)

    def read(self, timeout: float) -> bytes:
        data = self._line.read(timeout)
        if data:
            self._heard.append(data)
        return data


@cache
def session(family: str, link: Link) -> tuple[bytes, ...]:
    """Packets of both directions from a session with the simulated card, on another line where pages do not go over
    this one; empty where none can be had."""
    heard: list[bytes] = []
    carry = codec_class(family).links
    link = link if link in carry else min(carry)
    for mode in ColorMode:
        panel = Panel("fuzz", 64, 32, mode, 10)
        if family not in BRAINS:
            continue
        desk = Desk(family, panel, link)
        try:
            card = Card(family, URLS[link], panel, desk.clock, opener=lambda address: _Ear(desk.open(address), heard))  # noqa: B023
        except ConfigError:  # no such pages
            continue
        size = panel.width * panel.height
        pixels = bytes(size * 3) if mode is ColorMode.RGB else bytes(size // 8 * (1 + (mode is ColorMode.DUAL)))
        page = Page(panel.width, panel.height, mode, pixels, 1.0)
        acts: Sequence[Callable[[], object]] = (
            lambda: card.show(pack(page, card.formats[0])),  # noqa: B023
            card.info,
            lambda: card.set_brightness(50),  # noqa: B023
            lambda: card.set_clock(desk.clock.now()),  # noqa: B023
            card.clear,
        )
        for act in acts:
            try:
                act()
            except LedsignError:
                continue  # a family that cannot do it
    return tuple(dict.fromkeys(heard))


def inputs(rng: random.Random, seeds: Sequence[bytes]) -> Iterator[bytes]:
    """Without end: mostly sessions' packets with something wrong, some plain noise."""
    while True:
        if not seeds or rng.random() < 0.15:
            yield rng.randbytes(rng.choice((1, 4, 16, 64, 300)))
            continue
        data = bytearray(rng.choice(seeds)[:3000])
        for _change in range(rng.randint(0, 4)):
            _change_one(rng, data, seeds)
        yield bytes(data)


def _change_one(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    changes: Sequence[Callable[[], object]] = (
        lambda: data.__setitem__(slice(at, at + 1), bytes(b ^ 1 << rng.randrange(8) for b in data[at : at + 1])),
        lambda: data.__delitem__(slice(at, None)),
        lambda: data.__setitem__(slice(at, at), rng.randbytes(rng.randint(1, 8))),
        lambda: data.__delitem__(slice(at, at + rng.randint(1, 8))),
        lambda: data.extend(rng.choice(seeds)[: rng.randint(1, 100)]),
        lambda: data.__setitem__(slice(at, at + 1), bytes((rng.choice((0, 0xFF, 0x7F, 0x80)),))),
        lambda: data.__setitem__(slice(at, at), data[max(0, at - rng.randint(1, 20)) : at]),
    )
    rng.choice(changes)()


def decoders(family: str) -> list[tuple[Link, Role]]:
    """Lines and ends that the family has a decoder for."""
    found = []
    for link in Link:
        for role in (Role.DRIVER, Role.CARD):
            try:
                create(family, link, role)
            except ConfigError:
                continue
            found.append((link, role))
    return found


def _one(codec: Codec, data: bytes, quiet: bool) -> int:
    messages = codec.feed(data)
    if quiet:
        messages += codec.silence()
    for message in messages:
        try:
            codec.encode(message)
        except LedsignError:
            continue  # declared: this end does not say such things
    return len(messages)


def run(family: str, count: int, seed: int) -> Result:
    """``count`` inputs over all decoders of a family."""
    rng = random.Random(f"{family} {seed}")
    ends, done, messages, slowest = decoders(family), 0, 0, 0.0
    faults: list[str] = []
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    for number, (link, role) in enumerate(ends):
        feed = inputs(rng, session(family, link))
        share = count // len(ends) + (number < count % len(ends))
        codec = create(family, link, role)
        for index in range(share):
            if index % FRESH == 0:
                codec = create(family, link, role)
            data, at = next(feed), time.monotonic()
            try:
                messages += _one(codec, data, index % 3 == 0)
            except Exception as error:  # noqa: BLE001 -- what is looked for
                faults.append(f"{link} {role} {type(error).__name__}: {error} on {data[:200].hex()}")
                codec = create(family, link, role)
            slowest = max(slowest, time.monotonic() - at)
            done += 1
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return Result(family, done, messages, time.monotonic() - began, slowest, grown, tuple(faults))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--families", nargs="+", default=families())
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    bad = 0
    print("| family | decoders | inputs | messages | seconds | slowest input, ms | memory grown, KB | faults |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for family in given.families:
        found = run(family, given.inputs, given.seed)
        bad += len(found.faults) + (found.slowest > SLOW_S)
        print(
            f"| {family} | {len(decoders(family))} | {found.inputs:,} | {found.messages:,} | {found.seconds:.0f} "
            f"| {found.slowest * 1000:.0f} | {found.grown} | {len(found.faults)} |",
            flush=True,
        )
        for fault in found.faults[:5]:
            print(f"  {fault}", file=sys.stderr)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
