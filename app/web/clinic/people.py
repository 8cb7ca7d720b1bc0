"""All of a person, to give out or to erase: one of staff asks, another one agrees or refuses.

Nobody does either alone, and each step asks for the second factor again where it was shown some
minutes ago. It knows no rule.
"""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.documents.person_file import build_person_file
from app.store import clinics, people
from app.store.compliance import person_requests
from app.store.compliance.person_requests import (
    ERASE,
    EXPORT,
    EXPORT_LIFETIME,
    PERMISSION_BY_KIND,
    NoSuchPerson,
    NoSuchRequest,
    OwnRequest,
)
from app.store.db import audit
from app.store.db.record_keys import KeyDestroyed
from app.web.clinic.page_parts import build_download, format_time, list_staff_names
from app.web.pages import see_other
from app.web.staff_request import StaffRequest

_KINDS = {EXPORT: "people.kind.export", ERASE: "people.kind.erase"}
_STATES = {None: "people.state.waits", True: "people.state.agreed", False: "people.state.refused"}


def show_person_search(request: StaffRequest, problems: dict[str, str] | None = None) -> Response:
    """GET /people: a box for a reference."""
    return request.render_page(
        "people/find.html", typed=request.typed_field("reference"), problems=problems
    )


def submit_person_search(request: StaffRequest) -> Response:
    """POST /people: who has this reference; finding someone is noted."""
    who = request.signed_in_staff
    with request.store.writing_scope(who.clinic) as scope:
        try:
            found = person_requests.find_person(scope, request.typed_field("reference"))
        except NoSuchPerson:
            return show_person_search(request, {"reference": "people.reference.problem"})
        audit.record_event(
            scope,
            request.now,
            who.staff,
            "person_found",
            ("person", found.id),
            request.client_address,
        )
    return _show_person(request, found)


def request_export(request: StaffRequest) -> Response:
    """POST /people/{id}/export: ask for a file of all that is kept."""
    return _add_person_request(request, EXPORT)


def request_erasure(request: StaffRequest) -> Response:
    """POST /people/{id}/erase: ask to erase all that is kept."""
    return _add_person_request(request, ERASE)


def show_person_requests(request: StaffRequest, problems: dict[str, str] | None = None) -> Response:
    """GET /people/requests: what waits for a second person, and what became of the rest."""
    who = request.signed_in_staff
    with request.store.reading_scope(who.clinic) as scope:
        zone = clinics.load_clinic(scope).time_zone
        names = list_staff_names(scope)
        found = person_requests.list_recent_requests(scope, request.now)
    rows = [
        {
            "id": one.id,
            "kind": _KINDS[one.kind],
            "reference": one.person.reference if one.person else "",
            "asked_by": names[one.asked_by],
            "asked_at": format_time(request, one.asked_at, zone),
            "answered_by": names.get(one.answered_by or "", ""),
            "state": _STATES[one.agreed],
            "waits": one.agreed is None,
            "own": one.asked_by == who.staff,
            "until": format_time(request, one.answered_at + EXPORT_LIFETIME, zone)
            if one.is_open_to(who.staff, request.now) and one.answered_at
            else "",
        }
        for one in found
    ]
    return request.render_page("people/requests.html", rows=rows, problems=problems)


def agree_to_request(request: StaffRequest) -> Response:
    """POST /people/requests/{id}/agree: the second person's yes; an erasure is done with it."""
    if request.code_refused:
        return show_person_requests(request, {f"code-{request.path_params['id']}": "code.problem"})
    return _answer_request(request, True)


def refuse_request(request: StaffRequest) -> Response:
    """POST /people/requests/{id}/refuse: the second person's no."""
    return _answer_request(request, False)


def download_person_file(request: StaffRequest) -> Response:
    """POST /people/requests/{id}/file: all of the person, for who asked, within a day."""
    who, context = request.signed_in_staff, request.context
    with request.store.writing_scope(who.clinic) as scope:
        clinic = clinics.read_clinic_name(scope)
        try:
            kept = person_requests.take_export(scope, request.now, who.staff, request.path_id)
        except (NoSuchRequest, KeyDestroyed):
            raise HTTPException(404) from None
    made_at = datetime.fromtimestamp(context.unix_time, UTC).isoformat()
    text = build_person_file(context.rulebook, kept, clinic=clinic, made_at=made_at)
    return build_download(request, text, "application/json", '"person.json"')


def _show_person(
    request: StaffRequest, found: people.PersonIdentity, problems: dict[str, str] | None = None
) -> Response:
    who = request.signed_in_staff
    with request.store.reading_scope(who.clinic) as scope:
        colleagues = person_requests.count_other_approvers(scope, who.staff, EXPORT)
    return request.render_page(
        "people/one.html", found=found, alone=not colleagues, problems=problems
    )


def _add_person_request(request: StaffRequest, kind: str) -> Response:
    person, who = request.path_id, request.signed_in_staff
    try:
        if request.code_refused:
            with request.store.reading_scope(who.clinic) as scope:
                found = person_requests.require_person(scope, person)
            return _show_person(request, found, {f"{kind}-code": "code.problem"})
        with request.store.writing_scope(who.clinic) as scope:
            person_requests.add_request(scope, request.now, who.staff, kind, person)
    except NoSuchPerson:
        raise HTTPException(404) from None
    return see_other("/people/requests")


def _answer_request(request: StaffRequest, agreed: bool) -> Response:
    who, request_id = request.signed_in_staff, request.path_id
    with request.store.writing_scope(who.clinic) as scope:
        found = person_requests.list_recent_requests(scope, request.now, request_id)
        if not found or not who.has_permission(PERMISSION_BY_KIND[found[0].kind]):
            raise HTTPException(404)
        try:
            person_requests.answer_request(scope, request.now, who.staff, request_id, agreed)
        except NoSuchRequest:
            raise HTTPException(404) from None
        except OwnRequest:
            own = True
        else:
            own = False
    if own:
        return show_person_requests(request, {f"request-{request_id}": "people.problem.own"})
    return see_other("/people/requests")
