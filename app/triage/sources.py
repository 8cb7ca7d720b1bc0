"""Values that stand in a rule file as they are: sources, regions, pairs to ask back.

A frozen Pydantic model is the value itself; whoever reads rule files gives it its faults.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.triage.conditions import Condition
from app.triage.terms import Answers
from app.triage.value_types import (
    Day,
    EachOnce,
    Id,
    Ids,
    IdSet,
    Link,
    OptionsOfQuestions,
    SourceIds,
    Strength,
    Telephone,
    Text,
    Year,
)


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


class RegionEntry(ReviewedEntry):
    """A region with the numbers that are called there."""

    emergency_number: Telephone
    also: list[Telephone] = []
    urgent_number: Telephone | None = None


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

    `age` and `place` are questions; `children` and `babies` options of `age`; `sized` options of
    which a drawing shows the size; `out_of_scope` a named condition; `of_a_life` the questions of
    which each option is thought of for a baby; `background` what is told after the signs.
    """

    age: Id
    children: IdSet
    babies: IdSet
    place: Id
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
