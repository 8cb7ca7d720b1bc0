"""Patients who are to come in: invited with a link and a code, or showing a code of their own.

Only what a clinic calls a person is asked for; how to reach them, only where it writes to them.
It knows no rule.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.documents.patient_list.rows import ListedPatient
from app.presentation.dates import WEEKDAY
from app.presentation.invitation_checks import FIELD_OF_NOTE, LINE_WORDS, CheckedPatient, CheckNote
from app.store import clinics, invitation_lists, invitations, shares
from app.store.invitations import InvitationSummary
from app.store.people import NameMismatch, normalize_identifier
from app.store.shares import ShareGone
from app.store.submission_versions import SubmittedAnswers
from app.store.submissions import Delivery
from app.triage.questionnaire import keep_known_answers
from app.triage.rules import assess_answers
from app.web.clinic.invitation_cards import (
    build_cards,
    load_list_checker,
    read_batch_key,
    read_typed_patient,
)
from app.web.pages import AppContext, see_other
from app.web.staff_request import StaffRequest

PAGE_SIZE = 50
SHOWN = {"all": "invitations.all", "open": "invitations.open", "ended": "invitations.over"}
_SHARED_FIELDS = ("reference", "name", "day")
_FIELDS = (*_SHARED_FIELDS, "kind", "contact")


def show_invitations(
    request: StaffRequest,
    problems: dict[str, str] | None = None,
    notes: Sequence[CheckNote] = (),
    find: str = "",
) -> Response:
    """GET /invitations: a form for one, and who has not done it yet, by the day of the visit.

    `notes`: what is asked back about the one; `find`: a part of a reference or a name.
    """
    show, page = request.path_params.get("show", "all"), request.path_params.get("page", "1")
    if show not in SHOWN or not (page.isascii() and page.isdecimal() and len(page) < 4):
        raise HTTPException(404)
    with request.reading_scope() as scope:
        every = invitations.list_unfinished_invitations(scope, request.now)
        found = [one for one in every if _is_shown(one, show, normalize_identifier(find))]
        start = (int(page) - 1) * PAGE_SIZE
        waiting = build_cards(request, scope, found[start : start + PAGE_SIZE], pattern=WEEKDAY)
        writes = clinics.load_clinic(scope).sends_messages
    return request.render_page(
        "nurse/invitations.html",
        waiting=waiting,
        writes=writes,
        shown=SHOWN,
        show=show,
        page=int(page),
        more=len(found) > start + PAGE_SIZE and not find,
        left=max(len(found) - start - PAGE_SIZE, 0),
        find=find,
        number=len(found),
        key=secrets.token_urlsafe(12),
        typed={name: request.raw_field(name) for name in _FIELDS},
        problems=problems,
        notes=notes,
        sure=request.chosen_values("sure"),
    )


def find_invitations(request: StaffRequest) -> Response:
    """POST /invitations/find: those whose reference or name has this in it."""
    return show_invitations(request, find=request.typed_field("find"))


def submit_invitation(request: StaffRequest) -> Response:
    """POST /invitations: one person; then the page with the link. What may be a slip is asked."""
    patient = read_typed_patient(request)
    key = f"{request.staff_id}:{read_batch_key(request)}"
    sure, who = request.chosen_values("sure"), request.signed_in_staff
    checked = _check_patient(request, patient)
    unsure = [one for one in checked.notes if one.weight == "refused" or one.kind not in sure]
    # Trap: this comes second. The same form sent twice at once made the one that is found above.
    with request.reading_scope() as scope:
        made = [row.id for row in invitations.find_batch_rows(scope, key)]
    problems = {FIELD_OF_NOTE.get(one, one): LINE_WORDS[one] for one in patient.problems}
    if unsure and not made:
        asked = {"asked": "invitations.asked"}
        return show_invitations(request, problems or asked, () if problems else checked.notes)
    try:
        made = made or invitations.invite_patients(
            request.store, who.clinic, request.now, who.staff, [checked.invitee], key
        )
    except NameMismatch:  # a colleague added the other person just now
        notes = _check_patient(request, patient).notes
        return show_invitations(request, {"asked": "invitations.asked"}, notes)
    return see_other(f"/invitations/{made[0]}")


def change_ticked(request: StaffRequest) -> Response:
    """POST /invitations/ticked: new links for all who are ticked, or all of them taken back."""
    ticked = request.chosen_values("shown" if request.raw_field("everyone") else "ticked")
    ids, who, key = ticked[:PAGE_SIZE], request.signed_in_staff, read_batch_key(request)
    if not ids:
        return show_invitations(request, {"ticked": "invitations.ticked.none"})
    if request.raw_field("step") == "revoke":
        invitation_lists.revoke_invitations(request.store, who.clinic, request.now, who.staff, ids)
        return see_other("/invitations")
    made = invitation_lists.renew_invitations(
        request.store, who.clinic, request.now, who.staff, ids, f"{who.staff}:{key}"
    )
    return see_other(f"/invitations/batch/{key}" if made else "/invitations")


def show_invitation(request: StaffRequest) -> Response:
    """GET /invitations/{id}: link, code and square to give to this person."""
    with request.reading_scope() as scope:
        found = invitations.find_invitation(scope, request.now, request.path_id)
        (way,) = build_cards(request, scope, [found], squares=True)
        clinic = clinics.load_clinic(scope)
    return request.render_page(
        "nurse/invitation.html",
        way=way,
        invited=found,
        enter=f"{request.origin}/i",
        clinic=clinic.name,
        writes=clinic.sends_messages,
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
    guest = read_typed_patient(request)
    if guest.problem:
        field = FIELD_OF_NOTE.get(guest.problem, guest.problem)
        return show_shared_form(request, {field: LINE_WORDS[guest.problem]})
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


def _check_patient(request: StaffRequest, patient: ListedPatient) -> CheckedPatient:
    (checked,) = load_list_checker(request, [patient.reference]).check_patients([patient])
    return checked


def _is_shown(one: InvitationSummary, show: str, find: str) -> bool:
    if show != "all" and one.expired != (show == "ended"):
        return False
    words = (one.person.reference, one.person.name)
    return any(find in normalize_identifier(word) for word in words)


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
