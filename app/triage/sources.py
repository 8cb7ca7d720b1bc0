"""Values that stand in a rule file as they are, and the kinds of values that they are made of.

A frozen Pydantic model is the value itself; whoever reads rule files gives it its faults. Each kind
(an id, a day, a number) says in words what is allowed.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.triage.conditions import Condition
from app.triage.terms import Answers, Urgency

TypeName = Literal["dystrophic", "metastatic", "idiopathic", "iatrogenic", "calciphylaxis"]
Ranked = Literal[TypeName, "not_calcinosis"]
Leading = Literal[Ranked, "cannot_tell"]
Strength = Literal[
    "guideline", "national_page", "systematic_review", "cohort", "case_series", "case_report",
    "review", "textbook", "charity_page", "patient_leaflet", "reference_table", "laboratory",
    "expert", "source_document",
]  # fmt: skip


def _match_pattern(pattern: str, allowed: str) -> AfterValidator:
    """Text that matches the pattern; `allowed` says the same in words."""

    def check_pattern(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(allowed)
        return text

    return AfterValidator(check_pattern)


def _require_kind(fits: Callable[[object], bool], allowed: str) -> BeforeValidator:
    """For a value of two kinds, so that a misfit is one fault and not one for each kind."""

    def check_kind(value: object) -> object:
        if not fits(value):
            raise ValueError(allowed)
        return value

    return BeforeValidator(check_kind)


def _refuse_duplicates(ids: list[Any]) -> list[Any]:
    if len(set(ids)) < len(ids):
        raise ValueError("each only once")
    return ids


def _check_calendar_day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("a day that the calendar has") from None
    return text


def _parse_urgency(name: object) -> object:
    if name not in Urgency.__members__:
        expected = ", ".join(Urgency.__members__)
        raise PydanticCustomError("literal_error", "no level", {"expected": expected})
    return Urgency[str(name)]


def _is_year(value: object) -> bool:
    return value == "undated" or (type(value) is int and 1900 <= value <= 2100)


def _is_all_or_types(value: object) -> bool:
    if not isinstance(value, list):
        return value == "all"
    known = [kind for kind in value if kind in get_args(Leading)]
    return known == value != [] and len(set(known)) == len(known)


UrgencyLevel = Annotated[Urgency, BeforeValidator(_parse_urgency)]
"""A level, written by its name."""

EachOnce = AfterValidator(_refuse_duplicates)
Text = Annotated[str, _match_pattern(r"(?s).*\S.*", "text that is not empty")]
ID = r"[A-Za-z][A-Za-z0-9_-]*"
Id = Annotated[str, _match_pattern(ID, "a letter, then letters, digits, '-' and '_'")]
Ids = Annotated[list[Id], EachOnce]
IdSet = Annotated[frozenset[Id], Strict(strict=False), Field(min_length=1)]
"""A list of ids whose order says nothing."""

OptionsOfQuestions = dict[Id, Annotated[list[Id], Field(min_length=1), EachOnce]]
SourceIds = Annotated[list[Id], Field(min_length=1), EachOnce]

DAY = r"\d{4}-\d\d-\d\d"
Day = Annotated[
    str, _match_pattern(DAY, 'a day such as "2026-11-20"'), AfterValidator(_check_calendar_day)
]
Year = Annotated[
    int | Literal["undated"], _require_kind(_is_year, "a year from 1900 to 2100, or undated")
]
Version = Annotated[
    str, _match_pattern(r"\d{4}\.\d{1,2}\.\d+", 'year.month.number, such as "2026.11.1"')
]
Language = Annotated[
    str, _match_pattern(r"[a-z]{2,3}(-[A-Z]{2})?", "a language code, such as en or pt-BR")
]
Hours = Annotated[str, _match_pattern(r"[1-9]\d{0,2} h", "hours, such as 48 h")]
Link = Annotated[str, _match_pattern(r"https?://\S+|none", "an http or https address, or none")]
WebLink = Annotated[str, _match_pattern(r"https://[^\s/]+\S*", "an https address")]
Telephone = Annotated[str, _match_pattern(r"\d{2,6}", 'two to six digits in quotes, such as "112"')]
LongTelephone = Annotated[
    str,
    _match_pattern(r"\d{2,6}( \d{2,4}){0,4}", 'groups of digits in quotes, such as "0800 611 116"'),
]

NumberText = Annotated[str, _match_pattern(r"-?\d+(\.\d+)?", 'a number in quotes, such as "0.5"')]
Positive = Annotated[
    str, _match_pattern(r"(?=.*[1-9])\d+(\.\d+)?", 'a number above 0 in quotes, such as "0.5"')
]
Limits = Annotated[list[NumberText | None], Field(min_length=2, max_length=2)]
FirmLimits = Annotated[list[NumberText], Field(min_length=2, max_length=2)]

Weights = Annotated[dict[Ranked, Annotated[int, Field(ge=-3, le=3)]], Field(min_length=1)]
AdvisedTypes = Annotated[
    Literal["all"] | list[Leading],
    _require_kind(_is_all_or_types, f"all, or a list of some of: {', '.join(get_args(Leading))}"),
]


class FileEntry(BaseModel):
    """Any entry: unknown keys are refused and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SourcedEntry(FileEntry):
    """What names its sources."""

    sources: SourceIds


