"""The certificate of the real rulebook: all holds, both checkers agree, and so does the engine."""

import ast
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from typer.testing import CliRunner

from app.assurance.cases import read_cases
from app.assurance.proof.asking import QuestionImpact
from app.assurance.proof.certificate import (
    PROPERTIES,
    Certificate,
    certify_rulebook,
    format_certificate,
    serialize_certificate,
)
from app.assurance.proof.diagram import DiagramCheck, DiagramReport, examine_rulebook
from app.assurance.proof.prover import Counterexample, Prover
from app.commands import app
from app.settings import ROOT
from app.triage.labs import read_lab_amounts
from app.triage.rules import assess_answers
from app.triage.terms import Answers
from tests.builders import (
    RULES,
    Value,
    examples,
    level,
    question,
    rulebook,
    some_answers,
    some_unfinished_answers,
    some_values,
    values_as_sent,
)
from tests.kept_proofs import Counts, kept

BROKEN = DiagramCheck(1, 0.0, ("a claim",), {})


@cache
def certificate() -> Certificate:
    """The certificate of the real rulebook, by both checkers.

    Made by a process of its own, whose memory is that of the proofs alone.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_certify).result()


def _certify() -> Certificate:
    return certify_rulebook(rulebook(), lambda: examine_rulebook(RULES))


@pytest.fixture(scope="module")
def prover() -> Prover:
    """The real rulebook as a formula, with types and advice."""
    whole = Prover(rulebook())
    assert whole.advice
    return whole


# The real rulebook.


@kept
@pytest.mark.parametrize("letter", PROPERTIES)
def test_the_real_rulebook_has_the_property(letter: str) -> Counts:
    [proof] = [proof for proof in certificate().proofs if proof.letter == letter]
    assert [broken.format_yaml(letter) for broken in proof.counterexamples] == []
    assert proof.holds
    examined = certificate().examined
    assert examined is not None
    assert examined.checked[letter].breaches == ()
    assert examined.checked[letter].claims > 0
    claims = {"claims by decision diagram": examined.checked[letter].claims}
    return {"properties proved": 1, "questions to the SAT solver": proof.asked, **claims}


def test_the_two_checkers_share_no_code_but_the_words_of_the_trade() -> None:
    """What each imports, in turn, of the program."""
    of_sat = ("properties_level", "properties_reach", "properties_promised")
    first = set[str]().union(*(imported(f"app.assurance.proof.{name}") for name in of_sat))
    second = imported("app.assurance.proof.diagram")
    assert {"app.assurance.proof.sat", "app.triage.conditions"} <= first
    assert {"app.assurance.proof.answer_space", "app.assurance.proof.evaluator"} <= second
    assert first & second == set()
    assert not [name for name in second if name.startswith("app.triage")]


@kept
def test_the_engine_sees_every_answer_set_that_was_found_as_the_formula_does() -> Counts:
    assert certificate().differences == ()
    assert certificate().replayed > 500
    return {"certificate checks": 1}


@kept
def test_the_certificate_stays_within_its_limits_of_time_and_memory() -> Counts:
    assert certificate().seconds < 60
    assert certificate().peak_mib < 1024
    return {"certificate checks": 1}


@kept
def test_the_certificate_names_the_rulebook_and_its_longest_path() -> Counts:
    assert (certificate().rulebook, certificate().sha256) == (rulebook().version, rulebook().sha256)
    assert certificate().longest == rulebook().questionnaire.count_longest_path()
    return {"certificate checks": 1}


@kept
def test_the_certificate_as_json_holds_every_property_and_says_that_all_hold() -> Counts:
    whole = json.loads(json.dumps(serialize_certificate(certificate())))
    assert whole["holds"] is True
    assert [proof["property"] for proof in whole["proofs"]] == list(PROPERTIES)
    assert all(proof["sat"]["holds"] and proof["diagram"]["holds"] for proof in whole["proofs"])
    return {"certificate checks": 1}


@kept
def test_time_and_memory_stand_apart_in_the_json_from_what_never_varies() -> Counts:
    slower = replace(certificate(), seconds=99.0, peak_mib=999)
    one, other = serialize_certificate(certificate()), serialize_certificate(slower)
    assert one.pop("measured") != other.pop("measured")
    assert one == other
    return {"certificate checks": 1}


@kept
def test_every_answer_set_is_counted_once() -> Counts:
    examined = certificate().examined
    assert examined is not None
    assert sum(examined.by_level.values()) == examined.answer_sets > 10**40
    assert min(examined.by_level.values()) > 0
    assert sum(examined.by_type.values()) > 10**6
    assert min(examined.by_type.values()) > 0
    return {"certificate checks": 1}


@kept
def test_the_certificate_in_words_has_a_line_for_each_property_and_all_counts() -> Counts:
    words = format_certificate(certificate())
    assert words.count("holds  ") >= len(PROPERTIES)
    assert str(certificate().examined.answer_sets if certificate().examined else "none") in words
    assert words.endswith("All properties hold. Both checkers agree.")
    return {"certificate checks": 1}


# Smallest answer sets, as cases.


def test_a_finding_is_shown_as_a_case_that_the_benchmark_can_read(tmp_path: Path) -> None:
    prover = Prover(rulebook())
    [found] = prover.find_counterexamples(
        "a hot lump", prover.first_world.complete, prover.first_world.ticks["skin"]["hot"]
    )
    (tmp_path / "found.json").write_text(json.dumps([{**found.as_worked_case("x"), "labs": {}}]))
    [case] = read_cases(rulebook(), tmp_path / "found.json")
    assert assess_answers(rulebook(), case.answers).urgency.name == found.urgency == "same_day"


def test_the_smallest_answer_set_says_nothing_that_need_not_be_said() -> None:
    prover = Prover(rulebook())
    [found] = prover.find_counterexamples(
        "now", prover.first_world.complete, prover.first_world.certain["U11"]
    )
    said = {
        q: frozenset([c] if isinstance(c, str) else c) for q, c in (found.answers or {}).items()
    }
    needed_questions = {q for q, chosen in said.items() if not chosen & {"none", "normal", "no"}}
    assert needed_questions == {"age", "reason", "place", "limbs", "unwell"}
    assert {len(said[q]) for q in needed_questions} == {1}
    for left_out in needed_questions - {"age"}:
        without = said | {left_out: frozenset([question(left_out).none or "no"])}
        assert "U11" not in {
            finding.rule for finding in assess_answers(rulebook(), without).findings
        }
    assert not found.labs


def test_a_finding_without_answers_is_shown_by_its_words_alone() -> None:
    assert (
        Counterexample("no value").format_yaml("j") == "- {about: no value, id: j}"
        or Counterexample("no value").format_yaml("j") == "- {id: j, about: no value}"
    )


# The formula is the engine.


@examples(150)
@given(some_unfinished_answers() | some_answers(), some_values())
def test_the_formula_sees_any_person_as_the_engine_does(
    prover: Prover, given_answers: Answers, values: list[Value]
) -> None:
    sent = values_as_sent(values)
    on_path = rulebook().questionnaire.trace_path(given_answers).answers
    bands = prover.encoding.labs.bands
    met = bands.met_bounds(sent)
    ticks = [
        tick if option in on_path.get(name, ()) else -tick
        for name, options in prover.first_world.ticks.items()
        for option, tick in options.items()
    ]
    labs = [
        literal if bound in met else -literal
        for bound in bands.bounds
        for literal in [prover.encoding.labs.bound_literal(bound)]
    ]
    there = read_lab_amounts(rulebook().laboratory, sent)
    labs += [p if name in there else -p for name, p in prover.encoding.labs.present.items()]
    model = prover.formula.find_model(*ticks, *labs)
    assert model is not None
    assert prover.replay_model(model, prover.first_world) == level(given_answers, there)
    assert prover.engine_differences == []


# Two checkers.


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({}, None),
        ({"longest": 13}, "longest path: 16 by SAT, 13 by decision diagram"),
        ({"answer_sets": 11}, "the counts of the levels do not add up to all answer sets"),
        ({"fires": {}}, "rule E1: found True by SAT, 0 times by decision diagram"),
        ({"by_level": {"soon": 10}}, "level emergency: found True by SAT, 0 times by decision"),
        ({"checked": {"d": BROKEN}}, "(d) holds: True by SAT, False by decision diagram"),
        ({"shown": {"idiopathic": {}}}, "type idiopathic by decision diagram, cannot_tell by"),
    ],
)
@kept
def test_where_the_checkers_disagree_the_certificate_fails_and_says_where(
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    difference: str | None,
) -> Counts:
    few = {letter: PROPERTIES[letter] for letter in "abd"}
    monkeypatch.setattr("app.assurance.proof.certificate.PROPERTIES", few)
    examined = certificate().examined
    assert examined is not None
    if "checked" in changes:
        changes = {"checked": {**examined.checked, **changes["checked"]}}
    joined = certify_rulebook(rulebook(), lambda: replace(examined, **changes))
    assert joined.all_hold is (difference is None)
    if difference is not None:
        assert any(
            joined_difference.startswith(difference) for joined_difference in joined.differences
        )
        assert f"Disagreement: {difference}" in format_certificate(joined)
        assert format_certificate(joined).endswith("Not proved.")
    return {"certificate checks": 1}


# The command.


@pytest.mark.parametrize("agree", [True, False])
def test_the_command_prints_the_certificate_and_ends_with_1_where_something_fails(
    monkeypatch: pytest.MonkeyPatch, agree: bool
) -> None:
    found = DiagramReport(1, {}, 16, {"a": DiagramCheck(1, 0.0, (), {})}, {}, {}, {})
    differing = [] if agree else ["longest path"]
    monkeypatch.setattr("app.assurance.proof.certificate.PROPERTIES", {"a": PROPERTIES["a"]})
    monkeypatch.setattr("app.assurance.proof.certificate.find_disagreements", lambda *_: differing)
    monkeypatch.setattr("app.assurance.proof.diagram.examine_rulebook", lambda _: found)
    shown = CliRunner().invoke(app, ["rules", "certify", "--json"])
    assert shown.exit_code == (0 if agree else 1)
    whole = json.loads(shown.stdout)
    assert whole["sha256"] == rulebook().sha256
    assert whole["holds"] is agree
    assert len(whole["differences"]) == (0 if agree else 1)
    table = CliRunner().invoke(app, ["rules", "certify"])
    assert table.exit_code == shown.exit_code
    assert PROPERTIES["a"] in table.stdout


def test_the_command_says_of_each_question_what_it_can_still_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Counting takes minutes; tests/assurance/test_answer_space.py counts."""
    counted = {asked.id: QuestionImpact(9, 8, 4, 3, 2, 1) for asked in rulebook().questionnaire}
    monkeypatch.setattr("app.assurance.proof.asking.count_question_impact", lambda _: counted)
    shown = CliRunner().invoke(app, ["rules", "asking"])
    assert shown.exit_code == 0
    lines = [line.split() for line in shown.stdout.splitlines()]
    for asked in rulebook().questionnaire:
        assert any(line[:1] == [asked.id] and len(line) >= 5 for line in lines)


def imported(module: str) -> set[str]:
    """The modules of the program that this one imports, and those that they import."""
    found: set[str] = set()
    left = {module}
    while left:
        found.add(name := left.pop())
        tree = ast.parse((ROOT / f"{name.replace('.', '/')}.py").read_text("utf-8"))
        froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names = {f"{node.module}.{part.name}" for node in froms for part in node.names}
        names |= {str(node.module) for node in froms}
        left |= {n for n in names if (ROOT / f"{n.replace('.', '/')}.py").is_file()} - found
    return found
