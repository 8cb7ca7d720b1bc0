"""Whose a submission is, and what staff need to know of them: two small forms.

What was compared is ticked, never typed. It knows no answers.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.presentation.review_words import IDENTIFIER_WORDS, problem_key
from app.store import clinics, people, review_rules, worklist, worklist_rows
from app.store.accounts import staff
from app.store.db import record_keys
from app.store.review_steps import IDENTIFIERS, IDENTITY_OUTCOMES, SAME_PERSON, WRONG_PERSON
from app.store.worklist_rows import PATIENT_FLAGS, NoSuchSubmission
from app.web.access import StaffRequest, staff_route
from app.web.clinic.patient_list import LONGEST
from app.web.clinic.review_forms import read_review_step, submit_steps
from app.web.clinic.submission_reading import make_row_presenter, read_submission_id
from app.web.pages import see_other

_WHERE = {"identifiers": "which", "person": "reference", "other_name": "sure"}


@dataclass(frozen=True, slots=True)
class Checkbox:
    """One box to tick."""

    id: str
    value: str
    words: str
    ticked: bool


def page_routes() -> list[Route]:
    """The two forms."""
    return [
        staff_route("GET", "/submissions/{id}/identify", show_identity_form),
        staff_route("POST", "/submissions/{id}/identify", submit_identity),
        staff_route("GET", "/submissions/{id}/marks", show_flags_form),
        staff_route("POST", "/submissions/{id}/marks", save_flags),
    ]


def show_identity_form(staff_request: StaffRequest, problem: str = "", first: str = "") -> Response:
    """GET /submissions/{id}/identify: what to compare, and whose it is where nobody knows."""
    values = _load_form_values(staff_request)
    row_payload, nobodys = values["payload"], values["nobodys"]
    typed = {
        "reference": staff_request.typed_field("reference") or row_payload["reference"],
        "name": staff_request.typed_field("name") or row_payload["name"],
    }
    words = problem_key(problem)
    return staff_request.render_page(
        "nurse/identify.html",
        problems={_WHERE.get(problem, "identify"): words} if words else None,
        first=first,
        ticks=_build_checkboxes(staff_request, "which", IDENTIFIERS, IDENTIFIER_WORDS),
        typed=typed,
        other=_find_other_name(staff_request, typed["reference"])
        if problem == "other_name"
        else "",
        needs_person=nobodys,
        **values,
    )


def submit_identity(staff_request: StaffRequest) -> Response:
    """POST /submissions/{id}/identify: it is this person, or it is someone else."""
    compared = [kind for kind in IDENTIFIERS if kind in staff_request.form.get("which", [])]
    outcome = next(
        (known for known in IDENTITY_OUTCOMES if known == staff_request.typed_field("outcome")),
        None,
    )
    step = replace(
        read_review_step(staff_request, "identify"),
        outcome=outcome,
        reason=" ".join(compared) or None,
        reference=staff_request.typed_field("reference")[:LONGEST],
        name=staff_request.typed_field("name")[:LONGEST],
        sure=staff_request.typed_field("sure") == "yes",
    )
    return submit_steps(
        staff_request,
        [step],
        lambda problem, first: show_identity_form(staff_request, problem, first),
    )


def show_flags_form(staff_request: StaffRequest) -> Response:
    """GET /submissions/{id}/marks: what staff need to know before they call."""
    values = _load_form_values(staff_request)
    ticked = values["payload"].get("markers", [])
    return staff_request.render_page(
        "nurse/marks.html",
        ticks=[Checkbox(f"mark-{m}", m, f"marks.{m}", m in ticked) for m in PATIENT_FLAGS],
        **values,
    )


def save_flags(staff_request: StaffRequest) -> Response:
    """POST /submissions/{id}/marks: these and no others."""
    try:
        with staff_request.store.writing_scope(staff_request.signed_in_staff.clinic) as scope:
            chosen = staff_request.form.get("mark", [])
            worklist_rows.save_patient_flags(
                scope,
                staff_request.now,
                staff_request.signed_in_staff.staff,
                read_submission_id(staff_request),
                chosen,
            )
    except (NoSuchSubmission, record_keys.KeyDestroyed):
        raise HTTPException(404) from None
    return see_other(f"/submissions/{read_submission_id(staff_request)}")


def _load_form_values(staff_request: StaffRequest) -> dict[str, Any]:
    """What both forms show of the submission. Raises HTTPException."""
    id_ = read_submission_id(staff_request)
    try:
        with staff_request.store.reading_scope(staff_request.signed_in_staff.clinic) as scope:
            kept = worklist_rows.require_row(scope, id_, staff_request.now)
            line = worklist.find_listed_submission(scope, id_)
            names = staff.find_staff_names(scope, {line.owner or ""})
            presenter = make_row_presenter(staff_request, clinics.load_clinic(scope))
            known = review_rules.is_identified(scope, id_)
    except (NoSuchSubmission, record_keys.KeyDestroyed):
        raise HTTPException(404) from None
    return {
        "id": id_,
        "row": presenter.build_row(names, line),
        "payload": line.payload,
        "nobodys": kept.person_id is None,
        "known": known,
        "last": kept.last_entry,
        "key": secrets.token_urlsafe(12),
        "right": SAME_PERSON,
        "wrong": WRONG_PERSON,
    }


def _find_other_name(staff_request: StaffRequest, reference: str) -> str:
    """Under which name the clinic knows the reference that was typed."""
    with staff_request.store.reading_scope(staff_request.signed_in_staff.clinic) as scope:
        known = people.find_by_reference(scope, reference)
    return known.name if known else ""


def _build_checkboxes(
    staff_request: StaffRequest, name: str, values: tuple[str, ...], words: dict[str, str]
) -> list[Checkbox]:
    chosen = staff_request.form.get(name, [])
    return [Checkbox(f"{name}-{value}", value, words[value], value in chosen) for value in values]