class ReviewedEntry(SourcedEntry):
    """What names its sources and the day by which a clinician looks at it again."""

    id: Id
    review_by: Day


class SourceEntry(FileEntry):
    """A publication that the rulebook rests on."""

    id: Id
    title: Text
    link: Link
    year: Year
    read: Day
    strength: Strength
    note: Text | None = None


class RegionLink(SourcedEntry):
    """A page of an authority of the region."""

    url: WebLink


class Finder(RegionLink):
    """A page that leads to a place of care; `advice` answers questions about what to do.

    `area`: the part of the region that it is for, where there are several of a kind.
    """

    kind: Literal["gp", "advice", "urgent", "emergency", "pharmacy"]
    area: Annotated[str, _match_pattern("[a-z]+", "small letters")] | None = None

    @property
    def words_key(self) -> str:
        """Under which key of the region's words its text stands."""
        return "_".join(["finder", self.kind, *filter(None, [self.area])])


class Channel(SourcedEntry):
    """A way to reach help without a voice: a number to text or dial, or an address."""

    reaches: Literal["emergency", "urgent"] = Field(alias="for")
    channel: Literal["text", "relay", "video", "web"]
    number: LongTelephone | None = None
    url: WebLink | None = None

    @model_validator(mode="after")
    def _require_one_way(self) -> Self:
        if (self.number is None) == (self.url is None):
            raise ValueError("either a number or a url")
        return self

    @property
    def words_key(self) -> str:
        """Under which key of the region's words its text stands."""
        return f"channel_{self.reaches}_{self.channel}"


RegionPart = TypeVar("RegionPart", Finder, Channel)


def _refuse_same_words(parts: list[RegionPart]) -> list[RegionPart]:
    _refuse_duplicates([part.words_key for part in parts])
    return parts


PART_WORDS = re.compile(r"(finder|channel)_[a-z_]+|regulator")
"""Keys of a region's words that only those regions have whose entry has the part."""


class RegionEntry(ReviewedEntry):
    """A region: the numbers that are called there, pages that find care, ways without a voice.

    `regulator` is where a program that harmed, or might have, is reported.
    """

    emergency_number: Telephone
    also: list[Telephone] = []
    urgent_number: LongTelephone | None = None
    finders: Annotated[list[Finder], AfterValidator(_refuse_same_words)] = []
    channels: Annotated[list[Channel], AfterValidator(_refuse_same_words)] = []
    regulator: RegionLink | None = None

    def list_parts(self) -> Iterator[tuple[tuple[str | int, ...], str, SourcedEntry]]:
        """Where in the entry each of its parts stands, the key of its words, and the part."""
        for index, finder in enumerate(self.finders):
            yield ("finders", index), finder.words_key, finder
        for index, channel in enumerate(self.channels):
            yield ("channels", index), channel.words_key, channel
        if self.regulator is not None:
            yield ("regulator",), "regulator", self.regulator


class AgePairEntry(FileEntry):
    """Options that an age hardly fits: asked back by a contradiction, or left open with why."""

    id: Id
    question: Id
    options: Annotated[list[Id], Field(min_length=1), EachOnce]
    ages: Annotated[list[Id], Field(min_length=1), EachOnce]
    asked_back: Id | None = None
    left_open: Text | None = None


class Roles(FileEntry):
    """Ids that code must know: which question or option plays which part.

    `age`, `place` and `course` are questions (an older edition names no course); `children` and
    `babies` options of `age`; `sized` options of which a drawing shows the size; `out_of_scope` a
    named condition; `of_a_life` the questions of which each option is thought of for a baby;
    `background` what is told after the signs.
    """

    age: Id
    children: IdSet
    babies: IdSet
    place: Id
    course: Id | None = None
    sized: OptionsOfQuestions
    out_of_scope: Id
    of_a_life: Ids
    background: Ids

    def are_children(self, answers: Answers) -> bool:
        """Whether the answers are about someone under 16."""
        return not self.children.isdisjoint(answers.get(self.age, ()))


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Answers that cannot both be true, and the questions to ask back."""

    id: str
    when: Condition
    questions: tuple[str, ...]
