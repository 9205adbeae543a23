"""Pixel streams: our card and our receivers, and both against programs that nobody here wrote."""

import random
import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
import sacn
from stupidArtnet import StupidArtnet, StupidArtnetServer

from kit import NOON
from ledsign import simulator
from ledsign.card import Card
from ledsign.clock import ClockTrust, SystemClock
from ledsign.database import Database
from ledsign.evidence import ShownRow
from ledsign.frame import AckLevel, Frame, Page, PixelFormat
from ledsign.ledger import Ledger
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.pixelstream.ddp import DdpHeader, DdpPacket
from ledsign.simulator import SimulatedCard
from ledsign.simulator.pixelstream import DdpBrain

PANEL = Panel("test", 32, 16, ColorMode.RGB, 10)  # 1536 bytes: two DDP packets, four universes
FAMILIES = ("ddp", "artnet", "sacn")


def page(seed: int) -> Page:
    return Page(PANEL.width, PANEL.height, PANEL.mode, random.Random(seed).randbytes(32 * 16 * 3), 1.0)


def frame(seed: int) -> Frame:
    drawn = page(seed)
    return Frame(drawn.width, drawn.height, PixelFormat.RGB888, drawn.pixels, drawn.sha256)


@pytest.fixture(params=FAMILIES)
def receiver(request: pytest.FixtureRequest) -> Iterator[SimulatedCard]:
    with simulator.serve(request.param, "udp://127.0.0.1:0", PANEL) as served:
        yield served


def card_for(receiver: SimulatedCard, options: str = "") -> Card:
    return Card(receiver.family, receiver.url + options, PANEL, SystemClock())


def lit(receiver: SimulatedCard, seed: int, seconds: float = 5.0) -> bool:
    return receiver.wait_for(lambda it: it.glass == page(seed).sha256, seconds)


def test_pages_are_sent_never_confirmed(receiver: SimulatedCard) -> None:
    card = card_for(receiver)
    for seed in (1, 2):
        assert card.show(frame(seed)) is AckLevel.SENT
        assert lit(receiver, seed)
    card.clear()
    assert receiver.wait_for(lambda it: it.pixels == bytes(32 * 16 * 3), 5)
    card.close()
    assert [entry.sha256 for entry in receiver.shown] == [page(1).sha256, page(2).sha256]


@pytest.mark.parametrize("family", ["artnet", "sacn"])
def test_receivers_without_synchronisation(family: str) -> None:
    with simulator.serve(family, "udp://127.0.0.1:0", PANEL) as receiver:
        card = card_for(receiver, "?sync=0")
        card.show(frame(1))
        assert lit(receiver, 1)
        card = card_for(receiver, "?sync=0&universe=2")
        card.show(frame(2))
        assert not lit(receiver, 2, 0.3), "one universe too far"
        card.close()


