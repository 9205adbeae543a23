"""Every registered family, on every line it knows, under every fault: recovered, nothing wrong shown."""

import pytest

import cardkit
from ledsign.errors import TransportError
from ledsign.protocol.codec import Link

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
