"""A submission on paper: the sheet for the record, and the patient's own copy.

Each look, and each sheet, is noted in the audit. It knows no rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import make_qr_code, write_receipt
from app.presentation.result import View
from app.presentation.review_words import AGREED, INSTEAD, NOTED
from app.presentation.safety_net import NetLevelGroup
from app.presentation.submission_view import SubmissionView
from app.store.review_rules import CLOSING_KINDS
from app.store.review_steps import closings_by_two
from app.triage.terms import Urgency
from app.web.access import StaffRequest, staff_route
from app.web.clinic.submission_reading import (
    describe_assessment,
    describe_patient_result,
    open_submission,
)

_LAST = 6  # things that were done, on paper
_NOTE = 200  # letters of a note, on paper
_DENSE_NET = 1000  # letters of a safety net from which on the copy is set smaller
_ROOMY, _DENSE = 2000, 2600  # letters up to which the sheet is set larger, or from which smaller


def page_routes() -> list[Route]:
    """The sheets."""
    return [
        staff_route("GET", "/submissions/{id}/print", show_record_sheet),
        staff_route("GET", "/submissions/{id}/copy", show_patient_copy),
    ]


def show_record_sheet(staff_request: StaffRequest) -> Response:
    """GET /submissions/{id}/print: all that matters on one A4."""
    opened = open_submission(staff_request, "submission_printed")
    view, presenter = opened.view, opened.view.presenter
    values, assessed = view.describe(), describe_assessment(view)
    # A receipt has no place for blood results, so with them it would say something else.
    whole = view.has_own_rulebook and not view.record.newest_version.lab_results
    receipt = (
        write_receipt(
            presenter.result_presenter.rulebook, presenter.counted_answers, presenter.assessment
        )
        if whole
        else ""
    )
    values["entries"] = [
        (*done, _shorten_note(done[0].words)) for done in values["entries"][-_LAST:]
    ]
    return staff_request.render_page(
        "nurse/print.html",
        region=view.record.region,
        receipt=receipt,
        code=make_qr_code(receipt) if receipt else None,
        frame=opened.frame,
        printed=view.format_time(staff_request.now),
        clinic=opened.clinic.name,
        earlier=max(0, len(view.record.actions) - _LAST),
        size=_choose_print_size(assessed, [*values["entries"], *values["versions"]]),
        assessed=assessed,
        **values,
    )


def show_patient_copy(staff_request: StaffRequest) -> Response:
    """GET /submissions/{id}/copy: what the patient takes home; nothing that is for staff alone."""
    opened = open_submission(staff_request, "copy_printed")
    view, record = opened.view, opened.view.record
    level, own = record.listed.level, view.patient_assessment
    closed = record.last_action(*CLOSING_KINDS) if record.listed.state == "closed" else None
    agreed = str(closed.outcome) if closed else ""
    noted, by_when, grave = (
        agreed in closings_by_two(level),
        view.visit_deadline,
        level >= Urgency.same_day,
    )
    return staff_request.render_page(
        "nurse/copy.html",
        frame=opened.frame,
        region=record.region,
        id=record.listed.submission,
        clinic=opened.clinic.name,
        reference=record.sent_as,
        card=view.build_patient_card(),
        same=level == own.urgency,
        agreed=(NOTED if noted else AGREED).get(agreed, ""),
        instead=INSTEAD[level.name] if noted else "",
        wait_for_visit=not (grave and by_when.forward),
        decided=view.format_time(closed.at) if closed else "",
        visit=by_when.visit if agreed in ("", "appointment_kept") else "",
        likely=own.likely_type,
        likely_words=view.patient_presenter.words.types[own.likely_type],
        **_graver_safety_net(view, level),
    )


def _graver_safety_net(view: SubmissionView, level: Urgency) -> dict[str, Any]:
    """What the patient was told to watch for, as far as it is graver than the level now."""
    found = describe_patient_result(view)
    watch = found["watch"]
    graver = {one.name for one in Urgency if one > level}
    lines: dict[tuple[str, str], list[str]] = {}
    for group in (*watch.first, *watch.more):
        if group.level in graver:
            lines.setdefault((group.level, group.heading), []).extend(group.lines)
    emergency = level is Urgency.emergency
    kept = watch._replace(first=[NetLevelGroup(*key, tuple(some)) for key, some in lines.items()])
    letters = sum(len(line) for some in lines.values() for line in some)
    return {
        "about": found["about"],
        "watch": kept,
        "emergency_now": emergency,
        "dense": letters > _DENSE_NET,
    }


def _choose_print_size(assessed: View, more: Sequence[object]) -> str:
    """How large the sheet is set: as large as what it has to say leaves room for."""
    at_levels = [*assessed["raises"], *assessed["lowers"]]
    said = [
        *assessed["positives"],
        *assessed["denied"],
        *(s for one in at_levels for s in one.answers),
    ]
    letters = sum(len(str(one)) for one in said)
    if letters + _NOTE * len(more) <= _ROOMY:
        return "roomy"
    return "dense" if letters > _DENSE else "usual"


def _shorten_note(words: str) -> str:
    return words if len(words) <= _NOTE else f"{words[:_NOTE]} ..."
