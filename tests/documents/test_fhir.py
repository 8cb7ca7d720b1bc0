"""FHIR R4: the questionnaire, responses in and out, laboratory values, the assessment."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import fhirpathpy
import pytest
from hypothesis import given

from app.assurance.cases import read_cases
from app.documents.fhir import codes
from app.documents.fhir.assessing import assess_response
from app.documents.fhir.capability import write_capability_statement
from app.documents.fhir.json_text import BadJson, parse_json, write_json
from app.documents.fhir.observations import write_lab_observations
from app.documents.fhir.outcomes import BadResource, write_outcome
from app.documents.fhir.questionnaire import NotExpressible, write_questionnaire
from app.documents.fhir.responses import read_response, write_response
from app.documents.fhir.submissions import SubmissionFacts, write_submission_bundle
from app.rulebook.load import load_rulebook_folder
from app.settings import ROOT
from app.triage.conditions import AtLeast, Choice
from app.triage.questionnaire import Option, Question, Questionnaire
from app.triage.rulebook import Rulebook
from app.triage.terms import Answers, Urgency
from tests.builders import RULES, answers, examples, labs, level, rulebook, some_answers

BOOK = rulebook()
WORDS = BOOK.wording["en"]
CASES = read_cases(BOOK, RULES / "cases" / "published")
OPTIONS = (*BOOK.questionnaire["reason"].options[:3], Option("not_sure"))
CANARY = "canary-7f3a"


def check(resources: Sequence[object], paths: Sequence[tuple[int, str]] = ()) -> dict[str, Any]:
    """What R4's definitions say against resources, and what FHIRPath finds in them."""
    asked = write_json({"resources": resources, "paths": paths})
    command = [str(ROOT / ".build" / "bin" / "node"), str(ROOT / "tests" / "fhir_check.mjs")]
    done = subprocess.run(
        command, input=asked.encode(), capture_output=True, check=True, timeout=120
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def items_of(resource: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in resource.get("item", []):
        yield item
        yield from items_of(item)


def response(*items: dict[str, Any], **more: object) -> dict[str, Any]:
    head = {"resourceType": "QuestionnaireResponse", "status": "in-progress", **more}
    return {**head, **({"item": list(items)} if items else {})}


def reply(question: str, *options: str) -> dict[str, Any]:
    return {
        "linkId": question,
        "answer": [
            {"valueCoding": {"system": codes.OPTION_SYSTEM, "code": f"{question}.{option}"}}
            for option in options
        ],
    }


def read(resource: object) -> tuple[Answers, list[tuple[str, str]]]:
    found = read_response(BOOK, WORDS, resource)
    return found.answers, [tuple(one) for one in found.resolutions]


def faults(resource: object) -> list[tuple[str, str]]:
    with pytest.raises(BadResource) as caught:
        read_response(BOOK, WORDS, resource)
    said = write_json(write_outcome(caught.value.issues))
    assert CANARY not in said
    assert CANARY not in str(caught.value)
    return [(issue.where, issue.problem) for issue in caught.value.issues]


# --- The questionnaire ---


def shown_by(questionnaire: Mapping[str, Any], given: Answers) -> set[str]:
    """The questions that R4 shows to who answers so: a reading of its text, apart from ours."""
    shown: set[str] = set()

    def holds(item: Mapping[str, Any]) -> bool:
        conditions = item.get("enableWhen", [])
        met = [
            one["question"] in shown
            and one["answerCoding"]["code"].partition(".")[2] in given.get(one["question"], ())
            for one in conditions
        ]
        assert {one["operator"] for one in conditions} <= {"="}
        assert len(conditions) < 2 or item["enableBehavior"] in ("any", "all")
        return not met or (all if item.get("enableBehavior") == "all" else any)(met)

    def walk(items: Sequence[Mapping[str, Any]]) -> None:
        for item in items:
            if item["type"] != "display" and holds(item):
                if item["type"] == "choice":
                    shown.add(item["linkId"])
                walk(item.get("item", []))

    walk(questionnaire["item"])
    return shown


@examples(300)
@given(some_answers())
def test_a_reader_of_r4_shows_the_questions_that_we_ask(given_: Answers) -> None:
    shown = shown_by(write_questionnaire(BOOK, WORDS), given_)
    asked = {q.id for q in BOOK.questionnaire} - BOOK.questionnaire.trace_path(given_).off_path
    assert shown == asked


def test_every_question_and_option_is_there_with_its_code_and_words() -> None:
    items = {item["linkId"]: item for item in items_of(write_questionnaire(BOOK, WORDS))}
    for question in BOOK.questionnaire:
        item = items[question.id]
        assert item["text"] == WORDS.questions[question.id].text
        assert item["repeats"] == (question.kind == "many")
        coded = [option["valueCoding"] for option in item["answerOption"]]
        assert [one["code"] for one in coded] == [f"{question.id}.{o}" for o in question.option_ids]
        assert all(one["system"] == codes.OPTION_SYSTEM for one in coded)
        exclusive = [o["valueCoding"]["code"] for o in item["answerOption"] if "extension" in o]
        assert exclusive == ([f"{question.id}.{question.none}"] if question.none else [])


def test_what_has_to_hold_together_stands_in_groups_around_the_question() -> None:
    options = OPTIONS
    first, second = (Question(name, "many", options, "not_sure") for name in ("one", "two"))
    names = frozenset(option.id for option in options[:2])
    both = AtLeast(2, (Choice("one", names), Choice("two", names)))
    third = Question("reason", "many", options, "not_sure", ask_if=both)
    book = _with_questions(first, second, third)
    written = write_questionnaire(book, _words_of(book))
    for one in (options[0].id, options[2].id):
        for two in (options[1].id, options[2].id):
            given_ = {"one": frozenset([one]), "two": frozenset([two])}
            asked = "reason" not in book.questionnaire.trace_path(given_).off_path
            assert ("reason" in shown_by(written, given_)) == asked


@pytest.mark.parametrize(
    "condition",
    [
        Choice("one", frozenset(["lump"]), negated=True),
        AtLeast(
            2, tuple(Choice("one", frozenset([o])) for o in ("lump", "sore_skin", "calcinosis"))
        ),
    ],
)
def test_a_condition_that_renderers_read_in_two_ways_is_not_written(condition: Any) -> None:
    options = OPTIONS
    first = Question("one", "many", options, "not_sure")
    second = Question("reason", "many", options, "not_sure", ask_if=condition)
    book = _with_questions(first, second)
    with pytest.raises(NotExpressible):
        write_questionnaire(book, _words_of(book))


def _with_questions(*questions: Question) -> Rulebook:
    return replace(BOOK, questionnaire=Questionnaire(questions))


def _words_of(book: Rulebook) -> Any:
    return replace(WORDS, questions={q.id: WORDS.questions["reason"] for q in book.questionnaire})


# --- Responses ---


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.entry.id)
def test_a_published_patient_comes_back_as_they_were(case: Any) -> None:
    written = write_json(write_response(BOOK, WORDS, case.answers, "2026-11-29T10:00:00Z"))
    found = read_response(BOOK, WORDS, parse_json(written.encode()))
    assert found.answers == BOOK.questionnaire.trace_path(case.answers).answers
    assert found.resolutions == ()


def test_nothing_answered_is_read_as_nothing() -> None:
    assert read(response()) == ({}, [])
    assert read(response({"linkId": "age"})) == ({}, [])


@pytest.mark.parametrize(
    ("item", "options", "rule"),
    [
        (reply("breath", "none", "confused"), {"confused"}, "none_with_sign"),
        (reply("breath", "none", "not_sure"), {"not_sure"}, "none_with_unsure"),
        (
            {
                "linkId": "breath",
                "answer": [{"valueString": WORDS.questions["breath"].options["confused"]}],
            },
            {"confused"},
            "by_words",
        ),
        (
            {
                "linkId": "breath",
                "answer": [{"valueCoding": {"display": WORDS.questions["breath"].options["none"]}}],
            },
            {"none"},
            "by_words",
        ),
        (
            {
                "linkId": "breath",
                "answer": [
                    {"extension": [{"url": codes.ABSENT_REASON, "valueCode": "asked-unknown"}]}
                ],
            },
            {"not_sure"},
            "absent_is_unsure",
        ),
    ],
)
def test_what_a_renderer_spoils_is_read_by_a_rule_and_named(
    item: dict[str, Any], options: set[str], rule: str
) -> None:
    found, resolved = read(response(reply("age", "adult"), item))
    assert found["breath"] == options
    assert resolved == [("breath", rule)]


def test_an_answer_of_an_item_that_was_hidden_does_not_count_and_is_named() -> None:
    baby = next(
        q
        for q in BOOK.questionnaire
        if q.ask_if and q.id in BOOK.questionnaire.trace_path(answers(age="adult")).off_path
    )
    left = reply(baby.id, baby.option_ids[0])
    found, resolved = read(response(reply("age", "adult"), left))
    assert set(found) == {"age"}
    assert resolved == [(baby.id, "off_path")]


@examples(100)
@given(some_answers())
def test_none_beside_a_sign_never_lowers_the_level(given_: Answers) -> None:
    kept = BOOK.questionnaire.trace_path(given_).answers
    spoiled = response(
        *(
            reply(name, *chosen, *filter(None, [BOOK.questionnaire[name].none]))
            for name, chosen in kept.items()
        )
    )
    assert level(read(spoiled)[0]) == level(kept)


HEAD = {"resourceType": "QuestionnaireResponse", "status": "completed"}


@pytest.mark.parametrize(
    ("resource", "where", "problem"),
    [
        ([], "", "wrong_resource"),
        ({"resourceType": CANARY}, "", "wrong_resource"),
        ({**HEAD, "questionnaire": CANARY}, ".questionnaire", "other_questionnaire"),
        ({**HEAD, "questionnaire": 7}, ".questionnaire", "other_questionnaire"),
        ({**HEAD, "status": "entered-in-error"}, ".status", "wrong_status"),
        ({**HEAD, "item": CANARY}, ".item", "not_a_list"),
        ({**HEAD, "item": [CANARY]}, ".item[0]", "not_an_object"),
        ({**HEAD, "item": [{"linkId": CANARY}]}, ".item[0].linkId", "unknown_question"),
        ({**HEAD, "item": [{}] * 501}, ".item", "too_many_items"),
        (
            response(reply("age", "adult"), reply("age", "child")),
            ".item[1].linkId",
            "question_stands_twice",
        ),
        (response(reply("age", "adult", "child")), ".item[0].answer", "two_values"),
        (response(reply("age", CANARY)), ".item[0].answer[0]", "unknown_option"),
        (response({"linkId": "age", "answer": CANARY}), ".item[0].answer", "not_a_list"),
        (
            response({"linkId": "age", "answer": [{"valueInteger": 4}]}),
            ".item[0].answer[0]",
            "unknown_option",
        ),
        (
            response(
                {"linkId": "age", "answer": [{"valueCoding": {"system": "x", "code": "age.adult"}}]}
            ),
            ".item[0].answer[0]",
            "unknown_option",
        ),
        (
            response({"linkId": "age", "answer": [{"valueCoding": {"code": "reason.lump"}}]}),
            ".item[0].answer[0]",
            "unknown_option",
        ),
    ],
)
def test_what_no_rule_resolves_is_refused_with_its_place(
    resource: object, where: str, problem: str
) -> None:
    assert (f"QuestionnaireResponse{where}" if where else "", problem) in faults(resource)


def test_all_faults_are_told_at_once() -> None:
    assert len(faults(response(reply("age", "x"), reply("breath", "y")))) == 2


# --- JSON and laboratory values ---


@pytest.mark.parametrize("text", ["2.50", "0.10", "3.1", "1e2", "100000000000000000000.1"])
def test_a_decimal_keeps_its_digits(text: str) -> None:
    value = parse_json(f'{{"value": {text}}}'.encode())
    assert write_json(value) == f'{{"value":{Decimal(text):f}}}'


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"a": 1, "a": 2}',
        b"NaN",
        b"[1e",
        b"\xff",
        b"[" * 5_000,
        b'{"a":' * 41 + b"1" + b"}" * 41,
    ],
)
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(BadJson):
        parse_json(text)


