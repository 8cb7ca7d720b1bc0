"""A person under way: their answers from the cookie, where these lead, and what they mean.

The pages of the self-check and those beside it ask here; nothing in here is a page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.documents.receipt import RulebookArchive
from app.presentation.question import find_respondent
from app.presentation.result import ResultPresenter
from app.store.submission_versions import SubmittedAnswers
from app.triage.questionnaire import AnswerPath, Question, keep_known_answers
from app.triage.rules import assess_answers, find_contradictions, is_certain_emergency
from app.triage.terms import Answers, Assessment
from app.web import journey as journeys
from app.web.journey import OWN, Journey, LostJourney, NoJourney
from app.web.pages import AppContext, app_context, filler_for, see_other

log = logging.getLogger(__name__)

FIRST_EDITION = "2026.11.1"
"""Whose questions a cookie answers that does not name its edition: they are older than the mark."""
RECHECK_PATH = "/changed"
UNFINISHED = "unfinished"  # the note to who asks for a result before the last question
Found = TypeVar("Found")


class AssessmentFailed(Exception):
    """Assessing failed; the person gets careful advice instead of a level."""

    def __init__(self, region: str) -> None:
        super().__init__()
        self.region = region


@dataclass(frozen=True)
class Visit:
    """One request of a person under way: their journey, and what follows from it.

    What is worked out is kept for this request alone, and only ever worked out once.
    """

    context: AppContext
    journey: Journey

    @cached_property
    def path(self) -> AnswerPath:
        """Where the answers lead."""
        return self.context.rulebook.questionnaire.trace_path(self.journey.answers)

    @cached_property
    def assessment(self) -> Assessment:
        """What the answers given so far mean. Raises AssessmentFailed."""
        return self.run_assessment(lambda: assess_answers(self.context.rulebook, self.path.answers))

    @cached_property
    def is_emergency(self) -> bool:
        """Whether the answers so far are an emergency beyond doubt. Raises AssessmentFailed."""
        return self.run_assessment(lambda: is_certain_emergency(self.context.rulebook, self.path))

    @cached_property
    def contradictions(self) -> tuple[str, ...]:
        """Ids of the answers that cannot all be right. Raises AssessmentFailed."""
        return self.run_assessment(lambda: find_contradictions(self.context.rulebook, self.path))

    @cached_property
    def respondent(self) -> str:
        """Whom "you" is about on this person's pages: ME, CHILD or OTHER."""
        roles = self.context.rulebook.roles
        return find_respondent(roles, self.path.answers, self.journey.about)

    @cached_property
    def presenter(self) -> ResultPresenter:
        """Puts into words what the answers of this visit mean."""
        context, journey = self.context, self.journey
        fill = filler_for(context, journey.region)
        words, answers = context.page_wording, self.path.answers
        return ResultPresenter(context.rulebook, words, fill, answers, journey.about)

    @property
    def plain_presenter(self) -> ResultPresenter:
        """The same for what is no HTML: it escapes nothing, and remembers nothing."""
        words = self.context.page_wording
        places = words.regions[self.journey.region]

        def fill_text(text: str, **more: str) -> str:
            return words.fill_placeholders(text, places, **more)

        return replace(self.presenter, fill=fill_text)

    @property
    def next_address(self) -> str:
        """The first open question, or the list of answers."""
        return f"/check/{self.path.next.id}" if self.path.next else "/answers"

    def may_be_asked(self, question: Question) -> bool:
        """Whether it was asked already, or comes next."""
        return question is self.path.next or any(question is one for one in self.path.asked)

    def continue_with(self, journey: Journey) -> Visit:
        """The visit of the same person after a change of their journey."""
        return Visit(self.context, journey)

    def would_be_emergency(self, question: Question, given: Collection[str]) -> bool:
        """`is_emergency` with an answer that is not taken yet: what is ticked tells."""
        return self.continue_with(
            self.journey.with_answer(question.id, frozenset(given))
        ).is_emergency

    def run_assessment(self, work: Callable[[], Found]) -> Found:
        """What the work gives. Raises AssessmentFailed for any fault in it."""
        try:
            return work()
        # Whatever went wrong, a person in danger must get advice: the page "today, or call".
        except Exception as error:  # noqa: BLE001
            # Only the kind of the fault: its message could hold an answer.
            log.error("assessing failed: %s", type(error).__name__)  # noqa: TRY400
            raise AssessmentFailed(self.journey.region) from None

    def collect_submitted_answers(self) -> SubmittedAnswers:
        """What a person hands over: their answers, and what the rules make of them."""
        return SubmittedAnswers.from_rulebook(
            self.context.rulebook,
            self.path.answers,
            self.assessment,
            about=self.journey.about,
            region=self.journey.region,
            stopped=self.path.next is not None,
            begun=self.journey.begun,
        )


