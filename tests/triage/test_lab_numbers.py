"""Numbers as they are typed: every meaning is named, and what is no number has none."""

from decimal import Decimal

import pytest

from app.triage.lab_numbers import format_unambiguously, parse_number


@pytest.mark.parametrize(
    ("text", "sign", "ways"),
    [
        ("2.65", "", ["2.65"]),
        ("2,65", "", ["2.65"]),
        ("2·65", "", ["2.65"]),
        (" 90 ", "", ["90"]),
        ("-2.5", "", ["-2.5"]),
        ("<15", "<", ["15"]),
        ("< 15", "<", ["15"]),
        (">3.5", ">", ["3.5"]),
        ("<=0,6", "<=", ["0.6"]),
        ("≤0.6", "<=", ["0.6"]),
        (">=90", ">=", ["90"]),
        ("≥ 90", ">=", ["90"]),
        ("less than 15", "<", ["15"]),
        ("Less than\u00a00,6", "<", ["0.6"]),
        ("below 15", "<", ["15"]),
        ("more than 90", ">", ["90"]),
        ("greater than 1 250", ">", ["1250"]),
        ("over 90", ">", ["90"]),
        ("at least 90", ">=", ["90"]),
        ("at most 0.6", "<=", ["0.6"]),
        ("<\u200915", "<", ["15"]),
        ("1.250", "", ["1.250", "1250"]),
        ("1,250", "", ["1.250", "1250"]),
        (">1,250", ">", ["1.250", "1250"]),
        ("0.250", "", ["0.250"]),
        ("0,250", "", ["0.250"]),
        ("1·250", "", ["1.250"]),
        ("1250,500", "", ["1250.500"]),
        ("1.2500", "", ["1.2500"]),
        ("1 250", "", ["1250"]),
        ("1\u202f250", "", ["1250"]),
        ("1'250", "", ["1250"]),
        ("1\u2019250", "", ["1250"]),
        ("1,250.5", "", ["1250.5"]),
        ("1.250,5", "", ["1250.5"]),
        ("1 250,5", "", ["1250.5"]),
        ("1,250,000", "", ["1250000"]),
        ("1.250.000", "", ["1250000"]),
    ],
)
def test_every_meaning_of_a_number_is_named(text: str, sign: str, ways: list[str]) -> None:
    number = parse_number(text)
    assert number is not None
    assert number.sign == sign
    assert list(number.possible_amounts) == [Decimal(way) for way in ways]


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", "high", "2..5", "2,,5", "2.5.1", "1,25,000", "12,34,567", "1.250.5", "1,250,5"],
        *["less than", "less 15", "less than <15", "15 or less"],
        *["--2", "0x3", "1e3", "1_250", "NaN", "<", "<<3", "=<3", "~3", "3+", "2.5 mmol/L", "1 25"],
        *[
            "\u0663",
            "\uff12",
            "2.",
            ".5",
            "01 250",
            "1  250",
            "3<",
            "2-3",
            "1" * 13,
            "0." + "0" * 31,
        ],
        *["2.5\n3", "9" * 100_000],
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_number_means_nothing(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("amount", "said"),
    [("1.250", "1.25"), ("1.253", "1.2530"), ("1250", "1250"), ("100", "100"), ("0.5", "0.5")],
)
def test_an_amount_is_said_so_that_it_can_mean_nothing_else(amount: str, said: str) -> None:
    assert format_unambiguously(Decimal(amount)) == said
    number = parse_number(said)
    assert number is not None
    assert number.possible_amounts == (Decimal(amount),)
