"""The difference between two rulebooks: exact, readable, and never silent about a lower level."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from app.assurance.difference import Difference, compare_rulebooks, find_level_changes
from app.assurance.difference_words import format_difference, format_difference_html
from app.assurance.proof.answer_space import AnswerSpace
from app.assurance.proof.evaluator import Evaluator
from app.rulebook.load import find_newest_folder, load_rulebook_folder
from app.rulebook.reading_words import PUBLISHED_FOLDER
from app.triage.rules import assess_answers
from tests.assurance.rulebooks import changed_copy, small_rulebook
from tests.builders import RULES, rulebook

SEEN_TODAY = "- id: U3\n  when: {question: skin, includes: pus}\n  urgency: same_day"
QUESTIONS: list[dict[str, Any]] = [
    {"id": "skin", "kind": "many", "none": "normal", "options": ["pus", "hot"]},
    {"id": "age", "kind": "one", "options": ["child", "adult"]},
    {
        "id": "pain", "kind": "one", "options": ["no", "severe"],
        "ask_if": {"question": "age", "is": "adult"},
    },
]  # fmt: skip
RULE = {"id": "U1", "when": {"question": "skin", "includes": "pus"}, "urgency": "same_day"}


@pytest.fixture(scope="module")
def lowered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Difference]:
    """Pus no longer means today."""
    folder = changed_copy(
        tmp_path_factory.mktemp("lowered"),
        "urgency/skin.yaml",
        SEEN_TODAY,
        SEEN_TODAY.replace("same_day", "soon"),
    )
    return folder, compare_rulebooks(RULES, folder)


def everyone(folder: Path) -> Iterator[dict[str, frozenset[str]]]:
    """Every finished answer set of the small rulebook, one by one."""
    evaluator = Evaluator(folder)
    ticks = [{"pus"}, {"hot"}, {"not_sure"}, {"pus", "hot"}, {"pus", "not_sure"}]
    ticks += [{"hot", "not_sure"}, {"pus", "hot", "not_sure"}, {"normal"}]
    ages = [{"child"}, {"adult"}, {"not_sure"}]
    for skin, age, pain in product(ticks, ages, [None, {"no"}, {"severe"}, {"not_sure"}]):
        said = {"skin": skin, "age": age} | ({} if pain is None else {"pain": pain})
        answers = {name: frozenset(chosen) for name, chosen in said.items()}
        verdict = evaluator.judge_answers(answers)
        if verdict.next is None and set(verdict.path) >= set(answers):
            yield answers


@pytest.mark.parametrize(
    "other",
    [
        {**RULE, "urgency": "soon"},
        {**RULE, "when": {"question": "skin", "includes_any": ["pus", "hot"]}},
        {**RULE, "if_unsure": "soon"},
        {**RULE, "if_unsure": "soon", "only_with": {"question": "pain", "is": "severe"}},
        {**RULE, "when": {"all": [RULE["when"], {"question": "pain", "is": "severe"}]}},
    ],
    ids=["level", "more", "doubt", "limited", "less"],
)
def test_the_counts_are_those_of_counting_one_by_one(tmp_path: Path, other: dict) -> None:
    old = small_rulebook(tmp_path / "old", QUESTIONS, [RULE])
    new = small_rulebook(tmp_path / "new", QUESTIONS, [other])
    before, after, counted = Evaluator(old), Evaluator(new), {}
    for answers in everyone(old):
        kind = before.judge_answers(answers).level, after.judge_answers(answers).level
        counted[kind] = counted.get(kind, 0) + 1
    one = AnswerSpace(old)
    beside = AnswerSpace(new, beside=one)
    people, changes = find_level_changes(one, beside)
    assert one.count_answer_sets(beside.whatever_labs(people)) == sum(counted.values())
    assert {change.kind: change.answer_sets for change in changes} == {
        f"{was} -> {becomes}": n for (was, becomes), n in counted.items() if was != becomes
    }
    assert {tuple(change.because) for change in changes} == {("U1",)}


def test_a_rulebook_does_not_differ_from_itself() -> None:
    found = compare_rulebooks(RULES, RULES)
    assert (found.up, found.down, found.changes, found.cases, dict(found.rules)) == (
        0,
        0,
        (),
        (),
        {},
    )
    assert found.answer_sets > 10**40


def test_a_lower_level_is_counted_and_shown_by_the_smallest_person(
    lowered: tuple[Path, Difference],
) -> None:
    folder, found = lowered
    [change] = found.changes
    assert (change.kind, change.way, change.because) == ("same_day -> soon", "down", ["U3"])
    assert (found.up, found.down) == (0, change.answer_sets)
    assert change.answer_sets > 10**30
    answers = {name: frozenset(chosen) for name, chosen in change.example.items()}
    levels = [Evaluator(rules).judge_answers(answers).level for rules in (RULES, folder)]
    assert levels == ["same_day", "soon"]
    assert change.example["skin"] == ["pus"]


def test_the_cases_that_get_another_level_are_named(lowered: tuple[Path, Difference]) -> None:
    """The changed copy has no cases: those of the other one are looked at."""
    _, found = lowered
    changed = {case.case: (case.old[0], case.new[0]) for case in found.cases}
    assert changed["U3-pus"] == ("same_day", "soon")
    assert set(changed.values()) == {("same_day", "soon")}


def test_no_type_changes_where_no_file_about_types_differs(
    lowered: tuple[Path, Difference],
) -> None:
    _, found = lowered
    assert found.types_among is None
    assert not [change for change in found.changes if change.way == "type"]


def test_another_weight_changes_the_likely_type(tmp_path: Path) -> None:
    weights = "includes: scleroderma}\n  weights: {dystrophic: 3, idiopathic: -2}"
    folder = changed_copy(
        tmp_path, "types/evidence.yaml", weights, weights.replace("dystrophic: 3", "dystrophic: 1")
    )
    found = compare_rulebooks(RULES, folder)
    kinds = {change.kind: change for change in found.changes}
    assert (found.up, found.down) == (0, 0)
    assert kinds["dystrophic -> cannot_tell"].because == ["scleroderma"]
    books = [rulebook(), load_rulebook_folder(folder)]
    for change in found.changes:
        answers = {name: frozenset(chosen) for name, chosen in change.example.items()}
        likely = [assess_answers(book, answers).likely_type for book in books]
        assert " -> ".join(likely) == change.kind


def test_a_lower_level_is_unapproved_until_somebody_signs(
    lowered: tuple[Path, Difference], tmp_path: Path
) -> None:
    folder, found = lowered
    assert len(found.unapproved_lowerings) == 1
    assert "U3" in found.unapproved_lowerings[0]
    assert found.as_json()["unapproved"] == list(found.unapproved_lowerings)
    assert "Not approved by a clinician" in format_difference(found)
    signed = changed_copy(tmp_path, "rulebook.yaml", "approvals: []", 'approvals: ["A. Body"]')
    rule = folder / "urgency" / "skin.yaml"
    (signed / "urgency" / "skin.yaml").write_bytes(rule.read_bytes())
    again = compare_rulebooks(RULES, signed)
    assert (again.down, again.unapproved_lowerings) == (found.down, ())


def test_what_only_one_rulebook_has_is_said(tmp_path: Path) -> None:
    old = small_rulebook(tmp_path / "old", QUESTIONS, [RULE])
    wider = [{**QUESTIONS[0], "options": ["pus", "hot", "dead_skin"]}, *QUESTIONS[1:]]
    one = AnswerSpace(old)
    beside = AnswerSpace(small_rulebook(tmp_path / "new", wider, [RULE]), beside=one)
    people, changes = find_level_changes(one, beside)
    assert changes == []
    assert one.count_answer_sets(beside.whatever_labs(people)) == len(list(everyone(old)))


def test_the_page_for_a_reviewer_holds_every_change(lowered: tuple[Path, Difference]) -> None:
    page = format_difference_html(lowered[1])
    assert page.startswith("<!doctype html>")
    assert "same_day -&gt; soon" in page


def test_lower_levels_since_the_newest_published_rulebook_are_listed(
    request: pytest.FixtureRequest,
) -> None:
    """Listed, not forbidden: a clinician decides. What is listed must fit rulebook.yaml."""
    last = find_newest_folder(RULES / PUBLISHED_FOLDER)
    assert last is not None
    found = compare_rulebooks(last, RULES)
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    for line in found.unapproved_lowerings:
        reporter.write_line(f"\nNOT APPROVED by a clinician: {line}")
    lower = [change for change in found.changes if change.way == "down"]
    assert len(found.unapproved_lowerings) == (0 if rulebook().approvals else len(lower))
    assert bool(found.down) == bool(lower)
