"""All of a person, to give out or to erase: one of staff asks, another one agrees or refuses.

Nobody does either alone, and each step asks for the second factor again where it was shown some
minutes ago. It knows no rule.
"""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.documents.clinic_files import build_person_file
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
from app.web.access import StaffRequest, staff_route
from app.web.clinic.page_parts import build_download, format_time, list_staff_names
from app.web.pages import app_context, see_other

_KINDS = {EXPORT: "people.kind.export", ERASE: "people.kind.erase"}
_STATES = {
    None: "people.state.waits",
    True: "people.state.agreed",
    False: "people.state.refused",
}


def page_routes() -> list[Route]:
    """The pages about one person's all."""
    return [
        staff_route("GET", "/people", show_person_search),
        staff_route("POST", "/people", submit_person_search),
        staff_route("POST", "/people/{id}/export", request_export),
        staff_route("POST", "/people/{id}/erase", request_erasure),
        staff_route("GET", "/people/requests", show_person_requests),
        staff_route("POST", "/people/requests/{id}/agree", agree_to_request),
        staff_route("POST", "/people/requests/{id}/refuse", refuse_request),
        staff_route("POST", "/people/requests/{id}/file", download_person_file),
    ]


def show_person_search(
    staff_request: StaffRequest, problems: dict[str, str] | None = None
) -> Response:
    """GET /people: a box for a reference."""
    return staff_request.render_page(
        "people/find.html", typed=staff_request.typed_field("reference"), problems=problems
    )


def submit_person_search(staff_request: StaffRequest) -> Response:
    """POST /people: who has this reference; finding someone is noted."""
    who = staff_request.signed_in_staff
    with staff_request.store.writing_scope(who.clinic) as scope:
        try:
            found = person_requests.find_person(scope, staff_request.typed_field("reference"))
        except NoSuchPerson:
            return show_person_search(staff_request, {"reference": "people.reference.problem"})
        audit.record_event(
            scope,
            staff_request.now,
            who.staff,
            "person_found",
            ("person", found.id),
            staff_request.client_address,
        )
    return _show_person(staff_request, found)


def request_export(staff_request: StaffRequest) -> Response:
    """POST /people/{id}/export: ask for a file of all that is kept."""
    return _add_person_request(staff_request, EXPORT)


def request_erasure(staff_request: StaffRequest) -> Response:
    """POST /people/{id}/erase: ask to erase all that is kept."""
    return _add_person_request(staff_request, ERASE)


def show_person_requests(
    staff_request: StaffRequest, problems: dict[str, str] | None = None
) -> Response:
    """GET /people/requests: what waits for a second person, and what became of the rest."""
    who = staff_request.signed_in_staff
    with staff_request.store.reading_scope(who.clinic) as scope:
        zone = clinics.load_clinic(scope).time_zone
        names = list_staff_names(scope)
        found = person_requests.list_recent_requests(scope, staff_request.now)
    rows = [
        {
            "id": one.id,
            "kind": _KINDS[one.kind],
            "reference": one.person.reference if one.person else "",
            "asked_by": names[one.asked_by],
            "asked_at": format_time(staff_request, one.asked_at, zone),
            "answered_by": names.get(one.answered_by or "", ""),
            "state": _STATES[one.agreed],
            "waits": one.agreed is None,
            "own": one.asked_by == who.staff,
            "until": format_time(staff_request, one.answered_at + EXPORT_LIFETIME, zone)
            if one.is_open_to(who.staff, staff_request.now) and one.answered_at
            else "",
        }
        for one in found
    ]
    return staff_request.render_page("people/requests.html", rows=rows, problems=problems)


def agree_to_request(staff_request: StaffRequest) -> Response:
    """POST /people/requests/{id}/agree: the second person's yes; an erasure is done with it."""
    if staff_request.code_refused:
        return show_person_requests(
            staff_request, {f"code-{staff_request.request.path_params['id']}": "code.problem"}
        )
    return _answer_request(staff_request, True)


def refuse_request(staff_request: StaffRequest) -> Response:
    """POST /people/requests/{id}/refuse: the second person's no."""
    return _answer_request(staff_request, False)


def download_person_file(staff_request: StaffRequest) -> Response:
    """POST /people/requests/{id}/file: all of the person, for who asked, within a day."""
    who, context = staff_request.signed_in_staff, app_context(staff_request.request)
    with staff_request.store.writing_scope(who.clinic) as scope:
        clinic = clinics.read_clinic_name(scope)
        try:
            kept = person_requests.take_export(
                scope, staff_request.now, who.staff, staff_request.request.path_params["id"]
            )
        except (NoSuchRequest, KeyDestroyed):
            raise HTTPException(404) from None
    made_at = datetime.fromtimestamp(context.unix_time, UTC).isoformat()
    text = build_person_file(context.rulebook, kept, clinic=clinic, made_at=made_at)
    return build_download(staff_request, text, "application/json", '"person.json"')


def _show_person(
    staff_request: StaffRequest,
    found: people.PersonIdentity,
    problems: dict[str, str] | None = None,
) -> Response:
    who = staff_request.signed_in_staff
    with staff_request.store.reading_scope(who.clinic) as scope:
        colleagues = person_requests.count_other_approvers(scope, who.staff, EXPORT)
    return staff_request.render_page(
        "people/one.html", found=found, alone=not colleagues, problems=problems
    )


def _add_person_request(staff_request: StaffRequest, kind: str) -> Response:
    person, who = staff_request.request.path_params["id"], staff_request.signed_in_staff
    try:
        if staff_request.code_refused:
            with staff_request.store.reading_scope(who.clinic) as scope:
                found = person_requests.require_person(scope, person)
            return _show_person(staff_request, found, {f"{kind}-code": "code.problem"})
        with staff_request.store.writing_scope(who.clinic) as scope:
            person_requests.add_request(scope, staff_request.now, who.staff, kind, person)
    except NoSuchPerson:
        raise HTTPException(404) from None
    return see_other("/people/requests")


def _answer_request(staff_request: StaffRequest, agreed: bool) -> Response:
    who, request_id = staff_request.signed_in_staff, staff_request.request.path_params["id"]
    with staff_request.store.writing_scope(who.clinic) as scope:
        found = person_requests.list_recent_requests(scope, staff_request.now, request_id)
        if not found or not who.has_permission(PERMISSION_BY_KIND[found[0].kind]):
            raise HTTPException(404)
        try:
            person_requests.answer_request(scope, staff_request.now, who.staff, request_id, agreed)
        except NoSuchRequest:
            raise HTTPException(404) from None
        except OwnRequest:
            own = True
        else:
            own = False
    if own:
        return show_person_requests(staff_request, {f"request-{request_id}": "people.problem.own"})
    return see_other("/people/requests")
