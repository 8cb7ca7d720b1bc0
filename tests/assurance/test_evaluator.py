"""The second reading of the rulebook agrees with the engine, and is read from the README alone."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.assurance.proof.evaluator import Evaluator
from app.rulebook.load import load_rulebook_folder
from app.triage.questionnaire import Questionnaire
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers, read_counted_amounts
from app.triage.terms import Answers, Urgency
from tests.assurance.anyone import anyone
from tests.assurance.rulebooks import changed_copy, with_random_conditions
from tests.builders import RULES, SOAK, Labs, rulebook, seeded
from tests.kept_proofs import Counts, kept

PEOPLE = 1_000_000 if SOAK else 100_000
IN_FULL = 10
"""Every so many people all is compared, not only the level and what is asked next."""
RULEBOOKS = 200 if SOAK else 6
CHANGED = ("R10", "R9", "R7", "R2", "R5", "TW15", "U24", "R3", "E8", "E12", "E22", "E23")
"""Rules of several levels, some with `if_unsure`."""

Differences = list[str]


@pytest.fixture(autouse=True)
def nobody_asks_how_many_questions_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no part of what is compared here, and half of the work; property (a) is about it."""
    monkeypatch.setattr(Questionnaire, "_count_longest", lambda *_: 0)


def differences(book: Rulebook, second: Evaluator, people: int, chance: Random) -> Differences:
    """Where the two readings differ over so many people; it stops at the first three."""
    found: Differences = []
    for number, (given, values) in enumerate(anyone(chance, people)):
        compare = _in_full if number % IN_FULL == 0 else _in_short
        one, other = compare(book, second, given, values)
        if one != other:
            found.append(f"engine {one}, evaluator {other}: {_told(given)} {values}")
            if len(found) == 3:
                break
    return found


def _in_short(book: Rulebook, second: Evaluator, given: Answers, values: Labs) -> tuple[Any, Any]:
    path = book.questionnaire.trace_path(given)
    amounts = read_counted_amounts(book, path, values)
    level = book.compiled_rules.level(
        book.compiled_rules.encode_answers(path.answers, path.off_path, amounts)
    )
    verdict = second.judge_answers(given, values)
    to_ask = path.next.id if path.next else None
    return (Urgency(level).name, to_ask), (verdict.level, verdict.next)


def _in_full(book: Rulebook, second: Evaluator, given: Answers, values: Labs) -> tuple[Any, Any]:
    result, verdict = assess_answers(book, given, values), second.judge_answers(given, values)
    fired = {f.rule: "certain" if f.certain else "unsure" for f in result.findings}
    off_path = tuple(sorted(given.keys() - set(verdict.path)))
    return (
        (result.urgency.name, fired, result.next_question, result.complete, result.ignored),
        (verdict.level, verdict.fired, verdict.next, verdict.next is None, off_path),
    )


def _told(given: Answers) -> dict[str, list[str]]:
    return {name: sorted(chosen) for name, chosen in given.items()}


@kept
def test_the_evaluator_and_the_engine_agree_on_anyone() -> Counts:
    chance = seeded(None if SOAK else 4)
    assert differences(rulebook(), Evaluator(RULES), PEOPLE, chance) == []
    return {"people seen alike by both readings": PEOPLE}


@kept
def test_they_agree_on_rulebooks_that_nobody_wrote(tmp_path: Path) -> Counts:
    """So that the README settles every condition that the language can say."""
    for number in range(RULEBOOKS):
        chance = seeded(number)
        folder = with_random_conditions(tmp_path / str(number), chance, CHANGED)
        assert differences(load_rulebook_folder(folder), Evaluator(folder), 300, chance) == []
    return {"rulebooks that nobody wrote": RULEBOOKS}


@pytest.mark.parametrize(
    ("file", "find", "replace"),
    [
        (
            "urgency/calcium.yaml",
            "- id: TW12\n  when:\n    any:",
            "- id: TW12\n  when:\n    all:",
        ),
        (
            "urgency/joints_nerves.yaml",
            "{question: unwell, includes: swollen_new}\n  urgency: same_day",
            "{question: unwell, includes: swollen_new}\n  urgency: soon",
        ),
        (
            "urgency/skin.yaml",
            "      - {named: broken_skin}\n      - {question: pain, is: severe}\n",
            "      - {question: pain, is: severe}\n",
        ),
        ("urgency/lump.yaml", "      - {not: {named: under_25}}", "      - {named: under_25}"),
        ("named.yaml", "at_least: 2", "at_least: 3"),
        ("named.yaml", 'below: {mL/min/1.73 m²: "30"}', 'below: {mL/min/1.73 m²: "30.01"}'),
        ("questions.yaml", "among: [child, young", "among: [young"),
        ("labs.yaml", 'slope: "0.02"', 'slope: "0.03"'),
    ],
)
@kept
def test_one_change_of_the_engine_s_rules_is_found_out(
    tmp_path: Path, file: str, find: str, replace: str
) -> Counts:
    twin = load_rulebook_folder(changed_copy(tmp_path, file, find, replace))
    assert differences(twin, Evaluator(RULES), 20_000, seeded(5)) != []
    return {"planted faults": 1}
