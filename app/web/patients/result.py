"""The result: what to do and when, what would change that, why, and what it might be.

It replays the answers and shows what the engine makes of them. It knows no rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from app.documents.receipt import make_qr_code, write_receipt
from app.presentation.result import AnswerView
from app.presentation.safety_net import build_caution_values
from app.triage.rules import assess_answers
from app.web.pages import render_page
from app.web.patients.clinic_presence import has_reachable_clinic
from app.web.visit import Visit, address_before_result, open_visit, redirect_with_journey

UNFINISHED = "unfinished"  # the note to who asks for a result before the last question


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """One question whose answer is another than before."""

    was: AnswerView | None
    now: AnswerView


@dataclass(frozen=True, slots=True)
class SecondLookChanges:
    """What a second look changed: the level in a few words, before and now, and the answers."""

    before: str
    now: str
    lower: bool
    answers: tuple[AnswerChange, ...]


async def show_result(request: Request) -> Response:
    """GET /result: what to do and when, why, and what it might be."""
    visit = open_visit(request)
    if visit.path.next is not None:
        noted = replace(visit.journey, note=UNFINISHED)
        return redirect_with_journey(request, visit.next_address, noted)
    assessment, presenter = visit.assessment, visit.presenter
    rulebook = presenter.rulebook
    reasons, also = presenter.split_reasons(assessment)
    receipt = write_receipt(rulebook, visit.path.answers, assessment)
    return render_page(
        request,
        "patient/result.html",
        region=visit.journey.region,
        back=address_before_result(visit),
        ages=visit.path.answers.get(rulebook.roles.age, ()),
        about=visit.respondent,
        card=presenter.build_card(assessment),
        changed=_compare_second_look(visit),
        invited=bool(visit.journey.invitation),
        shareable=not visit.journey.invitation and has_reachable_clinic(request),
        reasons=reasons,
        also=also,
        advice=presenter.advice_by_section(assessment),
        likely=assessment.likely_type,
        likely_words=presenter.words.types[assessment.likely_type],
        kinds=presenter.fitting_types(assessment),
        others=presenter.fitting_look_alikes(assessment),
        in_scope=presenter.is_in_scope(),
        contradictions=presenter.asked_contradictions(assessment.contradictions),
        given=presenter.all_answers(visit.path.answers),
        sources=presenter.all_sources(assessment),
        rulebook=rulebook,
        receipt=receipt,
        code=make_qr_code(receipt),
        learn=rulebook.learn[visit.context.language],
        places=sorted(visit.path.answers.get(rulebook.roles.place, ())),
        **visit.run_assessment(lambda: build_caution_values(presenter, assessment)),
    )


def _compare_second_look(visit: Visit) -> SecondLookChanges | None:
    """What was answered anew in a second look; None where there was none."""
    if not visit.journey.earlier:
        return None
    presenter, assessment = visit.presenter, visit.assessment
    earlier = presenter.rulebook.questionnaire.trace_path(visit.journey.answers_before).answers
    before = assess_answers(presenter.rulebook, earlier)
    answers_now = {answer.id: answer for answer in presenter.all_answers(visit.path.answers)}
    answers_earlier = {answer.id: answer for answer in presenter.all_answers(earlier)}
    return SecondLookChanges(
        before=presenter.level_badge(before),
        now=presenter.level_badge(assessment),
        lower=assessment.urgency < before.urgency,
        answers=tuple(
            AnswerChange(answers_earlier.get(id_), answer)
            for id_, answer in answers_now.items()
            if visit.path.answers[id_] != earlier.get(id_)
        ),
    )
