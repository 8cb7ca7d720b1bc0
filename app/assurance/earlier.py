"""Readings of questions that are asked no more: which edition asked them, how they read today.

What a reader answered to other questions is never blind for these; but where a published edition
asked those, its answers can be translated, so that the reading still says something.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.assurance.asked import questions_hash
from app.triage.published import FOLDER, versions
from app.triage.rulebook import Rulebook, load
from app.triage.translation import NotTranslated, Translation, translation


@dataclass(frozen=True, slots=True)
class Way:
    """From the questions of one published edition to those of another rulebook."""

    edition: str
    asked_by: Rulebook
    table: Translation


Ways = Mapping[str, Way]
"""Hash of the questions that were answered -> the way from there."""


def ways(rulebook: Rulebook, rules: Path, wanted: Collection[str]) -> Ways:
    """The ways from the wanted questions to those of this rulebook, read from the folder `rules`.

    `wanted`: hashes. What no published edition asked, or the table does not speak of, has no way.
    """
    found: dict[str, Way] = {}
    missing = {*wanted} - {questions_hash(rulebook)}
    for edition in versions(rules / FOLDER) if missing else ():
        old = load(rules / FOLDER / edition)
        asked = questions_hash(old)
        if asked not in missing - found.keys():
            continue
        try:
            table = translation(rules, edition, old.questionnaire, rulebook.questionnaire)
        except (FileNotFoundError, NotTranslated):
            continue
        found[asked] = Way(edition, old, table)
    return found
