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

from app.documents.receipt import Code, qr_code
from app.store import clinics, invitations
from app.store.ground.scope import Scope, WritingScope
from app.store.invitations import MOST_AT_ONCE, Guest, Invited, NoSuchInvitation
from app.store.keeping import audit
from app.store.people import OtherName
from app.web.access import Desk, guarded
from app.web.clinic import guest_list
from app.web.clinic.account import told
from app.web.clinic.guest_list import PROBLEMS
from app.web.pages import floor, see_other, voice
from app.web.patients.became import in_words
from app.web.wire import packed

MOST_FAULTS_SHOWN = 10
_FIELDS = ("reference", "name", "day", "kind")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet would work out rather than show."""


@dataclass(frozen=True, slots=True)
class Way:
    """The ways in of one invitation, in words. `square` is None where it is not shown."""

    invited: Invited
    link: str
    until: str
    day: str
    square: Code | None = None


def routes() -> list[Route]:
    """The pages about invitations."""
    return [
        guarded("GET", "/invitations", page),
        guarded("POST", "/invitations", invite),
        guarded("POST", "/invitations/batch", batch),
        guarded("GET", "/invitations/batch/{key}", batch_page),
        guarded("GET", "/invitations/batch/{key}/slips", slips),
        guarded("GET", "/invitations/batch/{key}/csv", export),
        guarded("GET", "/invitations/{id}", one),
        guarded("POST", "/invitations/{id}/again", again),
        guarded("POST", "/invitations/{id}/revoke", revoke),
    ]


def page(desk: Desk, problems: dict[str, str] | None = None, about: str = "") -> Response:
    """GET /invitations: a form for one, a form for many, and who has not done it yet."""
    return _page(desk, problems, about=about)


def _page(
    desk: Desk,
    problems: dict[str, str] | None = None,
    *,
    about: str = "",
    faults: Sequence[str] = (),
    more: int = 0,
) -> Response:
    with desk.store.reading(desk.who.clinic) as scope:
        waiting = _ways(desk, scope, invitations.not_done_yet(scope, desk.now))
    return desk.show(
        "nurse/invitations.html",
        waiting=waiting,
        key=secrets.token_urlsafe(12),
        typed={name: desk.raw(name) for name in (*_FIELDS, "lines")},
        problems=problems,
        about=about,
        faults=faults,
        more=more,
        most=MOST_AT_ONCE,
    )


def invite(desk: Desk) -> Response:
    """POST /invitations: one person; then the page with the link."""
    guest = guest_list.guest_of([desk.typed(name) for name in _FIELDS])
    if isinstance(guest, str):
        return page(desk, {guest: PROBLEMS[guest]})
    try:
        made = _invite(desk, [guest], _key(desk))
    except OtherName as other:
        return page(desk, {"reference": "invitations.other_name"}, about=other.reference)
    return see_other(f"/invitations/{made[0]}")


def batch(desk: Desk) -> Response:
    """POST /invitations/batch: many, typed or as a file, a line for each; all of them or none."""
    guests, wrong, lines = guest_list.read(desk.raw("file") or desk.raw("lines"))
    say, _ = voice(floor(desk.request), None)
    if wrong:
        faults = [
            say("invitations.line", number=fault.line, problem=say(PROBLEMS[fault.problem]))
            for fault in wrong[:MOST_FAULTS_SHOWN]
        ]
        more = len(wrong) - len(faults)
        return _page(desk, {"lines": "invitations.lines.problem"}, faults=faults, more=more)
    if not 0 < len(guests) <= MOST_AT_ONCE:
        return page(desk, {"lines": "invitations.lines.number"})
    key = _key(desk)
    try:
        _invite(desk, guests, key)
    except OtherName as other:
        problem = say("invitations.other_name", name=other.reference)
        number = guest_list.line_of(lines, other.reference)
        faults = [say("invitations.line", number=number, problem=problem)]
        return _page(desk, {"lines": "invitations.lines.problem"}, faults=faults)
    return see_other(f"/invitations/batch/{key}")


def batch_page(desk: Desk) -> Response:
    """GET /invitations/batch/{key}: link and code of each who was invited together."""
    with desk.store.reading(desk.who.clinic) as scope:
        ways = _batch(desk, scope)
    return desk.show(
        "nurse/batch.html", ways=ways, key=desk.request.path_params["key"], enter=_enter(desk)
    )


def slips(desk: Desk) -> Response:
    """GET /invitations/batch/{key}/slips: one slip of paper for each; printing is noted."""
    with desk.store.writing(desk.who.clinic) as scope:
        ways = _batch(desk, scope, squares=True)
        clinic = clinics.name_of(scope)
        _note(desk, scope, "printed", len(ways))
    return desk.show("nurse/slips.html", ways=ways, clinic=clinic, enter=_enter(desk))


def export(desk: Desk) -> Response:
    """GET /invitations/batch/{key}/csv: the same as a file for the clinic's own system; noted."""
    with desk.store.writing(desk.who.clinic) as scope:
        ways = _batch(desk, scope)
        _note(desk, scope, "exported", len(ways))
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["reference", "name", "day", "visit", "link", "code", "good_until"])
    for way in ways:
        found = way.invited
        day = found.appointment_on.isoformat() if found.appointment_on else ""
        words = [found.person.reference, found.person.name, day, found.appointment_kind]
        ends = found.expires_at.isoformat(timespec="minutes")
        rows.writerow([*map(_harmless, words), way.link, found.code, ends])
    # A mark at the start, without which spreadsheets on Windows misread letters with accents.
    response = packed(desk.request, text.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = "attachment; filename=invitations.csv"
    return response


def one(desk: Desk) -> Response:
    """GET /invitations/{id}: link, code and square to give to this person."""
    with desk.store.reading(desk.who.clinic) as scope:
        try:
            found = invitations.one(scope, desk.now, desk.request.path_params["id"])
        except NoSuchInvitation:
            raise HTTPException(404) from None
        (way,) = _ways(desk, scope, [found], squares=True)
    return desk.show("nurse/invitation.html", way=way, invited=found, enter=_enter(desk))


def again(desk: Desk) -> Response:
    """POST /invitations/{id}/again: a new link and code for the same visit; the old ones stop."""
    who, old = desk.who, desk.request.path_params["id"]
    try:
        made = invitations.invite_again(desk.store, who.clinic, desk.now, who.staff, old)
    except NoSuchInvitation:
        raise HTTPException(404) from None
    return see_other(f"/invitations/{made}")


def revoke(desk: Desk) -> Response:
    """POST /invitations/{id}/revoke: the link and the code stop working."""
    with desk.store.writing(desk.who.clinic) as scope:
        try:
            invitations.revoke(scope, desk.now, desk.who.staff, desk.request.path_params["id"])
        except NoSuchInvitation:
            raise HTTPException(404) from None
    return see_other("/invitations")


def _invite(desk: Desk, guests: list[Guest], key: str) -> list[str]:
    """Raises OtherName."""
    who, own = desk.who, _of_who(desk, key)
    return invitations.invite(desk.store, who.clinic, desk.now, who.staff, guests, own)


def _batch(desk: Desk, scope: Scope, *, squares: bool = False) -> list[Way]:
    """Raises HTTPException where nobody was invited under this key by who asks."""
    key = _of_who(desk, desk.request.path_params["key"])
    ways = _ways(desk, scope, invitations.batch(scope, desk.now, key), squares=squares)
    if not ways:
        raise HTTPException(404)
    return ways


def _ways(desk: Desk, scope: Scope, found: list[Invited], *, squares: bool = False) -> list[Way]:
    zone = clinics.known(scope).time_zone
    square: Callable[[str], Code | None] = qr_code if squares else lambda _: None
    links = [f"{desk.base}/i/{one.token}" for one in found]
    return [
        Way(one, link, told(one.expires_at, zone), in_words(one.appointment_on), square(link))
        for one, link in zip(found, links, strict=True)
    ]


def _note(desk: Desk, scope: WritingScope, action: str, number: int) -> None:
    subject = ("invitations", desk.request.path_params["key"])
    audit.add(scope, desk.now, desk.who.staff, action, subject, desk.address, number=number)


def _key(desk: Desk) -> str:
    """What tells this form from others, in letters that an address can hold."""
    return re.sub(r"[^A-Za-z0-9_-]", "", desk.typed("key"))[:50] or secrets.token_urlsafe(12)


def _of_who(desk: Desk, key: str) -> str:
    return f"{desk.who.staff}:{key}"


def _enter(desk: Desk) -> str:
    """Where a code is typed."""
    return f"{desk.base}/i"


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
