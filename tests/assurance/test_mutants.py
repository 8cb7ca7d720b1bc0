"""Mutants: every small slip in the rules is made, and noticed by a case or proved to be none."""

import shutil
from pathlib import Path

import pytest

from app.assurance.mutation.apart_by_diagram import find_distinguishing_sets
from app.assurance.mutation.boundary import prove_survivors
from app.assurance.mutation.killing import MutationBench, run_mutation_tests
from app.assurance.mutation.mutants import Mutant, apply_mutant, list_mutants, mutate_condition
from app.assurance.mutation.pinned import (
    BOUNDARY,
    find_failing_cases,
    load_boundary_cases,
    load_worked_cases,
)
from app.assurance.proof.answer_space import AnswerSpace
from tests.builders import RULES, SOAK, rulebook, seeded
from tests.kept_proofs import Counts, kept

EVERY = list_mutants(RULES)
SAMPLE = EVERY if SOAK else seeded(4).sample(EVERY, 120)
A = {"question": "skin", "includes": "pus"}
B = {"question": "skin", "includes_any": ["open", "hot"]}


def with_rules(to: Path, find: str, replace: str) -> Path:
    """A copy with its cases, one text of the rule U3 replaced, and no boundary cases."""
    folder = Path(shutil.copytree(RULES, to / "rules", ignore=shutil.ignore_patterns("published")))
    file = folder / "urgency" / "skin.yaml"
    text = file.read_text("utf-8")
    assert text.count(find) == 1
    file.write_text(text.replace(find, replace), "utf-8")
    shutil.copytree(RULES / "cases" / "published", folder / "cases" / "published")
    (folder / BOUNDARY).unlink(missing_ok=True)
    return folder


def of_entry(folder: Path, entry: str) -> list[Mutant]:
    return [mutant for mutant in list_mutants(folder) if mutant.entry == entry]


@pytest.mark.parametrize(
    ("when", "slips"),
    [
        (A, [{"not": A}]),
        (B, [{"not": B}, *({"question": "skin", "includes_any": [o]} for o in ("hot", "open"))]),
        ({"not": A}, [A]),
        ({"lab": "urate", "above": {}}, [
            {"not": {"lab": "urate", "above": {}}},
            {"lab": "urate", "at_least": {}},
            {"lab": "urate", "below": {}},
        ]),
        ({"all": [A, {"not": A}]}, [
            {"not": {"all": [A, {"not": A}]}},
            {"any": [A, {"not": A}]},
            {"all": [{"not": A}]},
            {"all": [{"not": A}, {"not": A}]},
            {"all": [A]},
            {"all": [A, A]},
        ]),
    ],
    ids=["one answer", "one of several", "not", "blood value", "all"],
)  # fmt: skip
def test_every_slip_of_a_condition_is_made(when: dict, slips: list[dict]) -> None:
    assert sorted(map(repr, (value for _, value in mutate_condition(when)))) == sorted(
        map(repr, slips)
    )


def test_a_rule_is_left_out_raised_and_lowered() -> None:
    slips = {(m.key, m.change) for m in of_entry(RULES, "E13") if m.key != "when"}
    assert slips >= {
        (None, "left out"),
        ("urgency", "emergency -> same_day"),
        ("if_unsure", "same_day -> emergency"),
        ("if_unsure", "same_day -> soon"),
        ("if_unsure", "left out"),
        ("only_with", "without any condition"),
        ("only_with", "without {named: fever}"),
    }


def test_the_sign_of_every_weight_is_swapped() -> None:
    swapped = [m for m in EVERY if m.key == "weights"]
    assert len(swapped) == sum(len(line.weights) for line in rulebook().evidence)


@kept
def test_each_mutant_differs_from_the_rulebook_and_from_the_others() -> Counts:
    assert len({mutant.full_name for mutant in EVERY}) == len(EVERY)
    for mutant in SAMPLE:
        assert apply_mutant(rulebook(), mutant) != rulebook(), mutant.full_name
    return {"mutants told apart": len(SAMPLE)}


