"""All that a clinic keeps of a person as a file for them: ids put into words where there are any.

It gets what is kept as plain values; it must not know where they were kept.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.triage.rulebook import Rulebook
from app.triage.wording import Wording

FORMAT = "calcinosis-check-person/1"


def build_person_file(
    rulebook: Rulebook, kept: Mapping[str, Any], *, clinic: str, made_at: str, language: str = "en"
) -> str:
    """The file as JSON text, with the words of today's rulebook beside each answer."""
    words = rulebook.wording[language]
    submissions = [_describe_submission(words, one) for one in kept["submissions"]]
    whole = {"format": FORMAT, "clinic": clinic, "made_at": made_at, **kept}
    return json.dumps({**whole, "submissions": submissions}, ensure_ascii=False, indent=2)


def _describe_submission(words: Wording, kept: Mapping[str, Any]) -> dict[str, Any]:
    versions = [
        {**version, "in_words": _describe_answers(words, version["answers"], version["region"])}
        for version in kept["versions"]
    ]
    return {**kept, "versions": versions}


def _describe_answers(
    words: Wording, answers: Mapping[str, Sequence[str]], region: str
) -> list[dict[str, Any]]:
    """What was asked and answered; what the rules of today no longer know stays as its id."""
    asked_and_answered = []
    for question, chosen in answers.items():
        known = words.questions.get(question)
        options = known.options if known else {}
        asked = known.text if known else question
        places = words.regions[region]
        asked_and_answered.append(
            {
                "asked": words.fill_placeholders(asked, places),
                "answered": [
                    words.fill_placeholders(options.get(id_, id_), places) for id_ in chosen
                ],
            }
        )
    return asked_and_answered
