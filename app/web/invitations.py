"""Inviting patients: one or many, the link and code to give them, and who has not done it yet.

Only what a clinic calls a person is asked for, never how to reach them. It knows no answers.
"""

from __future__ import annotations

import csv
import secrets
from datetime import date

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import qr_code
from app.store import clinics, invitations
from app.store.invitations import Guest, Invited, NoSuchInvitation
from app.store.people import OtherName
from app.web.access import Desk, guarded
from app.web.account import told
from app.web.pages import see_other

MOST_AT_ONCE = 200
_PROBLEMS = {
    "reference": "invitations.reference.problem",
    "name": "invitations.name.problem",
    "day": "invitations.day.problem",
    "kind": "invitations.kind.problem",
}
_LONGEST = 60  # letters of a reference, a name or a kind of visit


def routes() -> list[Route]:
    """The pages about invitations."""
    return [
        guarded("GET", "/invitations", page),
        guarded("POST", "/invitations", invite),
        guarded("POST", "/invitations/batch", batch),
        guarded("GET", "/invitations/{id}", one),
        guarded("POST", "/invitations/{id}/revoke", revoke),
    ]


def page(desk: Desk, problems: dict[str, str] | None = None, about: str = "") -> Response:
    """GET /invitations: a form for one, a form for many, and who has not done it yet."""
    with desk.store.reading(desk.who.clinic) as scope:
        zone = clinics.known(scope).time_zone
        waiting = [
            (found, told(found.expires_at, zone))
            for found in invitations.not_done_yet(scope, desk.now)
        ]
    names = ("reference", "name", "day", "kind", "lines")
    return desk.show(
        "nurse/invitations.html",
        waiting=waiting,
        key=secrets.token_urlsafe(12),
        typed={name: desk.raw(name) for name in names},
        problems=problems,
        about=about,
    )


def invite(desk: Desk) -> Response:
    """POST /invitations: one person; then the page with the link."""
    fields = [desk.typed(name) for name in ("reference", "name", "day", "kind")]
    guest = _guest(fields)
    if isinstance(guest, str):
        return page(desk, {guest: _PROBLEMS[guest]})
    made = _invite(desk, [guest])
    return see_other(f"/invitations/{made[0]}") if isinstance(made, list) else made


def batch(desk: Desk) -> Response:
    """POST /invitations/batch: many, a line for each; all of them or none."""
    lines = [line for line in csv.reader(desk.raw("lines").splitlines()) if any(line)]
    guests = []
    for number, line in enumerate(lines, 1):
        guest = _guest([*(_visible(cell) for cell in line), "", "", "", ""][:4])
        if isinstance(guest, str) or len(line) > 4:
            return page(desk, {"lines": "invitations.lines.problem"}, about=str(number))
        guests.append(guest)
    if not 0 < len(guests) <= MOST_AT_ONCE:
        return page(desk, {"lines": "invitations.lines.number"})
    made = _invite(desk, guests)
    return see_other("/invitations") if isinstance(made, list) else made


def one(desk: Desk) -> Response:
    """GET /invitations/{id}: link, code and square to give to this person."""
    with desk.store.reading(desk.who.clinic) as scope:
        zone = clinics.known(scope).time_zone
        try:
            found: Invited = invitations.one(scope, desk.now, desk.request.path_params["id"])
        except NoSuchInvitation:
            raise HTTPException(404) from None
    base = desk.request.scope.get("origin") or str(desk.request.base_url).rstrip("/")
    link = f"{base}/i/{found.token}"
    return desk.show(
        "nurse/invitation.html",
        invited=found,
        link=link,
        enter=f"{base}/i",
        square=qr_code(link),
        until=told(found.expires_at, zone),
    )


def revoke(desk: Desk) -> Response:
    """POST /invitations/{id}/revoke: the link and the code stop working."""
    with desk.store.writing(desk.who.clinic) as scope:
        try:
            invitations.revoke(scope, desk.now, desk.who.staff, desk.request.path_params["id"])
        except NoSuchInvitation:
            raise HTTPException(404) from None
    return see_other("/invitations")


def _invite(desk: Desk, guests: list[Guest]) -> list[str] | Response:
    who, key = desk.who, f"{desk.who.staff}:{desk.typed('key')[:50]}"
    try:
        return invitations.invite(desk.store, who.clinic, desk.now, who.staff, guests, key)
    except OtherName as other:
        where = "lines" if len(guests) > 1 else "reference"
        return page(desk, {where: "invitations.other_name"}, about=other.reference)


def _guest(fields: list[str]) -> Guest | str:
    """Whom to invite, or the name of the field that will not do."""
    reference, name, day, kind = (field.strip() for field in fields)
    for field, text, least in (("reference", reference, 1), ("name", name, 1), ("kind", kind, 0)):
        if not least <= len(text) <= _LONGEST:
            return field
    try:
        return Guest(reference, name, date.fromisoformat(day) if day else None, kind)
    except ValueError:
        return "day"


def _visible(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())
