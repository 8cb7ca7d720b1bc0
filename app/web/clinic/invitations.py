"""Patients who are to come in: invited with a link and a code, or showing a code of their own.

Only what a clinic calls a person is asked for, never how to reach them. It knows no rule.
"""

import csv
import io
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.documents.receipt import QrCode, make_qr_code
from app.presentation.clinic_contact import ClinicContact
from app.presentation.dates import LONG_DAY, format_day
from app.store import clinics, invitations, shares
from app.store.db import audit
from app.store.db.scope import Scope, WritingScope
from app.store.invitations import MAX_PER_BATCH, InvitationSummary, Invitee
from app.store.people import NameMismatch
from app.store.shares import ShareGone
from app.store.submission_versions import SubmittedAnswers
from app.store.submissions import Delivery
from app.triage.questionnaire import keep_known_answers
from app.triage.rules import assess_answers
from app.web.clinic.patient_list import PROBLEMS, find_line_number, parse_guest, parse_guest_list
from app.web.pages import AppContext, see_other
from app.web.staff_request import StaffRequest
from app.web.wire import build_download, escape_formula

MOST_FAULTS_SHOWN = 10
_SHARED_FIELDS = ("reference", "name", "day")
_FIELDS = (*_SHARED_FIELDS, "kind")


@dataclass(frozen=True, slots=True)
class InvitationCard:
    """The ways in of one invitation, in words. `square` is None where it is not shown."""

    invited: InvitationSummary
    link: str
    until: str
    day: str
    square: QrCode | None = None


def show_invitations(
    request: StaffRequest,
    problems: dict[str, str] | None = None,
    about: str = "",
    faults: Sequence[str] = (),
    more: int = 0,
) -> Response:
    """GET /invitations: a form for one, a form for many, and who has not done it yet.

    `about`: a reference that is someone else's; `faults`: those of lines, and `more` of them.
    """
    with request.reading_scope() as scope:
        found = invitations.list_unfinished_invitations(scope, request.now)
        waiting = _build_cards(request, scope, found)
    return request.render_page(
        "nurse/invitations.html",
        waiting=waiting,
        key=secrets.token_urlsafe(12),
        typed={name: request.raw_field(name) for name in (*_FIELDS, "lines")},
        problems=problems,
        about=about,
        faults=faults,
        more=more,
        most=MAX_PER_BATCH,
    )


def submit_invitation(request: StaffRequest) -> Response:
    """POST /invitations: one person; then the page with the link."""
    guest = parse_guest([*request.typed_fields(*_FIELDS).values()])
    if isinstance(guest, str):
        return show_invitations(request, {guest: PROBLEMS[guest]})
    try:
        (made,) = _invite_guests(request, [guest], _read_batch_key(request))
    except NameMismatch as other:
        return show_invitations(
            request, {"reference": "invitations.other_name"}, about=other.reference
        )
    return see_other(f"/invitations/{made}")


def submit_batch(request: StaffRequest) -> Response:
    """POST /invitations/batch: many, typed or as a file, a line for each; all of them or none."""
    typed, t = request.raw_field("file") or request.raw_field("lines"), request.translate
    guests, wrong, lines = parse_guest_list(typed)
    refused = {"lines": "invitations.lines.problem"}
    if wrong:
        faults = [
            t("invitations.line", number=fault.line, problem=t(PROBLEMS[fault.problem]))
            for fault in wrong[:MOST_FAULTS_SHOWN]
        ]
        return show_invitations(request, refused, faults=faults, more=len(wrong) - len(faults))
    if not 0 < len(guests) <= MAX_PER_BATCH:
        return show_invitations(request, {"lines": "invitations.lines.number"})
    key = _read_batch_key(request)
    try:
        _invite_guests(request, guests, key)
    except NameMismatch as other:
        problem = t("invitations.other_name", name=other.reference)
        number = find_line_number(lines, other.reference)
        faults = [t("invitations.line", number=number, problem=problem)]
        return show_invitations(request, refused, faults=faults)
    return see_other(f"/invitations/batch/{key}")


def show_batch(request: StaffRequest) -> Response:
    """GET /invitations/batch/{key}: link and code of each who was invited together."""
    key = request.path_params["key"]
    with request.reading_scope() as scope:
        ways = _load_batch(request, scope)
    return request.render_page("nurse/batch.html", ways=ways, key=key, enter=f"{request.origin}/i")


def show_batch_slips(request: StaffRequest) -> Response:
    """GET /invitations/batch/{key}/slips: one slip of paper for each; printing is noted."""
    with request.writing_scope() as scope:
        ways = _load_batch(request, scope, squares=True)
        contact = ClinicContact.from_clinic(clinics.load_clinic(scope))
        _audit_batch_use(request, scope, "printed", len(ways))
    return request.render_page(
        "nurse/slips.html", ways=ways, contact=contact, enter=f"{request.origin}/i"
    )


