"""A card and a simulated JetFile II sign: pages, time to live, what a restart leaves, and every fault."""

import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledsign import simulator
from ledsign.card import Card, Patience
from ledsign.clock import SystemClock
from ledsign.errors import CardUnusableError, ConfigError, TransportError
from ledsign.frame import AckLevel, Frame, Page, PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.jetfile2 import JetFile2, files, packets
from ledsign.protocol.jetfile2.commands import Emergency, Other, Plain, PowerOff, SetClock, Verb
from ledsign.protocol.jetfile2.disk import FilePart, Kind, PutFile, PutSystem, ReadFile
from ledsign.protocol.jetfile2.packets import Reply, Request, Simple
from ledsign.protocol.message import ShowFrame
from ledsign.simulator import SimulatedCard
from ledsign.simulator.jetfile2 import JetFile2Brain

PANEL = Panel("test", 96, 64, ColorMode.MONO, 10)
HASTY = Patience(reply_s=0.15, dead_s=0.9, quiet_s=0.005, lull_s=0.05, backoff_first_s=0.05, backoff_last_s=0.2)


def page(seed: int) -> Page:
    return Page(PANEL.width, PANEL.height, PANEL.mode, random.Random(seed).randbytes(12 * 64), 1.0)


def frame(seed: int) -> Frame:
    drawn = page(seed)
    return Frame(drawn.width, drawn.height, PixelFormat.PLANES_1, drawn.pixels, drawn.sha256)


def card_for(sign: SimulatedCard, options: str = "") -> Card:
    return Card("jetfile2", sign.url + options, PANEL, SystemClock(), HASTY)


@pytest.fixture
def sign() -> Iterator[SimulatedCard]:
    with simulator.serve("jetfile2", "tcp://127.0.0.1:0", PANEL) as served:
        yield served


