"""The shape of every entry of a rule file, as Pydantic models: what keys there are, of what kind.

Only shapes; whether the ids in them exist is checked where the rulebook is put together.
"""

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from app.rulebook.faults import WrittenEntry, list_validation_messages
from app.triage.sources import (
    AdvisedTypes,
    Day,
    EachOnce,
    FileEntry,
    FirmLimits,
    Hours,
    Id,
    Ids,
    Language,
    Leading,
    Limits,
    OptionsOfQuestions,
    Positive,
    Ranked,
    ReviewedEntry,
    SourcedEntry,
    Text,
    TypeName,
    UrgencyLevel,
    Version,
    Weights,
)
from app.triage.terms import AdviceSection


class RulebookEntry(FileEntry):
    version: Version
    date: Day
    longest_path: Annotated[int, Field(ge=1)]
    languages: Annotated[list[Language], Field(min_length=1), EachOnce]
    approvals: list[Text]


class OptionEntry(FileEntry):
    id: Id
    group: Id | None = None
    reassuring: bool = False
    neutral: bool = False
    may_happen: bool = False
    may_end: bool = False
    told_with: Id | None = None
    box: Id | None = None


class QuestionEntry(FileEntry):
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


class NamedEntry(FileEntry):
    id: Id
    when: Any


class RuleEntry(ReviewedEntry):
    when: Any
    urgency: UrgencyLevel
    if_unsure: UrgencyLevel | None = None
    only_with: Any = None
    within: Hours | None = None


class EvidenceEntry(ReviewedEntry):
    when: Any
    weights: Weights


class LookAlikeEvidenceEntry(FileEntry):
    when: Any
    weights: Weights


class LookAlikeEntry(ReviewedEntry):
    evidence: Annotated[list[LookAlikeEvidenceEntry], Field(min_length=1)]


class ConflictEntry(ReviewedEntry):
    when: Any
    lead: Leading | None = None
    only_before: Annotated[list[Ranked], EachOnce] = []
    cap: dict[TypeName, Literal["unlikely", "possible"]] | None = None


class ScaleEntry(FileEntry):
    possible_at: int
    likely_at: int
    margin: Annotated[int, Field(ge=0)]
    look_alike_at: int
    tie_order: Annotated[list[Ranked], EachOnce]
    likely_needs: Any


class ContradictionEntry(FileEntry):
    id: Id
    when: Any
    questions: Annotated[list[Id], Field(min_length=1), EachOnce]


class AdviceEntry(ReviewedEntry):
    section: AdviceSection
    types: AdvisedTypes
    places: Ids = []
    levels: Annotated[list[UrgencyLevel], EachOnce] = []
    when: Any = None
    urgency: UrgencyLevel | None = None
    covers: OptionsOfQuestions = {}
    covered_by: OptionsOfQuestions = {}
    certain: bool = False
    signs: OptionsOfQuestions = {}
    no_option: Text | None = None


class DangerEntry(ReviewedEntry):
    signs: Annotated[OptionsOfQuestions, Field(min_length=1)]
    rules: Annotated[list[Id], Field(min_length=1), EachOnce]
    also: list[Annotated[OptionsOfQuestions, Field(min_length=1)]] = []
    look_alikes: Annotated[list[Id], EachOnce] = []
    not_asked: Ids = []
    urgency: UrgencyLevel | None = None
    no_option: Text | None = None


class UnitEntry(FileEntry):
    factor: Positive
    hard: FirmLimits
    soft: Limits = [None, None]
    range: Limits = [None, None]
    also: list[Text] = []


class AnalyteEntry(ReviewedEntry):
    si: str
    units: Annotated[dict[str, UnitEntry], Field(min_length=1)]
    loinc: dict[str, Text] = {}


class CorrectionEntry(SourcedEntry):
    calcium: str
    albumin: str
    slope: Positive
    reference: Positive
    reliable: Limits = [None, None]


class ProductUnitEntry(FileEntry):
    factor: Positive
    of: str = Field(alias="from")
    also: list[Text] = []
    range: Limits = [None, None]


class ProductEntry(ReviewedEntry):
    of: list[Id]
    si: str
    units: Annotated[dict[str, ProductUnitEntry], Field(min_length=1)]


class ResultAgeEntry(SourcedEntry):
    soft_days: Annotated[int, Field(ge=1)]
    hard_days: Annotated[int, Field(ge=1)]


class LaboratoryEntry(FileEntry):
    """The keys of labs.yaml; what stands under them is read part by part."""

    analytes: Annotated[list[Any], Field(min_length=1)]
    correction: Annotated[list[Any], Field(min_length=1)]
    product: dict[str, Any]
    not_weighed: list[Any] = []
    age_of_result: dict[str, Any]
    messages: Ids


class NotWeighedEntry(FileEntry):
    """An analyte that no rule of urgency weighs, unless it counts through another one."""

    id: Id
    unless: Id | None = None


class RespondentWordsEntry(FileEntry):
    """What a question says anew for someone who answers about another person."""

    text: Text | None = None
    hint: Text | None = None
    why: Text | None = None
    options: dict[str, Text] = {}
    groups: dict[str, Text] = {}
    changes: dict[str, Text] = {}
    plain: dict[str, Text] = {}


class QuestionWordsEntry(FileEntry):
    text: Text
    why: Text
    counted: Text
    options: dict[str, Text]
    hint: Text | None = None
    short: Text | None = None
    short_none: Text | None = None
    groups: dict[str, Text] = {}
    changes: dict[str, Text] = {}
    plain: dict[str, Text] = {}
    child: RespondentWordsEntry | None = None
    other: RespondentWordsEntry | None = None


if TYPE_CHECKING:
    from _typeshed import DataclassInstance

EntryModel = TypeVar("EntryModel", bound=FileEntry)
Value = TypeVar("Value", bound="DataclassInstance")
EntriesById = dict[type[FileEntry], dict[str, WrittenEntry]]
"""Every entry as it was written, by its shape and id, those with faults among them."""


def read_entry(model: type[EntryModel], at: WrittenEntry) -> EntryModel | None:
    """The entry as its model; None, with every fault noted, where it does not fit."""
    if at.file in at.faults.unread:
        return None
    try:
        return model.model_validate(at.raw)
    except ValidationError as problem:
        for path, text in list_validation_messages(model, problem):
            at.note_fault(text, *path)
    return None


def build_value(kind: type[Value], entry: FileEntry, **others: object) -> Value:
    """The value with what its entry gives under the same names, and `others`; lists get frozen."""
    names = {field.name for field in fields(kind)}
    given = {n: tuple(g) if isinstance(g, list) else g for n, g in entry if n in names}
    return kind(**given | others)
