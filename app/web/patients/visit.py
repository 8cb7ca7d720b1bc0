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

from app.documents.receipt import RulebookArchive
from app.presentation.result import ResultPresenter
from app.triage.answers import keep_known_answers
from app.triage.questionnaire import AnswerPath, Question
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers, is_certain_emergency
from app.triage.terms import Answers, Assessment
from app.web import journey as journeys
from app.web.journey import OWN, Journey, LostJourney, NoJourney
from app.web.pages import AppContext, app_context, filler_for

log = logging.getLogger(__name__)

FIRST_EDITION = "2026.11.1"
"""Whose questions a cookie answers that does not name its edition: they are older than the mark."""
MOST_FIELDS = 200  # in one reply; the longest tick list has under 40 lines
Given = TypeVar("Given")
Found = TypeVar("Found")


class AssessmentFailed(Exception):
    """Assessing failed; the person gets careful advice instead of a level."""

    def __init__(self, region: str) -> None:
        super().__init__()
        self.region = region


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a person under way: their journey and where it leads."""

    journey: Journey
    path: AnswerPath

    @property
    def next_address(self) -> str:
        """The first open question, or the list of answers."""
        return f"/check/{self.path.next.id}" if self.path.next else "/answers"

    def may_be_asked(self, question: Question) -> bool:
        """Whether it was asked already, or comes next."""
        return question in self.path.asked or question == self.path.next


def open_visit(request: Request, kind: str = OWN) -> Visit:
    """The journey of this request. Raises NoJourney or LostJourney."""
    context = app_context(request)
    journey = journeys.open_journey(request, context.key, context.unix_time, kind)
    if not journey.region:
        raise NoJourney  # only whom it will be about is known
    if journey.region not in context.rulebook.regions:
        raise LostJourney
    if journey.answers and journey.edition != context.rulebook.version:
        journey = _translate_journey(request, journey)
    known = _keep_readable_answers(context, journey.answers)
    earlier = _keep_readable_answers(context, journey.earlier)
    return make_visit(
        request,
        replace(journey, answers=known, earlier=earlier, edition=context.rulebook.version),
    )


def _translate_journey(request: Request, journey: Journey) -> Journey:
    """A check that was begun on an earlier edition goes on: what it answered is answered."""
    answers = _translate_answers(request, journey, journey.answers)
    before = (
        _translate_answers(request, journey, journey.answers_before) if journey.earlier else answers
    )
    changed = {id_ for id_ in before.keys() | answers.keys() if before.get(id_) != answers.get(id_)}
    earlier = {id_: before.get(id_, frozenset()) for id_ in changed & answers.keys()}
    return replace(journey, answers=answers, earlier=earlier)


def _translate_answers(request: Request, journey: Journey, given: Answers) -> Answers:
    """A list of which only a part was asked is asked again, but where an emergency rests on it."""
    archive: RulebookArchive = request.app.state.archive
    edition = journey.edition or FIRST_EDITION
    whole, with_partial = (
        archive.translate_to_current(edition, given, half_told=keep_partial)
        for keep_partial in (False, True)
    )
    if whole == with_partial:
        return whole
    before, after = (
        has_certain_emergency(request, make_visit(request, replace(journey, answers=answers)))
        for answers in (with_partial, whole)
    )
    return with_partial if before and not after else whole


def _keep_readable_answers(context: AppContext, answers: Answers) -> dict[str, frozenset[str]]:
    """A cookie may be older than the rulebook: what it no longer knows is asked again.

    An empty answer is kept: before a second look, that question was not asked.
    """
    known = keep_known_answers(context.rulebook.questionnaire, answers, keep_empty=True)
    if any(question in context.rulebook.questionnaire for question in known.dropped):
        log.info("an answer of an older rulebook is asked again")
    return known.answers


def make_visit(request: Request, journey: Journey) -> Visit:
    """A journey and where it leads."""
    return Visit(journey, app_context(request).rulebook.questionnaire.trace_path(journey.answers))


def assess_visit(request: Request, visit: Visit) -> Assessment:
    """What the answers given so far mean. Raises AssessmentFailed."""
    return run_assessment(assess_answers, request, visit, visit.path.answers)


def has_certain_emergency(request: Request, visit: Visit) -> bool:
    """Whether the answers so far are an emergency beyond doubt. Raises AssessmentFailed."""
    return run_assessment(is_certain_emergency, request, visit, visit.path)


def would_be_emergency(
    request: Request, visit: Visit, question: Question, given: Collection[str]
) -> bool:
    """The same with an answer that is not taken yet: what is ticked tells, whatever is open."""
    return has_certain_emergency(
        request, make_visit(request, visit.journey.with_answer(question.id, frozenset(given)))
    )


def run_assessment(
    work: Callable[[Rulebook, Given], Found], request: Request, visit: Visit, given: Given
) -> Found:
    """What the work makes of what was given. Raises AssessmentFailed for any fault in it."""
    try:
        return work(app_context(request).rulebook, given)
    # Whatever went wrong, a person in danger must get advice: the page that says "today, or call".
    except Exception as error:  # noqa: BLE001
        # Only the kind of the fault, not the fault itself: its message could hold an answer.
        log.error("assessing failed: %s", type(error).__name__)  # noqa: TRY400
        raise AssessmentFailed(visit.journey.region) from None


def make_presenter(request: Request, visit: Visit) -> ResultPresenter:
    """Puts into words what the answers of this visit mean."""
    context = app_context(request)
    fill = filler_for(context, visit.journey.region)
    return ResultPresenter(
        context.rulebook, context.page_wording, fill, visit.path.answers, visit.journey.about
    )


def find_question(request: Request) -> Question:
    """The question that the address names. Raises HTTPException where there is none."""
    questionnaire = app_context(request).rulebook.questionnaire
    id_ = request.path_params["question"]
    if id_ not in questionnaire:
        raise HTTPException(status_code=404)
    return questionnaire[id_]


async def read_form_field(request: Request, name: str) -> list[str]:
    """What a form sent under this name; nothing where it is no form that we can read."""
    body = await request.body()
    try:
        fields = parse_qs(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        return []
    return fields.get(name, [])
