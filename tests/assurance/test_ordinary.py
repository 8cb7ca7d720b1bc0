"""The ordinary people: enough of them, each told well enough to answer for, each with a source."""

import pytest
from pydantic import ValidationError

from app.assurance.ordinary import OrdinaryPerson, load_ordinary
from app.triage.terms import Urgency
from tests.builders import RULES

PEOPLE = load_ordinary(RULES)


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
