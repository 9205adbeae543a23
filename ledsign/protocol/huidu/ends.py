"""The end of a page by a HuiDu card's own clock: it lies in flash, so it is moved only when it comes near."""

from datetime import datetime, timedelta


def card_time(text: object) -> datetime | None:
    """A card's clock as it tells it; None when that is no time."""
    try:
        return datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        return None


def end_of(now: datetime, ttl_s: int) -> datetime:
    """The last second on the glass."""
    return now + timedelta(seconds=max(1, ttl_s))


def is_far(end: datetime, now: datetime | None, ttl_s: int) -> bool:
    """Whether more than half of a page's time is left. More than all of it is left only when somebody has set the
    clock back: then the end is wrong, and a clock that cannot be read proves nothing."""
    return now is not None and timedelta(seconds=ttl_s / 2) < end - now <= timedelta(seconds=max(1, ttl_s))
