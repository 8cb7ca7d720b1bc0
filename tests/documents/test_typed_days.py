"""Days and times as people type them: in the order that the clinic chose, and never guessed."""

from datetime import date

import pytest

from app.documents.typed_days import (
    UnreadableDay,
    find_day_order,
    format_example_day,
    parse_day,
    parse_day_parts,
    parse_time,
)

DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    "text",
    [
        *["2026-11-20", "2026/11/20", "2026.11.20", "20/11/2026", "20-11-2026", "20.11.2026"],
        *["20 11 2026", "20 Nov 2026", "20 November 2026", "20-Nov-2026", "20nov2026"],
        *["20th November, 2026", "Nov 20, 2026", "november 20th 2026", "  20   Nov  2026 "],
        *["20 NOV. 2026", "20/Nov/2026", "\u0662\u0660/11/2026", "20261120", "Fri 20 Nov 2026"],
        *["2026-11-20T09:30:00", "20/11/2026 09:30", "Friday, 20th of November 2026 at 9:30 am"],
    ],
)
def test_a_day_is_read_as_people_and_systems_write_it(text: str) -> None:
    assert parse_day(text, "day_first") == DAY
    assert parse_day_parts(text, "", "", "day_first") == DAY


@pytest.mark.parametrize(
    ("order", "day"), [("day_first", (2026, 6, 5)), ("month_first", (2026, 5, 6))]
)
def test_numbers_are_read_in_the_order_that_the_clinic_chose(
    order: str, day: tuple[int, int, int]
) -> None:
    assert parse_day("05/06/2026", order) == date(*day)


@pytest.mark.parametrize(
    ("text", "order", "problem"),
    [
        ("05/06/2026", "year_first", "two_ways"),
        ("11/20/2026", "day_first", "order"),
        ("20/11/2026", "month_first", "order"),
        ("20/11/26", "day_first", "year"),
        ("20 Nov 26", "day_first", "year"),
        ("20/11/20266", "day_first", "year"),
        ("30/02/2026", "day_first", "none"),
        ("29 Feb 2027", "day_first", "none"),
        ("2026-13-01", "day_first", "none"),
        ("0/0/0000", "day_first", "none"),
        ("20 Ju 2026", "day_first", "name"),
        ("7 ma 2026", "day_first", "name"),
        ("7 d 2026", "day_first", "name"),
        ("20 Nix 2026", "day_first", "form"),
        ("Tue 20 Nov 2026", "day_first", "weekday"),
        ("Tue 20/11/2026", "day_first", "weekday"),
        ("Lunes 20 Nov 2026", "day_first", "form"),
        ("46112", "day_first", "serial"),
        ("7 12", "day_first", "form"),
        ("tomorrow", "day_first", "form"),
        ("", "day_first", "form"),
        ("1" * 100_000, "day_first", "form"),
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_day_or_more_than_one_is_never_guessed(
    text: str, order: str, problem: str
) -> None:
    with pytest.raises(UnreadableDay) as refused:
        parse_day(text, order)
    assert refused.value.problem == problem
    assert text not in str(refused.value) or not text


def test_where_the_year_comes_first_a_day_that_has_one_reading_is_read() -> None:
    assert parse_day("20/11/2026", "year_first") == DAY
    assert parse_day("11/20/2026", "year_first") == DAY
    assert parse_day("06/06/2026", "year_first") == date(2026, 6, 6)
    with pytest.raises(UnreadableDay) as refused:
        parse_day("05/06/2026", "year_first")
    assert set(refused.value.ways) == {date(2026, 6, 5), date(2026, 5, 6)}


@pytest.mark.parametrize(
    ("order", "example"),
    [
        ("day_first", "20/11/2026"),
        ("month_first", "11/20/2026"),
        ("year_first", "2026-11-20"),
    ],
)
def test_an_example_can_be_typed_in_its_order(order: str, example: str) -> None:
    assert format_example_day(DAY, order, "en") == example
    assert parse_day(example, order) == DAY


def test_a_year_of_two_digits_is_read_in_lists_alone() -> None:
    assert parse_day("20/11/26", "day_first", short_year=True) == DAY
    assert parse_day("20 Nov 26", "day_first", short_year=True) == DAY


def test_which_number_is_the_day_is_found_from_all_rows_together() -> None:
    assert find_day_order(["03/04/2027", "31/03/2027"]) == "day_first"
    assert find_day_order(["03/04/2027", "03/31/2027"]) == "month_first"
    assert find_day_order(["03/04/2027", ""]) == "unclear"
    assert find_day_order(["31/03/2027", "03/31/2027"]) == "unclear"
    assert find_day_order(["2027-03-04", "04/04/2027", "3 Apr 2027"]) == "clear"


def test_three_fields_are_read_as_one_day_whatever_the_order() -> None:
    for order in ("day_first", "month_first", "year_first"):
        assert parse_day_parts("20", "11", "2026", order) == DAY
        assert parse_day_parts("20", "Nov", " 2026 ", order) == DAY


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        (("7", "12", ""), "form"),
        (("", "12", "2026"), "form"),
        (("7", "", "2026"), "form"),
        (("a", "b", "c"), "form"),
        (("12", "31", "2026"), "month"),
        (("31", "6", "2026"), "none"),
        (("7", "12", "26"), "year"),
    ],
)
def test_what_three_fields_lack_is_named(parts: tuple[str, str, str], problem: str) -> None:
    with pytest.raises(UnreadableDay) as refused:
        parse_day_parts(*parts, "day_first")
    assert refused.value.problem == problem


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
