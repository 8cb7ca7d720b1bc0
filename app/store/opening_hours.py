"""When a clinic is open: hours as people type them, and what can be done within them.

Times are counted in UTC: within one zone, Python counts hours by the clock on the wall, which
jumps twice a year. It must not know what is waited for.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.store.db.tables import Clinic

Spans = list[list[str]]
"""The times of one day, each [opens, closes] as "09:00"."""
MAX_SPANS = 2  # of one day
_MAX_DAYS_AHEAD = 400  # days; a clinic that is closed for so long has no opening hours
_CLOCK = r"(\d{1,2})(?:[:.](\d{2}))?"
_SPAN = re.compile(rf"{_CLOCK}\s*(?:-|\u2013|\u2014|to)\s*{_CLOCK}", re.IGNORECASE)
_CLOSED = {"", "-", "closed"}


class BadHours(Exception):
    """What was typed is no opening hours of a day; `problem` says why, in a word."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class OpeningState(NamedTuple):
    """`closes`: when it closes next, None while it is closed; `opens`: when it opens next.

    Both are None where it is never open, since all minutes count then.
    """

    closes: datetime | None
    opens: datetime | None


def parse_day_hours(typed: str) -> Spans:
    """The hours of one day: "09:00-12:30, 14:00-17:00"; [] for nothing or "closed".

    Raises BadHours with hours_text, hours_clock, hours_order, hours_overlap or hours_many.
    """
    if typed.strip().lower() in _CLOSED:
        return []
    spans = [_parse_span(part) for part in re.split(r"[,;&]|\band\b", typed)]
    if len(spans) > MAX_SPANS:
        raise BadHours("hours_many")
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        raise BadHours("hours_overlap")
    return spans


def format_day_hours(spans: Sequence[Sequence[str]]) -> str:
    """The hours of one day as they are typed."""
    return ", ".join(f"{opens}-{closes}" for opens, closes in spans)


def add_open_minutes(clinic: Clinic, start: datetime, minutes: int) -> datetime:
    """The moment by which so many open minutes have passed since the start.

    Where the clinic never opens, all minutes count.
    """
    left = timedelta(minutes=minutes)
    for opens, closes in _opening_windows(clinic, start):
        begins = max(opens, start)
        if begins >= closes:
            continue
        if left <= closes - begins:
            return begins + left
        left -= closes - begins
    return start + timedelta(minutes=minutes)


def find_opening_state(clinic: Clinic, now: datetime) -> OpeningState:
    """Whether it is open now, and until or from when."""
    for opens, closes in _opening_windows(clinic, now):
        if opens <= now < closes:
            return OpeningState(closes, None)
        if opens > now:
            return OpeningState(None, opens)
    return OpeningState(None, None)


def is_open_by(clinic: Clinic, at: datetime) -> bool:
    """Whether someone can have looked by then: the clinic is open just before that moment."""
    state = find_opening_state(clinic, at - timedelta(microseconds=1))
    return state.closes is not None or state.opens is None


def end_of_day(clinic: Clinic, now: datetime, within: timedelta) -> datetime:
    """When the day ends at the clinic that lies so many days ahead."""
    zone = ZoneInfo(clinic.time_zone)
    day = now.astimezone(zone).date() + within + timedelta(days=1)
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def local_day(clinic: Clinic, at: datetime) -> date:
    """The day on the clinic's calendar."""
    return at.astimezone(ZoneInfo(clinic.time_zone)).date()


def is_closed_day(clinic: Clinic, day: date) -> bool:
    """Whether the clinic is closed all that day; one that never opens tells nothing by it."""
    never = not any(clinic.opening_hours)
    shut = day.isoformat() in clinic.closed_days or not clinic.opening_hours[day.weekday()]
    return shut and not never


def _parse_span(typed: str) -> list[str]:
    found = _SPAN.fullmatch(typed.strip())
    if found is None:
        raise BadHours("hours_text")
    first_hour, first_minute, last_hour, last_minute = (int(part or 0) for part in found.groups())
    try:
        opens, closes = time(first_hour, first_minute), time(last_hour, last_minute)
    except ValueError:
        raise BadHours("hours_clock") from None
    if closes <= opens:
        raise BadHours("hours_order")
    return [f"{opens:%H:%M}", f"{closes:%H:%M}"]


def _opening_windows(clinic: Clinic, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Opening and closing times from the day of the start on."""
    zone = ZoneInfo(clinic.time_zone)
    first = start.astimezone(zone).date()

    def local_to_utc(day: date, clock: str) -> datetime:
        return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)

    for later in range(_MAX_DAYS_AHEAD):
        day = first + timedelta(days=later)
        if day.isoformat() not in clinic.closed_days:
            for opens, closes in clinic.opening_hours[day.weekday()]:
                yield local_to_utc(day, opens), local_to_utc(day, closes)
