"""Every registered family, on every line it knows, under every fault: recovered, nothing wrong shown."""

from dataclasses import replace

import pytest

import cardkit
from ledsign.errors import TransportError, UnsupportedError
from ledsign.frame import AckLevel
from ledsign.protocol.codec import Ability, Link

FAULTS = [
    "drop=0.05,seed=3",
    "nak=0.1,seed=4",
    "duplicate=0.5,drop=0.05,seed=9",
    "garbage=0.2,foreign=0.4,seed=6",
    "late=0.1:1.5,seed=2",
    "late=0.03:4,duplicate=0.3,seed=8",
    "delay=0.05",
    "silent=300@4",
    "reboot=4",
]


@pytest.fixture(params=cardkit.lines(), ids=lambda line: f"{line[0]}-{line[1]}")
def line(request: pytest.FixtureRequest) -> tuple[str, Link]:
    found: tuple[str, Link] = request.param
    return found


@pytest.mark.parametrize("faults", FAULTS)
def test_every_confirmed_page_is_lit_and_no_other(line: tuple[str, Link], faults: str) -> None:
    bench = cardkit.bench(*line)
    bench.bring(100)
    bench.desk.fault(faults)
    for seed in range(3):
        bench.bring(seed)
        assert bench.desk.glass == bench.sha(seed)
    bench.only(0, 1, 2, 100)


@pytest.mark.parametrize("packet", [1, 2, 3, 5, 8])
def test_restart_in_the_middle_of_a_page(line: tuple[str, Link], packet: int) -> None:
    """At whatever packet the mains fail: the page is on the glass when it was confirmed, and stays the only one."""
    bench = cardkit.bench(*line)
    bench.bring(1)
    bench.desk.fault(f"reboot={packet}")
    bench.bring(2)
    assert bench.desk.glass == bench.sha(2)
    bench.bring(3)
    assert bench.desk.glass == bench.sha(3)
    bench.only(1, 2, 3)


def test_a_silent_card_is_given_up_and_found_again(line: tuple[str, Link]) -> None:
    bench = cardkit.bench(*line)
    bench.bring(1)
    if bench.card.ack <= 1:
        return  # a stream has nobody to miss
    bench.desk.silence(300)
    with pytest.raises(TransportError):
        bench.card.show(bench.frame(2))
    assert len(bench.card.exchanges) == 20 or len(bench.card.exchanges) > 3
    losses = bench.bring(2, 400)
    assert losses > 5  # asked again and again, at ever longer intervals
    assert bench.desk.clock.monotonic() < 330
    assert bench.desk.glass == bench.sha(2)
    bench.only(1, 2)


@pytest.mark.parametrize("delay", [0.9, 1.3, 1.8])
def test_a_slow_card_is_waited_for(line: tuple[str, Link], delay: float) -> None:
    """Mobile networks: each answer takes longer than is usually waited for."""
    bench = cardkit.bench(*line)
    if bench.card.ack <= AckLevel.SENT:
        return  # nothing answers
    bench.desk.fault(f"delay={delay}")
    bench.bring(1)
    for seed in (2, 3):
        assert bench.bring(seed) == 0
        assert bench.desk.glass == bench.sha(seed)


def test_a_card_that_takes_seven_seconds_for_an_answer_is_usable_when_told_so(line: tuple[str, Link]) -> None:
    """``reply=10``: also the first answer, and the line is not taken for one on which the card restarts."""
    bench = cardkit.bench(*line, options="reply=10")
    if bench.card.ack <= AckLevel.SENT:
        return  # nothing answers
    bench.desk.fault("delay=7")
    bench.bring(1)
    preparations = bench.card.preparations
    for seed in (2, 3):
        assert bench.bring(seed, 3600) == 0
        bench.card.poll()
        assert bench.desk.glass == bench.sha(seed)
    assert bench.card.preparations == preparations
    bench.desk.silence(300)
    began = bench.desk.clock.monotonic()
    with pytest.raises(TransportError, match="silent"):
        bench.card.show(bench.frame(4))
    assert bench.desk.clock.monotonic() - began <= 45, "a dead one is still given up"


def test_a_page_of_another_size_than_the_panel_is_refused_before_a_byte(line: tuple[str, Link]) -> None:
    bench = cardkit.bench(*line)
    bench.bring(1)
    sent, frame = bench.desk.sent, bench.frame(2)
    with pytest.raises(UnsupportedError, match="a page of 96x32 on a panel of 96x64"):
        bench.card.show(replace(frame, height=32))
    with pytest.raises(UnsupportedError, match="a page of 96x32 on a panel of 96x64"):
        bench.card.keep(replace(frame, height=32))
    assert bench.desk.sent == sent


def test_only_pages_take_what_stands_off_the_glass(line: tuple[str, Link]) -> None:
    """A technician's question, or order, leaves the glass as it is."""
    bench = cardkit.bench(*line)
    bench.bring(1)
    if bench.card.ack <= AckLevel.SENT:
        return  # a stream has nothing to ask
    bench.card.close()
    other = cardkit.bench(*line, desk=bench.desk).card
    assert other.info().family
    assert other.info().family  # on the same line again
    orders = {
        Ability.BRIGHTNESS: lambda: other.set_brightness(50),
        Ability.POWER: lambda: other.set_power(True),
    }
    for ability, order in orders.items():
        if ability in other.abilities:
            order()
    assert bench.desk.glass == bench.sha(1)
    other.ensure()  # from here on pages will be shown
    assert bench.desk.glass != bench.sha(1)
    other.show(bench.frame(2))
    assert bench.desk.glass == bench.sha(2)


OTHER_WAYS = [("bx56", "pages=programme"), ("bxy", "pages=programme"), ("cp5200", "pages=template")]


@pytest.mark.parametrize(("family", "options"), OTHER_WAYS)
def test_another_client_where_the_card_keeps_the_pages(family: str, options: str) -> None:
    stays_lit_beside_a_stranger(cardkit.bench(family, Link.NET, options=options))


@pytest.mark.parametrize(("family", "options"), OTHER_WAYS)
@pytest.mark.parametrize("faults", [*FAULTS, "reboot=2", "reboot=9"])
def test_every_confirmed_page_is_lit_where_the_card_keeps_them(family: str, options: str, faults: str) -> None:
    bench = cardkit.bench(family, Link.NET, options=options)
    bench.bring(100)
    bench.desk.fault(faults)
    for seed in range(3):
        bench.bring(seed)
        assert bench.desk.glass == bench.sha(seed)
    bench.only(0, 1, 2, 100)


def test_a_page_that_another_client_took_off_is_lit_again_while_it_stands(line: tuple[str, Link]) -> None:
    bench = cardkit.bench(*line)
    if bench.card.ack <= AckLevel.SENT or line[1] is Link.SERIAL:
        return  # confirms nothing; or a port that nobody else can open
    stays_lit_beside_a_stranger(bench)


def stays_lit_beside_a_stranger(bench: cardkit.Bench) -> None:
    """Nobody shows anything anew: the question every 2 s is enough. A card that says what it shows is found out at
    once, and then it is for the player to show the page again."""
    bench.bring(1)
    cardkit.stranger(bench, bench.desk.link).clear()
    assert bench.desk.glass != bench.sha(1)
    end = bench.desk.clock.monotonic() + 64
    while bench.desk.clock.monotonic() < end:
        bench.desk.clock.sleep(2)
        try:
            bench.card.poll()
        except TransportError:
            bench.bring(1)
    assert bench.desk.glass == bench.sha(1)
