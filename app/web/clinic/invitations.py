"""Inviting patients: one or many, the link and code to give them, and who has not done it yet.

Only what a clinic calls a person is asked for, never how to reach them. It knows no answers.
"""

from __future__ import annotations

import csv
import io
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import QrCode, make_qr_code
from app.presentation.dates import LONG_DAY, format_day
from app.store import clinics, invitations
from app.store.db import audit
from app.store.db.scope import Scope, WritingScope
from app.store.invitations import MAX_PER_BATCH, InvitationSummary, Invitee, NoSuchInvitation
from app.store.people import NameMismatch
from app.web.access import StaffRequest, staff_route
from app.web.clinic import patient_list
from app.web.clinic.page_parts import build_download, escape_formula, format_time
from app.web.clinic.patient_list import PROBLEMS
from app.web.pages import app_context, see_other, translator_for

MOST_FAULTS_SHOWN = 10
_FIELDS = ("reference", "name", "day", "kind")


@dataclass(frozen=True, slots=True)
class InvitationCard:
    """The ways in of one invitation, in words. `square` is None where it is not shown."""

    invited: InvitationSummary
    link: str
    until: str
    day: str
    square: QrCode | None = None


def page_routes() -> list[Route]:
    """The pages about invitations."""
    return [
        staff_route("GET", "/invitations", show_invitations),
        staff_route("POST", "/invitations", submit_invitation),
        staff_route("POST", "/invitations/batch", submit_batch),
        staff_route("GET", "/invitations/batch/{key}", show_batch),
        staff_route("GET", "/invitations/batch/{key}/slips", show_batch_slips),
        staff_route("GET", "/invitations/batch/{key}/csv", export_batch),
        staff_route("GET", "/invitations/{id}", show_invitation),
        staff_route("POST", "/invitations/{id}/again", renew_invitation),
        staff_route("POST", "/invitations/{id}/revoke", revoke_invitation),
    ]


def show_invitations(
    staff_request: StaffRequest, problems: dict[str, str] | None = None, about: str = ""
) -> Response:
    """GET /invitations: a form for one, a form for many, and who has not done it yet."""
    return _render_invitations(staff_request, problems, about=about)


def _render_invitations(
    staff_request: StaffRequest,
    problems: dict[str, str] | None = None,
    *,
    about: str = "",
    faults: Sequence[str] = (),
    more: int = 0,
) -> Response:
    with staff_request.store.reading_scope(staff_request.signed_in_staff.clinic) as scope:
        waiting = _build_cards(
            staff_request, scope, invitations.list_unfinished_invitations(scope, staff_request.now)
        )
    return staff_request.render_page(
        "nurse/invitations.html",
        waiting=waiting,
        key=secrets.token_urlsafe(12),
        typed={name: staff_request.raw_field(name) for name in (*_FIELDS, "lines")},
        problems=problems,
        about=about,
        faults=faults,
        more=more,
        most=MAX_PER_BATCH,
    )


def submit_invitation(staff_request: StaffRequest) -> Response:
    """POST /invitations: one person; then the page with the link."""
    guest = patient_list.parse_guest([staff_request.typed_field(name) for name in _FIELDS])
    if isinstance(guest, str):
        return show_invitations(staff_request, {guest: PROBLEMS[guest]})
    try:
        made = _invite_guests(staff_request, [guest], _read_batch_key(staff_request))
    except NameMismatch as other:
        return show_invitations(
            staff_request, {"reference": "invitations.other_name"}, about=other.reference
        )
    return see_other(f"/invitations/{made[0]}")


def submit_batch(staff_request: StaffRequest) -> Response:
    """POST /invitations/batch: many, typed or as a file, a line for each; all of them or none."""
    guests, wrong, lines = patient_list.parse_guest_list(
        staff_request.raw_field("file") or staff_request.raw_field("lines")
    )
    t, _ = translator_for(app_context(staff_request.request), None)
    if wrong:
        faults = [
            t("invitations.line", number=fault.line, problem=t(PROBLEMS[fault.problem]))
            for fault in wrong[:MOST_FAULTS_SHOWN]
        ]
        more = len(wrong) - len(faults)
        return _render_invitations(
            staff_request, {"lines": "invitations.lines.problem"}, faults=faults, more=more
        )
    if not 0 < len(guests) <= MAX_PER_BATCH:
        return show_invitations(staff_request, {"lines": "invitations.lines.number"})
    key = _read_batch_key(staff_request)
    try:
        _invite_guests(staff_request, guests, key)
    except NameMismatch as other:
        problem = t("invitations.other_name", name=other.reference)
        number = patient_list.find_line_number(lines, other.reference)
        faults = [t("invitations.line", number=number, problem=problem)]
        return _render_invitations(
            staff_request, {"lines": "invitations.lines.problem"}, faults=faults
        )
    return see_other(f"/invitations/batch/{key}")


def show_batch(staff_request: StaffRequest) -> Response:
    """GET /invitations/batch/{key}: link and code of each who was invited together."""
    with staff_request.store.reading_scope(staff_request.signed_in_staff.clinic) as scope:
        ways = _load_batch(staff_request, scope)
    return staff_request.render_page(
        "nurse/batch.html",
        ways=ways,
        key=staff_request.request.path_params["key"],
        enter=_code_entry_address(staff_request),
    )


