"""Days and times as people type them: what is taken, and what is never guessed."""

from datetime import date

import pytest

from app.web.clinic.typed_dates import UnreadableDate, parse_day, parse_day_parts, parse_time

DAY = date(2026, 12, 7)


@pytest.mark.parametrize(
    "text",
    [
        *("7/12/2026", "07.12.2026", "7-12-2026", "7 12 2026", "2026-12-07", " 2026-12-7 "),
        *("7 Dec 2026", "7 december 2026", "07 DEC. 2026", "7/Dec/2026", "\u0667/12/2026"),
    ],
)
def test_the_day_comes_first_and_a_month_has_a_number_or_a_name(text: str) -> None:
    assert parse_day(text) == DAY
    assert parse_day_parts(text, "", "") == DAY


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("7/12/26", "year"),
        ("7 Dec 26", "year"),
        ("7/12/20266", "year"),
        ("12/31/2026", "month"),
        ("7/0/2026", "month"),
        ("31/6/2026", "none"),
        ("29 Feb 2027", "none"),
        ("0 12 2026", "none"),
        ("7 ju 2026", "name"),
        ("7 ma 2026", "name"),
        ("7 d 2026", "name"),
        ("7 Foo 2026", "form"),
        ("next Monday", "form"),
        ("7 12", "form"),
        ("", "form"),
        ("Mon 7 Dec 2026", "form"),
    ],
)
def test_what_could_mean_another_day_is_refused_in_words(text: str, problem: str) -> None:
    with pytest.raises(UnreadableDate) as refused:
        parse_day(text)
    assert refused.value.problem == f"typed_day.problem.{problem}"


def test_three_fields_are_read_as_one_day() -> None:
    assert parse_day_parts("7", "12", "2026") == parse_day_parts("07", "Dec", " 2026 ") == DAY
    for parts in (("7", "12", ""), ("", "12", "2026"), ("7", "", "2026"), ("a", "b", "c")):
        with pytest.raises(UnreadableDate):
            parse_day_parts(*parts)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        *(("10:30", "10:30"), ("9.05", "09:05"), ("1030", "10:30"), ("930", "09:30")),
        *(("2.30 pm", "14:30"), ("9 am", "09:00"), ("12am", "00:00"), ("12 pm", "12:00")),
        *(("24:00", None), ("10:60", None), ("2", None), ("13 pm", None), ("noon", None)),
    ],
)
def test_a_time_is_read_by_the_clock_of_24_hours(text: str, time: str | None) -> None:
    assert parse_time(text) == time
