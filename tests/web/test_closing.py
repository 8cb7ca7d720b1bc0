"""A nurse before an emergency that nobody answers: what one person can do, and what needs two."""

from __future__ import annotations

import re

import pytest

from tests.visitor import Page
from tests.web.desk import CALM, EMERGENCY, TODAY, House, Member
from tests.web.handed_in import act, checked, glance, handed, hidden, kinds

WORDS = "Rang three times.\nA neighbour says <she> moved."
UNFIT = {
    "emergency": {
        *("appointment_kept", "brought_forward", "other_service", "seen_today"),
        *("advice_given", "not_reached"),
    },
    "same_day": {"appointment_kept", "brought_forward", "advice_given", "not_reached"},
}
LEVELS = {"emergency": EMERGENCY, "same_day": TODAY}


@pytest.fixture
def nurse(house: House) -> Member:
    return house.member("nurse", clinic=f"Ward {house.hired}", name="Kim Lee")


@pytest.fixture
def other(house: House, nurse: Member) -> Member:
    return colleague(house, nurse, "nurse")


def colleague(house: House, nurse: Member, role: str, name: str = "Lou Park") -> Member:
    clinic = next(name for name, id_ in house.clinics.items() if id_ == nurse.clinic)
    someone = house.member(role, clinic=clinic, name=name)
    nurse.sign_in()
    return someone


def offered(page: Page, id_: str = "close-outcome") -> set[str]:
    """The ends that a form offers."""
    form = re.search(rf'<select[^>]*id="{id_}".*?</select>', page.html, re.DOTALL)[0]
    return {value for value in re.findall(r'<option value="(\w*)"', form) if value}


def ask(nurse: Member, address: str, status: int = 200, **more: str) -> Page:
    """Open the page that stops, and ask a second person."""
    fields = {"outcome": "not_reached", "words": WORDS, "agree": "yes"} | more
    page = nurse.get(f"{address}/ask-close")
    return nurse.post(f"{address}/ask-close", hidden(page, f"{address}/ask-close") | fields, status)


# --- What one person is offered ---


@pytest.mark.parametrize("level", LEVELS)
def test_only_ends_that_bring_the_help_in_time_are_offered(
    house: House, nurse: Member, level: str
) -> None:
    address = handed(house, nurse, LEVELS[level])
    page = nurse.get(address)
    assert offered(page).isdisjoint(UNFIT[level])
    assert "emergency_service" in offered(page)
    assert f"{address}/ask-close" in page.links
    stop = nurse.get(f"{address}/ask-close")
    assert {one["value"] for one in stop.all("input", name="outcome")} == UNFIT[level]


def test_where_it_can_wait_every_end_is_offered_and_nothing_stops(
    house: House, nurse: Member
) -> None:
    address = handed(house, nurse, CALM)
    page = nurse.get(address)
    assert offered(page) == UNFIT["emergency"] | {"emergency_service"}
    assert f"{address}/ask-close" not in page.links
    assert nurse.get(f"{address}/ask-close").url == address


def test_after_three_calls_in_vain_it_says_who_can_look(house: House, nurse: Member) -> None:
    address = handed(house, nurse, EMERGENCY)
    for _ in range(3):
        assert "calls reached nobody" not in nurse.get(address).text
        act(nurse, address, "call", outcome="no_answer")
    assert "3 calls reached nobody. Try another number, or ask 999" in nurse.get(address).text


# --- A form made by hand ---


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("step", ["close", "agree-close"])
def test_a_form_made_by_hand_is_refused_and_loses_nothing(
    house: House, nurse: Member, level: str, step: str
) -> None:
    address = checked(house, nurse, LEVELS[level])
    if step == "close":
        act(nurse, address, "agree")
    before = kinds(house, nurse, address)
    for outcome in sorted(UNFIT[level]):
        fields = hidden(nurse.get(address), f"{address}/close")
        page = nurse.post(f"{address}/{step}", fields | {"outcome": outcome, "words": WORDS}, 422)
        assert page.h1 == ["Stop. This leaves a person without help"]
        assert "One person alone cannot close it in this way. Your words are kept." in page.text
        assert "Rang three times.\nA neighbour says &lt;she&gt; moved.</textarea>" in page.html
        assert [f["value"] for f in page.all("input", name="outcome") if "checked" in f] == [
            outcome
        ]
        assert kinds(house, nurse, address) == before


