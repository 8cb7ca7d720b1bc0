"""Has anything changed? A second look that asks again only what could make the result more urgent.

It starts from the answers in the sealed cookie, wherever they came from, and ends at the result.
No step is stored; it knows no rule.
"""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from app.triage.second_look import list_recheck_questions
from app.web.journey import Journey
from app.web.pages import ANYWHERE, render_page, see_other
from app.web.question_loop import PatientLoop
from app.web.visit import (
    RECHECK_PATH,
    Visit,
    list_rechecked_questions,
    open_visit,
    redirect_with_journey,
)
from app.web.wire import read_form

RESULT_PATH = "/result"


async def show_second_look(request: Request) -> Response:
    """GET /changed: what will be asked again, and where the person is now."""
    visit = open_visit(request)
    if visit.path.next is not None and not visit.journey.earlier:
        return see_other(visit.next_address)
    rulebook, region = visit.context.rulebook, visit.journey.region
    places = {id_: visit.context.page_wording.regions[id_] for id_ in rulebook.regions}
    anew = visit.continue_with(_begin_anew(visit.journey))
    return render_page(
        request,
        "patient/changed.html",
        region=region,
        alarmed=visit.is_emergency,
        places=places if region == ANYWHERE else {},  # a receipt may not say where its person is
        back=RESULT_PATH if not visit.journey.earlier else "/answers",
        count=len(_list_open_questions(anew)),
    )


async def start_second_look(request: Request) -> Response:
    """POST /changed: a new second look, which forgets an earlier one."""
    visit, form = open_visit(request), await read_form(request)
    place = next(iter(form.get("region", [])), visit.journey.region)
    region = place if place in visit.context.rulebook.regions else visit.journey.region
    journey = replace(_begin_anew(visit.journey), region=region)
    address = next_recheck_address(visit.continue_with(journey))
    return redirect_with_journey(request, address, journey)


def _begin_anew(journey: Journey) -> Journey:
    return replace(journey, earlier={}, note="")


class SecondLookLoop(PatientLoop):
    """The questions that are asked again, each with the last answer filled in."""

    start, folder = RECHECK_PATH, f"{RECHECK_PATH}/"
    page = "patient/changed_question.html"

    def next_address(self, visit: Visit) -> str:
        """The next question to look at again, or the result."""
        return next_recheck_address(visit)

    def save_answer(self, chosen: frozenset[str]) -> Response:
        """Go on; stop as soon as an emergency is certain."""
        journey = self.visit.journey.with_new_answer(self.question.id, chosen)
        after = self.visit.continue_with(journey)
        interrupts = after.is_emergency and not self.visit.is_emergency
        address = "/emergency" if interrupts else next_recheck_address(after)
        return redirect_with_journey(self.request, address, after.journey)

    def previous_address(self) -> str:
        """The question that was looked at again before this one."""
        before = list_rechecked_questions(self.visit)
        if self.question.id in before:
            before = before[: before.index(self.question.id)]
        return f"{self.folder}{before[-1]}" if before else self.start

    def progress_values(self) -> dict[str, int]:
        """How many questions come after this one as long as no answer changes."""
        return {"more": len({*_list_open_questions(self.visit)} - {self.question.id})}


async def show_recheck_question(request: Request) -> Response:
    """GET /changed/{question}: the question with the last answer filled in."""
    return SecondLookLoop.open_loop(request).show_question()


async def submit_recheck_answer(request: Request) -> Response:
    """POST /changed/{question}: take the answer in; stop as soon as an emergency is certain."""
    return await SecondLookLoop.open_loop(request).submit_form()


def next_recheck_address(visit: Visit) -> str:
    """The next question that could raise the level, one that an answer opened, or the result."""
    left = _list_open_questions(visit)
    return f"{RECHECK_PATH}/{left[0]}" if left else RESULT_PATH


def _list_open_questions(visit: Visit) -> list[str]:
    """Ids of what is still to be looked at again, as asked; then what an answer opened."""
    again = list_recheck_questions(visit.context.rulebook, visit.path.answers)
    left = [question for question in again if question not in visit.journey.earlier]
    return left + ([visit.path.next.id] if visit.path.next else [])