def test_a_page_is_repeated_and_a_receiver_left_alone_goes_its_own_way(
    receiver: SimulatedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledsign.simulator.pixelstream.TIMEOUT_S", 0.8)
    card = card_for(receiver)
    card.show(frame(1))
    assert lit(receiver, 1)
    until = time.monotonic() + 1.2  # longer than this receiver waits
    while time.monotonic() < until:
        time.sleep(0.2)
        card.poll()
        assert receiver.glass == page(1).sha256
    assert len(receiver.shown) == 1
    card.close()
    assert receiver.wait_for(lambda it: it.changes[-1].cause == "timeout", 6)


def test_dark_is_repeated_too(receiver: SimulatedCard) -> None:
    card = card_for(receiver)
    card.show(frame(1))
    card.clear()
    assert receiver.wait_for(lambda it: it.changes[-1].cause == "dark", 5)
    before = receiver.received
    card.poll()
    assert receiver.wait_for(lambda it: it.received > before, 1) or receiver.received > before
    card.close()


def test_a_receiver_that_restarts_or_loses_packets_is_right_again_at_the_next_repetition(
    receiver: SimulatedCard,
) -> None:
    card = card_for(receiver)
    card.show(frame(1))
    assert lit(receiver, 1)
    receiver.reboot(0.05)
    assert receiver.wait_for(lambda it: not it.state()["booting"], 5)
    card.poll()
    assert lit(receiver, 1)
    receiver.fault("reboot=2")  # in the middle of a page
    card.show(frame(2))
    time.sleep(0.7)
    card.poll()
    assert lit(receiver, 2)
    receiver.fault("drop=0.7,seed=2")
    card.show(frame(3))
    time.sleep(0.1)
    receiver.fault("")
    card.poll()
    assert lit(receiver, 3)
    card.close()


def test_an_absent_receiver_does_not_stop_anything() -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    card = Card("ddp", f"udp://127.0.0.1:{port}", PANEL, SystemClock())
    for seed in range(3):
        assert card.show(frame(seed)) is AckLevel.SENT  # and nothing more is claimed
    card.close()


def test_the_ledger_keeps_the_row_and_counts_nothing(tmp_path) -> None:
    """``SENT`` is no proof that a page was lit; only a configuration may say that it is enough."""
    row = ShownRow("n-1", 1, "d" * 64, 1, 1, "body", NOON, 8.0, "a" * 64, AckLevel.SENT, True,
                   ClockTrust.TRUSTED, "main", 1)  # fmt: skip
    with closing(Database(tmp_path / "strict.db")) as database:
        exposure = Ledger(database).record(row)
        assert (exposure.passes, exposure.counted_days, exposure.bookmark) == (0, (), 0)
        assert exposure.last_shown_at == NOON, "the rotation goes on"
    with closing(Database(tmp_path / "lenient.db")) as database:
        exposure = Ledger(database, least_ack=AckLevel.SENT).record(row)
        assert (exposure.passes, exposure.weakest) == (1, AckLevel.SENT)


def test_what_a_ddp_display_shows_and_what_it_ignores() -> None:
    causes: list[str] = []
    display = DdpBrain(PANEL, lambda _pixels, cause: causes.append(cause))
    display.power_up()
    half = bytes([9]) * 768

    def send(flags: int, kind: int = 0x0B, destination: int = 1, offset: int = 0, data: bytes = half) -> str:
        causes.clear()
        display.answer(DdpPacket(DdpHeader(0x40 | flags, 1, kind, destination, offset, len(data)), data))
        return causes[-1] if causes else ""

    assert send(0, 0x00) == "part"  # no push was ever seen: shown as it comes
    assert send(0, 0x0D, offset=768) == "page"  # the end of the panel ends a page
    assert send(0, data=bytes([7]) * 768) == "part"
    assert send(1, offset=768, data=bytes([8]) * 768) == "page"
    assert send(0, 0x01, data=bytes([1]) * 768) == ""  # from now on only at a push
    assert send(1, offset=1536, data=b"") == "part"  # the other half is of the page before
    assert send(1, 0x1B) == ""  # RGBW is another arrangement
    assert send(1, destination=251) == ""
    assert send(0x02 | 1) == ""  # a question
    assert send(1, offset=5000) == ""  # outside the panel: nothing changes


def test_the_source_with_the_highest_priority_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledsign.simulator.pixelstream.TIMEOUT_S", 0.8)
    with simulator.serve("sacn", "udp://127.0.0.1:0", PANEL) as receiver:
        routine, urgent = card_for(receiver), card_for(receiver, "?priority=150&cid=" + "ab" * 16)
        routine.show(frame(1))
        assert lit(receiver, 1)
        urgent.show(frame(2))
        assert lit(receiver, 2)
        routine.show(frame(3))
        assert not lit(receiver, 3, 0.3)
        urgent.close()
        until = time.monotonic() + 6
        while receiver.glass != page(3).sha256 and time.monotonic() < until:
            routine.poll()
            time.sleep(0.2)
        assert receiver.glass == page(3).sha256
        routine.close()


# ---- programs that nobody here wrote ----------------------------------------------------------------------------


def free_port() -> int:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def universes(seed: int) -> list[bytes]:
    data = page(seed).pixels
    return [data[at : at + 510] for at in range(0, len(data), 510)]


def collected(found: dict[int, bytes], seed: int) -> bool:
    """Wait until the receiver's universes hold the page."""
    wanted = universes(seed)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if all(found.get(n, b"")[: len(data)] == data for n, data in enumerate(wanted)):
            return True
        time.sleep(0.02)
    return False


def test_art_net_page_received_by_stupid_artnet() -> None:
    port, found = free_port(), dict[int, bytes]()
    listener = StupidArtnetServer(port=port)
    for number in range(4):
        listener.register_listener(number, callback_function=lambda data, which: found.update({which: bytes(data)}))
    time.sleep(0.2)  # its thread binds the socket
    card = Card("artnet", f"udp://127.0.0.1:{port}", PANEL, SystemClock())
    for seed in (1, 2):
        card.show(frame(seed))
        assert collected(found, seed)
    listener.listen = False
    card.poll()  # lets its thread see that
    card.close()


@pytest.mark.parametrize("sync", [False, True])
def test_art_net_of_stupid_artnet_shown_by_our_receiver(sync: bool) -> None:
    with simulator.serve("artnet", "udp://127.0.0.1:0", PANEL) as receiver:
        port = int(receiver.url.rpartition(":")[2])
        last = [False, False, False, sync]
        senders = [StupidArtnet("127.0.0.1", n, 510, artsync=each, port=port) for n, each in enumerate(last)]
        for seed in (1, 2):
            for sender, data in zip(senders, universes(seed), strict=True):
                sender.set(bytearray(data.ljust(510, b"\0")))
                sender.show()
            assert lit(receiver, seed)
        for sender in senders:
            sender.close()
        assert [entry.sha256 for entry in receiver.shown] == [page(1).sha256, page(2).sha256]


def test_sacn_page_received_by_sacn() -> None:
    port, found = free_port(), dict[int, bytes]()
    library = sacn.sACNreceiver(bind_address="127.0.0.1", bind_port=port)
    for number in range(1, 5):
        library.register_listener(
            "universe", lambda got: found.update({got.universe - 1: bytes(got.dmxData)}), universe=number
        )
    library.start()
    try:
        card = Card("sacn", f"udp://127.0.0.1:{port}?name=village", PANEL, SystemClock())
        for seed in (1, 2):
            card.show(frame(seed))
            assert collected(found, seed)
        card.close()
    finally:
        library.stop()


def test_sacn_of_sacn_shown_by_our_receiver() -> None:
    address = "127.0.11.12"  # the library sends to port 5568 only; few use that address of the loopback
    with simulator.serve("sacn", f"udp://{address}:5568", PANEL) as receiver:
        sender = sacn.sACNsender(bind_address="127.0.0.1", bind_port=0, fps=30, sync_universe=63999)
        sender.start()
        try:
            for number in range(1, 5):
                sender.activate_output(number)
                sender[number].destination = address
            sender.manual_flush = True  # its synchronisation goes to the multicast group, so it never comes
            for seed in (1, 2):
                for number, data in enumerate(universes(seed), 1):
                    sender[number].dmx_data = tuple(data)
                sender.flush()
                assert lit(receiver, seed)
        finally:
            sender.stop()