def export_batch(request: StaffRequest) -> Response:
    """GET /invitations/batch/{key}/csv: the same as a file for the clinic's own system; noted."""
    with request.writing_scope() as scope:
        ways = _load_batch(request, scope)
        _audit_batch_use(request, scope, "exported", len(ways))
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["reference", "name", "day", "visit", "link", "code", "good_until"])
    for way in ways:
        found = way.invited
        day = found.appointment_on.isoformat() if found.appointment_on else ""
        words = [found.person.reference, found.person.name, day, found.appointment_kind]
        ends = found.expires_at.isoformat(timespec="minutes")
        rows.writerow([*map(escape_formula, words), way.link, found.code, ends])
    # A mark at the start, without which spreadsheets on Windows misread letters with accents.
    marked = text.getvalue().encode("utf-8-sig")
    return build_download(request, marked, "text/csv", "invitations.csv")


def show_invitation(request: StaffRequest) -> Response:
    """GET /invitations/{id}: link, code and square to give to this person."""
    with request.reading_scope() as scope:
        found = invitations.find_invitation(scope, request.now, request.path_id)
        (way,) = _build_cards(request, scope, [found], squares=True)
    return request.render_page(
        "nurse/invitation.html", way=way, invited=found, enter=f"{request.origin}/i"
    )


def renew_invitation(request: StaffRequest) -> Response:
    """POST /invitations/{id}/again: a new link and code for the same visit; the old ones stop."""
    made = invitations.renew_invitation(
        request.store, request.clinic, request.now, request.staff_id, request.path_id
    )
    return see_other(f"/invitations/{made}")


def revoke_invitation(request: StaffRequest) -> Response:
    """POST /invitations/{id}/revoke: the link and the code stop working."""
    with request.writing_scope() as scope:
        invitations.revoke_invitation(scope, request.path_id)
    return see_other("/invitations")


def show_shared_form(request: StaffRequest, problems: dict[str, str] | None = None) -> Response:
    """GET /shared: the nurse types the code, and what the clinic calls this person."""
    typed = request.typed_fields("code", *_SHARED_FIELDS)
    return request.render_page("nurse/shared.html", typed=typed, problems=problems)


def submit_shared_code(request: StaffRequest) -> Response:
    """POST /shared: what was shown becomes a submission, on the worklist like any other."""
    guest = parse_guest([*request.typed_fields(*_SHARED_FIELDS).values()])
    if isinstance(guest, str):
        return show_shared_form(request, {guest: PROBLEMS[guest]})
    # Who is meant is made sure of on the submission's own page.
    delivery = Delivery(
        source="share",
        key="",
        reference=guest.reference,
        name=guest.name,
        appointment_on=guest.appointment_on,
    )
    code = request.typed_field("code").rpartition("#")[2]
    try:
        submission_id = shares.redeem_share(
            request.store,
            request.clinic,
            request.now,
            request.staff_id,
            code,
            delivery,
            request.context.policy.targets,
            partial(_reassess_today, request.context),
        )
    except ShareGone:
        return show_shared_form(request, {"code": "shared.code.problem"})
    return see_other(f"/submissions/{submission_id}")


def _invite_guests(request: StaffRequest, guests: list[Invitee], key: str) -> list[str]:
    """Raises NameMismatch."""
    who = request.signed_in_staff
    own_key = f"{who.staff}:{key}"
    return invitations.invite_patients(
        request.store, who.clinic, request.now, who.staff, guests, own_key
    )


def _load_batch(
    request: StaffRequest, scope: Scope, *, squares: bool = False
) -> list[InvitationCard]:
    """Raises HTTPException where nobody was invited under this key by who asks."""
    own_key = f"{request.staff_id}:{request.path_params['key']}"
    found = invitations.list_batch_invitations(scope, request.now, own_key)
    if not found:
        raise HTTPException(404)
    return _build_cards(request, scope, found, squares=squares)


def _build_cards(
    request: StaffRequest, scope: Scope, found: list[InvitationSummary], *, squares: bool = False
) -> list[InvitationCard]:
    zone, language = clinics.load_clinic(scope).time_zone, request.context.language
    cards = []
    for one in found:
        link, until = f"{request.origin}/i/{one.token}", request.format_time(one.expires_at, zone)
        day = format_day(one.appointment_on, language, LONG_DAY)
        cards.append(InvitationCard(one, link, until, day, make_qr_code(link) if squares else None))
    return cards


def _audit_batch_use(request: StaffRequest, scope: WritingScope, action: str, number: int) -> None:
    subject = ("invitations", request.path_params["key"])
    audit.record_event(scope, action, subject, request.client_address, number=number)


def _read_batch_key(request: StaffRequest) -> str:
    """What tells this form from others, in letters that an address can hold."""
    typed = re.sub(r"[^A-Za-z0-9_-]", "", request.typed_field("key"))[:50]
    return typed or secrets.token_urlsafe(12)


def _reassess_today(context: AppContext, submitted: SubmittedAnswers) -> SubmittedAnswers | None:
    """What today's rules make of the answers; None where they are those of before."""
    rulebook = context.rulebook
    if submitted.rulebook_sha256 == rulebook.sha256:
        return None
    given = context.archive.translate_to_current(submitted.rulebook_version, submitted.answers)
    known = keep_known_answers(rulebook.questionnaire, given)
    if known.dropped:
        return None  # what they no longer know, a nurse asks anew
    path = rulebook.questionnaire.trace_path(known.answers)
    return replace(
        submitted,
        answers=path.answers,
        assessment=assess_answers(rulebook, path.answers),
        rulebook_version=rulebook.version,
        rulebook_sha256=rulebook.sha256,
    )
