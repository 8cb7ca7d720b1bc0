"""Answers on which a nurse and the rules did not agree, as cases for the authors of the rulebook.

In the form of rules/cases/worked/*.yaml. A case holds answers alone: no reference, no name, no
date, no clinic, no free text, and its id follows from the answers, so that nothing leads back.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from app.triage.rulebook import Rulebook
from app.triage.terms import Answers, Urgency

HEADING = (
    "# Answers on which a nurse and the rules did not agree. `urgency` is what the nurse decided.\n"
    "# Read each one before it is used: one disagreement shows no fault of a rule.\n"
)


def make_case(
    rulebook: Rulebook,
    answers: Answers,
    rules_urgency: Urgency,
    nurse_urgency: Urgency,
    reason: str | None,
) -> dict[str, Any]:
    """One case; answers that the rulebook of today no longer knows are left out."""
    known = {
        question.id: [option for option in question.option_ids if option in answers[question.id]]
        for question in rulebook.questionnaire
        if question.id in answers
    }
    given = {question: chosen for question, chosen in known.items() if chosen}
    digest = hashlib.sha256(
        json.dumps([given, nurse_urgency.name], sort_keys=True).encode()
    ).hexdigest()
    verb = "raised" if nurse_urgency > rules_urgency else "lowered"
    why = f", because: {reason}" if reason else ""
    about = f"The rules gave {rules_urgency.name}; a nurse {verb} it to {nurse_urgency.name}{why}."
    return {
        "id": f"clinic-{digest[:12]}",
        "about": about,
        "answers": given,
        "urgency": nurse_urgency.name,
    }


def format_cases_yaml(cases: Iterable[Mapping[str, Any]]) -> str:
    """The cases as a file, in the order of their ids, so that the order tells nothing either."""
    ordered = {one["id"]: dict(one) for one in sorted(cases, key=lambda one: str(one["id"]))}
    text: str = yaml.safe_dump(
        list(ordered.values()), default_flow_style=None, sort_keys=False, width=100
    )
    return HEADING + text
