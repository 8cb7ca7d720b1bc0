"""All of a person, to give out or to erase: one of staff asks, another one agrees or refuses.

Nobody does either alone, and each step asks for the second factor again where it was shown some
minutes ago. It knows no rule.
"""

from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.documents.clinic_files import build_person_file
from app.store import clinics, people, person_requests
from app.store.accounts import staff
from app.store.db import audit
from app.store.person_requests import ERASE, EXPORT, EXPORT_LIFETIME, NoSuchPerson, OwnRequest
from app.web.pages import see_other
from app.web.staff_request import StaffRequest
from app.web.wire import build_download

_KINDS = {EXPORT: "people.kind.export", ERASE: "people.kind.erase"}
_STATES = {None: "people.state.waits", True: "people.state.agreed", False: "people.state.refused"}


def show_person_search(request: StaffRequest, problems: dict[str, str] | None = None) -> Response:
    """GET /people: a box for a reference."""
    typed = request.typed_field("reference")
    return request.render_page("people/find.html", typed=typed, problems=problems)


def submit_person_search(request: StaffRequest) -> Response:
    """POST /people: who has this reference; finding someone is noted."""
    with request.writing_scope() as scope:
        try:
            found = person_requests.find_person(scope, request.typed_field("reference"))
        except NoSuchPerson:
            return show_person_search(request, {"reference": "people.reference.problem"})
        audit.record_event(scope, "person_found", ("person", found.id), request.client_address)
    return _show_person(request, found)


def add_person_request(request: StaffRequest) -> Response:
    """POST /people/{id}/export, .../erase: ask for a file of all that is kept, or to erase it."""
    kind = ERASE if request.scope["path"].endswith("/erase") else EXPORT
    if request.code_refused:
        with request.reading_scope() as scope:
            found = person_requests.require_person(scope, request.path_id)
        return _show_person(request, found, {f"{kind}-code": "code.problem"})
    with request.writing_scope() as scope:
        person_requests.add_request(scope, kind, request.path_id)
    return see_other("/people/requests")


def show_person_requests(request: StaffRequest, problems: dict[str, str] | None = None) -> Response:
    """GET /people/requests: what waits for a second person, and what became of the rest."""
    own_id, now = request.staff_id, request.now
    with request.reading_scope() as scope:
        zone = clinics.load_clinic(scope).time_zone
        names = staff.list_staff_names(scope)
        found = person_requests.list_recent_requests(scope, now)
    rows = [
        {
            "id": one.row.id,
            "kind": _KINDS[one.row.kind],
            "reference": one.person.reference if one.person else "",
            "asked_by": names[one.row.asked_by],
            "asked_at": request.format_time(one.row.asked_at, zone),
            "answered_by": names.get(one.row.answered_by or "", ""),
            "state": _STATES[one.row.agreed],
            "waits": one.row.agreed is None,
            "own": one.row.asked_by == own_id,
            "until": request.format_time(one.row.answered_at + EXPORT_LIFETIME, zone)
            if one.is_open_to(own_id, now) and one.row.answered_at
            else "",
        }
        for one in found
    ]
    return request.render_page("people/requests.html", rows=rows, problems=problems)


def answer_person_request(request: StaffRequest) -> Response:
    """POST /people/requests/{id}/agree, .../refuse: the second person's yes or no.

    An erasure is done with the yes.
    """
    id_, agreed = request.path_id, request.scope["path"].endswith("/agree")
    if request.code_refused:
        return show_person_requests(request, {f"code-{id_}": "code.problem"})
    try:
        with request.writing_scope() as scope:
            found = person_requests.list_recent_requests(scope, request.now, id_)
            who = request.signed_in_staff
            if not found or not who.has_permission(
                person_requests.PERMISSION_BY_KIND[found[0].row.kind]
            ):
                raise HTTPException(404)
            person_requests.answer_request(scope, id_, agreed)
    except OwnRequest:
        return show_person_requests(request, {f"request-{id_}": "people.problem.own"})
    return see_other("/people/requests")


def download_person_file(request: StaffRequest) -> Response:
    """POST /people/requests/{id}/file: all of the person, for who asked, within a day."""
    if request.code_refused:
        return show_person_requests(request, {f"code-{request.path_id}": "code.problem"})
    context = request.context
    with request.writing_scope() as scope:
        clinic = clinics.load_clinic(scope).name
        kept = person_requests.take_export(scope, request.path_id)
    made_at = datetime.fromtimestamp(context.unix_time, UTC).isoformat()
    text = build_person_file(context.rulebook, kept, clinic=clinic, made_at=made_at)
    return build_download(request, text, "application/json", '"person.json"')


def _show_person(
    request: StaffRequest, found: people.PersonIdentity, problems: dict[str, str] | None = None
) -> Response:
    with request.reading_scope() as scope:
        colleagues = person_requests.count_other_approvers(scope, request.staff_id, EXPORT)
    return request.render_page(
        "people/one.html", found=found, alone=not colleagues, problems=problems
    )
