"""Lowering on the pages: each sign is ticked, and where the level is read, its origin is read."""

from __future__ import annotations

import html

import pytest

from tests.builders import answers
from tests.web.desk import House, Member
from tests.web.handed_in import act, glance, handed, lowering, part

BLACK = answers(
    skin=["dead_skin", "open"],
    place=["finger"],
    kidney="dialysis",
    breath="confused",
    pain="severe",
)


@pytest.fixture
def nurse(house: House) -> Member:
    return house.member(name="Kim Lee")


@pytest.fixture
def other(house: House) -> Member:
    return house.member(name="Lou Park")


def sbar(page) -> str:
    """The full text for the record."""
    written = page.html.partition('id="sbar-full"')[2].partition("</textarea>")[0]
    return html.unescape(written)


def test_every_sign_is_ticked_or_the_page_names_what_is_missing_and_keeps_the_rest(
    house: House, nurse: Member
) -> None:
    address = handed(house, nurse, BLACK)
    whole = lowering(nurse, address)
    assert len(whole["rule"]) > 2, "or the test shows nothing"
    left_out, *some = whole["rule"]
    page = act(nurse, address, "lower", 422, **whole | {"rule": some, "level": "self_care"})
    assert "Tick every sign that the new level sets aside. Not ticked yet" in page.text
    assert f"#rule-{left_out}" in page.links
    assert not {f"#rule-{rule}" for rule in some} & set(page.links)
    assert {*some, "self_care", "examined"} <= page.ticked
    assert "Seen at the desk." in page.text


def test_words_are_needed_from_today_on(house: House, nurse: Member) -> None:
    address = handed(house, nurse)
    page = act(nurse, address, "lower", 422, **lowering(nurse, address) | {"words": " "})
    assert "Say in words why this is right" in page.text


def test_from_emergency_the_second_person_reads_reason_words_levels_and_every_sign(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse, BLACK)
    whole = lowering(nurse, address) | {"words": "Same toe for years."}
    signs = nurse.get(f"{address}/lower").all("input", name="rule")
    page = act(nurse, address, "lower", **whole)
    actions = part(page, "actions", "</section>")
    assert "Signed in now: " in actions
    assert "Lou Park" in actions
    asked = part(other.get(address), "actions", 'action="/submissions')
    assert "Kim Lee: Lower it from Emergency to Routine visit." in asked
    assert "Someone looked at it in person. “ Same toe for years. ”" in asked
    grave = [box["value"] for box in signs if box["value"].startswith("E")]
    assert len(grave) > 1
    assert asked.count("Emergency ") >= len(grave)


def test_original_level_and_reason_stand_wherever_the_level_is_read(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse, BLACK)
    act(nurse, address, "lower", **lowering(nurse, address) | {"words": "Same toe for years."})
    act(other, address, "second", answer="yes", words="I saw it too.")
    page, lowered = nurse.get(address), "Lowered from Emergency (Someone looked at it in person)"
    assert lowered in glance(page)
    for address_of in ("/worklist", f"{address}/print"):
        assert lowered in nurse.get(address_of).text
    written = sbar(page)
    assert "Level: Routine visit; lowered from Emergency: Someone looked at it in person" in written
    assert "“Same toe for years.”" in written
    assert "“I saw it too.”" in written
    assert "Set aside:" in written


def test_who_asked_reads_why_the_level_was_kept(house: House, nurse: Member, other: Member) -> None:
    address = handed(house, nurse)
    act(nurse, address, "lower", **lowering(nurse, address))
    act(other, address, "second", answer="no", words="The pus is new.")
    actions = part(nurse.get(address), "actions", "</form>")
    assert "Lou Park kept the level." in actions
    assert "The pus is new." in actions


def test_the_text_for_the_record_holds_calls_notes_and_how_it_ended(
    house: House, nurse: Member
) -> None:
    address = handed(house, nurse)
    act(nurse, address, "call", outcome="no_answer", words="Rang twice.")
    act(nurse, address, "note", words="Her son helps.")
    act(nurse, address, "agree")
    page = act(nurse, address, "close", outcome="emergency_service", words="Ambulance is there.")
    written = sbar(page)
    for said in ("No answer “Rang twice.”", "noted (", "“Her son helps.”"):
        assert said in written
    assert "closed it (" in written
    assert "): Sent to emergency care “Ambulance is there.”" in written
    assert f"{address}/plain#sbar" in page.links
