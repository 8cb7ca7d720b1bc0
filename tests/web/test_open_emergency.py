"""Who is not sure about signs of an emergency is told the emergency number first, everywhere."""

from __future__ import annotations

import html
import re

import pytest

from app.presentation.question import CHILD, ME, OTHER
from app.store import submission_reads
from tests.builders import rulebook
from tests.visitor import Page, Visitor
from tests.web.desk import House, Patient
from tests.web.test_journeys import QUIET

NUMBERS = {"uk": "999", "us": "911", "international": "112"}
WORDS = rulebook().wording["en"]
UNSURE = {asked.id: [asked.unsure] for asked in rulebook().questionnaire}
OPEN = [
    UNSURE,
    QUIET | {"breath": ["not_sure"]},
    QUIET | {"skin": ["not_sure", "pus"]},
    QUIET | {"unwell": ["sick"], "reason": ["not_sure"]},
    QUIET | {"medicines": ["immune_drugs"], "unwell": ["not_sure"]},
]
LATER = ("111", "appointment", "kidney", "doctor's office", "urgent clinic", "specialist nurse")
"""Words of whom to turn to otherwise."""


def walk(visitor: Visitor, answers, region: str = "uk", about: str = ME) -> Page:
    page = visitor.post("/start", {"region": region, "about": about})
    while page.url.startswith("/check/"):
        name = page.url.removeprefix("/check/")
        page = visitor.answer(name, *answers[name])
    return visitor.get("/result")


def first(text: str, start: str) -> str:
    """What is read before any other way to get help is named."""
    text = text[text.index(start) :]
    return text[: min(text.index(word) for word in LATER if word in text)]


@pytest.mark.parametrize("answers", OPEN, ids=range(len(OPEN)))
@pytest.mark.parametrize("region", NUMBERS)
def test_the_first_action_is_the_emergency_number_and_it_is_the_title(
    visitor: Visitor, region: str, answers
) -> None:
    page = walk(visitor, answers, region)
    number = NUMBERS[region]
    assert page.level == "same_day"
    assert page.h1[0].startswith(f"Call {number}")
    assert page.h1[0].endswith("now if any of this may be true")
    assert f"Call {number}" in first(page.text, page.h1[0])
    assert next(link for link in page.links if link.startswith("tel:")) == f"tel:{number}"


@pytest.mark.parametrize("region", NUMBERS)
def test_the_api_says_the_same_with_the_signs(visitor: Visitor, region: str) -> None:
    for answers in OPEN:
        sent = {"answers": answers, "region": region}
        level = visitor.client.post("/api/v1/assess", json=sent).json()["level"]
        assert level["heading"].startswith(f"Call {NUMBERS[region]}")
        assert level["when"].startswith("now ")
        assert level["signs"] != []
    calm = visitor.client.post("/api/v1/assess", json={"answers": QUIET}).json()["level"]
    assert calm["signs"] == []


@pytest.mark.parametrize("about", [ME, CHILD, OTHER])
def test_the_signs_are_said_in_the_voice_in_which_they_were_asked(
    visitor: Visitor, about: str
) -> None:
    page = walk(
        visitor, QUIET | {"medicines": ["immune_drugs"], "unwell": ["not_sure"]}, about=about
    )
    card = page.text[: page.text.index("If none of this can be true")]
    assert "A joint newly hot" in card


def test_a_sure_answer_keeps_the_card_as_it_was(visitor: Visitor) -> None:
    page = walk(visitor, QUIET | {"skin": ["pus"]})
    assert "may be true" not in page.text
    line, button, *_ = (link for link in page.links if link.startswith("tel:"))
    assert (line, button) == ("tel:999", "tel:111")  # above the heading, and on the card


def test_a_receipt_of_such_answers_says_it_too(visitor: Visitor) -> None:
    walk(visitor, UNSURE)
    page = visitor.get("/result/sheet")
    text = page.text[page.text.rindex("CALCINOSIS-CHECK/") :].split()[0]
    checked = visitor.post("/verify", {"receipt": text})
    advice_text = checked.text[checked.text.index("Urgent advice") :]
    assert advice_text.startswith("Urgent advice: Call 999 now if any of this may be true")
    assert advice_text.index("may be true") < advice_text.index("If none of this")


def test_who_sent_it_to_a_clinic_and_the_nurse_are_told_first(house: House) -> None:
    nurse = house.member("nurse", name="Olu Open")
    patient = Patient(house, nurse)
    waiting = patient.send_all({name: frozenset(chosen) for name, chosen in UNSURE.items()})
    assert waiting.text.index("Call 999 now if any of this") < waiting.text.index("A nurse should")
    with house.store.reading_scope(nurse.clinic) as scope:
        sent = submission_reads.find_invitation_receipt(scope, patient.invitation, house.now)
    page = nurse.get(f"/submissions/{sent.submission}")
    texts = re.findall(r"<textarea[^>]*>(.*?)</textarea>", page.html, re.DOTALL)
    for sbar in (text for text in texts if text.startswith("SBAR")):
        heading, leads, *_ = html.unescape(sbar).split("\n")
        assert heading.startswith("SBAR ")
        assert leads.startswith("Not sure, so call 999 now if any may be true: ")
        assert "confusion" in leads.lower()
        break
    else:
        raise AssertionError("no SBAR on the page")
    taken_home = nurse.get(f"/submissions/{sent.submission}/copy").text
    assert "999" in first(taken_home, "Urgent advice")
