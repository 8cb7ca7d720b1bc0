"""The JSON form: answers in, assessment out. The same for the API and the command line.

What was sent is never repeated in a fault: it could be private. A fault says where, what was wrong
and what is allowed.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.documents.assessment_json import AssessmentWriter, Json, write_version
from app.triage.explain import serialize_condition
from app.triage.labs import Analyte, BadLab, check_typed_labs
from app.triage.questionnaire import BadAnswer, Question, Questionnaire, parse_answer
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers
from app.triage.wording import Wording

DEFAULT_REGION = "international"
MAX_LISTED = 64
"""Most options or labs in one request; far above what any question has."""


class LabBody(BaseModel):
    """One laboratory value as it stands on the report."""

    model_config = ConfigDict(extra="forbid", strict=True)

    value: Annotated[str, Field(examples=["3.1"])]
    unit: Annotated[str, Field(examples=["mmol/L"])]


class AssessBody(BaseModel):
    """What `POST /api/v1/assess` and `calcinosis-check assess` take."""

    model_config = ConfigDict(extra="forbid", strict=True)

    answers: Annotated[
        dict[str, str | Annotated[list[str], Field(max_length=MAX_LISTED)]],
        Field(max_length=MAX_LISTED, examples=[{"age": "adult", "breath": ["none"]}]),
    ]
    labs: Annotated[dict[str, LabBody], Field(max_length=MAX_LISTED)] = {}
    audience: Literal["patient", "nurse"] = "patient"
    region: Annotated[str | None, Field(examples=["uk"])] = None


class BadBody(Exception):
    """A body that cannot be assessed; `faults` name the place, the problem and what is allowed."""

    def __init__(self, faults: Sequence[Mapping[str, object]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(_format_fault(fault) for fault in self.faults))


def assess_json_body(rulebook: Rulebook, text: bytes, language: str | None = None) -> Json:
    """The assessment of a JSON body; for a nurse, what she would ask next too. Raises BadBody.

    `language`: one of the rulebook's; without one, the first.
    """
    body, words = _parse_body(text), _wording_in(rulebook, language)
    region = body.region or DEFAULT_REGION
    if region not in rulebook.regions:
        raise BadBody([_make_fault("region", "unknown_region", tuple(rulebook.regions))])
    labs = {analyte: value.model_dump() for analyte, value in body.labs.items()}
    answers = _parse_answers(rulebook, body)
    try:
        check_typed_labs(rulebook.laboratory, labs)
    except BadLab as problem:
        where = f"labs.{problem.analyte}" if problem.analyte else "labs"
        raise BadBody([_make_fault(where, problem.problem, problem.allowed)]) from None
    found = assess_answers(rulebook, answers, labs)
    writer = AssessmentWriter(rulebook, words, region, answers, labs)
    payload = writer.write_assessment(found)
    if labs:
        payload |= writer.write_labs()
    if body.audience == "nurse":
        payload |= writer.write_nurse_parts(found)
    return payload


def build_questionnaire_json(
    rulebook: Rulebook, audience: str, language: str | None = None
) -> Json:
    """All questions with their words, and for nurses the labs; `language` as above."""
    words, questionnaire = _wording_in(rulebook, language), rulebook.questionnaire
    content: Json = {
        "rulebook": write_version(rulebook),
        "questions": [_build_question_json(q, questionnaire, words) for q in questionnaire],
    }
    if audience == "nurse":
        analytes = rulebook.laboratory.analytes.values()
        content["labs"] = [_build_analyte_json(analyte, words) for analyte in analytes]
    return content


def _wording_in(rulebook: Rulebook, language: str | None) -> Wording:
    return rulebook.wording[language or rulebook.languages[0]]


def _parse_body(text: bytes) -> AssessBody:
    try:
        raw = json.loads(
            text, object_pairs_hook=_refuse_duplicate_keys, parse_constant=_refuse_constant
        )
        return AssessBody.model_validate(raw)
    except _DuplicateKey:
        raise BadBody([_make_fault("body", "key_stands_twice")]) from None
    except ValidationError as problem:
        # A value that fits none of several forms is told once, not once for each form.
        faults = {str(fault): fault for fault in map(_make_shape_fault, problem.errors())}
        raise BadBody(list(faults.values())) from None
    except (ValueError, RecursionError):
        raise BadBody([_make_fault("body", "not_json", ("a JSON object with answers",))]) from None


def _parse_answers(rulebook: Rulebook, body: AssessBody) -> Answers:
    questionnaire = rulebook.questionnaire
    answers: dict[str, frozenset[str]] = {}
    faults = []
    for position, (question, reply) in enumerate(body.answers.items(), start=1):
        if question not in questionnaire:
            allowed = tuple(q.id for q in questionnaire)
            faults.append(_make_fault(f"answers, entry {position}", "unknown_question", allowed))
            continue
        try:
            replies = [reply] if isinstance(reply, str) else reply
            answers[question] = parse_answer(questionnaire[question], replies)
        except BadAnswer as problem:
            faults.append(_make_fault(f"answers.{question}", problem.problem, problem.allowed))
    if faults:
        raise BadBody(faults)
    return answers


def _build_question_json(question: Question, questionnaire: Questionnaire, words: Wording) -> Json:
    texts = words.questions[question.id]
    ask_if = question.ask_if
    return {
        "id": question.id,
        "kind": question.kind,
        "text": texts.text,
        "hint": texts.hint,
        "why": texts.why,
        "options": [
            {"id": option.id, "text": texts.options[option.id]}
            | ({"group": (texts.groups or {})[option.group]} if option.group else {})
            for option in question.options
        ],
        "none": question.none,
        "unsure": question.unsure,
        "ask_if": serialize_condition(ask_if, questionnaire) if ask_if is not None else None,
    }


def _build_analyte_json(analyte: Analyte, words: Wording) -> Json:
    texts = words.labs[analyte.id].parts
    units = [
        {
            "unit": unit.name,
            "also": list(unit.also),
            "lowest": None if unit.hard[0] is None else str(unit.hard[0]),
            "highest": None if unit.hard[1] is None else str(unit.hard[1]),
        }
        for unit in analyte.units
    ]
    return {"id": analyte.id, "name": texts["name"], "hint": texts.get("hint"), "units": units}


def _make_fault(where: str, problem: str, allowed: Sequence[str] = ()) -> Json:
    return {"where": where, "problem": problem, "allowed": list(allowed)}


def _format_fault(fault: Mapping[str, object]) -> str:
    allowed = fault["allowed"]
    ending = f"; allowed: {', '.join(allowed)}" if isinstance(allowed, list) and allowed else ""
    return f"{fault['where']}: {str(fault['problem']).replace('_', ' ')}{ending}"


_ALLOWED = {
    "answers": "question id: option id, or a list of option ids",
    "labs": 'analyte: {"value": "3.1", "unit": "mmol/L"}, both in quotes',
    "region": "the id of a region, in quotes",
}


def _make_shape_fault(error: Any) -> Json:
    """The place in our own words only: keys that were sent are not repeated."""
    top = error["loc"][0] if error["loc"] else "body"
    where = str(top) if top in AssessBody.model_fields else "body"
    if error["type"] == "extra_forbidden":
        body = AssessBody if where == "body" else LabBody
        return _make_fault(where, "unknown_key", tuple(body.model_fields))
    if error["type"] == "missing":
        return _make_fault(where, "missing")
    if top == "audience":
        return _make_fault(where, "wrong_shape", ("patient", "nurse"))
    return _make_fault(where, "wrong_shape", (_ALLOWED.get(where, "an object"),))


class _DuplicateKey(Exception):
    """A key stands twice in one object; which one was meant cannot be known."""


def _refuse_duplicate_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise _DuplicateKey
    return dict(pairs)


def _refuse_constant(_: str) -> object:
    raise ValueError
