"""What a card keeps, and that nothing withdrawn comes back: every registered family on every line it knows.

The card sits on a desk in simulated time (cardkit). What it shows after a power cut with nobody to talk to is what
villagers would see if the PC were dead.
"""

from itertools import pairwise

import pytest

import cardkit
from ledsign.card import Card
from ledsign.frame import AckLevel
from ledsign.protocol.codec import Ability, Link
from ledsign.simulator.brain import Clocked

# Families whose card shows the latest page again after a power cut, PC or no PC (docs/cards/): a page that is meant
# to stay is in flash. All others come up with nothing of ours.
KEEPS_LATEST = frozenset({"huidu", "huidu-http"})


@pytest.fixture(params=cardkit.lines(), ids=lambda line: f"{line[0]}-{line[1]}")
def bench(request: pytest.FixtureRequest) -> cardkit.Bench:
    family, link = request.param
    return cardkit.bench(family, link)


def power_cut(bench: cardkit.Bench) -> None:
    """The mains fail while nobody is connected; the card is up again when this returns."""
    bench.card.close()
    bench.desk.reboot()
    bench.desk.clock.sleep(5)
    bench.desk.wake()


def stays(bench: cardkit.Bench, seed: int) -> None:
    """Show a page that is to stay for ever, as the safe page at the end of the day."""
    bench.bring(seed)
    bench.card.show(bench.frame(seed), ttl_s=0)
    bench.settle()
    assert bench.desk.glass == bench.sha(seed)


def lit_since(bench: cardkit.Bench, start: int) -> set[str]:
    return {each.sha256 for each in bench.desk.changes[start:]}


def test_what_a_power_cut_leaves(bench: cardkit.Bench) -> None:
    stays(bench, 1)
    power_cut(bench)
    assert (bench.desk.glass == bench.sha(1)) is (bench.card.family in KEEPS_LATEST)


def test_a_page_that_was_replaced_never_comes_back(bench: cardkit.Bench) -> None:
    stays(bench, 1)
    stays(bench, 2)
    start = len(bench.desk.changes)
    power_cut(bench)
    assert bench.sha(1) not in lit_since(bench, start)
    bench.bring(3)
    assert not {bench.sha(1), bench.sha(2)} & (lit_since(bench, start + 2) - {bench.sha(3)})


def test_what_was_cleared_is_gone_for_good(bench: cardkit.Bench) -> None:
    stays(bench, 1)
    stays(bench, 2)
    bench.card.clear()
    bench.settle()
    start = len(bench.desk.changes)
    assert bench.desk.glass not in {bench.sha(1), bench.sha(2)}
    power_cut(bench)
    assert not {bench.sha(1), bench.sha(2)} & lit_since(bench, start)


def test_what_an_earlier_program_left_is_gone_before_anything_is_shown(bench: cardkit.Bench) -> None:
    stays(bench, 7)
    bench.card.close()
    link = bench.desk.link
    clock, opener = bench.desk.clock, bench.desk.open
    other = Card(bench.card.family, cardkit.URLS[link], bench.panel, clock, opener=opener, jitter=lambda: 0.0)
    other.ensure()
    after = cardkit.Bench(bench.desk, other, bench.panel)
    if other.ack > AckLevel.SENT:
        assert bench.desk.glass != bench.sha(7)
    start = len(bench.desk.changes)
    power_cut(after)
    assert bench.sha(7) not in lit_since(bench, start)


def test_a_page_with_an_end_is_told_again_well_before_it(bench: cardkit.Bench) -> None:
    """With a minute to live and a question every 2 s, as the daemon asks them, the page is told anew every half
    minute, wherever that end is on the card; where it is not, nothing is told twice."""
    bench.bring(0)
    bench.card.show(bench.frame(1), ttl_s=60)
    told: list[float] = []
    for _poll in range(100):
        bench.desk.clock.sleep(2.0)
        before = bench.card._standing
        bench.card.poll()
        if bench.card._standing != before:
            told.append(bench.desk.clock.monotonic())
    if bench.card.ack <= AckLevel.SENT:
        assert len(told) == 100, "a stream is repeated every time"
        return
    gaps = [late - early for early, late in pairwise(told)]
    assert max(gaps) <= 34
    assert bench.desk.glass == bench.sha(1)


def test_a_page_with_an_end_goes_off_when_nobody_tells_it_again(bench: cardkit.Bench) -> None:
    """The computer dies while a page stands; cards whose simulated time is that of the desk."""
    if Ability.TTL not in bench.card.abilities or not isinstance(bench.desk._brain, Clocked):
        return
    bench.bring(0)
    bench.card.show(bench.frame(1), ttl_s=60)
    bench.desk.clock.sleep(50)
    assert bench.desk.glass == bench.sha(1)
    bench.desk.clock.sleep(20)
    assert bench.desk.glass not in {bench.sha(0), bench.sha(1)}


ENDS_ALONE = [("bx56", ""), ("cp5200", "pages=template"), ("jetfile2", ""), ("ntcip", "")]


@pytest.mark.parametrize(("family", "options"), ENDS_ALONE)
def test_a_page_goes_off_by_itself_when_we_are_gone(family: str, options: str) -> None:
    """Five minutes without a word from us, and not a second of them waited for; until then it stands."""
    bench = cardkit.bench(family, cardkit.links_of(family)[0], options=options)
    bench.bring(1)
    bench.card.close()
    bench.desk.clock.sleep(290)
    assert bench.desk.glass == bench.sha(1)
    bench.desk.clock.sleep(12)
    assert bench.desk.glass != bench.sha(1)


def test_every_line_of_every_family_was_asked() -> None:
    lines = set(cardkit.lines())
    assert {family for family, _link in lines} >= {"cp5200", "bx56", "bxy", "jetfile2", "ntcip"} | KEEPS_LATEST
    assert ("ntcip", Link.UDP) in lines