def quantity(**value: str) -> dict[str, Any]:
    (found,) = write_lab_observations(BOOK, WORDS, labs(**value))
    return found


def test_a_value_keeps_its_digits_sign_unit_and_what_was_typed() -> None:
    found = quantity(phosphate="<0.50 mmol/L")
    assert found["valueQuantity"] == {
        "value": Decimal("0.50"),
        "comparator": "<",
        "unit": "mmol/L",
        "system": codes.UCUM,
        "code": "mmol/L",
    }
    assert '"value":0.50,' in write_json(found)
    assert found["note"] == [{"text": "Entered as <0.50 mmol/L"}]
    assert found["code"]["coding"] == [{"system": codes.LOINC, "code": "14879-1"}]


def test_an_amount_that_reads_in_two_ways_is_given_as_it_was_typed() -> None:
    assert quantity(creatinine="1,250 µmol/L")["valueString"] == "1,250 µmol/L"


def test_every_unit_has_a_code_and_no_code_means_something_else() -> None:
    known = {u.name for a in BOOK.laboratory.analytes.values() for u in a.units}
    assert known == codes.UCUM_CODES.keys()
    # Kelvin per microlitre, unified mass units per litre, and a number that would be multiplied.
    assert not {"K/uL", "u/L", "mL/min/1.73.m2"} & set(codes.UCUM_CODES.values())


