"""Answers at which careful readers saw the first edition go wrong, in the questions of today."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from app.rulebook.load import load_rulebook_folder
from app.rulebook.reading_words import PUBLISHED_FOLDER
from app.rulebook.translation import load_translation
from app.triage.rules import assess_answers
from app.triage.terms import Answers
from tests.builders import RULES, rulebook

SETS = yaml.safe_load((Path(__file__).parent / "reviewed_answers.yaml").read_text("utf-8"))
QUIET = {
    "now": ["none"], "age": ["adult"], "place": ["hand"], "skin": ["normal"], "unwell": ["none"],
    "pain": ["no"], "change": ["none"], "feel": ["hard"], "known": ["nothing_yet"],
    "kidney": ["no"], "autoimmune": ["none"], "medicines": ["none"], "conditions": ["none"],
    "before": ["none"],
}  # fmt: skip
FIRST = "2026.11.2"


def read(given: dict[str, Any]) -> dict[str, frozenset[str]]:
    """Options by question; what is null is left out."""
    return {
        question: frozenset([chosen] if isinstance(chosen, str) else chosen)
        for question, chosen in given.items()
        if chosen is not None
    }


def today(entry: dict[str, Any]) -> Answers:
    """What the person says today."""
    old = load_rulebook_folder(RULES / PUBLISHED_FOLDER / FIRST).questionnaire
    table = load_translation(RULES, FIRST, old, rulebook().questionnaire)
    said = entry.get("said", {})
    answers = {**table.translate_answers(read({**QUIET, **entry["first"]})), **read(said)}
    return {
        question: chosen
        for question, chosen in answers.items()
        if said.get(question, "") is not None
    }


@pytest.mark.parametrize("entry", SETS, ids=lambda entry: entry["id"])
def test_the_level_is_right_or_it_is_said_why_not(entry: dict[str, Any]) -> None:
    level = assess_answers(rulebook(), today(entry), entry.get("labs")).urgency.name
    assert (level in entry["right"]) != ("stays" in entry), level
