"""Readings of questions that are asked no more: which edition asked them, how they read today.

What a reader answered to other questions is never blind for these; but where a published edition
asked those, its answers can be translated, so that the reading still says something.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.assurance.asked import hash_questions
from app.rulebook.load import load_published_versions, load_rulebook_folder
from app.rulebook.reading_words import PUBLISHED_FOLDER
from app.rulebook.translation import NotTranslated, Translation, load_translation
from app.triage.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class EditionTranslation:
    """From the questions of one published edition to those of another rulebook."""

    edition: str
    asked_by: Rulebook
    table: Translation


EditionTranslations = Mapping[str, EditionTranslation]
"""Hash of the questions that were answered -> the way from there."""


def find_edition_translations(
    rulebook: Rulebook, rules: Path, wanted: Collection[str]
) -> EditionTranslations:
    """The ways from the wanted questions to those of this rulebook, read from the folder `rules`.

    `wanted`: hashes. What no published edition asked, or the table does not speak of, has no way.
    """
    found: dict[str, EditionTranslation] = {}
    missing = {*wanted} - {hash_questions(rulebook)}
    for edition in load_published_versions(rules / PUBLISHED_FOLDER) if missing else ():
        old = load_rulebook_folder(rules / PUBLISHED_FOLDER / edition)
        asked = hash_questions(old)
        if asked not in missing - found.keys():
            continue
        try:
            table = load_translation(rules, edition, old.questionnaire, rulebook.questionnaire)
        except (FileNotFoundError, NotTranslated):
            continue
        found[asked] = EditionTranslation(edition, old, table)
    return found
