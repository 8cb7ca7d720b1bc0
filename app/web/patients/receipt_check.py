"""After a self-check: a receipt turned back into its result, and what to do if advice seems wrong.

Nothing is kept and nothing that was sent is repeated. It knows no rule and not how a receipt is
written.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.documents.receipt import BadReceipt, ReceiptCheck, RulebookArchive, verify_receipt
from app.presentation.question import find_respondent
from app.presentation.respondent import ME
from app.presentation.result import ResultPresenter
from app.presentation.safety_net import build_caution_values
from app.triage.terms import Assessment, Urgency
from app.web import journey as journeys
from app.web.journey import Journey, LostJourney, NoJourney
from app.web.page_cache import render_cached_page
from app.web.pages import (
    ANYWHERE,
    AppContext,
    app_context,
    filler_for,
    read_region_and_alarm,
    render_page,
)
from app.web.visit import read_form, redirect_with_journey

_PROBLEMS = {
    "not_a_receipt": "verify.problem.not_a_receipt",
    "damaged": "verify.problem.damaged",
    "other_rulebook": "verify.problem.other_rulebook",
    "unknown_answer": "verify.problem.unknown_answer",
}


async def show_receipt_form(request: Request) -> Response:
    """GET /verify: a box for the text of a receipt."""
    nothing = {"problem": "", "version": "", "fingerprint": ""}
    return render_cached_page(request, "patient/verify.html", values=lambda: nothing)


async def submit_receipt(request: Request) -> Response:
    """POST /verify: the same result again, or what is wrong with the text."""
    form = await read_form(request)
    sent = " ".join(form.get("receipt", []))
    archive: RulebookArchive = app_context(request).archive
    try:
        # An old rulebook may have to be loaded first, which takes half a second.
        verdict = await run_in_threadpool(verify_receipt, sent, archive)
    except BadReceipt as bad:
        return render_page(
            request,
            "patient/verify.html",
            problem=_PROBLEMS[bad.problem],
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
    context = app_context(request)
    try:
        current_journey = journeys.open_journey(request, context.key, context.unix_time)
        region, about = current_journey.region, current_journey.about
    except (NoJourney, LostJourney):
        region, about = ANYWHERE, ME
    receipt = verdict.receipt
    edition = receipt.rulebook.version
    journey = Journey(region, context.unix_time, receipt.answers, about=about, edition=edition)
    return redirect_with_journey(request, "/changed", journey)


def _render_verified(request: Request, verdict: ReceiptCheck) -> Response:
    """The words are those of the receipt's own rulebook. It holds no region: the cookie may."""
    context, receipt = app_context(request), verdict.receipt
    assessment, current_assessment = verdict.assessment, verdict.currently
    receipt_context = replace(context, rulebook=receipt.rulebook)
    region, _ = read_region_and_alarm(request)
    fill = filler_for(
        receipt_context, region if region in receipt_context.page_wording.regions else None
    )
    presenter = ResultPresenter(
        receipt_context.rulebook, receipt_context.page_wording, fill, receipt.answers
    )
    reasons, also = presenter.split_reasons(assessment)
    return render_page(
        request,
        "patient/verified.html",
        ages=receipt.answers.get(receipt.rulebook.roles.age, ()),
        about=find_respondent(receipt.rulebook.roles, receipt.answers, ME),
        card=presenter.build_card(assessment),
        reasons=reasons,
        also=also,
        verdict=verdict,
        said=_summarize_assessment(
            receipt_context, receipt.urgency, receipt.likely_type, assessment
        ),
        found=_summarize_assessment(
            receipt_context, assessment.urgency, assessment.likely_type, assessment
        ),
        today=_summarize_assessment(
            context, current_assessment.urgency, current_assessment.likely_type, current_assessment
        )
        if current_assessment
        else None,
        likely=assessment.likely_type,
        likely_words=receipt_context.page_wording.types[assessment.likely_type],
        kinds=presenter.fitting_types(assessment),
        others=presenter.fitting_look_alikes(assessment),
        given=presenter.all_answers(receipt.answers),
        rulebook=receipt.rulebook,
        rulebook_today=context.rulebook,
        fill_then=fill,
        **build_caution_values(presenter, assessment),
    )


def _summarize_assessment(
    context: AppContext, urgency: Urgency, likely_type: str, assessment: Assessment
) -> tuple[str, str]:
    """(The level in a few words, the likely type by its name).

    A receipt does not hold a rule's shorter time; with the same level it is that of the rules.
    """
    words = context.page_wording
    badges = words.levels[urgency.name].parts
    badge = badges["badge"]
    if assessment.within and urgency == assessment.urgency and "badge_within" in badges:
        badge = words.fill_placeholders(
            badges["badge_within"], {}, within=words.times[assessment.within]
        )
    return badge, words.types[likely_type].parts["name"]


async def show_wrong_advice(request: Request) -> Response:
    """GET /wrong-advice: whom to tell, without sending any answers."""
    return render_cached_page(request, "patient/wrong_advice.html")
