"""Days as people type them: in the order of their country, and never guessed."""

from datetime import date

import pytest

from app.presentation.typed_days import (
    UnreadableDay,
    find_date_order,
    format_example_day,
    parse_typed_day,
)

DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    "text",
    [
        *["2026-11-20", "2026/11/20", "2026.11.20", "20/11/2026", "20-11-2026", "20.11.2026"],
        *["20 11 2026", "20 Nov 2026", "20 November 2026", "20-Nov-2026", "20nov2026"],
        *["20th November, 2026", "Nov 20, 2026", "november 20th 2026", "  20   Nov  2026 "],
    ],
)
def test_a_day_is_read_as_people_write_it(text: str) -> None:
    assert parse_typed_day(text, "dmy", "en") == DAY


@pytest.mark.parametrize(("order", "day"), [("dmy", (2026, 6, 5)), ("mdy", (2026, 5, 6))])
def test_numbers_are_read_in_the_order_of_the_country(
    order: str, day: tuple[int, int, int]
) -> None:
    assert parse_typed_day("05/06/2026", order, "en") == date(*day)


@pytest.mark.parametrize(
    ("text", "order", "problem"),
    [
        ("05/06/2026", "", "two_ways"),
        ("11/20/2026", "dmy", "order"),
        ("20/11/2026", "mdy", "order"),
        ("20/11/26", "dmy", "year"),
        ("20 Nov 26", "dmy", "year"),
        ("30/02/2026", "dmy", "no_day"),
        ("2026-13-01", "dmy", "no_day"),
        ("20 Ju 2026", "dmy", "no_day"),
        ("20 Nix 2026", "dmy", "no_day"),
        ("0/0/0000", "dmy", "no_day"),
        ("tomorrow", "dmy", "no_day"),
        ("", "dmy", "no_day"),
        ("\u0662\u0660/11/2026", "dmy", "no_day"),
        ("1" * 100_000, "dmy", "no_day"),
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_day_or_more_than_one_is_never_guessed(
    text: str, order: str, problem: str
) -> None:
    with pytest.raises(UnreadableDay) as refused:
        parse_typed_day(text, order, "en")
    assert refused.value.problem == problem
    assert text not in str(refused.value) or not text


def test_where_both_orders_are_in_use_a_day_that_has_one_reading_is_read() -> None:
    assert parse_typed_day("20/11/2026", "", "en") == DAY
    assert parse_typed_day("11/20/2026", "", "en") == DAY
    assert parse_typed_day("06/06/2026", "", "en") == date(2026, 6, 6)
    with pytest.raises(UnreadableDay) as refused:
        parse_typed_day("05/06/2026", "", "en")
    assert set(refused.value.ways) == {date(2026, 6, 5), date(2026, 5, 6)}


@pytest.mark.parametrize(
    ("region", "order", "example"),
    [
        ("uk", "dmy", "20/11/2026"),
        ("uk-ni", "dmy", "20/11/2026"),
        ("eu", "dmy", "20/11/2026"),
        ("international", "dmy", "20/11/2026"),
        ("us", "mdy", "11/20/2026"),
        ("ca", "", "20 Nov 2026"),
    ],
)
def test_the_order_is_that_of_the_region_and_an_example_can_be_typed_there(
    region: str, order: str, example: str
) -> None:
    assert find_date_order(region) == order
    assert format_example_day(DAY, order, "en") == example
    assert parse_typed_day(example, order, "en") == DAY