def test_no_loinc_code_is_there_that_the_labs_file_does_not_name() -> None:
    text = (RULES / "labs.yaml").read_text("utf-8")
    for analyte in BOOK.laboratory.analytes.values():
        for unit in analyte.units:
            assert f'"{unit.loinc}"' in text or not unit.loinc


# --- The assessment, and R4 itself ---


def assessment_of(resource: object) -> dict[str, Any]:
    bundle = assess_response(BOOK, WORDS, resource)
    return {
        entry["resource"]["resourceType"]
        if entry["resource"]["resourceType"] != "Observation"
        else entry["resource"]["code"]["text"]: entry["resource"]
        for entry in bundle["entry"]
    }


def test_an_empty_response_is_assessed_as_far_as_it_goes() -> None:
    found = assessment_of(response())["When to see a doctor"]
    assert found["status"] == "preliminary"
    assert found["note"][0]["text"].startswith("At least")


def test_the_assessment_is_that_of_the_answers_and_says_what_was_resolved() -> None:
    found = assessment_of(response(reply("age", "adult"), reply("breath", "none", "confused")))
    found_level = found["When to see a doctor"]
    assert found_level["valueCodeableConcept"]["coding"][0]["code"] == "emergency"
    assert found["OperationOutcome"]["issue"][0]["details"]["text"] == "none_with_sign"


