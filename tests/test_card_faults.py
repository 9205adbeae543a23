"""Every registered family, on every line it knows, under every fault: recovered, nothing wrong shown."""

from contextlib import suppress

import pytest

import cardkit
from ledsign.errors import TransportError
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


def test_a_page_that_another_client_took_off_is_not_confirmed_for_long(line: tuple[str, Link]) -> None:
    bench = cardkit.bench(*line)
    if bench.card.ack <= AckLevel.SENT or line[1] is Link.SERIAL:
        return  # confirms nothing; or a port that nobody else can open
    bench.bring(1)
    cardkit.stranger(bench, line[1]).clear()
    assert bench.desk.glass != bench.sha(1)
    end = bench.desk.clock.monotonic() + 62
    while bench.desk.clock.monotonic() < end:
        bench.desk.clock.sleep(2)
        with suppress(TransportError):  # a card that says what it shows is found out at once
            bench.card.poll()
    bench.bring(1)
    assert bench.desk.glass == bench.sha(1)
