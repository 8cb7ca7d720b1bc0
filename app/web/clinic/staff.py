"""Who works at the clinic: an admin invites, gives a new link, or shuts someone out.

Nobody ever sees or chooses another one's password. It knows no patients.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.store.accounts import staff
from app.store.accounts.staff import LINK_LIFETIME, NoSuchStaff
from app.store.clinics import NameTaken
from app.store.db.scope import Scope
from app.store.db.tables import ROLES, Staff
from app.web.access import StaffRequest, staff_route
from app.web.clinic.page_parts import role_key
from app.web.pages import see_other

_LONGEST = 100  # letters of a name or an address


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Someone of the clinic's staff; `role` and `state` are keys of words."""

    id: str
    name: str
    email: str
    role: str
    state: str
    disabled: bool


def page_routes() -> list[Route]:
    """The pages about staff."""
    return [
        staff_route("GET", "/staff", show_staff_list),
        staff_route("GET", "/staff/invite", show_invite_form),
        staff_route("POST", "/staff/invite", submit_staff_invitation),
        staff_route("GET", "/staff/{id}", show_staff_member),
        staff_route("POST", "/staff/{id}/link", renew_join_link),
        staff_route("POST", "/staff/{id}/disable", disable_member),
    ]


def show_staff_list(staff_request: StaffRequest) -> Response:
    """GET /staff: everyone who works here, and in what state their account is."""
    with staff_request.store.reading_scope(staff_request.signed_in_staff.clinic) as scope:
        members = [_build_member(scope, row) for row in staff.list_staff(scope)]
    may_change = staff_request.signed_in_staff.has_permission("change_staff")
    return staff_request.render_page("staff/everyone.html", members=members, may_change=may_change)


def show_invite_form(
    staff_request: StaffRequest, problems: dict[str, str] | None = None
) -> Response:
    """GET /staff/invite: name, address and role of someone new."""
    typed = {name: staff_request.typed_field(name) for name in ("name", "email", "role")}
    return staff_request.render_page(
        "staff/invite.html",
        roles={role: role_key(role) for role in ROLES},
        typed=typed,
        problems=problems,
    )


def submit_staff_invitation(staff_request: StaffRequest) -> Response:
    """POST /staff/invite: the link by which they join, shown once."""
    name, email, role = (staff_request.typed_field(field) for field in ("name", "email", "role"))
    problems = {}
    if not 0 < len(name) <= _LONGEST:
        problems["name"] = "staff.name.problem"
    if "@" not in email[1:-1] or len(email) > _LONGEST:
        problems["email"] = "staff.email.problem"
    if role not in ROLES:
        problems[f"role-{ROLES[0]}"] = "staff.role.problem"
    if staff_request.code_refused:
        problems["code"] = "code.problem"
    if problems:
        return show_invite_form(staff_request, problems)
    try:
        with staff_request.writing_scope() as scope:
            token = staff.invite_staff(scope, email=email, name=name, role=role)
    except NameTaken:
        return show_invite_form(staff_request, {"email": "staff.email.taken"})
    return _show_join_link(staff_request, token, name)


def show_staff_member(
    staff_request: StaffRequest, problems: dict[str, str] | None = None
) -> Response:
    """GET /staff/{id}: one member, and what can be done."""
    member = _load_member(staff_request)
    own = member.id == staff_request.signed_in_staff.staff
    return staff_request.render_page("staff/one.html", member=member, own=own, problems=problems)


def renew_join_link(staff_request: StaffRequest) -> Response:
    """POST /staff/{id}/link: a new link for who lost theirs; it also lets someone back in."""
    member = _load_member(staff_request)
    if staff_request.code_refused:
        return show_staff_member(staff_request, {"code": "code.problem"})
    give = staff.enable_staff if member.disabled else staff.reinvite_staff
    with staff_request.writing_scope() as scope:
        token = give(scope, member.id)
    return _show_join_link(staff_request, token, member.name)


def disable_member(staff_request: StaffRequest) -> Response:
    """POST /staff/{id}/disable: out at once. Nobody locks themselves out."""
    member = _load_member(staff_request)
    if staff_request.code_refused:
        return show_staff_member(staff_request, {"code": "code.problem"})
    if member.id == staff_request.signed_in_staff.staff:
        return show_staff_member(staff_request, {"disable": "staff.disable.own"})
    with staff_request.writing_scope() as scope:
        staff.disable_staff(scope, member.id)
    return see_other(f"/staff/{member.id}")


def _load_member(staff_request: StaffRequest) -> StaffMember:
    """Whom the address names; someone of another clinic is nobody here."""
    with staff_request.store.reading_scope(staff_request.signed_in_staff.clinic) as scope:
        try:
            return _build_member(
                scope, staff.find_staff(scope, staff_request.request.path_params["id"])
            )
        except NoSuchStaff:
            raise HTTPException(404) from None


def _build_member(scope: Scope, row: Staff) -> StaffMember:
    joined = "joined" if row.password_hash else "invited"
    state = "disabled" if row.disabled_at else joined
    return StaffMember(
        row.id,
        row.name,
        staff.read_staff_email(scope, row),
        role_key(row.role),
        f"staff.state.{state}",
        row.disabled_at is not None,
    )


def _show_join_link(staff_request: StaffRequest, token: str, name: str) -> Response:
    minutes = int(LINK_LIFETIME.total_seconds() // 60)
    link = f"{staff_request.base_url}/join/{token}"
    return staff_request.render_page("staff/invited.html", link=link, name=name, minutes=minutes)
