"""Files that a clinic gives out: all that it keeps of a person, and disagreements as cases.

Both get what is kept as plain values and put ids into words where there are any. A case is in the
form of rules/cases/worked/*.yaml, for the authors of the rulebook. It holds answers alone: no
reference, no name, no date, no clinic, no free text, and its id follows from the answers, so that
nothing leads back.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from app.triage.rulebook import Rulebook
from app.triage.terms import Answers, Urgency
from app.triage.wording import Wording

FORMAT = "calcinosis-check-person/1"
HEADING = (
    "# Answers on which a nurse and the rules did not agree. `urgency` is what the nurse decided.\n"
    "# Read each one before it is used: one disagreement shows no fault of a rule.\n"
)


def build_person_file(
    rulebook: Rulebook, kept: Mapping[str, Any], *, clinic: str, made_at: str, language: str = "en"
) -> str:
    """All that is kept of a person as JSON, with the words of today's rulebook at each answer."""
    words = rulebook.wording[language]
    submissions = [
        {**one, "versions": [_describe_version(words, version) for version in one["versions"]]}
        for one in kept["submissions"]
    ]
    whole = {"format": FORMAT, "clinic": clinic, "made_at": made_at, **kept}
    return json.dumps({**whole, "submissions": submissions}, ensure_ascii=False, indent=2)


def _describe_version(words: Wording, version: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked and answered; what the rules of today no longer know stays as its id."""
    answers: Mapping[str, Sequence[str]] = version["answers"]
    places, in_words = words.regions[version["region"]], []
    for question, chosen in answers.items():
        known = words.questions.get(question)
        options = known.options if known else {}
        answered = [words.fill_placeholders(options.get(id_, id_), places) for id_ in chosen]
        asked = words.fill_placeholders(known.text if known else question, places)
        in_words.append({"asked": asked, "answered": answered})
    return {**version, "in_words": in_words}


def make_case(
    rulebook: Rulebook,
    answers: Answers,
    rules_urgency: Urgency,
    nurse_urgency: Urgency,
    reason: str | None,
    language: str = "en",
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
    words, raised = rulebook.wording[language], nurse_urgency > rules_urgency
    key = "agreement.case.raised" if raised else "agreement.case.lowered"
    why = words.page_text("agreement.case.because", reason=reason) if reason else ""
    return {
        "id": f"clinic-{digest[:12]}",
        "about": words.page_text(key, rules=rules_urgency.name, nurse=nurse_urgency.name, why=why),
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