def show_batch_slips(staff_request: StaffRequest) -> Response:
    """GET /invitations/batch/{key}/slips: one slip of paper for each; printing is noted."""
    with staff_request.store.writing_scope(staff_request.signed_in_staff.clinic) as scope:
        ways = _load_batch(staff_request, scope, squares=True)
        clinic = clinics.read_clinic_name(scope)
        _audit_batch_use(staff_request, scope, "printed", len(ways))
    return staff_request.render_page(
        "nurse/slips.html", ways=ways, clinic=clinic, enter=_code_entry_address(staff_request)
    )


def export_batch(staff_request: StaffRequest) -> Response:
    """GET /invitations/batch/{key}/csv: the same as a file for the clinic's own system; noted."""
    with staff_request.store.writing_scope(staff_request.signed_in_staff.clinic) as scope:
        ways = _load_batch(staff_request, scope)
        _audit_batch_use(staff_request, scope, "exported", len(ways))
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
    return build_download(staff_request, marked, "text/csv", "invitations.csv")


def show_invitation(staff_request: StaffRequest) -> Response:
    """GET /invitations/{id}: link, code and square to give to this person."""
    with staff_request.store.reading_scope(staff_request.signed_in_staff.clinic) as scope:
        try:
            found = invitations.find_invitation(
                scope, staff_request.now, staff_request.request.path_params["id"]
            )
        except NoSuchInvitation:
            raise HTTPException(404) from None
        (way,) = _build_cards(staff_request, scope, [found], squares=True)
    return staff_request.render_page(
        "nurse/invitation.html", way=way, invited=found, enter=_code_entry_address(staff_request)
    )


def renew_invitation(staff_request: StaffRequest) -> Response:
    """POST /invitations/{id}/again: a new link and code for the same visit; the old ones stop."""
    who, old = staff_request.signed_in_staff, staff_request.request.path_params["id"]
    try:
        made = invitations.renew_invitation(
            staff_request.store, who.clinic, staff_request.now, who.staff, old
        )
    except NoSuchInvitation:
        raise HTTPException(404) from None
    return see_other(f"/invitations/{made}")


def revoke_invitation(staff_request: StaffRequest) -> Response:
    """POST /invitations/{id}/revoke: the link and the code stop working."""
    with staff_request.store.writing_scope(staff_request.signed_in_staff.clinic) as scope:
        try:
            invitations.revoke_invitation(
                scope,
                staff_request.now,
                staff_request.signed_in_staff.staff,
                staff_request.request.path_params["id"],
            )
        except NoSuchInvitation:
            raise HTTPException(404) from None
    return see_other("/invitations")


def _invite_guests(staff_request: StaffRequest, guests: list[Invitee], key: str) -> list[str]:
    """Raises NameMismatch."""
    who, own = staff_request.signed_in_staff, _staff_batch_key(staff_request, key)
    return invitations.invite_patients(
        staff_request.store, who.clinic, staff_request.now, who.staff, guests, own
    )


def _load_batch(
    staff_request: StaffRequest, scope: Scope, *, squares: bool = False
) -> list[InvitationCard]:
    """Raises HTTPException where nobody was invited under this key by who asks."""
    key = _staff_batch_key(staff_request, staff_request.request.path_params["key"])
    ways = _build_cards(
        staff_request,
        scope,
        invitations.list_batch_invitations(scope, staff_request.now, key),
        squares=squares,
    )
    if not ways:
        raise HTTPException(404)
    return ways


def _build_cards(
    staff_request: StaffRequest,
    scope: Scope,
    found: list[InvitationSummary],
    *,
    squares: bool = False,
) -> list[InvitationCard]:
    zone = clinics.load_clinic(scope).time_zone
    language = app_context(staff_request.request).language
    square: Callable[[str], QrCode | None] = make_qr_code if squares else lambda _: None
    links = [f"{staff_request.base_url}/i/{one.token}" for one in found]
    return [
        InvitationCard(
            one,
            link,
            format_time(staff_request, one.expires_at, zone),
            format_day(one.appointment_on, language, LONG_DAY),
            square(link),
        )
        for one, link in zip(found, links, strict=True)
    ]


def _audit_batch_use(
    staff_request: StaffRequest, scope: WritingScope, action: str, number: int
) -> None:
    subject = ("invitations", staff_request.request.path_params["key"])
    audit.record_event(
        scope,
        staff_request.now,
        staff_request.signed_in_staff.staff,
        action,
        subject,
        staff_request.client_address,
        number=number,
    )


def _read_batch_key(staff_request: StaffRequest) -> str:
    """What tells this form from others, in letters that an address can hold."""
    return re.sub(r"[^A-Za-z0-9_-]", "", staff_request.typed_field("key"))[
        :50
    ] or secrets.token_urlsafe(12)


def _staff_batch_key(staff_request: StaffRequest, key: str) -> str:
    return f"{staff_request.signed_in_staff.staff}:{key}"


def _code_entry_address(staff_request: StaffRequest) -> str:
    """Where a code is typed."""
    return f"{staff_request.base_url}/i"
