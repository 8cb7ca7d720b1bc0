"""Each sign of the first edition alone, in both editions: never lower today."""

from functools import cache

import pytest

from app.rulebook.load import load_rulebook_folder
from app.rulebook.reading_words import PUBLISHED_FOLDER
from app.rulebook.translation import Translation, load_translation
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Urgency
from tests.builders import RULES, rulebook

FIRST = "2026.11.2"
QUIET = {
    "now": "none", "age": "adult", "place": "hand", "skin": "normal", "unwell": "none",
    "baby": "none", "pain": "no", "change": "none", "feel": "hard", "known": "calcinosis",
    "kidney": "no", "autoimmune": "none", "medicines": "none", "conditions": "none",
    "before": "none",
}  # fmt: skip
DOUBT = "E12 and E17 ask for the other half to be certain"
LID = "TW9: a quiet lump of a grown-up's eyelid"
CALMER = {
    **{(age, "autoimmune", "not_sure"): DOUBT for age in ("under_1", "child", "adult", "older")},
    **{(age, "place", "eye"): LID for age in ("adult", "older")},
}
"""Age, question and option -> why it is lower today."""


@cache
def first() -> Rulebook:
    return load_rulebook_folder(RULES / PUBLISHED_FOLDER / FIRST)


@cache
def table() -> Translation:
    return load_translation(RULES, FIRST, first().questionnaire, rulebook().questionnaire)


def alone(age: str, question: Question, option: str) -> Answers:
    """A quiet known lump, and this said of it."""
    said = {name: frozenset({chosen}) for name, chosen in QUIET.items()}
    said["age"] = frozenset({age})
    so_far = said[question.id] - {question.none}
    single = question.kind == "one" or option in (question.none, question.unsure)
    said[question.id] = frozenset({option}) | (frozenset() if single else so_far)
    return first().questionnaire.trace_path(said).answers


@pytest.mark.parametrize("age", ["under_3m", "under_1", "child", "adult", "older"])
def test_no_answer_alone_is_lower_than_in_the_first_edition(age: str) -> None:
    lower: dict[tuple[str, str, str], tuple[Urgency, Urgency]] = {}
    for question in first().questionnaire:
        for option in question.option_ids:
            if question.id == "age":
                continue
            answers = alone(age, question, option)
            then = assess_answers(first(), answers).urgency
            today = assess_answers(rulebook(), table().translate_answers(answers)).urgency
            if today < then:
                lower[age, question.id, option] = (then, today)
    assert {key for key in CALMER if key[0] == age} == lower.keys(), lower
