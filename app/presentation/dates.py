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

LONG_DAY = "EEEE d MMMM y"  # Monday 2 November 2026
FULL_DAY = "d MMMM y"  # 2 November 2026
WEEKDAY = "EEE d MMM y"  # Mon 2 Nov 2026
SHORT_DAY = "d MMM y"  # 2 Nov 2026
MONTH_DAY = "d MMM"  # 2 Nov, of a year that is clear
FULL_TIME = "d MMMM y, HH:mm"  # 2 November 2026, 14:05
DAY_TIME = "d MMM, HH:mm"  # 2 Nov, 14:05


def format_day(day: date | None, language: str, pattern: str = FULL_DAY) -> str:
    """A day as people say it; "" where there is none."""
    return format_date(day, pattern, find_locale(language)) if day else ""


def format_local_time(at: datetime, time_zone: str, language: str, pattern: str = FULL_TIME) -> str:
    """A time as the clinic's clocks and calendars say it."""
    local = at.astimezone(ZoneInfo(time_zone))
    return format_datetime(local, pattern, locale=find_locale(language))


def format_clock_time(at: datetime, time_zone: str, now: datetime, language: str) -> str:
    """The time on the clinic's clock, "14:05"; with its day where that is another one than now."""
    zone = ZoneInfo(time_zone)
    same_day = at.astimezone(zone).date() == now.astimezone(zone).date()
    return format_local_time(at, time_zone, language, "HH:mm" if same_day else "HH:mm, d MMMM")


def last_timely_day(within: timedelta | None, arrived: datetime, time_zone: str) -> date | None:
    """The last day that is soon enough; None where the level names none."""
    return None if within is None else arrived.astimezone(ZoneInfo(time_zone)).date() + within


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
