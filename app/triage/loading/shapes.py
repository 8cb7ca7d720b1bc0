"""The shape of every entry of a rule file, as Pydantic models: what keys there are, of what kind.

Only shapes; whether the ids in them exist is checked where the rulebook is put together.
"""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.triage.loading.faults import Faults, Written
from app.triage.loading.kinds import (
    AdvisedTypes,
    Day,
    FirmLimits,
    Hours,
    Id,
    Ids,
    Language,
    Leading,
    Limits,
    Link,
    Once,
    OptionsOfQuestions,
    Positive,
    Ranked,
    Section,
    SourceIds,
    Strength,
    Telephone,
    Text,
    TypeName,
    UrgencyName,
    Version,
    Weights,
    Year,
)
from app.triage.loading.lined import Lined
from app.triage.loading.misfits import misfits


class Entry(BaseModel):
    """Any entry: unknown keys are refused and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Sourced(Entry):
    """What names its sources."""

    sources: SourceIds


class Reviewed(Sourced):
    """What names its sources and the day by which a clinician looks at it again."""

    id: Id
    review_by: Day


class RulebookEntry(Entry):
    version: Version
    date: Day
    longest_path: Annotated[int, Field(ge=1)]
    languages: Annotated[list[Language], Field(min_length=1), Once]
    approvals: list[Text]


class OptionEntry(Entry):
    id: Id
    group: Id | None = None
    reassuring: bool = False
    neutral: bool = False
    may_happen: bool = False
    may_end: bool = False
    told_with: Id | None = None
    box: Id | None = None


class QuestionEntry(Entry):
    id: Id
    kind: Literal["one", "many"]
    options: Annotated[list[OptionEntry], Field(min_length=1)]
    unsure: Id
    none: Id | None = None
    unsure_among: Ids = []
    severity: list[Ids] = []
    must_ask: bool = False
    signs: bool = False
    ask_if: Any = None
    narrows: Any = None
    instead_of: Ids = []


class NamedEntry(Entry):
    id: Id
    when: Any


class RuleEntry(Reviewed):
    when: Any
    urgency: UrgencyName
    if_unsure: UrgencyName | None = None
    only_with: Any = None
    within: Hours | None = None


class EvidenceEntry(Reviewed):
    when: Any
    weights: Weights


class LookAlikeLine(Entry):
    when: Any
    weights: Weights


class LookAlikeEntry(Reviewed):
    evidence: Annotated[list[LookAlikeLine], Field(min_length=1)]


class ConflictEntry(Reviewed):
    when: Any
    lead: Leading | None = None
    only_before: Annotated[list[Ranked], Once] = []
    cap: dict[TypeName, Literal["unlikely", "possible"]] | None = None


class ScaleEntry(Entry):
    possible_at: int
    likely_at: int
    margin: Annotated[int, Field(ge=0)]
    look_alike_at: int
    tie_order: Annotated[list[Ranked], Once]
    likely_needs: Any


class ContradictionEntry(Entry):
    id: Id
    when: Any
    questions: Annotated[list[Id], Field(min_length=1), Once]


class AgePairEntry(Entry):
    """Options that an age hardly fits: asked back by a contradiction, or left open with why."""

    id: Id
    question: Id
    options: Annotated[list[Id], Field(min_length=1), Once]
    ages: Annotated[list[Id], Field(min_length=1), Once]
    asked_back: Id | None = None
    left_open: Text | None = None


class AdviceEntry(Reviewed):
    section: Section
    types: AdvisedTypes
    places: Ids = []
    levels: Annotated[list[UrgencyName], Once] = []
    when: Any = None
    urgency: UrgencyName | None = None
    covers: OptionsOfQuestions = {}
    covered_by: OptionsOfQuestions = {}
    certain: bool = False
    signs: OptionsOfQuestions = {}
    no_option: Text | None = None


class DangerEntry(Reviewed):
    signs: Annotated[OptionsOfQuestions, Field(min_length=1)]
    rules: Annotated[list[Id], Field(min_length=1), Once]
    also: list[Annotated[OptionsOfQuestions, Field(min_length=1)]] = []
    look_alikes: Annotated[list[Id], Once] = []
    not_asked: Ids = []
    urgency: UrgencyName | None = None
    no_option: Text | None = None


class SourceEntry(Entry):
    id: Id
    title: Text
    link: Link
    year: Year
    read: Day
    strength: Strength
    note: Text | None = None


class RegionEntry(Reviewed):
    emergency_number: Telephone
    also: list[Telephone] = []
    urgent_number: Telephone | None = None


class UnitEntry(Entry):
    factor: Positive
    hard: FirmLimits
    soft: Limits = [None, None]
    range: Limits = [None, None]
    also: list[Text] = []


class AnalyteEntry(Reviewed):
    si: str
    units: Annotated[dict[str, UnitEntry], Field(min_length=1)]
    loinc: dict[str, Text] = {}


class CorrectionEntry(Sourced):
    calcium: str
    albumin: str
    slope: Positive
    reference: Positive
    reliable: Limits = [None, None]


class ProductUnitEntry(Entry):
    factor: Positive
    of: str = Field(alias="from")
    also: list[Text] = []
    range: Limits = [None, None]


class ProductEntry(Reviewed):
    of: list[Id]
    si: str
    units: Annotated[dict[str, ProductUnitEntry], Field(min_length=1)]


class ResultAgeEntry(Sourced):
    soft_days: Annotated[int, Field(ge=1)]
    hard_days: Annotated[int, Field(ge=1)]


class LaboratoryEntry(Entry):
    """The keys of labs.yaml; what stands under them is read part by part."""

    analytes: Annotated[list[Any], Field(min_length=1)]
    correction: Annotated[list[Any], Field(min_length=1)]
    product: dict[str, Any]
    not_weighed: list[Any] = []
    age_of_result: dict[str, Any]
    messages: Ids


class NotWeighedEntry(Entry):
    """An analyte that no rule of urgency weighs, unless it counts through another one."""

    id: Id
    unless: Id | None = None


class VoiceEntry(Entry):
    """What a question says anew for someone who answers about another person."""

    text: Text | None = None
    hint: Text | None = None
    why: Text | None = None
    options: dict[str, Text] = {}
    groups: dict[str, Text] = {}
    changes: dict[str, Text] = {}
    plain: dict[str, Text] = {}


class QuestionWordsEntry(Entry):
    text: Text
    why: Text
    counted: Text
    options: dict[str, Text]
    hint: Text | None = None
    short: Text | None = None
    groups: dict[str, Text] = {}
    changes: dict[str, Text] = {}
    plain: dict[str, Text] = {}
    child: VoiceEntry | None = None
    other: VoiceEntry | None = None


Model = TypeVar("Model", bound=Entry)
Where = dict[type[Entry], dict[str, Written]]
"""Every entry as it was written, by its shape and id, those with faults among them."""


def read_entry(
    model: type[Model], raw: Lined, file: str, faults: Faults, subject: str = "file"
) -> Model | None:
    """The entry as its model; None, with every fault noted, where it does not fit."""
    if file in faults.unread:
        return None
    written = Written(file, subject, raw, faults)
    try:
        return model.model_validate(raw)
    except ValidationError as problem:
        for path, text in misfits(model, problem):
            written.wrong(text, *path)
    return None
