"""The result: what to do and when, what would change that, why, and what it might be.

It replays the answers and shows what the engine makes of them. It knows no rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import qr_code, write
from app.triage.dangers import look_for
from app.triage.rules import assess
from app.triage.second_look import doubts
from app.triage.terms import Assessment, Urgency
from app.web import journey as journeys
from app.web.asking import voice
from app.web.caution import doubtful, looked, watch
from app.web.pages import LANGUAGE, floor, see_other, show
from app.web.patients.changed import behind_result
from app.web.patients.clinics_here import offered
from app.web.patients.visit import Visit, carefully, meaning, teller_of, visit
from app.web.telling import Answer, Teller

UNFINISHED = "unfinished"  # the note to who asks for a result before the last question


@dataclass(frozen=True, slots=True)
class Change:
    """One question whose answer is another than before."""

    was: Answer | None
    now: Answer


@dataclass(frozen=True, slots=True)
class Changed:
    """What a second look changed: the level in a few words, before and now, and the answers."""

    before: str
    now: str
    lower: bool
    answers: tuple[Change, ...]


def routes() -> list[Route]:
    """The result page."""
    return [Route("/result", result, methods=["GET"])]


async def result(request: Request) -> Response:
    """GET /result: what to do and when, why, and what it might be."""
    here = visit(request)
    if here.path.next is not None:
        response = see_other(here.onward)
        noted = replace(here.journey, note=UNFINISHED)
        journeys.keep(response, request, floor(request).key, noted)
        return response
    assessment = meaning(request, here)
    teller = teller_of(request, here)
    rulebook = teller.rulebook
    reasons, also = teller.reasons(assessment)
    receipt = write(rulebook, here.path.answers, assessment)
    return show(
        request,
        "patient/result.html",
        region=here.journey.region,
        back=behind_result(here),
        ages=here.path.answers.get("age", ()),
        about=voice(here.path.answers, here.journey.about),
        card=teller.card(assessment),
        changed=_changed(teller, here, assessment),
        invited=bool(here.journey.invitation),
        shareable=not here.journey.invitation and offered(request),
        reasons=reasons,
        also=also,
        advice=teller.advice(assessment),
        likely=assessment.likely_type,
        likely_words=teller.words.types[assessment.likely_type],
        kinds=teller.kinds(assessment),
        others=teller.others(assessment),
        in_scope=teller.in_scope(),
        contradictions=teller.contradictions(assessment),
        given=teller.all_answers(here.path.answers),
        sources=teller.all_sources(assessment),
        rulebook=rulebook,
        receipt=receipt,
        code=qr_code(receipt),
        learn=rulebook.learn[LANGUAGE],
        places=sorted(here.path.answers.get("place", ())),
        **carefully(lambda *_: careful(teller, assessment), request, here, here.path.answers),
    )


def careful(teller: Teller, assessment: Assessment) -> dict[str, Any]:
    """What a result says beside its level: what to watch for, doubts, dangers looked for."""
    path = teller.rulebook.questionnaire.path(teller.answers)
    unsure = any(teller.rulebook.questionnaire[q].unsure in c for q, c in path.answers.items())
    found = doubts(teller.rulebook, path.answers) if unsure else None
    searched = look_for(teller.rulebook.dangers, teller.rulebook.questionnaire, path, assessment)
    return {
        "watch": watch(teller, assessment),
        "emergency_now": assessment.urgency is Urgency.emergency,
        "doubtful": doubtful(teller, found) if found else [],
        "looked": looked(teller, searched),
    }


def _changed(teller: Teller, here: Visit, assessment: Assessment) -> Changed | None:
    """What was answered anew in a second look; None where there was none."""
    if not here.journey.earlier:
        return None
    earlier = teller.rulebook.questionnaire.path(here.journey.as_before).answers
    before = assess(teller.rulebook, earlier)
    told = {answer.id: answer for answer in teller.all_answers(here.path.answers)}
    was = {answer.id: answer for answer in teller.all_answers(earlier)}
    return Changed(
        before=teller.badge(before),
        now=teller.badge(assessment),
        lower=assessment.urgency < before.urgency,
        answers=tuple(
            Change(was.get(id_), answer)
            for id_, answer in told.items()
            if here.path.answers[id_] != earlier.get(id_)
        ),
    )
