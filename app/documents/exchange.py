"""The JSON form: answers in, assessment out. The same for the API and the command line.

What was sent is never repeated in a fault: it could be private. A fault says where, what was wrong
and what is allowed.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.documents.emergency_signs import describe_open_signs
from app.documents.lab_notes import build_labs_json
from app.documents.safety_layer import build_nurse_json
from app.triage.labs import Analyte, BadLab, check_typed_labs
from app.triage.questionnaire import BadAnswer, Question, Questionnaire, parse_answer
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.second_look import OpenEmergency, find_open_emergency
from app.triage.terms import Advice, Answers, Assessment, Evidence, TypeEvidence
from app.triage.wording import Wording, serialize_condition

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


def assess_json_body(
    rulebook: Rulebook, text: bytes, language: str | None = None
) -> dict[str, object]:
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
    open_ = find_open_emergency(rulebook, answers, found, labs)
    signs = _list_open_signs(rulebook, words, open_, answers)
    payload = _build_assessment_json(rulebook, words, found, region, signs)
    if labs:
        payload |= build_labs_json(rulebook.laboratory, words, answers, labs)
    if body.audience == "nurse":
        payload |= build_nurse_json(rulebook, words, words.regions[region], (answers, labs), found)
    return payload


def build_questionnaire_json(
    rulebook: Rulebook, audience: str, language: str | None = None
) -> dict[str, object]:
    """All questions with their words, and for nurses the labs.

    `language`: one of the rulebook's; without one, the first.
    """
    words = _wording_in(rulebook, language)
    content: dict[str, object] = {
        "rulebook": _build_version_json(rulebook),
        "questions": [
            _build_question_json(q, rulebook.questionnaire, words) for q in rulebook.questionnaire
        ],
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
        raise BadBody([_make_fault("body", "key_stands_twice", ())]) from None
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


def _build_assessment_json(
    rulebook: Rulebook, words: Wording, found: Assessment, region: str, signs: Sequence[str]
) -> dict[str, object]:
    return {
        "rulebook": _build_version_json(rulebook),
        "urgency": found.urgency.name,
        "within": found.within,
        "level": _build_level_json(found, signs, words, region),
        "findings": [
            {
                "rule": finding.rule,
                "urgency": finding.urgency.name,
                "certain": finding.certain,
                "reason": words.fill_placeholders(
                    words.rules[finding.rule].reason, words.regions[region]
                ),
                "because": _build_reasons_json(finding.because, words),
                "sources": list(finding.sources),
                "within": finding.within,
            }
            for finding in found.findings
        ],
        "likely_type": found.likely_type,
        "types": [
            {
                "type": standing.type,
                "standing": standing.standing,
                "evidence_for": _build_evidence_json(standing.evidence_for, words),
                "evidence_against": _build_evidence_json(standing.evidence_against, words),
            }
            for standing in found.types
        ],
        "look_alikes": [
            {
                "id": alike.id,
                "name": words.look_alikes[alike.id].name,
                "tells_apart": words.look_alikes[alike.id].tells_apart,
                "because": _build_reasons_json(alike.because, words),
                "sources": list(alike.sources),
            }
            for alike in found.look_alikes
        ],
        "conflicts": [{"id": c, "note": words.conflicts[c]} for c in found.conflicts],
        "contradictions": [
            {"id": c, "text": words.contradictions[c]} for c in found.contradictions
        ],
        "next_question": found.next_question,
        "complete": found.complete,
        "ignored": list(found.ignored),
        "labs_not_weighed": list(found.labs_not_weighed),
        "advice": {
            section: [_build_advice_json(advice, words, region) for advice in chosen]
            for section, chosen in found.advice.items()
        },
    }


def _list_open_signs(
    rulebook: Rulebook, words: Wording, open_: OpenEmergency | None, answers: Answers
) -> list[str]:
    if open_ is None:
        return []
    spoken, ages = words.questions.__getitem__, answers.get(words.roles.age, ())
    return describe_open_signs(open_, rulebook.questionnaire, words, spoken, ages)


def _build_level_json(
    found: Assessment, signs: Sequence[str], words: Wording, region: str
) -> dict[str, object]:
    """In words; `signs` of an emergency that may be there come first, where the level has words."""
    texts, places = words.levels[found.urgency.name].parts, words.regions[region]
    within = {"within": words.times.get(found.within or "", found.within or "")}
    signs = signs if "heading_doubt" in texts else []
    ending = "_doubt" if signs else "_within" if found.within else ""
    parts = {
        part: texts.get(f"{part}{ending}", texts[part]) for part in ("heading", "action", "when")
    }
    if not found.complete:
        parts["more"] = texts["more"]
    level_texts = {
        part: words.fill_placeholders(text, places, **within) for part, text in parts.items()
    }
    return {**level_texts, "signs": [words.fill_placeholders(sign, places) for sign in signs]}


def _build_reasons_json(because: Sequence[Evidence], words: Wording) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = []
    for evidence in because:
        if evidence.lab is not None:
            listed.append({"lab": evidence.lab, "text": words.labs[evidence.lab].name})
            continue
        question = words.questions[evidence.question]
        given = [question.options[option] for option in evidence.options]
        listed.append(
            {
                "question": evidence.question,
                "options": list(evidence.options),
                "unsure": evidence.unsure,
                "text": f"{question.text} {'; '.join(given)}",
            }
        )
    return listed


def _build_evidence_json(lines: Sequence[TypeEvidence], words: Wording) -> list[dict[str, object]]:
    return [
        {
            "id": line.id,
            "note": words.evidence_note(line.id),
            "because": _build_reasons_json(line.because, words),
            "sources": list(line.sources),
        }
        for line in lines
    ]


def _build_advice_json(advice: Advice, words: Wording, region: str) -> dict[str, object]:
    text = words.fill_placeholders(words.advice[advice.id], words.regions[region])
    return {"id": advice.id, "text": text, "sources": list(advice.sources)}


def _build_question_json(
    question: Question, questionnaire: Questionnaire, words: Wording
) -> dict[str, object]:
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


def _build_analyte_json(analyte: Analyte, words: Wording) -> dict[str, object]:
    texts = words.labs[analyte.id].parts
    units = [
        {
            "unit": u.name,
            "also": list(u.also),
            "lowest": _format_limit(u.hard[0]),
            "highest": _format_limit(u.hard[1]),
        }
        for u in analyte.units
    ]
    return {"id": analyte.id, "name": texts["name"], "hint": texts.get("hint"), "units": units}


def _format_limit(limit: object) -> str | None:
    return None if limit is None else str(limit)


def _build_version_json(rulebook: Rulebook) -> dict[str, str]:
    return {"version": rulebook.version, "sha256": rulebook.sha256}


def _make_fault(where: str, problem: str, allowed: Sequence[str]) -> dict[str, object]:
    return {"where": where, "problem": problem, "allowed": list(allowed)}


def _format_fault(fault: Mapping[str, object]) -> str:
    allowed = fault["allowed"]
    ending = f"; allowed: {', '.join(allowed)}" if isinstance(allowed, list) and allowed else ""
    return f"{fault['where']}: {str(fault['problem']).replace('_', ' ')}{ending}"


def _make_shape_fault(error: Any) -> dict[str, object]:
    """The place in our own words only: keys that were sent are not repeated."""
    top = error["loc"][0] if error["loc"] else "body"
    known = top in AssessBody.model_fields
    if error["type"] == "extra_forbidden" and not known:
        return _make_fault("body", "unknown_key", tuple(AssessBody.model_fields))
    if error["type"] == "extra_forbidden":
        return _make_fault(str(top), "unknown_key", tuple(LabBody.model_fields))
    if error["type"] == "missing":
        return _make_fault(str(top) if known else "body", "missing", ())
    allowed = {
        "answers": ("question id: option id, or a list of option ids",),
        "labs": ('analyte: {"value": "3.1", "unit": "mmol/L"}, both in quotes',),
        "audience": ("patient", "nurse"),
        "region": ("the id of a region, in quotes",),
    }
    return _make_fault(
        str(top) if known else "body", "wrong_shape", allowed.get(str(top), ("an object",))
    )


class _DuplicateKey(Exception):
    """A key stands twice in one object; which one was meant cannot be known."""


def _refuse_duplicate_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise _DuplicateKey
    return dict(pairs)


def _refuse_constant(_: str) -> object:
    raise ValueError