def test_what_is_missing_on_the_page_that_stops_is_told_and_the_words_stay(
    house: House, nurse: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    assert "Say in words why" in ask(nurse, address, 422, words=" ").text
    page = ask(nurse, address, 422, outcome="")
    assert "Choose what came of it" in page.text
    assert "A neighbour says &lt;she&gt; moved.</textarea>" in page.html
    page = ask(nurse, address, 422, outcome="appointment_kept")
    assert "First check who it is" in page.text
    assert kinds(house, nurse, address) == []


# --- The page that stops ---


def test_it_names_what_would_be_left_and_what_the_patient_reads(
    house: House, nurse: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    act(nurse, address, "call", outcome="no_answer")
    page = nurse.get(f"{address}/ask-close")
    assert "Breathing and thinking: New confusion, or hard to wake." in page.text
    assert "The patient reads now: “Call 999 or go to A&E now”" in page.text
    assert "Calls that reached nobody: 1 of 3." in page.text
    assert "Refer them on, then close it: Sent to emergency care." in page.text


def test_where_nobody_else_is_there_it_says_so_and_what_one_can_do(
    house: House, nurse: Member
) -> None:
    address = handed(house, nurse, TODAY)
    page = nurse.get(f"{address}/ask-close")
    assert "Nobody else at your clinic may agree." in page.text
    assert page.all("form", action=f"{address}/raise")
    assert f"{address}#close-outcome" in page.links
    other = colleague(house, nurse, "nurse")
    colleague(house, nurse, "auditor", name="Aud It")
    page = nurse.get(f"{address}/ask-close")
    assert "Signed in now: Lou Park." in page.text
    other.post("/sign-out")
    page = nurse.get(f"{address}/ask-close")
    assert "Nobody else who may agree is signed in now. It stays open" in page.text


def test_a_colleague_who_was_idle_for_too_long_is_not_there(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    assert "Signed in now: Lou Park." in nurse.get(f"{address}/ask-close").text
    other.wait(16 * 60)
    nurse.sign_in()
    page = nurse.get(f"{address}/ask-close")
    assert "Nobody else who may agree is signed in now." in page.text
    assert "it goes on alarming" in page.text


# --- Two people ---


def test_it_stays_open_until_a_second_person_agrees(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    page = ask(nurse, address)
    assert page.url == address
    assert "Second look, to close: Kim Lee" in glance(page)
    assert "You asked a second person to close it: Could not be reached." in page.text
    assert "Signed in now: Lou Park." in page.text
    for show in ("all", "second"):
        assert "Second look, to close" in nurse.get(f"/worklist/{show}").text
    refused = nurse.post(
        f"{address}/second", {"after": "3", "key": "k", "about": "close", "answer": "yes"}, 422
    )
    assert "A second person has to say this" in refused.text
    page = other.get(address)
    assert "Kim Lee: Could not be reached. “Rang three times. A neighbour says <she> moved.”" in (
        page.text
    )
    assert "Breathing and thinking: New confusion" in page.text
    fields = {"about": "close", "answer": "yes", "words": "I know them."}
    page = other.post(f"{address}/second", hidden(page, f"{address}/second") | fields)
    assert "This is done" in page.text
    assert "Lou Park: agreed, and closed it. Could not be reached. “I know them.”" in page.text
    assert kinds(house, nurse, address) == ["claim", "agree", "ask_close", "close_yes"]
    said = r"Lou Park agreed, and closed it \([^)]+\): Could not be reached “I know them.”"
    assert re.search(said, page.text)  # the text for the record


def test_a_second_person_can_keep_it_open(house: House, nurse: Member, other: Member) -> None:
    address = handed(house, nurse, EMERGENCY)
    ask(nurse, address)
    page = act(other, address, "second", about="close", answer="no", words="Ask the police.")
    assert "Lou Park: kept it open. Could not be reached. “Ask the police.”" in page.text
    assert "Taken: Kim Lee" in glance(page)
    assert "emergency_service" in offered(nurse.get(address))


def test_meanwhile_one_person_can_still_refer_on(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    page = ask(nurse, address)
    fields = hidden(page, f"{address}/close") | {"outcome": "emergency_service"}
    assert "This is done" in nurse.post(f"{address}/close", fields).text
    refused = other.post(
        f"{address}/second", {"after": "4", "key": "k", "about": "close", "answer": "yes"}, 422
    )
    assert "This is closed" in refused.text


def test_who_comes_second_is_told_who_was_first_and_keeps_the_words(
    house: House, nurse: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    form = hidden(nurse.get(f"{address}/ask-close"), f"{address}/ask-close")
    act(nurse, address, "call", outcome="no_answer")
    fields = form | {"outcome": "not_reached", "words": WORDS, "agree": "yes"}
    page = nurse.post(f"{address}/ask-close", fields, 422)
    assert "Kim Lee did something here first. Your words are kept." in page.text
    assert "Rang three times.\nA neighbour" in page.html
    again = hidden(page, f"{address}/ask-close") | {"outcome": "not_reached", "words": WORDS}
    assert nurse.post(f"{address}/ask-close", again | {"agree": "yes"}).url == address


def test_what_someone_else_has_taken_cannot_be_asked_about(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    act(other, address, "claim")
    assert nurse.get(f"{address}/ask-close").url == address
    fields = {"after": "1", "key": "k", "outcome": "not_reached", "words": WORDS}
    page = nurse.post(f"{address}/ask-close", fields)
    assert page.url == address
    assert kinds(house, nurse, address) == ["claim"]


# --- The alarm and the counts ---


def test_every_page_of_staff_alarms_while_an_emergency_waits_to_be_closed(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    nurse.get(address)
    ask(nurse, address)
    assert "An emergency has waited" not in nurse.get("/account").text
    for someone in (nurse, other):
        someone.wait(6 * 60)
        someone.sign_in()
    for someone in (nurse, other):
        assert "An emergency has waited for someone since" in someone.get("/account").text
    act(other, address, "second", about="close", answer="no")
    assert "An emergency has waited" not in nurse.get("/account").text


def test_a_lead_sees_how_often_two_closed_it(house: House, nurse: Member, other: Member) -> None:
    lead = colleague(house, nurse, "lead", name="Ada Hill")
    other.sign_in()
    for answer in ("yes", "no"):
        address = handed(house, nurse, EMERGENCY)
        ask(nurse, address)
        act(other, address, "second", about="close", answer=answer)
    lead.sign_in()
    page = lead.get("/agreement")
    assert "Closed without the help that the level asks for" in page.text
    assert re.search(r"Could not be reached 2 1 1", page.text)
    assert "Decisions: 2. In 2 of them the nurse agreed" in page.text


def test_the_audit_names_asking_and_agreeing(house: House, nurse: Member, other: Member) -> None:
    address = handed(house, nurse, EMERGENCY)
    ask(nurse, address)
    act(other, address, "second", about="close", answer="yes")
    page = nurse.get(f"{address}/looks")
    assert "Asked a second person to close the submission" in page.text
    assert "Agreed, and closed the submission" in page.text
