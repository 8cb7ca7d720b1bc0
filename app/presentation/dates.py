"""Days and times as people of one language say them, one function for each format.

`language`: a code such as en or pt-BR. `time_zone`: the clinic's, by its IANA name.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime


def format_long_day(day: date | None, language: str) -> str:
    """A day in full, "Monday 2 November 2026"; "" where there is none."""
    return format_date(day, "EEEE d MMMM y", Locale.parse(language, sep="-")) if day else ""


def format_local_time(at: datetime, time_zone: str, language: str) -> str:
    """A time as the clinic's clocks and calendars say it, "2 November 2026, 14:05"."""
    there = at.astimezone(ZoneInfo(time_zone))
    return format_datetime(there, "d MMMM y, HH:mm", locale=Locale.parse(language, sep="-"))


def is_visit_late(within: timedelta | None, arrived: datetime, visit: date, time_zone: str) -> bool:
    """Whether the visit that is booked comes later than the level asks for."""
    last = last_timely_day(within, arrived, time_zone)
    return last is not None and visit > last


def last_timely_day(within: timedelta | None, arrived: datetime, time_zone: str) -> date | None:
    """The last day that is soon enough; None where the level names none."""
    return None if within is None else arrived.astimezone(ZoneInfo(time_zone)).date() + within
