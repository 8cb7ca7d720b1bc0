"""For each property of the certificate a planted fault, which both checkers must find.

A file in planted/ is one small change of the real rules: the `property` that it breaks, the `edit`
(as in tests/triage/faulty), in `expect` the start or a part of each finding, and in `answers` and
`then` what the smallest answer set of the first finding says. No rule file that loads can break (b)
and (h): there the fault is planted in the program.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from app.assurance.proof.answer_space import AnswerSpace, Meaning
from app.assurance.proof.certificate import PROPERTIES, certify_rulebook, prove_property
from app.assurance.proof.diagram import examine_property
from app.assurance.proof.prover import Prover
from app.rulebook.load import load_rulebook_folder
from app.triage.questionnaire import AnswerPath as Walk
from app.triage.questionnaire import Questionnaire
from app.triage.terms import Answers, Urgency
from tests.assurance.rulebooks import changed_copy, copied
from tests.builders import RULES, rulebook
from tests.kept_proofs import Counts, kept, record_counts
from tests.triage.test_faulty import Edit, apply

PLANTED = sorted((Path(__file__).parent / "planted").glob("*.yaml"))
CANARY = "a_must_ask_question_that_is_skipped"
"""Never kept."""
IN_THE_PROGRAM = {"b", "h"}


class Planted(BaseModel):
    """One planted fault."""

    model_config = ConfigDict(extra="forbid")

    property: str
    edit: list[Edit]
    expect: list[str]
    answers: dict[str, str | list[str]] = {}
    then: dict[str, str | list[str]] = {}


@pytest.fixture
def broken_rules(tmp_path: Path) -> Callable[[Planted], Path]:
    def make(planted: Planted) -> Path:
        folder = copied(tmp_path)
        for edit in planted.edit:
            apply(edit, folder)
        return folder

    return make


@kept
@pytest.mark.parametrize(
    "file", [file for file in PLANTED if file.stem != CANARY], ids=lambda file: file.stem
)
def test_a_planted_fault_is_found(file: Path, broken_rules: Callable[[Planted], Path]) -> Counts:
    found_by_both(file, broken_rules)
    return {"planted faults": 1}


def test_one_planted_fault_is_always_proved_anew(
    broken_rules: Callable[[Planted], Path], request: pytest.FixtureRequest
) -> None:
    """So that no checker which finds nothing any more hides behind what was kept."""
    [file] = [file for file in PLANTED if file.stem == CANARY]
    found_by_both(file, broken_rules)
    record_counts(request.node, {"planted faults": 1})


def found_by_both(file: Path, broken_rules: Callable[[Planted], Path]) -> None:
    """Both checkers find the planted fault, and the first shows the person that is expected."""
    planted = Planted.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    folder = broken_rules(planted)
    prover = Prover(load_rulebook_folder(folder))
    proof = prove_property(prover, planted.property)
    assert not proof.holds
    said = [broken.about for broken in proof.counterexamples]
    assert [part for part in planted.expect if not any(part in about for about in said)] == []
    [shown, *_] = [broken for broken in proof.counterexamples if planted.expect[0] in broken.about]
    assert {q: (shown.answers or {}).get(q) for q in planted.answers} == planted.answers
    assert {q: (shown.then or {}).get(q) for q in planted.then} == planted.then
    assert prover.engine_differences == []
    assert not examine_property(folder, planted.property).property_holds


def test_every_property_has_a_planted_fault() -> None:
    planted = {yaml.safe_load(file.read_text(encoding="utf-8"))["property"] for file in PLANTED}
    assert planted | IN_THE_PROGRAM == set(PROPERTIES)


def test_a_question_that_waits_for_a_later_one_breaks_the_first_property_and_ends_the_proof() -> (
    None
):
    questions = list(rulebook().questionnaire)
    questions.sort(key=lambda question: question.id == "age")
    found = certify_rulebook(replace(rulebook(), questionnaire=Questionnaire(tuple(questions))))
    assert [proof.letter for proof in found.proofs] == ["a"]
    assert (
        found.proofs[0].counterexamples[0].about == "breath waits for age, which comes no earlier"
    )
    assert not found.all_hold


@kept
def test_a_progress_line_that_allows_for_too_many_questions_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> Counts:
    honest = Questionnaire.trace_path

    def padded(self: Questionnaire, given: Answers) -> Walk:
        path = honest(self, given)
        return path._replace(remaining_at_most=path.remaining_at_most + ("age" in given))

    monkeypatch.setattr(Questionnaire, "trace_path", padded)
    proof = prove_property(Prover(rulebook()), "a")
    complaints = {broken.about for broken in proof.counterexamples}
    wanted = re.compile(r"the progress line allows for (\d+) questions, and fewer can come")
    allowed = {found[1] for about in complaints if (found := wanted.fullmatch(about))}
    assert len(allowed) == len(complaints)
    assert str(rulebook().longest_path + 1) in allowed
    return {"planted faults": 1}


@kept
def test_a_rule_that_is_graver_when_in_doubt_gives_two_levels_and_is_found() -> Counts:
    rules = tuple(
        replace(rule, if_unsure=Urgency.emergency) if rule.id == "TW5" else rule
        for rule in rulebook().rules
    )
    proof = prove_property(Prover(replace(rulebook(), rules=rules)), "b")
    assert [b.about for b in proof.counterexamples] == [
        "emergency or above is given without a finding that says so",
        "same_day or above is given without a finding that says so",
    ]
    assert (proof.counterexamples[0].answers or {})["place"] in (["breast"], ["testicle"])
    return {"planted faults": 1}


@kept
def test_an_engine_that_counts_what_was_not_asked_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> Counts:
    honest = Questionnaire.trace_path

    def leaking(self: Questionnaire, given: Answers):
        return honest(self, given)._replace(answers=given)

    monkeypatch.setattr(Questionnaire, "trace_path", leaking)
    proof = prove_property(Prover(rulebook()), "h")
    assert "autoimmune: lupus was not asked for and changes the result" in {
        broken.about for broken in proof.counterexamples
    }
    return {"planted faults": 1}


@kept
def test_the_second_checker_finds_a_level_that_there_is_not(tmp_path: Path) -> Counts:
    find = "{question: unwell, includes: swollen_new}\n  urgency: same_day"
    folder = changed_copy(
        tmp_path, "urgency/joints_nerves.yaml", find, find.replace("same_day", "tomorrow")
    )
    checked = examine_property(folder, "b")
    assert checked.breaches == ("U24 gives no level that there is",)
    assert checked.smallest["unwell"] == ["swollen_new"]
    return {"planted faults": 1}


@kept
def test_the_second_checker_finds_a_reading_that_counts_what_was_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> Counts:
    def leaking(self: AnswerSpace, name: str, wanted: set[str]) -> Meaning:
        options = self.options[name]
        found = self.any_of(self.bdd.var(options[option]) for option in wanted if option in options)
        return Meaning(found, found)

    monkeypatch.setattr(AnswerSpace, "_read_choice", leaking)
    assert "baby changes emergency where it is not asked" in examine_property(RULES, "h").breaches
    return {"planted faults": 1}


@kept
def test_an_engine_that_gives_another_level_than_the_formula_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> Counts:
    book = replace(rulebook())
    monkeypatch.setattr(book.compiled_rules, "level", lambda _: 4)
    prover = Prover(book)
    assert prover.is_possible(prover.first_world.complete, prover.first_world.level[Urgency.soon])
    [difference] = prover.engine_differences
    assert difference.startswith("level: engine {<Urgency.emergency: 4>}, formula {<Urgency.soon")
    return {"planted faults": 1}
