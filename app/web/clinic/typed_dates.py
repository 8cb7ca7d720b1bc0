"""Days and times as people type them: one way to read them, for every form of staff.

The day comes first, then the month, by number or by name; the ISO form is taken too. What could
mean two days is refused, never guessed.
"""

import re
from datetime import date

from babel.dates import get_month_names

from app.presentation.dates import find_locale

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_PARTS = re.compile(r"(\d{1,2})[\s./-]+(\d{1,2}|[^\W\d]+)\.?,?[\s./-]+(\d+)")
_CLOCK = re.compile(r"(\d{1,2})[:.h ]?(\d{2})?\s*([ap]m)?")
_LEAST_LETTERS = 3  # of the name of a month
_NOON = 12


class UnreadableDate(Exception):
    """The text names no one day; `problem` is the key of the words for why."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = f"typed_day.problem.{problem}"


def parse_day(text: str, language: str = "en") -> date:
    """The day of "7/12/2026", "7 Dec 2026" or "2026-12-07". Raises UnreadableDate."""
    if whole := _ISO.fullmatch(text.strip()):
        year, month, day = whole.groups()
        return parse_day_parts(day, month, year, language)
    found = _PARTS.fullmatch(text.strip())
    if found is None:
        raise UnreadableDate("form")
    day, month, year = found.groups()
    return parse_day_parts(day, month, year, language)


def parse_day_parts(day: str, month: str, year: str, language: str = "en") -> date:
    """The day of three fields; a whole date in the first one alone is read too.

    Raises UnreadableDate.
    """
    day, month, year = day.strip(), month.strip(), year.strip()
    if not month and not year:
        return parse_day(day, language)
    if not (day.isdecimal() and year.isdecimal() and len(day) <= 2):
        raise UnreadableDate("form")
    number = _find_month(month, language)
    if len(year) != 4:
        raise UnreadableDate("year")
    try:
        return date(int(year), number, int(day))
    except ValueError:
        raise UnreadableDate("none") from None


def _find_month(text: str, language: str) -> int:
    """The number of a month, from its number or the beginning of its name."""
    if text.isdecimal() and len(text) <= 2:
        if not 1 <= int(text) <= 12:
            raise UnreadableDate("month")
        return int(text)
    begun = text.rstrip(".").casefold()
    names = get_month_names("wide", locale=find_locale(language))
    fits = [number for number, name in names.items() if name.casefold().startswith(begun)]
    if not fits or not begun:
        raise UnreadableDate("form")
    if len(fits) > 1 or len(begun) < min(_LEAST_LETTERS, len(names[fits[0]])):
        raise UnreadableDate("name")
    return int(fits[0])


def parse_time(text: str) -> str | None:
    """The time as "10:30", from "10:30", "10.30", "1030" or "2.30 pm"; None for no such time."""
    found = _CLOCK.fullmatch(text.strip().casefold())
    if found is None:
        return None
    hour, minute, half = int(found[1]), found[2], found[3]
    if half:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if half == "pm" else 0)
    elif minute is None:
        return None  # 2 may be at night or in the afternoon
    minutes = int(minute or 0)
    return f"{hour:02}:{minutes:02}" if hour < 24 and minutes < 60 else None
