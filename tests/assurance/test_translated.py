"""Two rulebooks that ask otherwise, compared over the answers of the older one, counted exactly."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.assurance.difference import _reasons_not_compared, find_level_changes
from app.assurance.proof.answer_space import AnswerSpace
from app.assurance.proof.evaluator import Evaluator
from app.assurance.translated import TranslatedSpace, find_translation_table
from app.rulebook.reading import RulebookReader
from app.rulebook.translation import TRANSLATION_FILE, Translation, load_translation
from app.triage.questionnaire import Questionnaire
from app.triage.terms import Answers
from tests.assurance.rulebooks import small_rulebook

OLD: list[dict[str, Any]] = [
    {"id": "now", "kind": "many", "none": "none", "options": ["sepsis"]},
    {"id": "age", "kind": "one", "options": ["baby", "adult"]},
    {"id": "skin", "kind": "many", "none": "normal", "options": ["black", "hot"]},
    {"id": "lump", "kind": "many", "none": "none", "options": ["hard", "no_lump"]},
]
NEW: list[dict[str, Any]] = [
    {"id": "age", "kind": "one", "options": ["baby", "adult"]},
    {"id": "signs", "kind": "many", "none": "none", "options": ["shaking", "dying", "fit"],
     "ask_if": {"not": {"question": "age", "is": "baby"}}},
    {"id": "baby_signs", "kind": "many", "none": "none", "options": ["shaking", "dying"],
     "ask_if": {"question": "age", "is": "baby"}},
    {"id": "reason", "kind": "many", "none": "none", "options": ["lump", "sore"]},
    {"id": "skin", "kind": "many", "none": "normal", "options": ["dead", "hot"],
     "ask_if": {"question": "reason", "includes_any": ["lump", "sore"]}},
    {"id": "feel", "kind": "many", "none": "none", "options": ["hard"],
     "ask_if": {"question": "reason", "includes": "lump"}},
]  # fmt: skip
TABLE = """
editions: ["1"]
options:
  now: {sepsis: [signs.shaking, baby_signs.shaking], none: [],
        not_sure: [signs.not_sure, baby_signs.not_sure]}
  age: {baby: [age.baby], adult: [age.adult], not_sure: [age.not_sure]}
  skin: {black: [signs.dying, baby_signs.dying, skin.dead], hot: [skin.hot], normal: [],
         not_sure: [signs.not_sure, skin.not_sure]}
  lump: {hard: [feel.hard], no_lump: [], none: [], not_sure: [feel.not_sure]}
also:
  - {when: {not: {question: lump, includes: no_lump}}, gives: [reason.lump]}
  - {when: {all: [{question: lump, includes: no_lump}, {question: skin, includes: hot}]},
     gives: [reason.sore]}
"""
OLD_RULES = [
    {"id": "E1", "when": {"question": "now", "includes": "sepsis"}, "urgency": "emergency",
     "if_unsure": "same_day"},
    {"id": "E4", "when": {"question": "skin", "includes": "black"}, "urgency": "emergency",
     "if_unsure": "same_day"},
    {"id": "T1", "when": {"question": "lump", "includes": "hard"}, "urgency": "soon"},
    {"id": "S1", "when": {"question": "skin", "includes": "normal"}, "urgency": "self_care"},
]  # fmt: skip
NEW_RULES = [
    {"id": "E1", "when": {"question": "signs", "includes_any": ["shaking", "fit"]},
     "urgency": "emergency", "if_unsure": "same_day"},
    {"id": "E4", "when": {"question": "skin", "includes": "dead"}, "urgency": "emergency",
     "if_unsure": "same_day", "only_with": {"question": "feel", "includes": "hard"}},
    {"id": "T1", "when": {"question": "feel", "includes": "hard"}, "urgency": "same_day"},
    {"id": "S1", "when": {"question": "skin", "includes": "normal"}, "urgency": "self_care"},
]  # fmt: skip


@pytest.fixture
def books(tmp_path: Path) -> tuple[Path, Path]:
    """An old rulebook and a new one, with the table beside the new one."""
    old = small_rulebook(tmp_path / "old", OLD, OLD_RULES)
    new = small_rulebook(tmp_path / "new", NEW, NEW_RULES)
    for folder, version in ((old, "1"), (new, "2")):
        text = yaml.safe_dump({"version": version, "longest_path": "6"})
        (folder / "rulebook.yaml").write_text(text, "utf-8")
    (new / "published").mkdir()
    (new / "published" / TRANSLATION_FILE).write_text(TABLE, "utf-8")
    return old, new


def questions(folder: Path) -> Questionnaire:
    return RulebookReader(folder).read_questionnaire("questions.yaml")


def reading(old: Path, new: Path) -> Translation:
    return load_translation(new, "1", questions(old), questions(new))


def everyone() -> Iterator[Answers]:
    """Every finished answer set of the old rulebook, one by one."""
    ways = []
    for question in OLD:
        ids = [*question["options"], "not_sure"]
        some = [set(c) for n in range(1, len(ids) + 1) for c in combinations(ids, n)]
        none = question.get("none")
        ways.append([*some, {none}] if none else [{option} for option in ids])
    for chosen in product(*ways):
        yield {q["id"]: frozenset(c) for q, c in zip(OLD, chosen, strict=True)}


def test_the_counts_are_those_of_translating_one_by_one(books: tuple[Path, Path]) -> None:
    old, new = books
    read_today, before, after = reading(old, new), Evaluator(old), Evaluator(new)
    counted: Counter[tuple[str, str]] = Counter()
    for answers in everyone():
        now = after.judge_answers(read_today.translate_answers(answers))
        assert now.next is None
        counted[before.judge_answers(answers).level, now.level] += 1
    table = find_translation_table(old, new)
    assert table is not None
    one = AnswerSpace(old)
    other = TranslatedSpace(new, one, table)
    people, changes = find_level_changes(one, other)
    assert other.count_answer_sets(other.whatever_labs(people)) == sum(counted.values())
    assert {change.kind: change.answer_sets for change in changes} == {
        f"{was} -> {becomes}": n for (was, becomes), n in counted.items() if was != becomes
    }
    lower = {change.kind for change in changes if change.way == "down"}
    assert lower >= {"same_day -> routine", "emergency -> routine"}


def test_the_smallest_person_of_each_change_shows_it(books: tuple[Path, Path]) -> None:
    old, new = books
    table = find_translation_table(old, new)
    assert table is not None
    one = AnswerSpace(old)
    _, changes = find_level_changes(one, TranslatedSpace(new, one, table))
    for change in changes:
        answers = {name: frozenset(chosen) for name, chosen in change.example.items()}
        now = Evaluator(new).judge_answers(reading(old, new).translate_answers(answers)).level
        assert f"{Evaluator(old).judge_answers(answers).level} -> {now}" == change.kind
        assert set(change.because) <= {"E1", "E4", "T1", "S1"}


def test_what_no_old_answer_leads_to_is_said(books: tuple[Path, Path]) -> None:
    old, new = books
    table = find_translation_table(old, new)
    assert table is not None
    one = AnswerSpace(old)
    said = list(_reasons_not_compared(one, TranslatedSpace(new, one, table)))
    assert said[0] == "only the new rulebook has signs: fit; no old answer leads there"
    assert said[-1].startswith("likely types: ")
    assert len([line for line in said if "leads there" in line]) == 2


def test_a_rulebook_that_the_table_does_not_speak_of_is_compared_directly(
    books: tuple[Path, Path],
) -> None:
    old, new = books
    assert find_translation_table(new, new) is None
    assert find_translation_table(new, old) is None
