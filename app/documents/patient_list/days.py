"""Days as people and systems type them: 2027-03-31, 31/03/2027, 31 Mar 2027, March 31, 2027.

Only 03/04/2027 can mean two days; which of the two a list means is found from all of its rows.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Literal

DayOrder = Literal["clear", "day_first", "month_first", "unclear"]
"""`clear`: no row could be read in two ways; `unclear`: the rows do not tell, so people must."""
DAY_PROBLEMS = ("day", "serial", "weekday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = (
    r"(?:[T\s,]+(?:at\s+)?\d{1,2}[:.]\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[ap]\.?m\.?)?"
    r"(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_WEEKDAY = r"(?:(?P<weekday>[a-z]{3,9})\.?,?\s+)?"
_YEAR = r"(?P<year>\d{4}|\d{2})"
_ISO = re.compile(r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})" + _TIME, re.I)
_COMPACT = re.compile(r"(?P<year>20\d{2})(?P<month>\d{2})(?P<day>\d{2})")
_NUMERIC = re.compile(
    _WEEKDAY + r"(?P<first>\d{1,2})([-/. ])(?P<second>\d{1,2})\3" + _YEAR + _TIME, re.I
)
_NAMED = re.compile(
    _WEEKDAY
    + r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[-\s/.]*(?:of\s+)?(?P<name>[a-z]{3,9})\.?,?[-\s/.]*"
    rf"{_YEAR}{_TIME}",
    re.I,
)
_NAMED_MONTH_FIRST = re.compile(
    _WEEKDAY + r"(?P<name>[a-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+" + _YEAR + _TIME,
    re.I,
)
_SERIAL = re.compile(r"[345]\d{4}(?:\.\d+)?")
"""Days since 1900 or 1904, as a spreadsheet counts them: which of the two cannot be told."""


class BadDay(ValueError):
    """No day stands there; `problem` is which of DAY_PROBLEMS it is."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def find_day_order(texts: Iterable[str]) -> DayOrder:
    """Which of the two numbers comes first, from all the days of a list together."""
    pairs = [
        (int(found["first"]), int(found["second"]))
        for text in texts
        if (found := _NUMERIC.fullmatch(_plain(text)))
    ]
    day_first = any(first > 12 >= second for first, second in pairs)
    month_first = any(second > 12 >= first for first, second in pairs)
    if day_first != month_first:
        return "day_first" if day_first else "month_first"
    return "unclear" if any(first != second for first, second in pairs) else "clear"


def parse_day(text: str, *, month_first: bool = False) -> date:
    """The day; what is read in two ways is read with the day first, unless `month_first`.

    Raises BadDay.
    """
    plain = _plain(text)
    if found := _NUMERIC.fullmatch(plain):
        pair = (found["first"], found["second"])
        month, day = pair if month_first else reversed(pair)
        return _make_day(found, month, day)
    for pattern in (_ISO, _COMPACT):
        if found := pattern.fullmatch(plain):
            return _make_day(found, found["month"], found["day"])
    for pattern in (_NAMED, _NAMED_MONTH_FIRST):
        if found := pattern.fullmatch(plain):
            return _make_day(found, _number_month(found["name"]), found["day"])
    raise BadDay("serial" if _SERIAL.fullmatch(plain) else "day")


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _make_day(found: re.Match[str], month: str | int, day: str) -> date:
    year = int(found["year"])
    try:
        made = date(year if year > 99 else 2000 + year, int(month), int(day))
    except ValueError:
        raise BadDay("day") from None
    weekday = (found.groupdict().get("weekday") or "")[:3].casefold()
    if weekday and weekday != _WEEKDAYS[made.weekday()]:
        raise BadDay("weekday" if weekday in _WEEKDAYS else "day")
    return made


def _number_month(name: str) -> int:
    start = name[:3].casefold()
    return _MONTHS.index(start) + 1 if start in _MONTHS else 0
