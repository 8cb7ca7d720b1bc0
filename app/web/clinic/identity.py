"""Whose a submission is, and what staff need to know of them: two small forms.

What was compared is ticked, never typed. It knows no answers.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from app.presentation.review_words import IDENTIFIER_WORDS, problem_key
from app.store import clinics, people, review_rules, worklist, worklist_rows
from app.store.accounts import staff
from app.store.review_steps import IDENTIFIERS, IDENTITY_OUTCOMES, SAME_PERSON, WRONG_PERSON
from app.store.worklist_rows import PATIENT_FLAGS
from app.web.clinic.patient_list import LONGEST
from app.web.clinic.submission_reading import make_row_presenter, read_review_step, submit_steps
from app.web.pages import see_other
from app.web.staff_request import StaffRequest

_WHERE = {"identifiers": "which", "person": "reference", "other_name": "sure"}


@dataclass(frozen=True, slots=True)
class Checkbox:
    """One box to tick."""

    id: str
    value: str
    words: str
    ticked: bool


def show_identity_form(request: StaffRequest, problem: str = "", first: str = "") -> Response:
    """GET /submissions/{id}/identify: what to compare, and whose it is where nobody knows."""
    values, compared = _load_form_values(request), request.chosen_values("which")
    fields = ("reference", "name")
    typed = {name: request.typed_field(name) or values["payload"][name] for name in fields}
    other = None
    if problem == "other_name":
        with request.reading_scope() as scope:
            other = people.find_by_reference(scope, typed["reference"])
    words = problem_key(problem)
    return request.render_page(
        "nurse/identify.html",
        problems={_WHERE.get(problem, "identify"): words} if words else None,
        first=first,
        ticks=[Checkbox(f"which-{i}", i, IDENTIFIER_WORDS[i], i in compared) for i in IDENTIFIERS],
        typed=typed,
        other=other.name if other else "",
        **values,
    )


def submit_identity(request: StaffRequest) -> Response:
    """POST /submissions/{id}/identify: it is this person, or it is someone else."""
    chosen = request.typed_field("outcome")
    step = replace(
        read_review_step(request, "identify"),
        outcome=chosen if chosen in IDENTITY_OUTCOMES else None,
        reason=" ".join(i for i in IDENTIFIERS if i in request.chosen_values("which")) or None,
        reference=request.typed_field("reference")[:LONGEST],
        name=request.typed_field("name")[:LONGEST],
        sure=request.typed_field("sure") == "yes",
    )
    return submit_steps(request, [step], show_identity_form)


def show_flags_form(request: StaffRequest) -> Response:
    """GET /submissions/{id}/marks: what staff need to know before they call."""
    values = _load_form_values(request)
    ticked = values["payload"].get("markers", [])
    return request.render_page(
        "nurse/marks.html",
        ticks=[Checkbox(f"mark-{m}", m, f"marks.{m}", m in ticked) for m in PATIENT_FLAGS],
        **values,
    )


def save_flags(request: StaffRequest) -> Response:
    """POST /submissions/{id}/marks: these and no others."""
    with request.writing_scope() as scope:
        chosen = request.chosen_values("mark")
        worklist_rows.save_patient_flags(scope, request.path_id, chosen)
    return see_other(f"/submissions/{request.path_id}")


def _load_form_values(request: StaffRequest) -> dict[str, Any]:
    """What both forms show of the submission. Raises NoSuchSubmission or KeyDestroyed."""
    with request.reading_scope() as scope:
        kept = worklist_rows.require_row(scope, request.path_id, request.now)
        line = worklist.find_listed_submission(scope, request.path_id)
        names = staff.find_staff_names(scope, {line.owner or ""})
        presenter = make_row_presenter(request, clinics.load_clinic(scope))
        known = review_rules.is_identified(scope, request.path_id)
    return {
        "id": request.path_id,
        "row": presenter.build_row(names, line),
        "payload": line.payload,
        "needs_person": kept.person_id is None,
        "known": known,
        "last": kept.last_entry,
        "key": secrets.token_urlsafe(12),
        "right": SAME_PERSON,
        "wrong": WRONG_PERSON,
    }
