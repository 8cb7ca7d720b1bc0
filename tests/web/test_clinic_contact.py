"""How a patient reaches the clinic, and when they are told that a nurse looks."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.presentation.clinic_contact import ClinicContact, describe_promise
from app.store import submission_reads
from app.store.clinics import load_policy
from app.store.db.tables import Clinic
from app.store.opening_hours import is_open_by
from app.store.worklist_rows import rank_and_due
from app.triage.terms import Urgency
from tests.builders import RULES, examples
from tests.store.rows import A_ROW_OF
from tests.visitor import Page
from tests.web.desk import CALM, EMERGENCY, TODAY, House, Member, Patient
from tests.web.handed_in import act, checked, sent
from tests.web.test_invitations import invite_all

NUMBER = "(020) 7946 0000"
TARGETS = load_policy(RULES).targets
ROW = A_ROW_OF["clinic"] | {"closed_days": [], "targets": {}}
EVENINGS = [[["18:00", "21:00"]] if day in (1, 3) else [] for day in range(7)]
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    """Of a clinic that patients can call."""
    someone = house.member("nurse", clinic="Reachable")
    with house.store.writing_scope(someone.clinic, house.now, "command") as scope:
        scope.update_rows(Clinic, to={"telephone": NUMBER, "address": "1 Hill Street\nLondon"})
    return someone


@pytest.fixture(autouse=True)
def _a_morning_on_which_all_work(house: House, nurse: Member) -> None:
    set_clock(house, nurse, weekday=0, hour=10)


def set_clock(house: House, someone: Member, weekday: int, hour: int) -> None:
    """The next such day and hour."""
    begin = house.now.replace(hour=hour, minute=0) + timedelta(days=1)
    house.clock.seconds = (begin + timedelta(days=(weekday - begin.weekday()) % 7)).timestamp()
    someone.sign_in()


def due_of(house: House, nurse: Member, patient: Patient) -> datetime:
    with house.store.reading_scope(nurse.clinic) as scope:
        found = submission_reads.find_invitation_receipt(scope, patient.invitation, house.now)
    return found.due_at


def says_where_to_call(page: Page) -> bool:
    """Whether each time that the page tells someone to call the clinic, the number follows."""
    asked = re.findall(r"call the clinic(?! on \(020\) 7946 0000)", page.text)
    return f"call the clinic on {NUMBER}" in page.text and not asked


def test_wherever_a_patient_is_told_to_call_the_clinic_its_number_follows(
    house: House, nurse: Member
) -> None:
    patient = Patient(house, nurse)
    pages = [patient.get(patient.link)]
    for given_answers in (CALM, TODAY):
        address, sender = sent(house, nurse, given_answers)
        pages.append(sender.get(sender.link))
        pages.append(nurse.get(f"{address}/copy"))
    address, sender = sent(house, nurse, CALM)
    house.clock.seconds = due_of(house, nurse, sender).timestamp()
    nurse.sign_in()
    pages.append(sender.get(sender.link))
    for _ in range(3):
        act(nurse, address, "call", outcome="no_answer")
    act(nurse, address, "agree")
    act(nurse, address, "close", outcome="not_reached")
    pages += [sender.get(sender.link), nurse.get(f"{address}/copy")]
    for page in pages:
        assert says_where_to_call(page), page.text
    for page in (pages[0], pages[1], pages[-2]):
        assert "tel:02079460000" in page.links
        assert "1 Hill Street" in page.text


def test_the_number_stands_on_each_slip(nurse: Member) -> None:
    made = invite_all(nurse, "R-1, Jo\nR-2, Bo")
    page = nurse.get(f"{made.url}/slips")
    assert page.text.count(f"If you cannot do this, call {NUMBER}.") == 2


def test_without_a_number_a_patient_is_told_where_to_find_it(house: House) -> None:
    nurse = house.member("nurse", clinic="Silent")
    set_clock(house, nurse, weekday=0, hour=10)
    _, patient = sent(house, nurse, CALM)
    page = patient.get(patient.link)
    assert "call the clinic on the number that it gave you" in page.text
    assert {link for link in page.links if link.startswith("tel:")} <= {"tel:999", "tel:111"}
    made = invite_all(nurse, "R-1, Jo")
    assert "If you cannot do this" not in nurse.get(f"{made.url}/slips").text


def test_no_emergency_page_shows_the_number_of_the_clinic_above_that_of_help(
    house: House, nurse: Member
) -> None:
    patient = Patient(house, nurse)
    pages = [patient.send_all(EMERGENCY)]
    address = checked(house, nurse, EMERGENCY)
    pages.append(nurse.get(f"{address}/copy"))
    for page in pages:
        assert "999" in page.text
        first = page.html.find("7946 0000")
        assert first == -1 or page.html.index("999") < first


@pytest.mark.parametrize(
    ("typed", "dialled"),
    [("(020) 7946 0000", "02079460000"), ("+44 20-7946.0000", "+442079460000"), ("", "")],
)
def test_a_number_is_dialled_without_the_signs_between_its_digits(typed: str, dialled: str) -> None:
    assert ClinicContact.from_clinic(Clinic(**ROW | {"telephone": typed})).dialled == dialled


def test_what_was_sent_at_night_is_said_to_be_read_by_nobody_before_the_clinic_opens(
    house: House, nurse: Member
) -> None:
    set_clock(house, nurse, weekday=4, hour=20)
    _, patient = sent(house, nurse, TODAY)
    page = patient.get(patient.link)
    assert re.search(
        r"The clinic is closed\. Nobody there reads this before .+, 09:00\.", page.text
    )
    assert "Do not wait for the clinic. Do now what it says here." in page.text
    assert "should look at them by" not in page.text
    house.clock.seconds += 24 * 3600
    later = patient.get(patient.link)
    assert re.search(
        r"Nobody has looked at them yet\. The clinic is closed\. It opens on", later.text
    )
    assert "Do not wait for the clinic." in later.text


def test_a_time_that_was_missed_is_shown_no_more_and_the_page_says_whom_to_call(
    house: House, nurse: Member
) -> None:
    _, patient = sent(house, nurse, CALM)
    due = due_of(house, nurse, patient)
    assert "should look at them by" in patient.get(patient.link).text
    house.clock.seconds = due.timestamp()
    page = patient.get(patient.link)
    assert "should look" not in page.text
    assert f"Nobody has looked at them yet. Please call the clinic on {NUMBER} now." in page.text


def test_a_day_that_is_closed_after_something_was_sent_is_promised_no_more(
    house: House, nurse: Member
) -> None:
    _, patient = sent(house, nurse, CALM)
    due = due_of(house, nurse, patient)
    with house.store.writing_scope(nurse.clinic, house.now, "command") as scope:
        scope.update_rows(Clinic, to={"closed_days": [due.date().isoformat()]})
    page = patient.get(patient.link)
    assert "should look at them by" not in page.text
    assert says_where_to_call(page)
    with house.store.writing_scope(nurse.clinic, house.now, "command") as scope:
        scope.update_rows(Clinic, to={"closed_days": []})


@pytest.mark.parametrize("level", [level for level in Urgency if level is not Urgency.emergency])
@examples(60)
@given(
    sent_after=st.integers(0, 14 * 24 * 60),
    seen_after=st.integers(0, 14 * 24 * 60),
    week=st.sampled_from([ROW["opening_hours"], EVENINGS]),
    closed=st.sets(st.integers(0, 20)),
    closed_later=st.sets(st.integers(0, 20)),
)
def test_no_time_is_promised_that_has_passed_or_that_opening_hours_cannot_meet(
    level: Urgency,
    sent_after: int,
    seen_after: int,
    week: list[object],
    closed: set[int],
    closed_later: set[int],
) -> None:
    def clinic_closed_on(days: set[int]) -> Clinic:
        dates = [(MONDAY + timedelta(days=day)).date().isoformat() for day in days]
        return Clinic(**ROW | {"opening_hours": week, "closed_days": dates})

    arrived = MONDAY + timedelta(minutes=sent_after)
    now = arrived + timedelta(minutes=seen_after)
    due = rank_and_due(clinic_closed_on(closed), arrived, level, TARGETS)["due_at"]
    assert isinstance(due, datetime)
    clinic = clinic_closed_on(closed | closed_later)
    promise = describe_promise(clinic, due, level, now, "en")
    assert promise.stands is (due > now and is_open_by(clinic, due))
    assert bool(promise.time) is promise.stands
    assert bool(promise.opens) or bool(promise.closes)


def test_a_patients_page_follows_new_hours_of_the_clinic_at_once(house: House) -> None:
    nurse = house.member("nurse", clinic="Moving")
    admin = house.member("admin", clinic="Moving", name="Lou Ray")
    set_clock(house, nurse, weekday=0, hour=10)
    _, patient = sent(house, nurse, CALM)
    before = due_of(house, nurse, patient)
    admin.sign_in()
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    admin.post("/clinic/hours", dict.fromkeys(days, "") | {"wednesday": "18-20"})
    assert due_of(house, nurse, patient) > before
    assert "20:00" in patient.get(patient.link).text
    assert "due_times_changed" in house.actions("Moving")