@kept
def test_every_worked_and_boundary_case_holds() -> Counts:
    """After a change that is meant: `calcinosis-check rules mutate --refresh`."""
    cases = [*load_worked_cases(rulebook(), RULES), *load_boundary_cases(rulebook(), RULES)]
    assert len(cases) > 500
    assert find_failing_cases(rulebook(), cases) == []
    return {"pinned cases": len(cases)}


@kept
def test_every_mutant_is_noticed_or_proved_to_change_nothing() -> Counts:
    found = run_mutation_tests(RULES, SAMPLE, prove_survivors)
    assert [one for one in found.survivors if not one.is_equivalent] == []
    assert found.failing == ()
    assert len(found.killed) + len(found.survivors) == len(SAMPLE)
    return {"mutants tried": len(SAMPLE)}


@kept
def test_the_quick_look_at_a_case_misses_no_mutant_that_a_whole_assessment_sees() -> Counts:
    bench, chosen = MutationBench(RULES), seeded(7).sample(EVERY, 30 if SOAK else 6)
    for mutant in chosen:
        changed_rules = apply_mutant(bench.rulebook, mutant)
        slow = any(find_failing_cases(changed_rules, [case]) for case in bench.all_cases)
        assert slow == (bench.try_mutant(mutant) is not None), mutant.full_name
    return {"mutants tried in full": len(chosen)}


@kept
def test_the_second_checker_sees_each_change_of_types_that_a_finished_case_shows() -> Counts:
    """It may think that more is seen than can be, never less."""
    bench, space = MutationBench(RULES), AnswerSpace(RULES)
    slips = [slip for slip in EVERY if slip.key == "types"]
    shown = 0
    for slip in slips if SOAK else seeded(9).sample(slips, 40):
        killed = bench.try_mutant(slip)
        if killed is not None and killed.case.next is None:
            shown += 1
            assert find_distinguishing_sets(space, slip) != space.bdd.false, slip.full_name
    assert shown > 20
    return {"changes of types seen": shown}


@kept
def test_a_slip_that_no_case_looks_at_is_told(tmp_path: Path) -> Counts:
    twice = "{all: [{question: skin, includes: pus}, {not: {question: before, includes: burn}}]}"
    once = "{all: [{question: skin, includes: pus}, {question: place, includes: back}]}"
    rest = "\n  urgency: same_day\n  sources: [nhs-abs, univ]"
    honest = f"  when: {{question: skin, includes: pus}}{rest}"
    planted = f"  when: {{any: [{twice}, {once}]}}{rest}"
    folder = with_rules(tmp_path, honest, planted)
    [slip] = [
        m for m in of_entry(folder, "U3")
        if m.change == "without {question: place, includes: back}"
    ]  # fmt: skip
    found = run_mutation_tests(folder, [slip], prove_survivors)
    assert not found.all_accounted_for
    assert [(s.by_sat, s.by_diagram) for s in found.survivors] == [(False, False)]
    assert "burn" in str(found.survivors[0].shown)
    return {"planted faults": 1}


@kept
def test_a_slip_that_changes_nothing_is_proved_by_both_checkers(tmp_path: Path) -> Counts:
    honest = "- id: U3\n  when: {question: skin, includes: pus}\n"
    planted = (
        "- id: U3\n  when: {any: [{question: skin, includes: pus}, {all: [{question: skin, "
        "includes: pus}, {question: place, includes: back}]}]}\n"
    )
    folder = with_rules(tmp_path, honest, planted)
    slips = [m for m in of_entry(folder, "U3") if "without {all" in m.change]
    found = run_mutation_tests(folder, slips, prove_survivors)
    assert len(slips) == len(found.survivors) == 1
    assert found.all_accounted_for
    return {"planted faults": 1}