def describe_emergency(visit: Visit) -> dict[str, Any]:
    """What the page shows that stops the questions."""
    assessment, presenter = visit.assessment, visit.presenter
    return {
        "region": visit.journey.region,
        "about": visit.respondent,
        "card": presenter.build_level_card("emergency"),
        "advice": presenter.advice_by_section(assessment),
        "reasons": presenter.emergency_reasons(assessment),
        "onward": visit.next_address,
    }


def open_visit(request: Request, kind: str = OWN) -> Visit:
    """The journey of this request. Raises NoJourney or LostJourney."""
    context = app_context(request)
    journey = journeys.open_journey(request, context.keys, context.unix_time, kind)
    if not journey.region:
        raise NoJourney  # only whom it will be about is known
    if journey.region not in context.rulebook.regions:
        raise LostJourney
    if journey.answers and journey.edition != context.rulebook.version:
        journey = _translate_journey(context.archive, Visit(context, journey))
    known = _keep_readable_answers(context, journey.answers)
    earlier = _keep_readable_answers(context, journey.earlier)
    edition = context.rulebook.version
    return Visit(context, replace(journey, answers=known, earlier=earlier, edition=edition))


def redirect_with_journey(
    request: Request, address: str, journey: Journey, kind: str = OWN
) -> Response:
    """Send the browser on, with this journey in its cookie."""
    response = see_other(address)
    journeys.set_journey_cookie(response, request, app_context(request).keys, journey, kind)
    return response


def redirect_unfinished(request: Request, visit: Visit) -> Response:
    """Who asks for a result before the last question goes back to it, with a note."""
    return redirect_with_journey(
        request, visit.next_address, replace(visit.journey, note=UNFINISHED)
    )


def _translate_journey(archive: RulebookArchive, visit: Visit) -> Journey:
    """A check that was begun on an earlier edition goes on: what it answered is answered."""
    journey = visit.journey
    answers = before = _translate_answers(archive, visit, journey.answers)
    if journey.earlier:
        before = _translate_answers(archive, visit, journey.answers_before)
    changed = {id_ for id_ in before.keys() | answers.keys() if before.get(id_) != answers.get(id_)}
    earlier = {id_: before.get(id_, frozenset()) for id_ in changed & answers.keys()}
    return replace(journey, answers=answers, earlier=earlier)


def _translate_answers(archive: RulebookArchive, visit: Visit, given: Answers) -> Answers:
    """A list of which only a part was asked is asked again, but where an emergency rests on it."""
    edition = visit.journey.edition or FIRST_EDITION
    whole, with_partial = (
        archive.translate_to_current(edition, given, half_told=keep_partial)
        for keep_partial in (False, True)
    )
    if whole == with_partial:
        return whole
    before, after = (
        visit.continue_with(replace(visit.journey, answers=answers)).is_emergency
        for answers in (with_partial, whole)
    )
    return with_partial if before and not after else whole


def _keep_readable_answers(context: AppContext, answers: Answers) -> dict[str, frozenset[str]]:
    """A cookie may be older than the rulebook: what it no longer knows is asked again.

    A question without any option is one that was not asked before a second look.
    """
    known = keep_known_answers(context.rulebook.questionnaire, answers, keep_empty=True)
    if any(question in context.rulebook.questionnaire for question in known.dropped):
        log.info("an answer of an older rulebook is asked again")
    return known.answers


def list_rechecked_questions(visit: Visit) -> list[str]:
    """What a second look has asked again so far, in its order."""
    return [id_ for id_ in visit.journey.earlier if id_ in visit.path.answers]


def address_before_result(visit: Visit) -> str:
    """What came before the result: the last question of a second look, or the list of answers."""
    asked_again = list_rechecked_questions(visit)
    return f"{RECHECK_PATH}/{asked_again[-1]}" if asked_again else "/answers"


def find_question(request: Request) -> Question:
    """The question that the address names. Raises HTTPException where there is none."""
    questionnaire = app_context(request).rulebook.questionnaire
    id_ = request.path_params["question"]
    if id_ not in questionnaire:
        raise HTTPException(status_code=404)
    return questionnaire[id_]
