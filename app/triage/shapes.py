"""The shape of every entry of a rule file, as Pydantic models: what keys there are and their kinds.

Only shapes; whether the ids in them exist is checked where the rulebook is put together.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.triage.faults import Faults, Lined

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Day = Annotated[str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
Number = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$")]
SourceIds = Annotated[list[str], Field(min_length=1)]
UrgencyName = Literal["self_care", "routine", "soon", "same_day", "emergency"]
TypeName = Literal["dystrophic", "metastatic", "idiopathic", "iatrogenic", "calciphylaxis"]
Leading = TypeName | Literal["not_calcinosis", "cannot_tell"]
Weights = Annotated[
    dict[TypeName | Literal["not_calcinosis"], Annotated[int, Field(ge=-3, le=3)]],
    Field(min_length=1),
]
Strength = Literal[
    "guideline", "national_page", "systematic_review", "cohort", "case_series", "case_report",
    "review", "textbook", "charity_page", "patient_leaflet", "reference_table", "laboratory",
    "expert", "source_document",
]  # fmt: skip


class Entry(BaseModel):
    """Any entry: unknown keys are refused and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RulebookEntry(Entry):
    version: Annotated[str, Field(pattern=r"^\d{4}\.\d{1,2}\.\d+$")]
    date: Day
    longest_path: Annotated[int, Field(ge=1)]
    languages: Annotated[list[str], Field(min_length=1)]
    approvals: list[str]


class OptionEntry(Entry):
    id: Id
    group: Id | None = None
    reassuring: bool = False
    neutral: bool = False


class QuestionEntry(Entry):
    id: Id
    kind: Literal["one", "many"]
    options: Annotated[list[OptionEntry], Field(min_length=1)]
    unsure: Id
    none: Id | None = None
    unsure_among: list[Id] = []
    severity: list[list[Id]] = []
    must_ask: bool = False
    ask_if: Any = None


class NamedEntry(Entry):
    id: Id
    when: Any


class RuleEntry(Entry):
    id: Id
    when: Any
    urgency: UrgencyName
    if_unsure: UrgencyName | None = None
    within: Annotated[str, Field(pattern=r"^\d+ h$")] | None = None
    sources: SourceIds
    review_by: Day


class EvidenceEntry(Entry):
    id: Id
    when: Any
    weights: Weights
    sources: SourceIds
    review_by: Day


class LookAlikeEntry(Entry):
    id: Id
    evidence: Annotated[list["LookAlikeLine"], Field(min_length=1)]
    sources: SourceIds
    review_by: Day


class LookAlikeLine(Entry):
    when: Any
    weights: Weights


class ConflictEntry(Entry):
    id: Id
    when: Any
    lead: Leading | None = None
    only_before: list[Leading] = []
    cap: dict[TypeName, Literal["unlikely", "possible"]] | None = None
    sources: SourceIds
    review_by: Day


class ScaleEntry(Entry):
    possible_at: int
    likely_at: int
    margin: int
    look_alike_at: int
    tie_order: list[TypeName | Literal["not_calcinosis"]]
    likely_needs: Any


class ContradictionEntry(Entry):
    id: Id
    when: Any
    questions: Annotated[list[Id], Field(min_length=1)]


class AdviceEntry(Entry):
    id: Id
    section: Literal[
        "watch", "tests", "treatments", "self_care", "do_not", "complications", "prevention", "ask"
    ]
    types: Literal["all"] | list[Leading] = "all"
    places: list[Id] = []
    levels: list[UrgencyName] = []
    when: Any = None
    sources: SourceIds
    review_by: Day


class SourceEntry(Entry):
    id: Id
    title: Annotated[str, Field(min_length=3)]
    link: Annotated[str, Field(pattern=r"^(https?://\S+|none)$")]
    year: Annotated[int, Field(ge=1900, le=2100)] | Literal["undated"]
    read: Day
    strength: Strength
    note: str | None = None


