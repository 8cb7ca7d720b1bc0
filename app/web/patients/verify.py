"""A receipt turned back into its result, and the second look that starts from one.

What was typed is shown again in its box alone, never elsewhere and never in an address; nothing is
kept. It does not know how a receipt is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.documents.receipt import ReceiptCheck, verify_receipt
from app.documents.receipt_text import BadReceipt
from app.presentation.question import ME
from app.presentation.result import ResultPresenter
from app.presentation.safety_net import build_caution_values
from app.triage.terms import Urgency
from app.triage.wording import Wording
from app.web import journey as journeys
from app.web.journey import Journey, LostJourney, NoJourney
from app.web.page_cache import render_cached_page
from app.web.pages import ANYWHERE, app_context, filler_for, read_region_and_alarm, render_page
from app.web.visit import redirect_with_journey
from app.web.wire import read_form


async def show_receipt_form(request: Request) -> Response:
    """GET /verify: a box for the text of a receipt."""
    nothing = {"problem": "", "version": "", "fingerprint": "", "part": "", "sent": ""}
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
        damaged_at = ".part" if bad.part else ""
        return render_page(
            request,
            "patient/verify.html",
            problem=f"verify.problem.{bad.problem}{damaged_at}",
            version=bad.version,
            fingerprint=bad.fingerprint,
            part=bad.part,
            sent=sent,
            error=True,
            status=422,
        )
    if "then" in form:
        return _open_second_look(request, verdict)
    return _render_verified(request, verdict, form, sent)


def _open_second_look(request: Request, verdict: ReceiptCheck) -> Response:
    """The receipt's answers go into the sealed cookie, from which the second look starts.

    It speaks to the person as the visit under way does, if there is one: a receipt does not say
    who reads it, and an old one not where they are.
    """
    context, receipt = app_context(request), verdict.receipt
    region, about = ANYWHERE, ME
    try:
        current_journey = journeys.open_journey(request, context.keys, context.unix_time)
        region, about = current_journey.region, current_journey.about
    except (NoJourney, LostJourney):
        pass  # somebody who never began a check here
    if receipt.region in context.rulebook.regions:
        region = receipt.region
    edition = receipt.rulebook.version
    journey = Journey(region, context.unix_time, receipt.answers, about=about, edition=edition)
    return redirect_with_journey(request, "/changed", journey)


def _render_verified(
    request: Request, verdict: ReceiptCheck, form: Mapping[str, Sequence[str]], sent: str
) -> Response:
    """The words are those of the receipt's own rulebook, for the place that was chosen or is known.

    Where the receipt names no place the page asks for it, below the result: that must not wait.
    """
    context, receipt = app_context(request), verdict.receipt
    assessment, today = verdict.assessment, verdict.currently
    receipt_context = replace(context, rulebook=receipt.rulebook)
    words = receipt_context.page_wording
    from_cookie, _ = read_region_and_alarm(request)
    known = [id_ for id_ in words.regions if id_ in context.page_wording.regions]
    places = [*form.get("region", ()), receipt.region, from_cookie]
    region = next((place for place in places if place in known), None)
    fill = filler_for(receipt_context, region)
    presenter = ResultPresenter(receipt.rulebook, words, fill, receipt.answers)
    level, likely, within = assessment.urgency, assessment.likely_type, assessment.within
    # A receipt does not hold a rule's shorter time; with the same level it is that of the rules.
    said_within = within if receipt.urgency is level else None
    return render_page(
        request,
        "patient/verified.html",
        region=region,
        asked_places={} if receipt.region else {id_: words.regions[id_] for id_ in known},
        place=region or ANYWHERE,
        sent=sent,
        verdict=verdict,
        said=_name_result(words, receipt.urgency, receipt.likely_type, said_within),
        found=_name_result(words, level, likely, within),
        today=today
        and _name_result(context.page_wording, today.urgency, today.likely_type, today.within),
        rulebook=receipt.rulebook,
        withdrawn=receipt.rulebook.version in request.app.state.withdrawals.state.versions,
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
