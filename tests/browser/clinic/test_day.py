"""A clinic's day in five browsers: forty invited, thirty send, three stop, three staff review.

Every promise that is shown to a patient holds or is taken back within a minute, nothing is lost,
and no row moves under a hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser

from benchmarks.nurse_journeys import JOURNEYS
from tests.browser.clinic.day import MINUTE, Day, read_times
from tests.browser.clinic.day_steps import (
    AMINA,
    BEN,
    LAST,
    MOVED,
    NORMAL,
    QUIET,
    RACED,
    SENDERS,
    STOPPED,
    WORSE,
    run_day,
    words_for,
)
from tests.web.desk import House

COUNTED = {
    "clicks to invite": "invite 30 from an Excel file",
    "keys to close": "close with words, open the next",
    "clicks to move": "bring a visit forward to a date",
    "clicks to hand over": "hand over a shift",
}


@pytest.fixture(scope="module")
def day(
    house: House, browser: Browser, address: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Day]:
    """The whole day, lived once."""
    day = Day(house, browser, address)
    run_day(day, tmp_path_factory.mktemp("list"))
    yield day
    day.leave()


@pytest.fixture
def seen(day: Day) -> dict[str, Any]:
    """What staff and patients read at each step."""
    return day.seen


# --- What patients are promised ---


def test_every_promise_to_a_patient_holds_or_is_taken_back_within_a_minute(day: Day) -> None:
    assert day.broken == []
    assert len(day.named) > 5


def test_a_minute_after_a_missed_time_the_page_says_what_to_do_instead(
    day: Day, seen: dict[str, Any]
) -> None:
    pages = day.read[NORMAL]
    promised = max(time for time in read_times(pages[0][1]))
    now, words = next(page for page in pages if page[0] >= promised)
    assert now - promised <= MINUTE
    assert "Nobody has looked at them yet. Please call the clinic" in words
    assert NORMAL in seen["late"]


def test_who_sends_after_hours_is_not_told_to_wait_for_a_closed_clinic(day: Day) -> None:
    evening, *_, monday = [words for _, words in day.read[LAST]]
    assert "The clinic is closed. Nobody there reads this before 18 January 2027, 09:00" in evening
    assert "Do not wait for the clinic. Do now what it says here." in evening
    assert "Nobody has looked at them yet. Please call the clinic" in monday


def test_a_patient_reads_the_new_day_of_the_visit_and_no_old_one(seen: dict[str, Any]) -> None:
    assert f"Your new visit: {seen['new visit']}" in seen["read of the visit"]
    assert "March 2027" not in seen["read of the visit"]


def test_who_stops_at_an_emergency_is_told_to_call_and_what_the_clinic_has(
    seen: dict[str, Any],
) -> None:
    assert "Call 999 or go to A&E now" in seen["told by phone"]
    assert "It has not called help. Call now, if nobody has." in seen["told by phone"]
    assert "Stopped at an emergency. No answers were sent." in seen["stopped, silent"]
    assert seen["alarm"] == 1
    assert seen["alarm afterwards"] == 0


def test_who_comes_back_worse_is_told_to_call_and_stands_first(seen: dict[str, Any]) -> None:
    assert seen["read when worse"].startswith("Get help now.")
    assert WORSE in seen["row when worse"]
    assert "Came back worse" in seen["row when worse"]


# --- What staff have under their hands ---


def test_no_row_moves_under_a_hand_while_others_come_and_are_taken(seen: dict[str, Any]) -> None:
    assert seen["moved by, px"] <= 1
    assert seen["still focused"]
    assert "Emergency 1" in seen["notice"]


def test_a_lowered_level_stands_only_once_a_second_person_agreed(seen: dict[str, Any]) -> None:
    assert f"Second look: {AMINA}" in seen["before the second person"]
    assert "Lowered from" not in seen["before the second person"]
    assert "Lower it from Today to Within 2 weeks" in seen["asked of the second person"]
    assert "Lowered from Today" in seen["after the second person"]
    assert "lowered from Today" in seen["record of the lowering"]


def test_what_is_handed_over_is_the_colleague_s_once_accepted(seen: dict[str, Any]) -> None:
    rows = seen["of the one who accepted"]
    assert all(reference in rows for reference in QUIET[-3:])
    assert f"Taken\n{BEN}" in rows


def test_who_takes_over_says_why(seen: dict[str, Any]) -> None:
    assert "Amina is at lunch." in seen["taken over"]


@pytest.mark.parametrize("counted", COUNTED)
def test_on_a_full_day_too_no_work_takes_more_than_it_may(
    seen: dict[str, Any], counted: str
) -> None:
    assert seen[counted] <= JOURNEYS[COUNTED[counted]].aim


# --- What is kept ---


def test_nothing_that_was_sent_is_lost(day: Day, seen: dict[str, Any]) -> None:
    assert set(seen["found"]) == {*SENDERS, *STOPPED[:2]}
    assert len(set(seen["found"].values())) == len(SENDERS) + 2
    assert seen["done"].count("patient_invited") == 40
    assert seen["done"].count("submission_arrived") == len(SENDERS) + 2
    assert len(day.guests) == 40


def test_every_typed_word_stands_where_it_is_to_be_read_and_nowhere_else(
    day: Day, seen: dict[str, Any]
) -> None:
    assert seen["lost"] == []
    assert seen["kept words"] == words_for(RACED)
    assert len(day.for_patients) > len(QUIET)
    assert MOVED not in day.for_patients


def test_the_month_of_the_lead_counts_what_happened_and_names_nobody(
    seen: dict[str, Any],
) -> None:
    levels = seen["report"].partition('id="group-level"')[2].partition("</table>")[0]
    assert re.findall(r"<strong>(\d+)</strong>", levels) == [str(len(SENDERS) + 2)]
    invited = seen["report"].partition('id="group-invited"')[2].partition("</table>")[0]
    assert re.findall(r"<strong>(\d+)</strong>", invited) == ["40"]
    for reference in (*SENDERS, *STOPPED):
        assert reference not in seen["report"]
        assert reference not in seen["report file"]


def test_no_browser_complains_or_asks_anyone_else(day: Day) -> None:
    assert day.complaints() == []


# --- The look at what is promised ---


@dataclass
class Page:
    """What a patient's page says."""

    words: str


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("Look by 1 January 2020, 10:00.", "still names ['10:00']"),
        ("Your answers were sent.", "says neither when nor what instead"),
        ("Look by 1 January 2030, 10:00.", None),
        ("Nobody has looked. Please call the clinic now.", None),
    ],
)
def test_a_promise_that_is_broken_would_be_noted(
    house: House, browser: Browser, words: str, fault: str | None
) -> None:
    day = Day(house, browser, "", guests={"X": Page(words)}, sent=["X"])
    day.read_pages()
    assert [line.rpartition(" X ")[2] for line in day.broken] == ([fault] if fault else [])
