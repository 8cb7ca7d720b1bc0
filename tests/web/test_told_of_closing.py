"""What a person is told of a closing: never to call for help, and that all stays as it is."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest

from app.assurance.readability import coleman_liau_grade, flesch_kincaid_grade
from app.store import invitations, review_steps, reviews, submission_reads, worklist_rows
from app.store.review_details import MovedVisit
from app.store.review_steps import DISPOSITIONS, ReviewStep
from tests.store.patients import KNOWN
from tests.visitor import Visitor
from tests.web.desk import EMERGENCY, SECURE, TODAY, House, Member
from tests.web.handed_in import checked, handed
from tests.web.test_every_page import Blocks
from tests.web.test_share import WHO, code_on, share, take

LEVELS = {"emergency": EMERGENCY, "same_day": TODAY}
BY_TWO = [
    *(("emergency", end) for end in DISPOSITIONS if end != "emergency_service"),
    *(("same_day", end) for end in ("appointment_kept", "brought_forward", "advice_given")),
    ("same_day", "not_reached"),
]
STAYS = re.compile(r"stays as it is|is moved to an earlier|was brought forward|gave you advice\.$")
VISIT = date(2027, 6, 1)


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    return house.member("nurse", name="Kim Lee")


@pytest.fixture(scope="module")
def other(house: House) -> Member:
    return house.member("nurse", name="Lou Park")


def step(house: House, who: Member, address: str, kind: str, **more: Any) -> None:
    sent = address.rpartition("/")[2]
    with house.store.writing_scope(who.clinic, house.now, who.id) as scope:
        after = worklist_rows.require_row(scope, sent, house.now).last_entry
        moved = MovedVisit(house.now.date() + timedelta(days=3), "10:30", "Dr Hill")
        usual = {"visit": moved} if more.get("outcome") == "brought_forward" else {}
        whole = ReviewStep(kind, after, f"{kind}{after}{sent}", **usual | more)
        reviews.perform_step(scope, sent, whole, house.app.state.context.policy.targets)


def closed_by_two(
    house: House, nurse: Member, other: Member, level: str, outcome: str
) -> tuple[str, str]:
    """The address of the submission, and the link of its person."""
    address = checked(house, nurse, LEVELS[level], appointment_on=VISIT)
    step(house, nurse, address, "agree")
    step(house, nurse, address, "ask_close", outcome=outcome, words="As agreed with the ward.")
    step(house, other, address, "close_yes")
    return address, link_of(house, nurse, address)


def link_of(house: House, nurse: Member, address: str) -> str:
    with house.store.reading_scope(nurse.clinic) as scope:
        found = submission_reads.find_submission(scope, address.rpartition("/")[2])
        return f"/i/{invitations.find_invitation(scope, house.now, str(found.invitation_id)).token}"


def check(text: str, level: str, action: str) -> None:
    """What holds for every page and paper that tells of it."""
    assert action in text
    assert not STAYS.search(text)
    assert "came to a decision" not in text
    assert "does not replace" in text
    assert ("Call now" in text) is (level == "emergency")


@pytest.mark.parametrize(("level", "outcome"), BY_TWO)
def test_what_was_closed_without_its_help_still_tells_to_get_it(
    house: House, nurse: Member, other: Member, level: str, outcome: str
) -> None:
    address, link = closed_by_two(house, nurse, other, level, outcome)
    page, copy = Visitor(house.app, SECURE).get(link), nurse.get(f"{address}/copy")
    assert page.level == copy.level == level
    today = house.app.state.context.page_wording.regions["uk"]["urgent_heading"]
    check(page.text, level, "Do not wait for the clinic" if level == "emergency" else today)
    check(copy.text, level, "The clinic closed this on")
    assert ("call the clinic" in copy.text) is (level == "same_day")
    # A day that was typed is soon enough only for what can wait until then.
    assert "Do not wait for this visit." in page.text
    if outcome in ("appointment_kept", "brought_forward"):
        assert "Do not wait for this visit." in copy.text
    texts = Blocks(page.html).texts
    whole = [text for text in texts if text.endswith((".", "?", "!"))]
    assert flesch_kincaid_grade(whole) <= 6
    assert coleman_liau_grade(whole) <= 8


@pytest.mark.parametrize("level", LEVELS)
def test_what_one_person_closed_before_two_were_needed_is_told_without_contradiction(
    house: House, nurse: Member, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    monkeypatch.setattr(review_steps, "closings_by_two", lambda _: ())  # as it was
    address = checked(house, nurse, LEVELS[level], appointment_on=VISIT)
    step(house, nurse, address, "agree")
    step(house, nurse, address, "close", outcome="appointment_kept")
    monkeypatch.undo()
    page = Visitor(house.app, SECURE).get(link_of(house, nurse, address))
    assert page.level == level
    check(page.text, level, "It noted the visit that is booked for you.")
    check(nurse.get(f"{address}/copy").text, level, "It noted the visit that is booked for you.")
    assert "closed it. The visit stays as it is" in nurse.get(address).text
    assert nurse.get(f"{address}/print").html


def test_who_could_not_be_reached_is_told_to_get_help_before_calling_the_clinic(
    house: House, nurse: Member, other: Member
) -> None:
    _, link = closed_by_two(house, nurse, other, "emergency", "not_reached")
    page = Visitor(house.app, SECURE).get(link)
    assert "It tried to reach you and could not. This does not replace calling." in page.text
    assert "call the clinic" not in page.text.lower().split("it tried")[1].split("if it gets")[0]


def test_a_closing_that_waits_for_a_second_person_is_told_as_open(
    house: House, nurse: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    step(house, nurse, address, "agree")
    step(house, nurse, address, "ask_close", outcome="not_reached", words="Moved.")
    page = Visitor(house.app, SECURE).get(link_of(house, nurse, address))
    assert page.level == "emergency"
    assert page.h1 == ["Get help now. Your answers were sent too"]
    assert "closed" not in page.text
    assert "has not decided yet" in nurse.get(f"{address}/copy").text


def test_a_shared_check_is_told_the_same(house: House, nurse: Member, other: Member) -> None:
    person = Visitor(house.app, SECURE)
    person.walk(EMERGENCY)
    address = take(nurse, code_on(share(person))).url
    step(house, nurse, address, "identify", **KNOWN, **WHO)
    step(house, nurse, address, "agree")
    step(house, nurse, address, "ask_close", outcome="advice_given", words="On the ward.")
    step(house, other, address, "close_yes")
    for page in (person.get("/share"), person.get("/share/news")):
        assert page.level == "emergency"
        check(page.text, "emergency", "It noted that a nurse gave you advice.")
