"""After a self-check: a receipt turned back into its result, and what to do if advice seems wrong.

Nothing is kept and nothing that was sent is repeated. It knows no rule and not how a receipt is
written.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import BadReceipt, Shelf, Verdict, verify
from app.triage.terms import Assessment, Urgency
from app.web import journey as journeys
from app.web.asking import voice
from app.web.journey import ME, Journey, LostJourney, NoJourney
from app.web.pages import ANYWHERE, Floor, filler, floor, see_other, show, whereabouts
from app.web.patients.result import careful
from app.web.patients.visit import reply
from app.web.still import still
from app.web.telling import Teller

_PROBLEMS = {
    "not_a_receipt": "verify.problem.not_a_receipt",
    "damaged": "verify.problem.damaged",
    "other_rulebook": "verify.problem.other_rulebook",
    "unknown_answer": "verify.problem.unknown_answer",
}


def routes() -> list[Route]:
    """The pages for what comes after a self-check."""
    return [
        Route("/verify", ask, methods=["GET"]),
        Route("/verify", answer, methods=["POST"]),
        Route("/wrong-advice", wrong_advice, methods=["GET"]),
    ]


async def ask(request: Request) -> Response:
    """GET /verify: a box for the text of a receipt."""
    nothing = {"problem": "", "version": "", "fingerprint": ""}
    return still(request, "patient/verify.html", values=lambda: nothing)


async def answer(request: Request) -> Response:
    """POST /verify: the same result again, or what is wrong with the text."""
    sent = await reply(request, "receipt")
    shelf: Shelf = request.app.state.shelf
    try:
        # An old rulebook may have to be loaded first, which takes half a second.
        verdict = await run_in_threadpool(verify, " ".join(sent), shelf)
    except BadReceipt as bad:
        return show(
            request,
            "patient/verify.html",
            problem=_PROBLEMS[bad.problem],
            version=bad.version,
            fingerprint=bad.fingerprint,
            error=True,
            status=422,
        )
    if await reply(request, "then"):
        return _second_look(request, verdict)
    return _verified(request, verdict)


def _second_look(request: Request, verdict: Verdict) -> Response:
    """The receipt's answers go into the sealed cookie, from which the second look starts.

    It speaks to the person as the visit under way does, if there is one: a receipt says neither
    where they are nor who reads it.
    """
    here = floor(request)
    try:
        going = journeys.open_journey(request, here.key, here.now)
        region, about = going.region, going.about
    except (NoJourney, LostJourney):
        region, about = ANYWHERE, ME
    receipt = verdict.receipt
    edition = receipt.rulebook.version
    journey = Journey(region, here.now, receipt.answers, about=about, edition=edition)
    response = see_other("/changed")
    journeys.keep(response, request, here.key, journey)
    return response


def _verified(request: Request, verdict: Verdict) -> Response:
    """The words are those of the receipt's own rulebook. It holds no region: the cookie may."""
    here, receipt = floor(request), verdict.receipt
    told, now = verdict.assessment, verdict.currently
    then = replace(here, rulebook=receipt.rulebook)
    region, _ = whereabouts(request)
    fill = filler(then, region if region in then.words.regions else None)
    teller = Teller(then.rulebook, then.words, fill, receipt.answers)
    reasons, also = teller.reasons(told)
    return show(
        request,
        "patient/verified.html",
        ages=receipt.answers.get("age", ()),
        about=voice(receipt.answers, ME),
        card=teller.card(told),
        reasons=reasons,
        also=also,
        verdict=verdict,
        said=_in_short(then, receipt.urgency, receipt.likely_type, told),
        found=_in_short(then, told.urgency, told.likely_type, told),
        today=_in_short(here, now.urgency, now.likely_type, now) if now else None,
        likely=told.likely_type,
        likely_words=then.words.types[told.likely_type],
        kinds=teller.kinds(told),
        others=teller.others(told),
        given=teller.all_answers(receipt.answers),
        rulebook=receipt.rulebook,
        rulebook_today=here.rulebook,
        fill_then=fill,
        **careful(teller, told),
    )


def _in_short(here: Floor, urgency: Urgency, likely_type: str, told: Assessment) -> tuple[str, str]:
    """(The level in a few words, the likely type by its name).

    A receipt does not hold a rule's shorter time; with the same level it is that of the rules.
    """
    words = here.words
    badges = words.levels[urgency.name].parts
    badge = badges["badge"]
    if told.within and urgency == told.urgency and "badge_within" in badges:
        badge = words.fill(badges["badge_within"], {}, within=words.times[told.within])
    return badge, words.types[likely_type].parts["name"]


async def wrong_advice(request: Request) -> Response:
    """GET /wrong-advice: whom to tell, without sending any answers."""
    return still(request, "patient/wrong_advice.html")
