"""The result: what to do and when, why, and what it might be; and a receipt turned back into it.

It replays the answers and shows what the engine makes of them. Nothing is kept, and nothing that
was sent is repeated. It knows no rule and not how a receipt is written.
"""

from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.documents.receipt import (
    BadReceipt,
    ReceiptCheck,
    verify_receipt,
)
from app.presentation.call_script import write_call_script
from app.presentation.question import ME
from app.presentation.result import ResultPresenter, View
from app.presentation.safety_net import build_caution_values
from app.triage.rules import assess_answers
from app.triage.terms import Urgency
from app.triage.wording import Wording
from app.web import journey as journeys
from app.web.journey import Journey, LostJourney, NoJourney
from app.web.page_cache import render_cached_page
from app.web.pages import ANYWHERE, app_context, filler_for, read_region_and_alarm, render_page
from app.web.patients.clinic_presence import has_reachable_clinic
from app.web.visit import (
    Visit,
    address_before_result,
    open_visit,
    redirect_with_journey,
)
from app.web.wire import read_form

UNFINISHED = "unfinished"  # the note to who asks for a result before the last question


async def show_result(request: Request) -> Response:
    """GET /result: what to do and when, why, and what it might be."""
    visit = open_visit(request)
    if visit.path.next is not None:
        noted = replace(visit.journey, note=UNFINISHED)
        return redirect_with_journey(request, visit.next_address, noted)
    assessment, presenter = visit.assessment, visit.presenter
    rulebook = presenter.rulebook
    return render_page(
        request,
        "patient/result.html",
        region=visit.journey.region,
        back=address_before_result(visit),
        changed=_compare_second_look(visit),
        invited=bool(visit.journey.invitation),
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


async def show_receipt_form(request: Request) -> Response:
    """GET /verify: a box for the text of a receipt."""
    nothing = {"problem": "", "version": "", "fingerprint": ""}
    return render_cached_page(request, "patient/verify.html", values=lambda: nothing)


async def submit_receipt(request: Request) -> Response:
    """POST /verify: the same result again, or what is wrong with the text."""
    form = await read_form(request)
    sent = " ".join(form.get("receipt", []))
    archive = app_context(request).archive
    try:
        # An old rulebook may have to be loaded first, which takes half a second.
        verdict = await run_in_threadpool(verify_receipt, sent, archive)
    except BadReceipt as bad:
        return render_page(
            request,
            "patient/verify.html",
            problem=f"verify.problem.{bad.problem}",
            version=bad.version,
            fingerprint=bad.fingerprint,
            error=True,
            status=422,
        )
    if "then" in form:
        return _open_second_look(request, verdict)
    return _render_verified(request, verdict)


def _open_second_look(request: Request, verdict: ReceiptCheck) -> Response:
    """The receipt's answers go into the sealed cookie, from which the second look starts.

    It speaks to the person as the visit under way does, if there is one: a receipt says neither
    where they are nor who reads it.
    """
    context, receipt = app_context(request), verdict.receipt
    try:
        current_journey = journeys.open_journey(request, context.key, context.unix_time)
        region, about = current_journey.region, current_journey.about
    except (NoJourney, LostJourney):
        region, about = ANYWHERE, ME
    edition = receipt.rulebook.version
    journey = Journey(region, context.unix_time, receipt.answers, about=about, edition=edition)
    return redirect_with_journey(request, "/changed", journey)


def _render_verified(request: Request, verdict: ReceiptCheck) -> Response:
    """The words are those of the receipt's own rulebook. It holds no region: the cookie may."""
    context, receipt = app_context(request), verdict.receipt
    assessment, today = verdict.assessment, verdict.currently
    receipt_context = replace(context, rulebook=receipt.rulebook)
    words = receipt_context.page_wording
    region, _ = read_region_and_alarm(request)
    fill = filler_for(receipt_context, region if region in words.regions else None)
    presenter = ResultPresenter(receipt.rulebook, words, fill, receipt.answers)
    level, likely, within = assessment.urgency, assessment.likely_type, assessment.within
    # A receipt does not hold a rule's shorter time; with the same level it is that of the rules.
    said_within = within if receipt.urgency is level else None
    return render_page(
        request,
        "patient/verified.html",
        verdict=verdict,
        said=_name_result(words, receipt.urgency, receipt.likely_type, said_within),
        found=_name_result(words, level, likely, within),
        today=today
        and _name_result(context.page_wording, today.urgency, today.likely_type, today.within),
        rulebook=receipt.rulebook,
        rulebook_today=context.rulebook,
        fill_then=fill,
        **presenter.describe_result(assessment),
        **build_caution_values(presenter, assessment),
    )


def _name_result(
    words: Wording, level: Urgency, likely_type: str, within: str | None
) -> tuple[str, str]:
    """(The level in a few words, the likely type by its name)."""
    badges = words.levels[level.name].parts
    badge = badges["badge"]
    if within and "badge_within" in badges:
        badge = words.fill_placeholders(badges["badge_within"], {}, within=words.times[within])
    return badge, words.types[likely_type].name


async def show_wrong_advice(request: Request) -> Response:
    """GET /wrong-advice: whom to tell, without sending any answers."""
    return render_cached_page(request, "patient/wrong_advice.html")
