"""The link of an invitation in another browser: what it shows, and what is sent from there."""

from __future__ import annotations

import re

from app.store import submission_reads
from tests.visitor import Page
from tests.web.desk import CALM, EMERGENCY, TODAY, House, Member, Patient


def code_of(nurse: Member) -> str:
    """The code for the answers, as the page of the only submission reads it out."""
    (address,) = {a for a in nurse.get("/worklist").links if a.startswith("/submissions/")}
    found = re.search(r'class="slip__code">([^<]+)<', nurse.get(address).html)
    assert found is not None
    return found[1]


def reference_on(page: Page) -> str:
    """The reference that a page names, to say on the phone."""
    return re.findall(r"handed-reference.*?<strong>([^<]+)<", page.html)[0]


def test_the_answers_are_shown_only_where_they_were_given(house: House) -> None:
    nurse = house.member("nurse", clinic="Answers")
    patient = Patient(house, nurse)
    patient.send_all(TODAY)
    other = patient.in_another_browser()
    shown = "Pus, a bad smell"
    assert shown in patient.get(patient.link).text
    page = other.get(patient.link)
    assert shown not in page.text
    assert "We show your answers only where you gave them." in page.text
    refused = other.post(f"{patient.link}/answers", {"code": patient.code}, 422)
    assert "This is not the code" in refused.text
    assert shown not in refused.text
    page = other.post(f"{patient.link}/answers", {"code": code_of(nurse).lower()})
    assert shown in page.text
    assert shown not in other.get(patient.link).text
    assert other.get(f"{patient.link}/answers").text == other.get(patient.link).text


def test_the_code_for_the_answers_cannot_be_guessed(house: House) -> None:
    nurse = house.member("nurse", clinic="Guessed")
    patient = Patient(house, nurse)
    patient.send_all(TODAY)
    code, other = code_of(nurse), patient.in_another_browser()
    for _ in range(5):
        other.post(f"{patient.link}/answers", {"code": "AAAA AAAA"}, 422)
    assert "Pus, a bad smell" not in other.post(f"{patient.link}/answers", {"code": code}, 429).text


def test_an_answer_given_in_another_browser_opens_none_of_the_others(house: House) -> None:
    patient = Patient(house, house.member("nurse", clinic="Curious"))
    patient.send_all(TODAY)
    other = patient.in_another_browser()
    first_question = other.post(patient.link, {"about": "me"}).url.removeprefix("/check/")
    other.answer(first_question, *CALM[first_question])
    page = other.get(patient.link)
    assert "We show your answers only where you gave them." in page.text
    assert "Pus, a bad smell" not in page.text


def test_answers_from_another_browser_stand_beside_the_first_and_change_nothing(
    house: House,
) -> None:
    nurse = house.member("nurse", clinic="Elsewhere")
    patient = Patient(house, nurse)
    patient.send_all(TODAY)
    patient.send_all_again()
    first = nurse.get("/worklist")
    assert "Answered again on another device" not in first.text
    assert "from another device" not in patient.get(patient.link).text
    other = patient.in_another_browser()
    other.answer_all(CALM)
    other.post("/send")
    page = nurse.get("/worklist")
    rows = {address for address in page.links if address.startswith("/submissions/")}
    assert len(rows) == 2
    assert page.text.count("Answered again on another device") == 1
    assert page.level == "same_day"  # the first row is still the one that came first
    whoever = patient.in_another_browser().get(patient.link)
    for shown in (patient.get(patient.link), other.get(patient.link), whoever):
        assert "Answers were sent by this link from another device too." in shown.text
    assert reference_on(whoever) == reference_on(patient.get(patient.link))
    assert reference_on(whoever) != reference_on(other.get(patient.link))
    assert "Pus, a bad smell" in patient.get(patient.link).text
    assert "Pus, a bad smell" not in other.get(patient.link).text


def test_worse_answers_from_another_browser_are_an_emergency_of_their_own(house: House) -> None:
    nurse = house.member("nurse", clinic="Worse there")
    patient = Patient(house, nurse)
    patient.send_all(CALM)
    other = patient.in_another_browser()
    other.answer_all(EMERGENCY)
    other.post("/send")
    page = nurse.get("/worklist")
    assert page.level == "emergency"
    assert "Came back worse" in page.text
    assert "Call 999" in patient.in_another_browser().get(patient.link).text


def test_a_link_in_many_hands_fills_no_worklist(house: House) -> None:
    nurse = house.member("nurse", clinic="Many hands")
    patient = Patient(house, nurse)
    patient.send_all(TODAY)
    for _ in range(7):
        other = patient.in_another_browser()
        other.answer_all(CALM)
        other.post("/send")
    page = nurse.get("/worklist")
    rows = {address for address in page.links if address.startswith("/submissions/")}
    assert len(rows) == submission_reads.MOST_SENT
    assert page.level == "same_day"
