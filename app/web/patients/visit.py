"""A person under way: their answers from the cookie, where these lead, and what they mean.

The pages of the self-check and those beside it ask here; nothing in here is a page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.documents.receipt import Shelf
from app.triage.answers import BadAnswer, read
from app.triage.questionnaire import Path, Question
from app.triage.rulebook import Rulebook
from app.triage.rules import assess, certain_emergency
from app.triage.terms import Answers, Assessment
from app.web import journey as journeys
from app.web.journey import OWN, Journey, LostJourney, NoJourney
from app.web.pages import Floor, filler, floor
from app.web.telling import Teller

log = logging.getLogger(__name__)

FIRST = "2026.11.1"
"""Whose questions a cookie answers that does not name its edition: they are older than the mark."""
MOST_FIELDS = 200  # in one reply; the longest tick list has under 40 lines
Given = TypeVar("Given")
Found = TypeVar("Found")


class CannotWorkOut(Exception):
    """Assessing failed; the person gets careful advice instead of a level."""

    def __init__(self, region: str) -> None:
        super().__init__()
        self.region = region


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a person under way: their journey and where it leads."""

    journey: Journey
    path: Path

    @property
    def onward(self) -> str:
        """The first open question, or the list of answers."""
        return f"/check/{self.path.next.id}" if self.path.next else "/answers"

    def may_be_asked(self, question: Question) -> bool:
        """Whether it was asked already, or comes next."""
        return question in self.path.asked or question == self.path.next


def visit(request: Request, kind: str = OWN) -> Visit:
    """The journey of this request. Raises NoJourney or LostJourney."""
    here = floor(request)
    journey = journeys.open_journey(request, here.key, here.now, kind)
    if not journey.region:
        raise NoJourney  # only whom it will be about is known
    if journey.region not in here.rulebook.regions:
        raise LostJourney
    if journey.answers and journey.edition != here.rulebook.version:
        journey = _in_todays_questions(request, journey)
    known = _readable(here, journey.answers)
    earlier = _readable(here, journey.earlier)
    return visit_of(
        request,
        replace(journey, answers=known, earlier=earlier, edition=here.rulebook.version),
    )


def _in_todays_questions(request: Request, journey: Journey) -> Journey:
    """A check that was begun on an earlier edition goes on: what it answered is answered."""
    answers = _today(request, journey, journey.answers)
    before = _today(request, journey, journey.as_before) if journey.earlier else answers
    changed = {id_ for id_ in before.keys() | answers.keys() if before.get(id_) != answers.get(id_)}
    earlier = {id_: before.get(id_, frozenset()) for id_ in changed & answers.keys()}
    return replace(journey, answers=answers, earlier=earlier)


def _today(request: Request, journey: Journey, given: Answers) -> Answers:
    """A list of which only a part was asked is asked again, but where an emergency rests on it."""
    shelf: Shelf = request.app.state.shelf
    edition = journey.edition or FIRST
    whole, all_told = (
        shelf.in_todays_questions(edition, given, half_told=half_told)
        for half_told in (False, True)
    )
    if whole == all_told:
        return whole
    before, after = (
        alarming(request, visit_of(request, replace(journey, answers=answers)))
        for answers in (all_told, whole)
    )
    return all_told if before and not after else whole


def _readable(here: Floor, answers: Answers) -> dict[str, frozenset[str]]:
    """A cookie may be older than the rulebook: what it no longer knows is asked again."""
    kept = {}
    for id_, chosen in answers.items():
        if id_ not in here.rulebook.questionnaire:
            continue
        if not chosen:  # before a second look, this question was not asked
            kept[id_] = chosen
            continue
        try:
            kept[id_] = read(here.rulebook.questionnaire[id_], sorted(chosen))
        except BadAnswer:
            log.info("an answer of an older rulebook is asked again")
    return kept


def visit_of(request: Request, journey: Journey) -> Visit:
    """A journey and where it leads."""
    return Visit(journey, floor(request).rulebook.questionnaire.path(journey.answers))


def meaning(request: Request, here: Visit) -> Assessment:
    """What the answers given so far mean. Raises CannotWorkOut."""
    return carefully(assess, request, here, here.path.answers)


def alarming(request: Request, here: Visit) -> bool:
    """Whether the answers so far are an emergency beyond doubt. Raises CannotWorkOut."""
    return carefully(certain_emergency, request, here, here.path)


def alarming_with(
    request: Request, here: Visit, question: Question, given: Collection[str]
) -> bool:
    """The same with an answer that is not taken yet: what is ticked tells, whatever is open."""
    return alarming(
        request, visit_of(request, here.journey.with_answer(question.id, frozenset(given)))
    )


def carefully(
    work: Callable[[Rulebook, Given], Found], request: Request, here: Visit, given: Given
) -> Found:
    """What the work makes of what was given. Raises CannotWorkOut for any fault in it."""
    try:
        return work(floor(request).rulebook, given)
    # Whatever went wrong, a person in danger must get advice: the page that says "today, or call".
    except Exception as error:  # noqa: BLE001
        # Only the kind of the fault, not the fault itself: its message could hold an answer.
        log.error("assessing failed: %s", type(error).__name__)  # noqa: TRY400
        raise CannotWorkOut(here.journey.region) from None


def teller_of(request: Request, here: Visit) -> Teller:
    """Puts into words what the answers of this visit mean."""
    house = floor(request)
    fill = filler(house, here.journey.region)
    return Teller(house.rulebook, house.words, fill, here.path.answers, here.journey.about)


def question_of(request: Request) -> Question:
    """The question that the address names. Raises HTTPException where there is none."""
    questionnaire = floor(request).rulebook.questionnaire
    id_ = request.path_params["question"]
    if id_ not in questionnaire:
        raise HTTPException(status_code=404)
    return questionnaire[id_]


async def reply(request: Request, name: str) -> list[str]:
    """What a form sent under this name; nothing where it is no form that we can read."""
    body = await request.body()
    try:
        fields = parse_qs(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        return []
    return fields.get(name, [])
