"""The simulated BX-Y card, driven by the real card object."""

import random
from contextlib import ExitStack

import pytest

import realcard
from ledsign.card import Card
from ledsign.clock import SystemClock
from ledsign.errors import CardUnusableError, TransportError
from ledsign.frame import Frame, Page, PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.bxy import calls
from ledsign.protocol.bxy.calls import Put, Say
from ledsign.protocol.http import HttpReply
from ledsign.simulator import SimulatedCard
from ledsign.simulator.bxy import BxyBrain
from realcard import bring

PANEL = Panel("color", 48, 32, ColorMode.RGB, 5)


def page(seed: int) -> Page:
    return Page(PANEL.width, PANEL.height, PANEL.mode, random.Random(seed).randbytes(48 * 32 * 3), 1.0)


def frame(seed: int) -> Frame:
    drawn = page(seed)
    return Frame(drawn.width, drawn.height, PixelFormat.RGB888, drawn.pixels, drawn.sha256)


def pair(stack: ExitStack, scheme: str, options: str = "") -> tuple[SimulatedCard, Card]:
    return realcard.pair(stack, options=options, family="bxy", panel=PANEL, scheme=scheme)


@pytest.mark.parametrize("options", ["", "pages=programme"])
@pytest.mark.parametrize("scheme", ["http", "tcp"])
def test_pages_are_drawn_as_they_were_meant(scheme: str, options: str, stack: ExitStack) -> None:
    sim, card = pair(stack, scheme, options)
    for seed in (0, 1, 0):
        bring(card, frame(seed))
        assert sim.glass == page(seed).sha256
    files = sim.state()["files"]
    assert isinstance(files, list)
    assert len(files) == (6 if options else 0)  # the third page was there already
    assert sim.state()["window"] is False


@pytest.mark.parametrize("scheme", ["http", "tcp"])
@pytest.mark.parametrize(
    "faults",
    [
        "drop=0.1,seed=3",
        "nak=0.2",
        "duplicate=0.3,seed=9",
        "foreign=0.4",
        "late=0.1:0.3,seed=2",
        "silent=0.5@9",
        "reboot=12",
    ],
)
def test_every_confirmed_page_is_lit_and_no_other(scheme: str, faults: str, stack: ExitStack) -> None:
    sim, card = pair(stack, scheme)
    sim.fault(faults)
    for seed in range(3):
        bring(card, frame(seed))
        assert sim.glass == page(seed).sha256
    assert {s.sha256 for s in sim.shown} <= {page(seed).sha256 for seed in range(3)}


@pytest.mark.parametrize("faults", ["drop=0.08,seed=3", "nak=0.1", "reboot=20", "late=0.05:0.3"])
def test_files_arrive_whole(faults: str, stack: ExitStack) -> None:
    sim, card = pair(stack, "http", "pages=programme")
    sim.fault(faults)
    for seed in range(2):
        bring(card, frame(seed))
        assert sim.glass == page(seed).sha256


def test_nothing_old_comes_back_after_a_power_cut(stack: ExitStack) -> None:
    sim, card = pair(stack, "http")
    assert sim.state()["playlist"] == "lists/demo.xml"  # what the vendor's tool left
    bring(card, frame(1))
    assert (sim.state()["playlist"], sim.state()["files"]) == ("", [])
    sim.reboot(0.2)
    assert sim.wait_for(lambda s: not any(s.pixels), 5)
    assert sim.wait_for(lambda s: not s.state()["booting"], 5)
    with pytest.raises(TransportError):  # the card lives, but it does not know us any more
        card.poll()
    bring(card, frame(1))
    assert sim.glass == page(1).sha256


def test_the_kept_page_comes_up_after_a_power_cut(stack: ExitStack) -> None:
    sim, card = pair(stack, "http")
    card.keep(frame(9))
    bring(card, frame(1))
    assert sim.glass == page(1).sha256
    sim.reboot(0.1)
    assert sim.wait_for(lambda s: s.changes[-1].sha256 == page(9).sha256, 5)


