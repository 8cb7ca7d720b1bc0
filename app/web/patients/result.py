"""The result: what to do and when, why, and what it might be.

It replays the answers and shows what the engine makes of them. Nothing is kept. It knows no rule.
"""

from starlette.requests import Request
from starlette.responses import Response

from app.presentation.call_script import write_call_script
from app.presentation.result import View
from app.presentation.safety_net import build_caution_values
from app.triage.rules import assess_answers
from app.web.page_cache import render_cached_page
from app.web.pages import app_context, render_page
from app.web.patients.clinic_presence import has_reachable_clinic
from app.web.tablet import is_tablet
from app.web.visit import (
    Visit,
    address_before_result,
    open_visit,
    redirect_unfinished,
)


async def show_result(request: Request) -> Response:
    """GET /result: what to do and when, why, and what it might be."""
    visit = open_visit(request)
    if visit.path.next is not None:
        return redirect_unfinished(request, visit)
    assessment, presenter = visit.assessment, visit.presenter
    rulebook = presenter.rulebook
    return render_page(
        request,
        "patient/result.html",
        region=visit.journey.region,
        back=address_before_result(visit),
        changed=_compare_second_look(visit),
        invited=bool(visit.journey.invitation),
        sent_to=_find_status_address(request, visit),
        shareable=not visit.journey.invitation and has_reachable_clinic(request),
        advice=presenter.advice_by_section(assessment),
        in_scope=presenter.is_in_scope(),
        contradictions=presenter.asked_contradictions(assessment.contradictions),
        rulebook=rulebook,
        script=write_call_script(presenter, assessment),
        learn=rulebook.learn[visit.context.language],
        places=sorted(visit.path.answers.get(rulebook.roles.place, ())),
        **presenter.describe_result(assessment),
        **visit.run_assessment(lambda: build_caution_values(presenter, assessment)),
    )


def _find_status_address(request: Request, visit: Visit) -> str:
    """Where what became of it stands; "" where the clinic has not got these very answers."""
    if not (visit.journey.invitation and visit.journey.is_sent):
        return ""
    # Trap: on a tablet the link stands in no address, where Back would lead to it.
    return "/i/here" if is_tablet(request) else f"/i/{visit.journey.invitation}"


def _compare_second_look(visit: Visit) -> View | None:
    """The level before and now, and each answer that a second look changed; None without one."""
    if not visit.journey.earlier:
        return None
    presenter, assessment = visit.presenter, visit.assessment
    earlier = presenter.rulebook.questionnaire.trace_path(visit.journey.answers_before).answers
    before = assess_answers(presenter.rulebook, earlier)
    answers_earlier = {answer.id: answer for answer in presenter.all_answers(earlier)}
    return {
        "before": presenter.level_badge(before),
        "now": presenter.level_badge(assessment),
        "lower": assessment.urgency < before.urgency,
        "answers": [
            {"was": answers_earlier.get(answer.id), "now": answer}
            for answer in presenter.all_answers(visit.path.answers)
            if visit.path.answers[answer.id] != earlier.get(answer.id)
        ],
    }


async def show_wrong_advice(request: Request) -> Response:
    """GET /wrong-advice: whom to tell, without sending any answers."""
    operator = app_context(request).operator
    return render_cached_page(
        request, "patient/wrong_advice.html", values=lambda: {"operator": operator}
    )
