"""Who works at the clinic: an admin invites, gives a new link, or shuts someone out.

Nobody ever sees or chooses another one's password. It knows no patients.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.store.accounts import staff
from app.store.accounts.staff import LINK_LASTS, NoSuchStaff
from app.store.clinics import NameTaken
from app.store.ground.scope import Scope
from app.store.tables import ROLES as KNOWN_ROLES
from app.store.tables import Staff
from app.web.access import Desk, guarded
from app.web.clinic.account import ROLES
from app.web.pages import see_other

_STATES = {
    "disabled": "staff.state.disabled",
    "joined": "staff.state.joined",
    "invited": "staff.state.invited",
}
_LONGEST = 100  # letters of a name or an address


@dataclass(frozen=True, slots=True)
class Member:
    """Someone of the clinic's staff; `role` and `state` are keys of words."""

    id: str
    name: str
    email: str
    role: str
    state: str
    disabled: bool


def routes() -> list[Route]:
    """The pages about staff."""
    return [
        guarded("GET", "/staff", everyone),
        guarded("GET", "/staff/invite", invite_page),
        guarded("POST", "/staff/invite", invite),
        guarded("GET", "/staff/{id}", one),
        guarded("POST", "/staff/{id}/link", new_link),
        guarded("POST", "/staff/{id}/disable", disable),
    ]


def everyone(desk: Desk) -> Response:
    """GET /staff: everyone who works here, and in what state their account is."""
    with desk.store.reading(desk.who.clinic) as scope:
        members = [_member(scope, row) for row in staff.everyone(scope)]
    may_change = desk.who.may("change_staff")
    return desk.show("staff/everyone.html", members=members, may_change=may_change)


def invite_page(desk: Desk, problems: dict[str, str] | None = None) -> Response:
    """GET /staff/invite: name, address and role of someone new."""
    typed = {name: desk.typed(name) for name in ("name", "email", "role")}
    return desk.show("staff/invite.html", roles=ROLES, typed=typed, problems=problems)


def invite(desk: Desk) -> Response:
    """POST /staff/invite: the link by which they join, shown once."""
    name, email, role = (desk.typed(field) for field in ("name", "email", "role"))
    problems = {}
    if not 0 < len(name) <= _LONGEST:
        problems["name"] = "staff.name.problem"
    if "@" not in email[1:-1] or len(email) > _LONGEST:
        problems["email"] = "staff.email.problem"
    if role not in KNOWN_ROLES:
        problems[f"role-{KNOWN_ROLES[0]}"] = "staff.role.problem"
    if desk.code_refused:
        problems["code"] = "code.problem"
    if problems:
        return invite_page(desk, problems)
    try:
        with desk.store.writing(desk.who.clinic) as scope:
            token = staff.invite(scope, desk.now, desk.who.staff, email=email, name=name, role=role)
    except NameTaken:
        return invite_page(desk, {"email": "staff.email.taken"})
    return _give_link(desk, token, name)


def one(desk: Desk, problems: dict[str, str] | None = None) -> Response:
    """GET /staff/{id}: one member, and what can be done."""
    member = _named(desk)
    own = member.id == desk.who.staff
    return desk.show("staff/one.html", member=member, own=own, problems=problems)


def new_link(desk: Desk) -> Response:
    """POST /staff/{id}/link: a new link for who lost theirs; it also lets someone back in."""
    member = _named(desk)
    if desk.code_refused:
        return one(desk, {"code": "code.problem"})
    give = staff.enable if member.disabled else staff.invite_again
    with desk.store.writing(desk.who.clinic) as scope:
        token = give(scope, desk.now, desk.who.staff, member.id)
    return _give_link(desk, token, member.name)


def disable(desk: Desk) -> Response:
    """POST /staff/{id}/disable: out at once. Nobody locks themselves out."""
    member = _named(desk)
    if desk.code_refused:
        return one(desk, {"code": "code.problem"})
    if member.id == desk.who.staff:
        return one(desk, {"disable": "staff.disable.own"})
    with desk.store.writing(desk.who.clinic) as scope:
        staff.disable(scope, desk.now, desk.who.staff, member.id)
    return see_other(f"/staff/{member.id}")


def _named(desk: Desk) -> Member:
    """Whom the address names; someone of another clinic is nobody here."""
    with desk.store.reading(desk.who.clinic) as scope:
        try:
            return _member(scope, staff.one(scope, desk.request.path_params["id"]))
        except NoSuchStaff:
            raise HTTPException(404) from None


def _member(scope: Scope, row: Staff) -> Member:
    joined = "joined" if row.password_hash else "invited"
    state = "disabled" if row.disabled_at else joined
    return Member(
        row.id,
        row.name,
        staff.email_of(scope, row),
        ROLES[row.role],
        _STATES[state],
        row.disabled_at is not None,
    )


def _give_link(desk: Desk, token: str, name: str) -> Response:
    minutes = int(LINK_LASTS.total_seconds() // 60)
    link = f"{desk.base}/join/{token}"
    return desk.show("staff/invited.html", link=link, name=name, minutes=minutes)
