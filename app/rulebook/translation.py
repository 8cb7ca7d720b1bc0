"""Answers of an earlier edition, read as answers to the questions of today.

The table is `rules/published/translation.yaml`: what each old option is now. Knows nothing of
rules, levels and words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from app.rulebook.reading_words import PUBLISHED_FOLDER
from app.triage.conditions import (
    Choice,
    Condition,
    Situation,
    Vocabulary,
    judge_condition,
    parse_condition,
    walk_leaves,
)
from app.triage.questionnaire import Questionnaire
from app.triage.terms import Answers, Truth

TRANSLATION_FILE = "translation.yaml"
QuestionOption = tuple[str, str]
"""A question and one of its options."""


class _CombinedAnswers(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    when: dict[str, object]
    gives: list[str]


class TranslationTable(BaseModel):
    """The file as it stands."""

    model_config = ConfigDict(extra="forbid", strict=True)

    editions: list[str]
    options: dict[str, dict[str, list[str]]]
    also: list[_CombinedAnswers]


class NotTranslated(Exception):
    """The answers of this edition cannot be read in the questions of today."""


@dataclass(frozen=True)
class Translation:
    """From the questions of one edition to those of another.

    `gives`: old question -> old option -> what it is now; `also`: condition on the old answers ->
    what it is now.
    """

    old: Questionnaire
    new: Questionnaire
    gives: Mapping[str, Mapping[str, tuple[QuestionOption, ...]]]
    also: tuple[tuple[Condition, tuple[QuestionOption, ...]], ...]

    @cached_property
    def source_questions(self) -> Mapping[str, frozenset[str]]:
        """New question -> the old questions that its answer is made of."""
        found: dict[str, set[str]] = {question.id: set() for question in self.new}
        for name, options in self.gives.items():
            for places in options.values():
                for question, _ in places:
                    found[question].add(name)
        for condition, places in self.also:
            for question, _ in places:
                read = (leaf for leaf in walk_leaves(condition) if isinstance(leaf, Choice))
                found[question] |= {leaf.question for leaf in read}
        return {question: frozenset(old) for question, old in found.items()}

    def translate_answers(self, answers: Answers, *, half_told: bool = True) -> Answers:
        """The answers as they read today: complete where the old ones were, and only the path.

        Of unfinished answers, what can already be told. A question whose answer hangs on one that
        is still open stays open where nothing leads to it so far; without `half_told` also where
        something does, for the rest of its lines was never asked. A screen of emergency signs
        keeps what leads to it. An answer that the old edition does not have tells nothing.
        """
        known = {
            name: chosen
            for name, chosen in answers.items()
            if chosen <= self.gives.get(name, {}).keys()
        }
        path = self.old.trace_path(known)
        translated: dict[str, set[str]] = {question.id: set() for question in self.new}
        for name, chosen in path.answers.items():
            for option in chosen:
                for question, now in self.gives[name][option]:
                    translated[question].add(now)
        situation = Situation(path.answers, path.off_path, self.old.unsure_options, {})
        for condition, places in self.also:
            if judge_condition(condition, situation) is Truth.TRUE:
                for question, now in places:
                    translated[question].add(now)
        settled = path.answers.keys() | path.off_path
        # A list to which nothing leads says "none of these"; a choice is left open.
        given = {
            question.id: frozenset(translated[question.id] or filter(None, [question.none]))
            for question in self.new
            if self.source_questions[question.id] <= settled
            or (translated[question.id] and (half_told or question.signs))
        }
        return self.new.trace_path(
            {name: chosen for name, chosen in given.items() if chosen}
        ).answers


def read_translation_table(rules: Path) -> TranslationTable:
    """The table of the rulebook in this folder. Raises OSError or pydantic's ValidationError."""
    text = (rules / PUBLISHED_FOLDER / TRANSLATION_FILE).read_text(encoding="utf-8")
    return TranslationTable.model_validate(yaml.safe_load(text))


def load_translation(
    rules: Path, edition: str, old: Questionnaire, new: Questionnaire
) -> Translation:
    """From the questions of a published edition to those of the rulebook in `rules`.

    Raises NotTranslated where the table does not speak of that edition, BadCondition and KeyError
    where it speaks of what there is not.
    """
    table = read_translation_table(rules)
    if edition not in table.editions:
        raise NotTranslated(f"{edition}: not among {', '.join(table.editions)}")
    questions = {question.id: (question.kind, question.option_ids) for question in old}
    vocabulary = Vocabulary(questions, {}, {})
    return Translation(
        old=old,
        new=new,
        gives={
            name: {option: _parse_options(new, now) for option, now in options.items()}
            for name, options in table.options.items()
        },
        also=tuple(
            (parse_condition(together.when, vocabulary), _parse_options(new, together.gives))
            for together in table.also
        ),
    )


def _parse_options(new: Questionnaire, written: list[str]) -> tuple[QuestionOption, ...]:
    found = []
    for text in written:
        question, _, option = text.partition(".")
        if option not in new[question].option_ids:
            raise KeyError(text)
        found.append((question, option))
    return tuple(found)
