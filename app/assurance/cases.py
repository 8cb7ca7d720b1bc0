"""Cases: answers with the level and type that others gave, from YAML files or a JSON list."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from app.triage.labs import BadLab, read_lab_amounts
from app.triage.questionnaire import BadAnswer, parse_answer
from app.triage.rulebook import Rulebook
from app.triage.terms import Answers

TypeName = Literal[
    "dystrophic", "metastatic", "idiopathic", "iatrogenic", "calciphylaxis",
    "not_calcinosis", "cannot_tell",
]  # fmt: skip

UrgencyName = Literal["self_care", "routine", "soon", "same_day", "emergency"]
_NoneIsEmpty = BeforeValidator(lambda value: {} if value is None else value)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast


class Label(BaseModel):
    """What others made of a case; keys that are not needed here are passed over."""

    model_config = ConfigDict(extra="ignore")

    urgency: UrgencyName
    urgency_acceptable: list[UrgencyName] = []
    urgency_confidence: str = "high"
    type: TypeName | None = None
    type_acceptable: list[TypeName] = []
    type_scorable: bool = True


class CaseEntry(Label):
    """One case as it stands in a file: a label, and the answers of whoever read the story."""

    id: str
    answers: dict[str, str | list[str]]
    labs: Annotated[dict[str, dict[str, str]], _NoneIsEmpty] = {}
    second_reading: dict[str, str | list[str]] = {}


@dataclass(frozen=True, slots=True)
class Case:
    """One case, its answers read and found good; `second_reading` may be empty."""

    entry: CaseEntry
    answers: Answers
    second_reading: Answers


class BadCases(Exception):
    """Cases that cannot be used; every line names the case and what is wrong with it."""


def read_cases(rulebook: Rulebook, path: Path) -> list[Case]:
    """The cases of a JSON file, or of a folder of YAML files. Raises BadCases."""
    try:
        if path.is_dir():
            entries = [_load_yaml_case(file) for file in sorted(path.glob("*.yaml"))]
        else:
            entries = TypeAdapter(list[CaseEntry]).validate_json(path.read_bytes())
    except (OSError, UnicodeDecodeError, yaml.YAMLError, json.JSONDecodeError) as problem:
        raise BadCases(f"{path}: cannot be read: {problem}") from problem
    except ValidationError as problem:
        raise BadCases(f"{path}: {format_validation_errors(problem)}") from problem
    cases, faults = [], []
    for entry in entries:
        try:
            read_lab_amounts(rulebook.laboratory, entry.labs)
            answers = _parse_answers(rulebook, entry.answers)
            cases.append(Case(entry, answers, _parse_answers(rulebook, entry.second_reading)))
        except (BadAnswer, BadLab) as problem:
            faults.append(f"{entry.id}: {problem}")
        except KeyError as problem:
            allowed = ", ".join(q.id for q in rulebook.questionnaire)
            faults.append(f"{entry.id}: unknown question {problem}; allowed: {allowed}")
    if faults or not cases:
        raise BadCases("\n".join(faults) or f"{path}: holds no case")
    return cases


def read_conflicts(path: Path) -> dict[str, str]:
    """Case id -> why its label contradicts a sourced rule; none where there is no such file."""
    if not path.is_file():
        return {}
    entries = read_plain(path)
    return {entry["case"]: f"conflicts with {entry['rule']}: {entry['why']}" for entry in entries}


def _parse_answers(rulebook: Rulebook, replies: Mapping[str, str | list[str]]) -> Answers:
    return {
        question: parse_answer(rulebook.questionnaire[question], as_list(reply))
        for question, reply in replies.items()
    }


def as_list(reply: str | list[str]) -> list[str]:
    """One choice or several, as a list."""
    return [reply] if isinstance(reply, str) else reply


def read_plain(file: Path) -> Any:
    """What `yaml.safe_load` makes of a file. Rule files are read elsewhere, with more care."""
    # Either loader is a safe one: only texts, numbers, lists and maps come of it.
    return yaml.load(file.read_text("utf-8"), Loader=_LOADER)  # noqa: S506


def _load_yaml_case(file: Path) -> CaseEntry:
    try:
        raw = read_plain(file)
    except yaml.YAMLError as problem:
        raise BadCases(f"{file}: cannot be read: {problem}") from problem
    if not isinstance(raw, dict) or not isinstance(raw.get("expected", {}), dict):
        raise BadCases(f"{file}: holds no case; 'id:', 'answers:' and 'expected:' are needed")
    try:
        return CaseEntry.model_validate({**raw, **raw.get("expected", {})})
    except ValidationError as problem:
        raise BadCases(f"{file}: {format_validation_errors(problem)}") from problem


def format_validation_errors(problem: ValidationError) -> str:
    """What is wrong with each part of what was read."""
    errors = problem.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in errors)
