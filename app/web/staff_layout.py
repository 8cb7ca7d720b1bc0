"""What stands on every page of staff besides the page itself: the alarm, and when the session ends.

It knows that an emergency waits and since when; it must not know whose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request

from app.presentation.dates import format_clock_time
from app.store import alarms, clinics
from app.store.accounts.sessions import SignedIn
from app.store.db.scope import Scope, Store
from app.web.pages import app_context


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
        return read_staff_frame(request, scope, who, now, clinics.load_clinic(scope).time_zone)


def read_staff_frame(
    request: Request, scope: Scope, who: SignedIn, now: datetime, time_zone: str
) -> StaffFrame:
    """The frame of a page, read with the rest of it."""
    since = alarms.find_oldest_emergency(scope, now, alarm_cutoff(request, now))
    undelivered = alarms.find_undelivered_since(scope, now)
    return build_staff_frame(request, who, now, time_zone, since, undelivered)


def build_staff_frame(
    request: Request,
    who: SignedIn,
    now: datetime,
    time_zone: str,
    since: datetime | None,
    undelivered: datetime | None,
) -> StaffFrame:
    """The frame of a page. `since`: when an emergency came in that nobody saw for too long."""
    language = app_context(request).language

    def format_clock(at: datetime | None) -> str:
        return format_clock_time(at, time_zone, now, language) if at else ""

    left = math.floor((who.ends_at - now).total_seconds())
    return StaffFrame(
        format_clock(since), format_clock(undelivered), left, format_clock(who.ends_at), who.staff
    )


def alarm_cutoff(request: Request, now: datetime) -> datetime:
    """What came in before that time and was seen by nobody alarms."""
    after: timedelta = request.app.state.alarm_after
    return now - after
