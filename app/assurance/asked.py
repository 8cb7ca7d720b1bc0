"""What someone who answers is shown of the questions: as plain data, as a hash, and as a text.

A reading of cases is worth something for as long as these words stand, whatever happens to the
rules behind them. So nothing of a rule, a reason or a result goes in. What a reader answered to
other questions is never blind for these; but where a published edition asked those, its answers can
be translated, so that the reading still says something.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.rulebook.load import load_published_versions, load_rulebook_folder
from app.rulebook.reading_words import PUBLISHED_FOLDER
from app.rulebook.translation import NotTranslated, Translation, load_translation
from app.triage.explain import describe_condition, serialize_condition
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.wording import QuestionWords, Wording

_KINDS = {"one": "(One answer.)", "many": "(One answer or several.)"}
_VOICES = {"child": "About a child, or someone under 16", "other": "About another adult"}


@dataclass(frozen=True, slots=True)
class EditionTranslation:
    """From the questions of one published edition to those of another rulebook."""

    edition: str
    asked_by: Rulebook
    table: Translation


EditionTranslations = Mapping[str, EditionTranslation]
"""Hash of the questions that were answered -> the way from there."""


def canonical_json(value: object) -> str:
    """The value as JSON that comes out the same for the same value: what hashes are taken of."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def sha256_hex(text: str) -> str:
    """The hash of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def hash_questions(rulebook: Rulebook) -> str:
    """The hash of all that a reader sees of the questions."""
    return sha256_hex(canonical_json(_visible_questions(rulebook)))


def format_questions(rulebook: Rulebook) -> str:
    """Every word of the questions as the pages show them, with the id of each option."""
    words = _first_language_words(rulebook)
    lines = [
        "# The questions",
        "",
        "In the order in which they are asked. The `id` of each question and option stands first.",
        "",
    ]
    for question in rulebook.questionnaire:
        lines += _question_lines(question, words)
    return "\n".join([*lines, *_lab_lines(rulebook, words)])


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


def _first_language_words(rulebook: Rulebook) -> Wording:
    return rulebook.wording[rulebook.languages[0]]


def _visible_questions(rulebook: Rulebook) -> Mapping[str, object]:
    words = _first_language_words(rulebook)
    questions = []
    for question in rulebook.questionnaire:
        own, when = words.questions[question.id], question.ask_if
        questions.append(
            {
                "id": question.id,
                "kind": question.kind,
                "ask_if": when and serialize_condition(when, rulebook.questionnaire),
                **(_question_words(question, own) or {}),
                **{name: _question_words(question, getattr(own, name)) for name in _VOICES},
            }
        )
    analytes = rulebook.laboratory.analytes.values()
    labs = [[a.id, words.labs[a.id].name, list(a.unit_names)] for a in analytes]
    return {"questions": questions, "labs": labs}


def _question_words(question: Question, words: QuestionWords | None) -> Mapping[str, object] | None:
    if words is None:
        return None
    groups = words.groups or {}
    options = [[o.id, words.options[o.id], groups.get(o.group or "")] for o in question.options]
    return {"text": words.text, "hint": words.hint, "options": options}


def _question_lines(question: Question, words: Wording) -> Iterator[str]:
    own = words.questions[question.id]
    yield f"## `{question.id}`: {own.text}"
    yield ""
    yield " ".join(filter(None, [own.hint, _KINDS[question.kind]]))
    if question.none is not None:
        yield f"`{question.none}` is never ticked together with another option."
    yield ""
    if question.ask_if is not None:
        yield "Asked only where this holds; otherwise left out:"
        yield ""
        for depth, text in describe_condition(question.ask_if, words):
            yield f"{'  ' * depth}- {text}"
        yield ""
    yield from _option_lines(question, own)
    for name, about in _VOICES.items():
        spoken: QuestionWords | None = getattr(own, name)
        if spoken is not None:
            yield from _changed_voice_lines(question, own, spoken, about)


def _option_lines(question: Question, words: QuestionWords) -> Iterator[str]:
    group = None
    for option in question.options:
        if option.group is not None and option.group != group:
            group = option.group
            yield f"- {(words.groups or {})[group]}:"
        yield f"{'  ' if option.group else ''}- `{option.id}` {words.options[option.id]}"
    yield ""


def _changed_voice_lines(
    question: Question, own: QuestionWords, spoken: QuestionWords, about: str
) -> Iterator[str]:
    """What sounds different when it is about someone else."""
    hint = spoken.hint if spoken.hint != own.hint else None
    yield " ".join(filter(None, [f"{about}: “{spoken.text}”", hint]))
    yield ""
    changed = [o for o in question.option_ids if spoken.options[o] != own.options[o]]
    if changed:
        yield from (f"- `{option}` {spoken.options[option]}" for option in changed)
        yield ""


def _lab_lines(rulebook: Rulebook, words: Wording) -> Iterator[str]:
    yield "## Blood values that are told with a number"
    yield ""
    for analyte in rulebook.laboratory.analytes.values():
        units = ", ".join(f"`{unit}`" for unit in analyte.unit_names)
        yield f"- `{analyte.id}` {words.labs[analyte.id].name}, in {units}"
    yield ""