class RegionEntry(Entry):
    id: Id
    emergency_number: Annotated[str, Field(pattern=r"^\d{2,5}$")]
    also: list[str] = []
    urgent_number: str | None = None
    sources: SourceIds
    review_by: Day


Limits = Annotated[list[Number | None], Field(min_length=2, max_length=2)]


class UnitEntry(Entry):
    factor: Number
    also: list[str] = []
    hard: Limits = [None, None]
    soft: Limits = [None, None]
    range: Limits = [None, None]


class AnalyteEntry(Entry):
    id: Id
    si: str
    units: Annotated[dict[str, UnitEntry], Field(min_length=1)]
    loinc: dict[str, str] = {}
    sources: SourceIds
    review_by: Day


class CorrectionEntry(Entry):
    calcium: str
    albumin: str
    slope: Number
    reference: Number
    sources: SourceIds


class ProductUnitEntry(Entry):
    factor: Number
    of: str = Field(alias="from")
    also: list[str] = []
    range: Limits = [None, None]


class ProductEntry(Entry):
    id: Id
    of: list[Id]
    si: str
    units: dict[str, ProductUnitEntry]
    sources: SourceIds
    review_by: Day


class ResultAgeEntry(Entry):
    soft_days: int
    hard_days: int
    sources: SourceIds


class LaboratoryEntry(Entry):
    analytes: list[AnalyteEntry]
    correction: list[CorrectionEntry]
    product: ProductEntry
    age_of_result: ResultAgeEntry
    messages: list[Id]


class QuestionWordsEntry(Entry):
    text: str
    why: str
    options: dict[str, str]
    hint: str | None = None
    groups: dict[str, str] = {}
    child: "ChildWordsEntry | None" = None


class ChildWordsEntry(Entry):
    text: str | None = None
    hint: str | None = None
    why: str | None = None
    options: dict[str, str] = {}
    groups: dict[str, str] = {}


Model = TypeVar("Model", bound=Entry)


def read_entry(model: type[Model], raw: Lined, file: str, faults: Faults) -> Model | None:
    """The entry as its model; None, with every fault noted, where it does not fit."""
    subject = str(raw.get("id", "file"))
    try:
        return model.model_validate(raw)
    except ValidationError as problem:
        for error in problem.errors(include_url=False, include_input=True):
            where = [str(part) for part in error["loc"]]
            line = _line(raw, error["loc"])
            faults.add(file, line, subject, _in_words(model, where, error))
    return None


def _line(raw: Lined, location: tuple[int | str, ...]) -> int:
    """The line of the innermost key of the location that the file holds."""
    line, here = raw.line, raw
    for part in location:
        if isinstance(here, Lined) and part in here:
            line, here = here.line_of(part), here[str(part)]  # type: ignore[assignment]
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
            line = here.line if isinstance(here, Lined) else line
        else:
            break
    return line


def _in_words(model: type[Entry], where: list[str], error: Any) -> str:
    key, context = ".".join(where), error.get("ctx") or {}
    match error["type"]:
        case "extra_forbidden":
            known = model.model_fields
            allowed = ", ".join(f.alias or n for n, f in known.items()) if len(where) == 1 else ""
            return f"unknown key '{key}'" + (f"; allowed: {allowed}" if allowed else "")
        case "missing":
            return f"key '{key}' is missing"
        case "literal_error":
            return f"'{error['input']}' is not allowed for '{key}'; allowed: {context['expected']}"
        case "string_pattern_mismatch":
            pattern = context["pattern"]
            return f"'{error['input']}' does not fit '{key}'; it must match {pattern}"
        case _:
            return f"'{key}': {error['msg'][0].lower()}{error['msg'][1:]}"


def texts(raw: Mapping[str, object]) -> dict[str, str]:
    """The entries of a mapping that are plain text."""
    return {key: value for key, value in raw.items() if isinstance(value, str)}
