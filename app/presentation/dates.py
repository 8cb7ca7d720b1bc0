"""Days and times as people of one language say them, one function for each format.

`language`: a code such as en or pt-BR. `time_zone`: the clinic's, by its IANA name.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from itertools import groupby
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, get_day_names

from app.triage.wording import Wording


def format_long_day(day: date | None, language: str) -> str:
    """A day in full, "Monday 2 November 2026"; "" where there is none."""
    return format_date(day, "EEEE d MMMM y", find_locale(language)) if day else ""


def format_day(day: date, language: str) -> str:
    """A day as people say it, "20 November 2027"."""
    return format_date(day, "d MMMM y", find_locale(language))


def format_local_time(at: datetime, time_zone: str, language: str) -> str:
    """A time as the clinic's clocks and calendars say it, "2 November 2026, 14:05"."""
    there = at.astimezone(ZoneInfo(time_zone))
    return format_datetime(there, "d MMMM y, HH:mm", locale=find_locale(language))


def is_visit_late(within: timedelta | None, arrived: datetime, visit: date, time_zone: str) -> bool:
    """Whether the visit that is booked comes later than the level asks for."""
    last = last_timely_day(within, arrived, time_zone)
    return last is not None and visit > last


def last_timely_day(within: timedelta | None, arrived: datetime, time_zone: str) -> date | None:
    """The last day that is soon enough; None where the level names none."""
    return None if within is None else arrived.astimezone(ZoneInfo(time_zone)).date() + within


def format_clock_time(at: datetime, time_zone: str, now: datetime, language: str) -> str:
    """The time on the clinic's clock, "14:05"; with its day where that is another one than now."""
    zone = ZoneInfo(time_zone)
    there = at.astimezone(zone)
    same_day = there.date() == now.astimezone(zone).date()
    return _format_time(there, "HH:mm" if same_day else "HH:mm, d MMMM", language)


def format_day_time(at: datetime, time_zone: str, language: str) -> str:
    """A time of a year that is clear, on the clinic's clock: "2 Nov, 14:05"."""
    return _format_time(at.astimezone(ZoneInfo(time_zone)), "d MMM, HH:mm", language)


def format_weekday(day: date | None, language: str) -> str:
    """A day in short with its weekday, "Mon 2 Nov 2026"; "" where there is none."""
    return format_date(day, "EEE d MMM y", find_locale(language)) if day else ""


def format_short_day(day: date | None, language: str) -> str:
    """A day in short, "2 Nov 2026"; "" where there is none."""
    return format_date(day, "d MMM y", find_locale(language)) if day else ""


def format_month_day(day: date | None, language: str) -> str:
    """A day of a year that is clear, "2 Nov"; "" where there is none."""
    return format_date(day, "d MMM", find_locale(language)) if day else ""


def _format_time(at: datetime, pattern: str, language: str) -> str:
    return format_datetime(at, pattern, locale=find_locale(language))


@cache
def find_locale(language: str) -> Locale:
    """What Babel knows of a language."""
    return Locale.parse(language, sep="-")


def describe_opening_hours(week: Sequence[Sequence[Sequence[str]]], words: Wording) -> list[str]:
    """When a clinic is open, days of the same hours together: "Monday to Friday, 09:00 to 17:00".

    `week`: spans of (opens, closes) for each day from Monday. Nothing where it never is open,
    since all minutes count then.
    """
    names, lines, say = get_day_names(locale=find_locale(words.language)), [], words.page_text
    for hours, same in groupby(range(7), key=lambda day: week[day]):
        days = [names[day] for day in same]
        span = days[0] if len(days) == 1 else say("hours.days", first=days[0], last=days[-1])
        times = [say("hours.span", opens=opens, closes=closes) for opens, closes in hours]
        if times:
            lines.append(say("hours.line", days=span, times=words.pages["hours.and"].join(times)))
    return lines
