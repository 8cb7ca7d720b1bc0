"""A submission on paper: the sheet for the record, and the copy that its patient takes home.

Each printing is noted. The copy holds nothing that is for staff alone. It knows no rule.
"""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from app.documents.receipt import make_qr_code, write_receipt
from app.presentation import review_log, review_words
from app.presentation.clinic_contact import ClinicContact
from app.presentation.result import View
from app.presentation.safety_net import NetLevelGroup
from app.presentation.submission_view import SubmissionView
from app.store import review_steps
from app.store.review_rules import CLOSING_KINDS
from app.store.review_steps import BROUGHT_FORWARD
from app.triage.terms import Urgency
from app.web.clinic.submission_reading import (
    describe_assessment,
    describe_patient_result,
    open_submission,
)
from app.web.staff_request import StaffRequest

_WITH_VISIT = ("", "appointment_kept", BROUGHT_FORWARD)
"""The ends after which the copy for the patient names the visit; "" is none yet."""
_LAST = 6  # things that were done, on paper
_NOTE = 200  # letters of a note, on paper
_DENSE_NET = 1000  # letters of a safety net from which on the copy is set smaller
_ROOMY, _DENSE = 2000, 2600  # letters up to which the sheet is set larger, or from which smaller


def show_record_sheet(request: StaffRequest) -> Response:
    """GET /submissions/{id}/print: all that matters on one A4."""
    opened = open_submission(request, "submission_printed")
    view, presenter = opened.view, opened.view.presenter
    values, assessed = view.describe(), describe_assessment(view)
    # A receipt has no place for blood results, so with them it would say something else.
    receipt = ""
    if view.has_own_rulebook and not view.record.newest_version.lab_results:
        book = presenter.result_presenter.rulebook
        receipt = write_receipt(
            book, presenter.counted_answers, presenter.assessment, view.record.region
        )
    values["entries"] = [
        (*done, _shorten_note(done[0].words)) for done in values["entries"][-_LAST:]
    ]
    return request.render_page(
        "nurse/print.html",
        region=view.record.region,
        receipt=receipt,
        code=make_qr_code(receipt) if receipt else None,
        frame=opened.frame,
        printed=view.format_time(request.now),
        clinic=opened.clinic.name,
        earlier=max(0, len(view.record.actions) - _LAST),
        details=review_log.detail_entries(view),
        size=_choose_print_size(assessed, [*values["entries"], *values["versions"]]),
        assessed=assessed,
        **values,
    )


def show_patient_copy(request: StaffRequest) -> Response:
    """GET /submissions/{id}/copy: what the patient takes home; nothing that is for staff alone."""
    opened = open_submission(request, "copy_printed")
    view, record = opened.view, opened.view.record
    level, own = record.listed.level, view.patient_assessment
    closed = record.last_action(*CLOSING_KINDS) if record.row.state == "closed" else None
    agreed = str(closed.outcome) if closed else ""
    ending = view.describe_ending()
    noted = agreed in review_steps.closings_by_two(level)
    return request.render_page(
        "nurse/copy.html",
        frame=opened.frame,
        region=record.region,
        id=record.row.submission_id,
        contact=ClinicContact.from_clinic(opened.clinic),
        reference=record.sent_as,
        card=view.build_patient_card(),
        same=level == own.urgency,
        agreed=(review_words.NOTED if noted else review_words.AGREED).get(agreed, ""),
        instead=review_words.INSTEAD[level.name] if noted else "",
        ending=ending,
        wait_for_visit=not (level >= Urgency.same_day and ending["too_late"]),
        decided=view.format_time(closed.at) if closed else "",
        visit=ending["visit"] if agreed in _WITH_VISIT else None,
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
    kept = watch._replace(first=[NetLevelGroup(*key, tuple(some)) for key, some in lines.items()])
    letters = sum(len(line) for some in lines.values() for line in some)
    return {
        "about": found["about"],
        "watch": kept,
        "emergency_now": level is Urgency.emergency,
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
