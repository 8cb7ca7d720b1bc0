"""Shifts on the pages: taking over, handing over, who is looking, and words that survive."""

from __future__ import annotations

import pytest

from tests.web.desk import EMERGENCY, House, Member
from tests.web.handed_in import act, handed, hidden


@pytest.fixture
def nurse(house: House) -> Member:
    return house.member(name="Kim Lee")


@pytest.fixture
def other(house: House) -> Member:
    return house.member(name="Lou Park")


def test_who_had_it_reads_who_took_it_over_and_why(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse)
    act(nurse, address, "claim")
    assert "Say in words why you take it over" in act(other, address, "take-over", 422).text
    page = act(other, address, "take-over", words="Kim is at lunch.")
    assert "Taken: Lou Park" in page.text
    assert "took it over from Kim Lee." in page.text
    page = nurse.get(address)
    assert "Lou Park took this over from you" in page.text
    assert "“Kim is at lunch.”" in page.text


def test_an_emergency_is_taken_over_without_a_word(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    act(nurse, address, "claim")
    page = other.get(address)
    assert page.all("textarea", name="words") == []
    assert "Taken: Lou Park" in act(other, address, "take-over").text


def test_a_shift_is_handed_over_on_one_page_and_accepted_on_one(
    house: House, nurse: Member, other: Member
) -> None:
    rows = [handed(house, nurse, given) for given in (EMERGENCY, EMERGENCY)]
    for address in rows:
        act(nurse, address, "claim")
    page = nurse.get("/hand-over")
    key = page.all("input", name="key")[0]["value"]
    fields = {"key": key, "words": "Off now."}
    refused = nurse.post("/hand-over", fields, 422)
    assert "Choose someone who can review" in refused.text
    assert "Off now." in refused.text
    page = nurse.post("/hand-over", fields | {"to_staff": other.id})
    assert page.text.count("Handed to Lou Park, not accepted yet") == 2
    assert "Handed to Lou Park, not accepted yet" in other.get("/worklist").text
    page = other.get("/hand-over")
    assert set(rows) <= set(page.links)
    page = other.post("/hand-over/accept", {"key": page.all("input", name="key")[0]["value"]})
    assert "You are asked to take" not in page.text
    assert "Taken: Lou Park" in nurse.get(rows[0]).text


def test_what_someone_had_is_free_once_they_sign_out(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    act(nurse, address, "claim")
    nurse.post("/sign-out")
    page = other.get(address)
    assert "Kim Lee: has it no longer. They were signed out." in page.text
    assert page.all("form", action=f"{address}/claim")


def test_who_is_looking_at_it_stands_on_the_page_and_on_the_list(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse)
    nurse.get(address)
    assert "is looking at it" not in nurse.get(address).text
    assert "Kim Lee is looking at it" in other.get(address).text
    assert "Lou Park is looking at it" in nurse.get("/worklist").text


def test_words_that_were_refused_come_back_to_be_copied_also_where_only_reading_is_left(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse)
    opened = hidden(other.get(address), f"{address}/note")
    act(nurse, address, "claim")
    page = other.post(f"{address}/note", opened | {"words": "She rang us."}, 422)
    assert "Kim Lee did something here first" in page.text
    assert page.all("form", action=f"{address}/note") == []
    (box,) = page.all("textarea", id="kept-words")
    assert "readonly" in box
    assert "She rang us." in page.text
    assert page.all("button", **{"data-copy": "kept-words"})


def test_words_come_back_also_from_what_was_closed_meanwhile(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    opened = hidden(other.get(address), f"{address}/call")
    fields = hidden(nurse.get(address), f"{address}/close") | {"outcome": "emergency_service"}
    nurse.post(f"{address}/agree-close", fields)
    typed = {"outcome": "answered", "words": "Her son answered."}
    page = other.post(f"{address}/call", opened | typed, 422)
    assert page.all("textarea", id="kept-words")
    assert "Her son answered." in page.text


def test_who_had_it_is_told_on_the_worklist_and_at_hand_over_until_they_open_it(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse)
    act(nurse, address, "claim")
    act(other, address, "take-over", words="You went <home>.")
    for path in ("/worklist", "/hand-over"):
        page = nurse.get(path)
        assert "Lou Park took this over from you" in page.text
        assert "You went <home>." in page.text
        assert address in page.links
        assert "took this over" not in other.get(path).text
    assert "Lou Park took this over from you" in nurse.get(address).text
    for path in ("/worklist", "/hand-over"):
        assert "took this over" not in nurse.get(path).text
