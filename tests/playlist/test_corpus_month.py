"""The reference corpus: which promises hold is said beforehand, and a month played turn by turn agrees."""

from pathlib import Path

from ledsign.playlist.capacity import Fit
from month_kit import PANELS, apart_s, month
from playlist_kit import at


def test_a_month_of_the_corpus_agrees_with_its_plan_to_the_minute(corpus: Path) -> None:
    """One panel here; tools/soak.py --corpus plays all four, with the figures."""
    made = month(corpus, PANELS[1], days=30)
    assert made.forecast.capacity.fit is Fit.FEASIBLE
    assert len(made.forecast.prospects) > 30
    assert made.below == []
    assert made.forecast.announced
    assert made.late_s < 120.0
    assert apart_s(made, at(7, 30)) < 60.0
