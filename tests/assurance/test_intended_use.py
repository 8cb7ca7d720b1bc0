"""The page on intended use speaks of what is built: its numbers are those of the rulebook."""

import re
from datetime import timedelta

import pytest

from app.settings import ROOT
from app.store.clinics import load_policy
from app.triage.rulebook import Rulebook
from app.triage.terms import TYPES, Urgency
from tests.builders import RULES, rulebook

PAGE = ROOT / "safety" / "intended-use.md"
NUMBERS = re.compile(r"^\| ([^|]+) \| (\d+) \|$", re.MULTILINE)


def of_the_rulebook(book: Rulebook) -> dict[str, int]:
    """What the page counts, by its own words."""
    look_alikes = {line.look_alike for line in book.evidence if line.look_alike}
    return {
        "Questions": len(book.questionnaire.questions),
        "Questions that one person is asked at most": book.questionnaire.count_longest_path(),
        'Levels, from "care at home" to "emergency"': len(Urgency),
        "Types of calcinosis": len(TYPES),
        "Look-alikes that are named": len(look_alikes),
        "Rules on how soon to be seen": len(book.rules),
        "Grave dangers that are looked for in every result": len(book.dangers),
        "Laboratory values that a nurse can add": len(book.laboratory.analytes),
        "Sources": len(book.sources),
        "Regions": len(book.regions),
        "Clinicians who approved the rules": len(book.approvals),
    }


def counted(page: str) -> dict[str, int]:
    return {words: int(number) for words, number in NUMBERS.findall(page)}


def test_its_numbers_are_those_of_the_rulebook() -> None:
    assert counted(PAGE.read_text("utf-8")) == of_the_rulebook(rulebook())


def test_whoever_reads_when_an_emergency_alarms_reads_the_minutes_of_the_rules() -> None:
    minutes = load_policy(RULES).alarm_delay // timedelta(minutes=1)
    for file in ("README.md", "safety/clinic/training-note.md"):
        said = re.findall(r"nobody opens for (\d+) minutes", (ROOT / file).read_text("utf-8"))
        assert said == [str(minutes)], file


def test_it_says_that_no_clinician_approved_it_for_as_long_as_none_did() -> None:
    said = "clinician has approved its rules" in " ".join(PAGE.read_text("utf-8").split())
    assert said == (not rulebook().approvals)


def test_a_number_that_is_not_true_any_more_is_found() -> None:
    page = PAGE.read_text("utf-8")
    for words, number in of_the_rulebook(rulebook()).items():
        wrong = page.replace(f"| {words} | {number} |", f"| {words} | {number + 1} |")
        assert counted(wrong) != of_the_rulebook(rulebook()), words


@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("invitations by link", "GET /invitations"),
        ("a tablet for the waiting room", "GET /waiting-room"),
        ("a code by which someone shows a self-check", "POST /share"),
        ("a worklist, most urgent first", "GET /worklist"),
        ("lower with a reason", "POST /submissions/{id}/lower"),
        ("laboratory values that a nurse adds", "POST /submissions/{id}/findings"),
        ("questions that a nurse asks", "GET /assisted/ask/{question}"),
        ("a copy for the patient", "GET /submissions/{id}/copy"),
        ("an audit of every look", "GET /audit"),
        ("export and erasure", "POST /people/{id}/erase"),
    ],
)
def test_what_it_says_is_built_has_its_page(words: str, page: str) -> None:
    from tests.web.route_table import PERMISSIONS_BY_ROUTE

    assert words in PAGE.read_text("utf-8")
    assert page in PERMISSIONS_BY_ROUTE