@pytest.fixture(params=["tcp", "udp", "pty"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SimulatedCard]:
    urls = {"tcp": "tcp://127.0.0.1:0", "udp": "udp://127.0.0.1:0", "pty": f"pty://{tmp_path}/line"}
    with simulator.serve("jetfile2", urls[request.param], PANEL) as served:
        yield served


def shown_in_the_end(card: Card, seed: int, seconds: float = 20.0) -> None:
    """Show a page with the patience of a player."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            acknowledged = card.show(frame(seed))
        except TransportError as error:
            time.sleep(min(error.retry_in, 0.2))
        else:
            assert acknowledged is AckLevel.ACKED
            return
    raise AssertionError(card.exchanges)


def only_pages(sign: SimulatedCard, *seeds: int) -> None:
    assert {entry.sha256 for entry in sign.shown} <= {page(seed).sha256 for seed in seeds}


def test_pages_brightness_power_clock_on_every_line(anywhere: SimulatedCard) -> None:
    card = card_for(anywhere)
    for seed in (1, 2):
        assert card.show(frame(seed)) is AckLevel.ACKED
        assert anywhere.glass == page(seed).sha256
    card.set_brightness(40)
    card.set_clock(SystemClock().now())
    assert anywhere.state()["brightness"] == [102, 102, 102]
    assert str(anywhere.state()["clock"])[:4] > "2024"
    card.set_power(False)
    assert anywhere.changes[-1].cause == "power"
    card.set_power(True)
    assert anywhere.glass == page(2).sha256
    info = card.info()
    assert (info.model, info.details["unit"]) == ("96x64", "1")
    assert (info.details["mode"], info.details["cabinet_c"]) == ("emergency", "24")  # the page with an end
    assert "outdoors_c" not in info.details
    card.clear()
    assert anywhere.pixels == bytes(12 * 64)
    card.close()
    only_pages(anywhere, 1, 2)


@pytest.mark.parametrize(("mode", "form", "size"), [(ColorMode.DUAL, PixelFormat.PLANES_2, 2 * 12 * 64),
                                                    (ColorMode.RGB, PixelFormat.RGB888, 96 * 64 * 3)])  # fmt: skip
def test_colors(mode: ColorMode, form: PixelFormat, size: int) -> None:
    panel = Panel("test", 96, 64, mode, 10)
    drawn = Page(96, 64, mode, random.Random(5).randbytes(size), 1.0)
    with simulator.serve("jetfile2", "tcp://127.0.0.1:0", panel) as sign:
        card = Card("jetfile2", sign.url, panel, SystemClock(), HASTY)
        assert card.formats == (form,)
        card.show(Frame(96, 64, form, drawn.pixels, drawn.sha256))
        assert sign.glass == drawn.sha256
        card.close()


def test_a_page_leaves_by_itself_and_the_last_one_stays(sign: SimulatedCard) -> None:
    card = card_for(sign)
    card.show(frame(1), ttl_s=1)
    assert sign.glass == page(1).sha256
    assert sign.state()["mode"] == 1
    assert sign.wait_for(lambda it: it.pixels == bytes(12 * 64), 5), "a dead-man: nobody repeated it"
    card.show(frame(2), ttl_s=60)
    card.show(frame(3), ttl_s=0)
    assert sign.glass == page(3).sha256
    until = time.monotonic() + 5
    while sign.state()["mode"] and time.monotonic() < until:
        time.sleep(0.1)
    assert sign.state()["mode"] == 0, "the emergency ends"
    assert sign.glass == page(3).sha256
    card.close()


def test_a_page_is_repeated_before_its_time_is_over(sign: SimulatedCard) -> None:
    card = card_for(sign)
    card.show(frame(1), ttl_s=1)
    until = time.monotonic() + 1.6
    while time.monotonic() < until:
        card.poll()
        time.sleep(0.2)
        assert sign.glass == page(1).sha256
    assert len(sign.shown) == 1
    card.close()


def test_a_picture_that_the_sign_lost_is_brought_again(tmp_path: Path) -> None:
    """On a serial line pictures are kept; a restart that nobody noticed empties the RAM disk."""
    with simulator.serve("jetfile2", f"pty://{tmp_path}/line", PANEL) as sign:
        card = card_for(sign)
        for seed in (1, 2):
            card.show(frame(seed))
        began = card.link.packets
        card.show(frame(1))
        assert card.link.packets - began == 2, "a sample, and the switch"
        assert sign.glass == page(1).sha256
        assert isinstance(sign._brain, JetFile2Brain)
        sign._brain.power_up()
        card.show(frame(2))
        assert sign.glass == page(2).sha256
        card.close()


def test_a_small_disk_keeps_fewer_pictures(tmp_path: Path) -> None:
    url = f"pty://{tmp_path}/line?ram=16"
    with simulator.serve("jetfile2", url, Panel("big", 192, 96, ColorMode.MONO, 10)) as sign:
        card = Card("jetfile2", sign.url, sign.panel, SystemClock(), HASTY)
        for seed in [*range(8), 0]:
            drawn = Page(192, 96, ColorMode.MONO, random.Random(seed).randbytes(24 * 96), 1.0)
            card.show(Frame(192, 96, PixelFormat.PLANES_1, drawn.pixels, drawn.sha256))
            assert sign.glass == drawn.sha256
        assert len(sign.state()["files"]) == 7  # type: ignore[arg-type]  # six of 2366 bytes, and the text
        card.close()


def test_options_that_make_no_sense() -> None:
    for options in ("ram=1", "longest=x", "group=0", "colour=1"):
        with pytest.raises(ConfigError), simulator.serve("jetfile2", f"tcp://127.0.0.1:0?{options}", PANEL):
            pass


def test_packets_and_address_and_password_as_the_sign_has_them() -> None:
    listen = "tcp://127.0.0.1:0?longest=512&group=1&unit=4&user=u&password=p"
    with simulator.serve("jetfile2", listen, PANEL) as sign:
        with pytest.raises(CardUnusableError, match="login"):
            card_for(sign).show(frame(1))
        with pytest.raises(TransportError):
            card_for(sign, "?group=2&user=u&password=p").show(frame(1))
        card = card_for(sign, "?group=1&unit=4&user=u&password=p")
        card.show(frame(1))
        assert sign.glass == page(1).sha256
        card.close()


def test_a_sign_of_another_size_is_refused_and_keeps_what_it_shows(sign: SimulatedCard) -> None:
    before = sign.pixels
    card = Card("jetfile2", sign.url, Panel("test", 192, 96, ColorMode.MONO, 10), SystemClock(), HASTY)
    assert card.info().model == "96x64", "a technician may ask it"
    with pytest.raises(CardUnusableError, match=r"set to a screen of 96x64, the panel is 192x96"):
        card.clear()
    assert sign.pixels == before
    assert any(before)
    card.close()


def test_what_survives_a_power_cycle_is_cleared(sign: SimulatedCard) -> None:
    """Files and playlist of the vendor's tool lie in flash; pages of ours do not."""
    vendor = JetFile2(Link.NET, Role.DRIVER, {"disk": "D"})
    text = PutFile(Kind.TEXT, "D", "V", b"\x01Z00\x02AVold\x04")
    with socket.create_connection(("127.0.0.1", int(sign.url.rpartition(":")[2]))) as line:
        for message in (text, PutSystem("SEQUENT.SYS", files.playlist("D", "V"))):
            for packet in vendor.encode(message):
                line.sendall(packet)
                assert line.recv(100)
    sign.reboot(0.05)
    assert sign.wait_for(lambda it: it.changes[-1].cause == "text", 5), "an old text plays"
    card = card_for(sign)
    card.show(frame(1))
    assert sign.glass == page(1).sha256
    assert not [name for name in sign.state()["files"] if name.startswith("D:")]  # type: ignore[attr-defined]
    written = sign.state()["flash_writes"]
    sign.reboot(0.05)
    assert sign.wait_for(lambda it: not it.state()["booting"], 5)
    assert sign.pixels == bytes(12 * 64), "dark: neither the old text nor a page that may be withdrawn"
    shown_in_the_end(card, 2)
    assert sign.state()["flash_writes"] == written, "pages are written to RAM; flash was cleared once today"
    card.close()


def test_many_faults_on_every_line(anywhere: SimulatedCard) -> None:
    """Over real sockets and a pty; one by one, in simulated time, in test_card_faults."""
    endures(anywhere, "drop=0.05,corrupt=0.05,duplicate=0.2,foreign=0.2,garbage=0.1,strict=1,seed=8")


def endures(sign: SimulatedCard, faults: str) -> None:
    """Every page comes, and nothing else is ever lit."""
    card = card_for(sign)
    shown_in_the_end(card, 0)
    sign.fault(faults)
    for seed in (1, 2):
        shown_in_the_end(card, seed)
        assert sign.glass == page(seed).sha256
    card.close()
    only_pages(sign, 0, 1, 2)


def test_reboot_in_the_middle_of_a_page(anywhere: SimulatedCard) -> None:
    card = card_for(anywhere)
    shown_in_the_end(card, 1)
    anywhere.fault("reboot=2")
    shown_in_the_end(card, 2)
    assert anywhere.glass == page(2).sha256
    card.close()
    only_pages(anywhere, 1, 2)


@pytest.mark.parametrize("rate", ["0.00001", "0.0001"])
def test_noise_on_a_serial_line(tmp_path: Path, rate: str) -> None:
    """The sum of a packet misses pairs of flipped bits; reading back does not."""
    with simulator.serve("jetfile2", f"pty://{tmp_path}/line", PANEL) as sign:
        card = card_for(sign)
        shown_in_the_end(card, 0)
        sign.fault(f"ber={rate},seed=11")
        for seed in range(1, 5):
            shown_in_the_end(card, seed)
            assert sign.glass == page(seed).sha256
        card.close()
        only_pages(sign, *range(5))


def test_a_picture_that_reads_back_differently_is_sent_again() -> None:
    codec = JetFile2(Link.SERIAL, Role.DRIVER, {})
    routine = codec.routine(ShowFrame(frame(1)))
    put = next(routine)
    assert isinstance(put, PutFile)
    assert isinstance(routine.send(None), ReadFile)
    again = routine.send(Reply(0x0106, 0, False, bytes(8), b"\xff" + put.data[1:]))
    assert again == put
    routine.send(None)
    text = routine.send(Reply(0x0106, 0, False, bytes(8), put.data))
    assert isinstance(text, PutFile)
    assert text.kind is Kind.TEXT


def brain() -> tuple[JetFile2Brain, list[str]]:
    causes: list[str] = []
    made = JetFile2Brain(PANEL, lambda _pixels, cause: causes.append(cause), strict=False)
    made.power_up()
    return made, causes


def test_the_sign_answers_as_the_document_says() -> None:
    sign, causes = brain()

    def status(body: object, **where: int) -> int | None:
        (reply,) = sign.answer(Request(body, 7, **where))  # type: ignore[arg-type]
        assert isinstance(reply, Reply)
        assert reply.serial == 7
        return reply.status

    assert status(Other(0x0B01, b"", b"")) == 0x9004
    assert status(Other(0x0466, b"", b"")) == 0x9005
    assert status(Other(0x0403, b"", b"")) == 0x9006
    assert status(Emergency(5, False, bytes(1025))) == 0x2901
    assert status(FilePart(Kind.PICTURE, "E", 0, "A", 0, 0, 1, 1, b"")) == 0x9006  # packets of no bytes
    assert status(SetClock(9999, 12, 31, 23, 59, 59, 1, 20)) == 0x5201  # a clock that could not run on
    assert sign.answer(Request(Plain(Verb.STATUS), 7, group=9)) == ()
    assert sign.answer(Request(Plain(Verb.STATUS), 7, group=1, unit=1)) != ()
    assert sign.answer(Request(PowerOff(True), 7, quiet=True)) == ()
    assert causes[-1] == "power"
    assert status(Plain(Verb.POWER_ON)) == packets.OK
    assert sign.answer(Simple(1, "A", b"\x0fETAA\x06HI")) == ()
    assert causes[-1] == "text"
    (answer,) = sign.answer(Simple(1, "A", b"A\x06HI", answer=True))
    assert JetFile2(Link.NET, Role.CARD, {}).encode(answer) == [b"OK"]


def test_packets_out_of_order_are_said_to_be() -> None:
    sign, _causes = brain()
    driver, card = JetFile2(Link.NET, Role.DRIVER, {"chunk": "512"}), sign.talk(Link.NET)
    requests = [m for p in driver.encode(PutFile(Kind.PICTURE, "E", "A", bytes(1500))) for m in card.feed(p)]
    codes = []
    for index in (0, 2, 0, 0, 1, 2):
        (reply,) = sign.answer(requests[index])
        assert isinstance(reply, Reply)
        codes.append(reply.status)
    assert codes == [0x9000, 0x9014, 0x9000, 0x9000, 0x9000, 0x9000]
