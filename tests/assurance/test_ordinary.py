"""The ordinary people: enough of them, each told well enough to answer for, each with a source."""

from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.assurance.cases import UrgencyName, read_plain
from app.assurance.mutation.widened import (
    LISTED,
    ORDINARY,
    OrdinaryPeople,
    list_urgent_slips,
    widens_urgent_level,
)
from app.assurance.proof.answer_space import AnswerSpace
from app.triage.questionnaire import parse_answer
from app.triage.rules import assess_answers
from app.triage.terms import Urgency
from tests.builders import RULES, SOAK, answers, question, rulebook, seeded
from tests.kept_proofs import Counts, kept

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


PEOPLE = [
    OrdinaryPerson.model_validate(entry)
    for file in sorted((RULES / ORDINARY).glob("people-*.yaml"))
    for entry in read_plain(file)
]
ANSWERED = read_plain(RULES / ORDINARY / "answers.yaml")
ABOVE = {
    person: one["why"]
    for one in read_plain(RULES / ORDINARY / "above.yaml")
    for person in one["people"]
}


def test_there_are_enough_of_them_each_with_an_id_of_its_own() -> None:
    assert len(PEOPLE) >= 80
    assert len({person.id for person in PEOPLE}) == len(PEOPLE)


def test_nobody_among_them_needs_emergency_care() -> None:
    assert {p.id for p in PEOPLE if Urgency[p.highest] is Urgency.emergency} == set()
    assert {p.highest for p in PEOPLE} == {"self_care", "routine", "soon", "same_day"}


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.id)
def test_a_story_says_enough_to_answer_for_its_person(person: OrdinaryPerson) -> None:
    assert 60 <= len(person.story.split()) <= 115
    assert person.story.startswith("You ")


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.id)
def test_each_level_names_what_it_rests_on(person: OrdinaryPerson) -> None:
    a_page = person.source.url.startswith(("http://", "https://"))
    ours = person.source.title.startswith("row ") or "expert" in person.source.read.lower()
    assert a_page or ours or person.source.title == "expert"


def test_a_lowest_level_above_the_highest_is_refused() -> None:
    person = PEOPLE[0].model_dump() | {"lowest": "same_day", "highest": "routine"}
    with pytest.raises(ValidationError, match="'lowest' lies above 'highest'"):
        OrdinaryPerson.model_validate(person)


def test_each_is_answered_for_once_and_well() -> None:
    assert ANSWERED.keys() == {person.id for person in PEOPLE}
    for given in ANSWERED.values():
        for name, chosen in given.items():
            assert parse_answer(question(name), chosen) == frozenset(chosen)


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.id)
def test_nobody_is_sent_too_high_or_left_too_low(person: OrdinaryPerson) -> None:
    """Too high only where it is listed with its reason; and whoever is listed still is too high."""
    result = assess_answers(rulebook(), answers(ANSWERED[person.id]))
    assert result.complete
    assert result.urgency >= Urgency[person.lowest]
    assert (result.urgency > Urgency[person.highest]) == (person.id in ABOVE)


def test_a_level_too_high_has_a_reason_and_hits_no_more_than_a_quarter() -> None:
    assert all(len(why.split()) > 8 for why in ABOVE.values())
    assert len(ABOVE) <= len(PEOPLE) / 4


@kept
def test_a_slip_that_widens_an_urgent_rule_is_noticed_by_somebody_ordinary_or_listed() -> Counts:
    """After a change that is meant: `calcinosis-check rules mutate --refresh`."""
    slips, listed = list_urgent_slips(rulebook(), RULES), read_plain(RULES / LISTED)
    people, space = OrdinaryPeople(rulebook(), RULES), AnswerSpace(RULES)
    assert {name for names in listed.values() for name in names} <= {
        slip.full_name for slip in slips
    }
    chosen = slips if SOAK else seeded(12).sample(slips, 60)
    for slip in chosen:
        stands = slip.full_name in listed.get(slip.entry, ())
        assert stands == (not people.notices_slip(slip) and widens_urgent_level(space, slip)), (
            slip.full_name
        )
    return {"urgent slips tried": len(chosen)}
