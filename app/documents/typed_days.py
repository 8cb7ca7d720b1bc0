"""Days and times as people and systems type them, read in one way for every form, list and file.

Numbers stand in the order that the clinic chose; a month may be a word in its language. A day that
could be two is refused, never guessed. It knows no clock.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Final, Literal

from babel import Locale
from babel.dates import format_date, get_month_names

DayOrder = Literal["clear", "day_first", "month_first", "unclear"]
"""`clear`: no row could be read in two ways; `unclear`: the rows do not tell, so people must."""
DAY_FIRST: Final = "day_first"
MONTH_FIRST: Final = "month_first"
DAY_PROBLEMS = ("form", "none", "month", "name", "year", "order", "two_ways", "serial", "weekday")
_LEAST_LETTERS = 3  # of the name of a month
_NOON = 12
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = (
    r"(?:[T\s,]+(?:at\s+)?\d{1,2}[:.]\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[ap]\.?m\.?)?"
    r"(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_WEEKDAY = r"(?:(?P<weekday>[a-z]{3,9})\.?,?\s+)?"
_BETWEEN = r"[\s./-]+"
_YEAR = r"(?P<year>\d+)"
_NAME = r"(?P<name>(?!(?:st|nd|rd|th)\b)[^\W\d_]+)\.?"
_DAY = r"(?P<day>\d{1,2})"
_ISO = re.compile(rf"(?P<year>\d{{4}})([-/.])(?P<month>\d{{1,2}})\2{_DAY}{_TIME}", re.I)
_COMPACT = re.compile(r"(?P<year>20\d{2})(?P<month>\d{2})(?P<day>\d{2})")
_NUMERIC = re.compile(
    rf"{_WEEKDAY}(?P<first>\d{{1,2}}){_BETWEEN}(?P<second>\d{{1,2}}){_BETWEEN}{_YEAR}{_TIME}", re.I
)
_NAMED = re.compile(
    rf"{_WEEKDAY}{_DAY}(?:st|nd|rd|th)?[-\s/.,]*(?:of\s+)?{_NAME},?[-\s/.,]*{_YEAR}{_TIME}", re.I
)
_NAMED_MONTH_FIRST = re.compile(
    rf"{_WEEKDAY}{_NAME}[-\s/.,]*{_DAY}(?:st|nd|rd|th)?[-\s/.,]+{_YEAR}{_TIME}", re.I
)
_SERIAL = re.compile(r"[345]\d{4}(?:\.\d+)?")
"""Days since 1900 or 1904, as a spreadsheet counts them: which of the two cannot be told."""
_CLOCK = re.compile(r"(\d{1,2})[:.h ]?(\d{2})?\s*([ap]m)?")


class UnreadableDay(ValueError):
    """What was typed is no day that can be read in one way only.

    `problem` is one of DAY_PROBLEMS: no day stands there, the calendar has none, no such month, a
    name of more than one month, not all digits of the year, a day only with day and month changed
    round, two days, a number of a spreadsheet, or another day of the week. `ways`: the days that
    it may be. What was typed is not kept.
    """

    def __init__(self, problem: str, *ways: date) -> None:
        self.problem, self.ways = problem, ways
        super().__init__(problem)


def parse_day(text: str, order: str, language: str = "en", *, short_year: bool = False) -> date:
    """The day; numbers are read in this order, of those that a clinic can choose.

    `short_year`: a year of two digits is of this century. Raises UnreadableDay.
    """
    plain = _fold_text(text)
    if found := _NUMERIC.fullmatch(plain):
        return _read_numbers(found, order, _require_year(found["year"], short_year))
    for pattern in (_ISO, _COMPACT):
        if found := pattern.fullmatch(plain):
            return _make_day(found["year"], found["month"], found["day"])
    for pattern in (_NAMED, _NAMED_MONTH_FIRST):
        if found := pattern.fullmatch(plain):
            month = _find_month(found["name"], language)
            year = _require_year(found["year"], short_year)
            return _require_weekday(found, _make_day(year, month, found["day"]))
    raise UnreadableDay("serial" if _SERIAL.fullmatch(plain) else "form")


def parse_day_parts(day: str, month: str, year: str, order: str, language: str = "en") -> date:
    """The day of three fields; a whole date in the first one alone is read too, in this order.

    Raises UnreadableDay.
    """
    day, month, year = day.strip(), month.strip(), year.strip()
    if not month and not year:
        return parse_day(day, order, language)
    if not (day.isdecimal() and year.isdecimal() and len(day) <= 2):
        raise UnreadableDay("form")
    if not month.isdecimal():
        number = _find_month(month.rstrip("."), language)
    elif len(month) <= 2 and 1 <= int(month) <= 12:
        number = month
    else:
        raise UnreadableDay("month")
    return _make_day(_require_year(year), number, day)


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


def find_day_order(texts: Iterable[str]) -> DayOrder:
    """Which of the two numbers comes first, from all the days of a list together."""
    pairs = [
        (int(found["first"]), int(found["second"]))
        for text in texts
        if (found := _NUMERIC.fullmatch(_fold_text(text)))
    ]
    day_first = any(first > 12 >= second for first, second in pairs)
    month_first = any(second > 12 >= first for first, second in pairs)
    if day_first != month_first:
        return DAY_FIRST if day_first else MONTH_FIRST
    return "unclear" if any(first != second for first, second in pairs) else "clear"


def format_example_day(day: date, order: str, language: str) -> str:
    """The day as it can be typed where numbers stand in this order."""
    numbers = {DAY_FIRST: f"{day:%d/%m/%Y}", MONTH_FIRST: f"{day:%m/%d/%Y}"}
    if order in numbers:
        return numbers[order]
    return format_date(day, "y-MM-dd", locale=Locale.parse(language, sep="-"))


def _read_numbers(found: re.Match[str], order: str, year: str) -> date:
    first, second = found["first"], found["second"]
    by_order = {
        DAY_FIRST: _list_days(year, second, first),
        MONTH_FIRST: _list_days(year, first, second),
    }
    every = list(dict.fromkeys(day for days in by_order.values() for day in days))
    days = by_order.get(order, every)
    if not days and every:
        raise UnreadableDay("order", *every)
    if len(days) > 1:
        raise UnreadableDay("two_ways", *days)
    if not days:
        raise UnreadableDay("none")
    return _require_weekday(found, days[0])


def _fold_text(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _require_year(year: str, short_year: bool = False) -> str:
    if short_year and len(year) == 2:
        return f"20{year}"
    if len(year) != len("2026"):
        raise UnreadableDay("year")
    return year


def _require_weekday(found: re.Match[str], day: date) -> date:
    said = (found["weekday"] or "")[:3].casefold()
    if said and said != _WEEKDAYS[day.weekday()]:
        raise UnreadableDay("weekday" if said in _WEEKDAYS else "form")
    return day


def _list_days(year: str, month: str, day: str) -> list[date]:
    """The day in a list, which is empty where the calendar has no such day."""
    try:
        return [date(int(year), int(month), int(day))]
    except ValueError:
        return []


def _make_day(year: str, month: str, day: str) -> date:
    for made in _list_days(year, month, day):
        return made
    raise UnreadableDay("none")


def _find_month(word: str, language: str) -> str:
    """The number of the month whose name begins so. Raises UnreadableDay."""
    names = get_month_names("wide", locale=Locale.parse(language, sep="-"))
    begun = word.casefold()
    fits = [number for number, name in names.items() if name.casefold().startswith(begun)]
    if not fits or not begun:
        raise UnreadableDay("form")
    if len(fits) > 1 or len(begun) < min(_LEAST_LETTERS, len(names[fits[0]])):
        raise UnreadableDay("name")
    return str(fits[0])
