"""All of a person, to give out or to erase: one of staff asks, another one agrees or refuses.

Nobody does either alone, and each step asks for the second factor again where it was shown some
minutes ago. It knows no rule.
"""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.documents.person_file import person_file
from app.store import clinics, people
from app.store.accounts import staff
from app.store.ground.keys import Forgotten
from app.store.keeping import audit, person_requests
from app.store.keeping.person_requests import (
    ERASE,
    EXPORT,
    NEEDED,
    OPEN_FOR,
    NoSuchPerson,
    NoSuchRequest,
    OwnRequest,
)
from app.web.access import Desk, guarded
from app.web.clinic.account import told
from app.web.pages import floor, see_other
from app.web.wire import packed

_KINDS = {EXPORT: "people.kind.export", ERASE: "people.kind.erase"}
_STATES = {
    None: "people.state.waits",
    True: "people.state.agreed",
    False: "people.state.refused",
}


def routes() -> list[Route]:
    """The pages about one person's all."""
    return [
        guarded("GET", "/people", page),
        guarded("POST", "/people", find),
        guarded("POST", "/people/{id}/export", export),
        guarded("POST", "/people/{id}/erase", erase),
        guarded("GET", "/people/requests", requests),
        guarded("POST", "/people/requests/{id}/agree", agree),
        guarded("POST", "/people/requests/{id}/refuse", refuse),
        guarded("POST", "/people/requests/{id}/file", file),
    ]


def page(desk: Desk, problems: dict[str, str] | None = None) -> Response:
    """GET /people: a box for a reference."""
    return desk.show("people/find.html", typed=desk.typed("reference"), problems=problems)


def find(desk: Desk) -> Response:
    """POST /people: who has this reference; finding someone is noted."""
    who = desk.who
    with desk.store.writing(who.clinic) as scope:
        try:
            found = person_requests.find(scope, desk.typed("reference"))
        except NoSuchPerson:
            return page(desk, {"reference": "people.reference.problem"})
        audit.add(scope, desk.now, who.staff, "person_found", ("person", found.id), desk.address)
    return _one(desk, found)


def export(desk: Desk) -> Response:
    """POST /people/{id}/export: ask for a file of all that is kept."""
    return _ask(desk, EXPORT)


def erase(desk: Desk) -> Response:
    """POST /people/{id}/erase: ask to erase all that is kept."""
    return _ask(desk, ERASE)


def requests(desk: Desk, problems: dict[str, str] | None = None) -> Response:
    """GET /people/requests: what waits for a second person, and what became of the rest."""
    who = desk.who
    with desk.store.reading(who.clinic) as scope:
        zone = clinics.known(scope).time_zone
        names = {member.id: member.name for member in staff.everyone(scope)}
        found = person_requests.recent(scope, desk.now)
    rows = [
        {
            "id": one.id,
            "kind": _KINDS[one.kind],
            "reference": one.person.reference if one.person else "",
            "asked_by": names[one.asked_by],
            "asked_at": told(one.asked_at, zone),
            "answered_by": names.get(one.answered_by or "", ""),
            "state": _STATES[one.agreed],
            "waits": one.agreed is None,
            "own": one.asked_by == who.staff,
            "until": told(one.answered_at + OPEN_FOR, zone)
            if one.open_to(who.staff, desk.now) and one.answered_at
            else "",
        }
        for one in found
    ]
    return desk.show("people/requests.html", rows=rows, problems=problems)


def agree(desk: Desk) -> Response:
    """POST /people/requests/{id}/agree: the second person's yes; an erasure is done with it."""
    if desk.code_refused:
        return requests(desk, {f"code-{desk.request.path_params['id']}": "code.problem"})
    return _answer(desk, True)


def refuse(desk: Desk) -> Response:
    """POST /people/requests/{id}/refuse: the second person's no."""
    return _answer(desk, False)


def file(desk: Desk) -> Response:
    """POST /people/requests/{id}/file: all of the person, for who asked, within a day."""
    who, here = desk.who, floor(desk.request)
    with desk.store.writing(who.clinic) as scope:
        clinic = clinics.name_of(scope)
        try:
            kept = person_requests.take(scope, desk.now, who.staff, desk.request.path_params["id"])
        except (NoSuchRequest, Forgotten):
            raise HTTPException(404) from None
    made_at = datetime.fromtimestamp(here.now, UTC).isoformat()
    text = person_file(here.rulebook, kept, clinic=clinic, made_at=made_at)
    return attached(desk, text, "application/json", "person.json")


def attached(desk: Desk, text: str, kind: str, name: str) -> Response:
    """A file to keep, which no browser opens as a page."""
    response = packed(desk.request, text.encode(), f"{kind}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _one(desk: Desk, found: people.Known, problems: dict[str, str] | None = None) -> Response:
    who = desk.who
    with desk.store.reading(who.clinic) as scope:
        colleagues = person_requests.others_who_may(scope, who.staff, EXPORT)
    return desk.show("people/one.html", found=found, alone=not colleagues, problems=problems)


def _ask(desk: Desk, kind: str) -> Response:
    person, who = desk.request.path_params["id"], desk.who
    try:
        if desk.code_refused:
            with desk.store.reading(who.clinic) as scope:
                found = person_requests.known(scope, person)
            return _one(desk, found, {f"{kind}-code": "code.problem"})
        with desk.store.writing(who.clinic) as scope:
            person_requests.ask(scope, desk.now, who.staff, kind, person)
    except NoSuchPerson:
        raise HTTPException(404) from None
    return see_other("/people/requests")


def _answer(desk: Desk, agreed: bool) -> Response:
    who, request = desk.who, desk.request.path_params["id"]
    with desk.store.writing(who.clinic) as scope:
        found = person_requests.recent(scope, desk.now, request)
        if not found or not who.may(NEEDED[found[0].kind]):
            raise HTTPException(404)
        try:
            person_requests.answer(scope, desk.now, who.staff, request, agreed)
        except NoSuchRequest:
            raise HTTPException(404) from None
        except OwnRequest:
            own = True
        else:
            own = False
    if own:
        return requests(desk, {f"request-{request}": "people.problem.own"})
    return see_other("/people/requests")
