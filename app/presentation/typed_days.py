"""Days as people type them: 20/11/2026, 20 Nov 2026, 2026-11-20; in the order of their country.

A day that can be read in two ways is never guessed. It knows no clock.
"""

import re
from datetime import date

from babel.dates import get_date_format, get_month_names

from app.presentation.dates import SHORT_DAY, find_locale, format_day

_DAY_FIRST, _MONTH_FIRST, _UNKNOWN = "dmy", "mdy", ""
_TERRITORIES = {"uk": "GB", "uk-ni": "GB", "eu": "150", "international": "001"}
"""Regions whose code is no territory of CLDR: Europe is 150 there, and the world 001."""

_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_NUMBERS = re.compile(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{1,4})")
_DAY_WORD = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?[-/., ]*([^\W\d_]{3,})[-/., ]*([0-9]{1,4})")
_WORD_DAY = re.compile(r"([^\W\d_]{3,})[-/., ]*([0-9]{1,2})(?:st|nd|rd|th)?[-/., ]+([0-9]{1,4})")


class UnreadableDay(Exception):
    """What was typed is no day that can be read in one way only.

    `problem` is no_day, order (a day only with day and month changed round), two_ways or year
    (without all four digits). `ways`: the days that it may be. What was typed is not kept.
    """

    def __init__(self, problem: str, *ways: date) -> None:
        self.problem, self.ways = problem, ways
        super().__init__(problem)


def find_date_order(region: str) -> str:
    """How numbers of a day are ordered there: dmy, mdy, or "" where both are in use."""
    locale = find_locale(f"en-{_TERRITORIES.get(region, region.upper())}")
    letters = re.sub("[^dMy]", "", get_date_format("short", locale).pattern)
    order = "".join(dict.fromkeys(letters)).lower()
    return order if order in (_DAY_FIRST, _MONTH_FIRST) else _UNKNOWN


def format_example_day(day: date, order: str, language: str) -> str:
    """The day as it can be typed: in numbers where their order is known, else with its month."""
    numbers = {_DAY_FIRST: f"{day:%d/%m/%Y}", _MONTH_FIRST: f"{day:%m/%d/%Y}"}
    return numbers.get(order) or format_day(day, language, SHORT_DAY)


def parse_typed_day(text: str, order: str, language: str) -> date:
    """The day; `order` as `find_date_order` gives it. Raises UnreadableDay."""
    text = " ".join(text.split())
    if found := _YEAR_FIRST.fullmatch(text):
        return _require_one(_make_days(*found.groups()))
    if found := _NUMBERS.fullmatch(text):
        return _read_numbers(order, *found.groups())
    if found := _DAY_WORD.fullmatch(text):
        day, word, year = found.groups()
    elif found := _WORD_DAY.fullmatch(text):
        word, day, year = found.groups()
    else:
        raise UnreadableDay("no_day")
    month = _find_month(word, language)
    if month is None:
        raise UnreadableDay("no_day")
    return _require_one(_make_days(_require_whole_year(year), month, day))


def _read_numbers(order: str, first: str, second: str, year: str) -> date:
    year = _require_whole_year(year)
    by_order = {
        _DAY_FIRST: _make_days(year, second, first),
        _MONTH_FIRST: _make_days(year, first, second),
    }
    if order in by_order:
        other = next(days for known, days in by_order.items() if known != order)
        if not by_order[order] and other:
            raise UnreadableDay("order")
        return _require_one(by_order[order])
    return _require_one(list(dict.fromkeys(day for days in by_order.values() for day in days)))


def _require_whole_year(year: str) -> str:
    if len(year) != len("2026"):
        raise UnreadableDay("year")
    return year


def _require_one(days: list[date]) -> date:
    if len(days) == 1:
        return days[0]
    raise UnreadableDay("two_ways" if days else "no_day", *days)


def _make_days(year: str, month: str, day: str) -> list[date]:
    """The day in a list, which is empty where the calendar has no such day."""
    try:
        return [date(int(year), int(month), int(day))]
    except ValueError:
        return []


def _find_month(word: str, language: str) -> str | None:
    """The number of the month whose name begins so, in three letters or more."""
    names = get_month_names("wide", locale=find_locale(language))
    found = [str(number) for number, name in names.items() if name.lower().startswith(word.lower())]
    return found[0] if len(found) == 1 else None
