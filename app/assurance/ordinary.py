"""Ordinary people: made-up everyday lumps, each with the highest level that is still right.

They are what a rule must not send to emergency care. The stories were written by readers who saw
no rule. Knows no questions and no rule.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.assurance.cases import UrgencyName, load_entries
from app.assurance.plain import read_plain
from app.triage.terms import Urgency

FOLDER = Path("cases") / "ordinary"
Text = Annotated[str, Field(min_length=1)]


class Origin(BaseModel):
    """What the level rests on: a page, a row of the evidence base, or expert judgement."""

    model_config = ConfigDict(extra="forbid")

    title: Text
    url: str = ""
    read: Text


class OrdinaryPerson(BaseModel):
    """One person: the story in the second person, and the levels between which it is right."""

    model_config = ConfigDict(extra="forbid")

    id: Text
    story: Text
    likely: Text
    row: str = ""
    highest: UrgencyName
    lowest: UrgencyName
    why: Text
    source: Origin

    @model_validator(mode="after")
    def _check_level_order(self) -> "OrdinaryPerson":
        if Urgency[self.lowest] > Urgency[self.highest]:
            raise ValueError(f"{self.id}: 'lowest' lies above 'highest'")
        return self


def load_ordinary_answers(rules: Path) -> dict[str, dict[str, Any]]:
    """Person -> what readers answered for them, as in a case: question -> option or options."""
    given: dict[str, dict[str, Any]] = read_plain(rules / FOLDER / "answers.yaml")
    return given


def load_ordinary_people(rules: Path) -> list[OrdinaryPerson]:
    """Everyone, in the order of the files. Raises pydantic's ValidationError."""
    return [
        OrdinaryPerson.model_validate(entry)
        for file in sorted((rules / FOLDER).glob("people-*.yaml"))
        for entry in load_entries(file)
    ]
