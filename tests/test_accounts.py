"""An account comes back from the database as it went in, whatever fields it has."""

from dataclasses import MISSING, fields
from datetime import date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kit import ZONE
from ledsign.accounts import packed, unpacked
from ledsign.frame import AckLevel
from ledsign.playlist.exposure import Exposure

_VALUES: dict[object, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(0, 2**400),
    float: st.floats(0, 1e9),
    datetime | None: st.none() | st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(ZONE)),  # noqa: DTZ001
    date | None: st.none() | st.dates(),
    tuple[date, ...]: st.lists(st.dates(), unique=True).map(lambda days: tuple(sorted(days))),
    AckLevel | None: st.none() | st.sampled_from(AckLevel),
}


@given(st.builds(Exposure, **{field.name: _VALUES[field.type] for field in fields(Exposure)}))
def test_every_field_comes_back(exposure: Exposure) -> None:
    again = unpacked(packed(exposure), exposure.counted_days)
    assert again == exposure


def test_what_an_older_program_did_not_write_is_as_at_the_beginning() -> None:
    assert all(field.default is not MISSING for field in fields(Exposure))
    assert unpacked('{"pass_mask": "0", "day_mask": "0", "weakest": null}', ()) == Exposure()