def test_commands_reach_the_card(stack: ExitStack) -> None:
    sim, card = pair(stack, "http")
    info = card.info()
    assert (info.model, info.firmware, info.details["size"]) == ("BX-Y04", "18082800", "48x32")
    bring(card, frame(1))
    card.set_power(False)
    assert not any(sim.pixels)
    card.set_power(True)
    assert sim.glass == page(1).sha256
    card.set_brightness(50)
    assert sim.state()["brightness"] == 128
    now = SystemClock().now()
    card.set_clock(now)
    assert str(sim.state()["clock"])[:13] == now.isoformat()[:13]
    card.clear()
    assert not any(sim.pixels)


def test_a_wrong_password_is_a_refusal(stack: ExitStack) -> None:
    _sim, card = pair(stack, "http", "password=other")
    with pytest.raises(CardUnusableError, match="with code 0x16"):  # 22
        card.info()


class Bench:
    """A brain without a line, logged in."""

    def __init__(self) -> None:
        self.causes: list[str] = []
        self.brain = BxyBrain(PANEL, lambda _pixels, cause: self.causes.append(cause))
        self.brain.power_up()
        code = str(self.say("getVerificationCode", {"username": "guest"}).output["verificationcode"])
        given = {"username": "guest", "verificationcode": code, "password": calls.hashed_password("guest", code)}
        self.token = str(self.say("userLogin", given).output["sessionid"])

    token = ""

    def say(self, name: str, given: calls.Json | None = None) -> calls.Answer:
        return self._answer(Say(name, given, (), self.token))

    def put(self, name: str, data: bytes) -> calls.Answer:
        return self._answer(Put(name, data))

    def _answer(self, message: Say | Put) -> calls.Answer:
        (reply,) = self.brain.answer(calls.ask(message))
        assert isinstance(reply, HttpReply)
        return calls.read_reply(reply)


def test_uploads_are_checked() -> None:
    bench = Bench()
    name = files_name = "9dd4e461268c8034f5c8564e155c67a6"  # MD5 of one "x"
    assert bench.put(name, b"x").error == 16  # the window is closed
    bench.say("enableUploadDownload", {"type": "upload", "flag": "on"})
    assert bench.put(name, b"y").error == 16
    assert bench.put(name, b"x").error == 0
    assert bench.put("_any", b"y").error == 0
    assert bench.say("moveFile", {"src": "nothing", "dst": "share/x"}).error == 24
    assert bench.say("moveFile", {"src": files_name, "dst": "share/x.bmp"}).error == 0
    found = bench.say("findFile", {"items": [{"fileName": "share/x.bmp"}]}).output["items"]
    assert isinstance(found, list)
    assert found[0]["size"] == "1"


def test_errors_as_the_specification_numbers_them() -> None:
    bench = Bench()
    assert bench.say("tellFortune").error == 17
    assert bench.say("play", {"type": "program", "playlist": "lists/none.xml"}).error == 30
    assert bench.say("systemBrightness", {"brightness": "300"}).error == 20
    assert bench.say("findFile", {"items": "x"}).error == 20
    bench.token = "wrong"
    assert bench.say("checkPlayer").error == 12


def test_bulletins_outlive_a_restart_until_they_are_deleted() -> None:
    bench = Bench()
    assert bench.say("createBulletin", {"order": "1", "name": "a", "content": "5rC0"}).error == 0
    bench.brain.power_up()
    assert bench.brain.state()["bulletins"] == ["1"]
    bench.__init__()  # type: ignore[misc]
    bench.say("createBulletin", {"order": "1", "name": "a", "content": "5rC0"})
    assert bench.say("queryBulletin").output == {"1": "a"}
    bench.say("deleteBulletin", {"items": ["*"]})
    assert bench.say("queryBulletin").output == {}
