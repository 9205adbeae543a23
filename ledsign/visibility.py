"""Accepted, but on screen now? One pure rule that the feed reports and the playlist obeys."""

from collections.abc import Collection
from datetime import datetime

from ledsign.notice import Notice, Status, covers


def hidden_because(
    notice: Notice, now: datetime, screen: str, cancelled_alerts: Collection[str] = ()
) -> str | None:
    """Why an accepted notice is not shown at ``now`` on ``screen``; None when it may be.

    ``cancelled_alerts`` are identifiers named by a Cancel or Update that was accepted, also before the alert
    itself came. Reasons: not_before repealed withdrawn alert_expired alert_cancelled alert_area channel
    superseded. The end of an ordinary notice is the playlist's affair (retention), not decided here.
    """
    if notice.status is Status.WITHDRAWN:
        return "withdrawn"
    if notice.status in (Status.SUPERSEDED, Status.ARCHIVED):
        return "superseded"
    if "led" not in notice.channels:
        return "channel"
    if notice.validity and notice.validity.repealed_on and notice.validity.repealed_on <= now.date():
        return "repealed"
    if notice.alert is not None:
        alert = notice.alert
        if alert.msg_type != "Cancel" and alert.identifier in cancelled_alerts:
            return "alert_cancelled"
        if alert.expires <= now:
            return "alert_expired"
        if alert.area_codes and not any(covers(area, screen) for area in alert.area_codes):
            return "alert_area"
    if now < notice.display.not_before:
        return "not_before"
    return None
