"""What stands on every page of staff besides the page itself: the alarm, and when the session ends.

It knows that an emergency waits and since when; it must not know whose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request

from app.store import alarms, clinics
from app.store.accounts.sessions import SignedIn
from app.store.db.scope import Store


@dataclass(frozen=True, slots=True)
class StaffFrame:
    """`alarm`: since when an emergency waits, or empty; `left`: seconds of the session.

    `undelivered`: since when its message could not be delivered, or empty.
    """

    alarm: str
    undelivered: str
    left: int
    ends: str
    who: str


def load_staff_frame(request: Request, store: Store, who: SignedIn, now: datetime) -> StaffFrame:
    """The frame of a page that has not read the clinic itself."""
    with store.reading_scope(who.clinic) as scope:
        since = alarms.find_oldest_emergency(scope, now, alarm_cutoff(request, now))
        undelivered = alarms.find_undelivered_since(scope, now)
        return build_staff_frame(who, now, clinics.load_clinic(scope).time_zone, since, undelivered)


def build_staff_frame(
    who: SignedIn,
    now: datetime,
    time_zone: str,
    since: datetime | None,
    undelivered: datetime | None,
) -> StaffFrame:
    """The frame of a page. `since`: when an emergency came in that nobody saw for too long."""
    left = math.floor((who.ends_at - now).total_seconds())
    alarm = format_clock_time(since, time_zone, now) if since else ""
    unsent = format_clock_time(undelivered, time_zone, now) if undelivered else ""
    return StaffFrame(
        alarm, unsent, left, format_clock_time(who.ends_at, time_zone, now), who.staff
    )


def alarm_cutoff(request: Request, now: datetime) -> datetime:
    """What came in before that time and was seen by nobody alarms."""
    after: timedelta = request.app.state.alarm_after
    return now - after


def format_clock_time(at: datetime, time_zone: str, now: datetime) -> str:
    """The time on the clinic's clock, with its day where that is another one."""
    zone = ZoneInfo(time_zone)
    there = at.astimezone(zone)
    same_day = there.date() == now.astimezone(zone).date()
    return f"{there:%H:%M}" if same_day else f"{there:%H:%M}, {there.day} {there:%B}"