def test_the_same_answers_give_the_same_bytes() -> None:
    one, two = (write_json(assess_response(BOOK, WORDS, response())) for _ in range(2))
    assert one == two


def test_r4_finds_no_fault_in_what_we_write() -> None:
    some = [*CASES[::10], CASES[-1]]
    resources: list[object] = [
        write_questionnaire(BOOK, WORDS),
        write_capability_statement(BOOK),
        *(write_response(BOOK, WORDS, case.answers, "2026-11-29T10:00:00Z") for case in some),
        *(assess_response(BOOK, WORDS, write_response(BOOK, WORDS, case.answers)) for case in some),
        assess_response(BOOK, WORDS, response(reply("breath", "none", "confused"))),
        *write_lab_observations(
            BOOK, WORDS, labs(phosphate="<0.50 mmol/L", creatinine="1,250 µmol/L")
        ),
        write_outcome(_issues_of(response(reply("age", "x")))),
    ]
    assert [found for found in check(resources)["faults"] if found] == []


@pytest.mark.parametrize(
    "version", sorted(p.name for p in (RULES / "published").iterdir() if p.is_dir())
)
def test_answers_of_an_earlier_rulebook_go_out_with_todays_words_around_them(version: str) -> None:
    """An earlier one knows none of the words that stand around answers."""
    book = load_rulebook_folder(RULES / "published" / version)
    words = replace(book.wording["en"], pages=WORDS.pages)
    chosen = {q.id: frozenset([q.option_ids[-1]]) for q in book.questionnaire}
    facts = SubmissionFacts(
        reference="R-1",
        name="Zoë",
        sent_as="ABC-DEF",
        region="uk",
        answers=book.questionnaire.trace_path(chosen).answers,
        labs={},
        level=Urgency.emergency,
        answered_at="2026-11-29T10:00:00+00:00",
        exported_at="2026-11-29T11:00:00+00:00",
        text="Said",
    )
    bundle = write_submission_bundle(book, words, facts)
    assert check([bundle])["faults"] == [[]]


def _issues_of(resource: object) -> Any:
    with pytest.raises(BadResource) as caught:
        read_response(BOOK, WORDS, resource)
    return caught.value.issues


def test_the_check_by_r4_can_fail() -> None:
    spoiled = {**write_questionnaire(BOOK, WORDS), "status": "none", "subjekt": 1}
    (found,) = check([spoiled])["faults"]
    assert len(found) == 2


def test_two_engines_of_fhirpath_find_the_same_level() -> None:
    path = "Bundle.entry.resource.ofType(Observation).value.coding.code"
    bundle = assess_response(BOOK, WORDS, response(reply("breath", "confused")))
    plain = json.loads(write_json(bundle))
    plain_path = "Bundle.entry.resource.where(resourceType='Observation').valueCodeableConcept"
    in_python = fhirpathpy.evaluate(plain, f"{plain_path}.coding.code")
    (in_node,) = check([bundle], [(0, path)])["values"]
    assert in_python == in_node
    assert in_node[0] == "emergency"
