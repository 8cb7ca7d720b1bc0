"""Who works at the clinic: an admin invites, gives a new link, or shuts someone out.

Nobody ever sees or chooses another one's password. It knows no patients.
"""

from typing import Any

from starlette.responses import Response

from app.store import claim_lapse
from app.store.accounts import staff
from app.store.accounts.staff import LINK_LIFETIME
from app.store.clinics import NameTaken
from app.store.db.scope import Scope
from app.store.db.tables import ROLES, Staff
from app.web.pages import see_other
from app.web.staff_request import StaffRequest

_LONGEST = 100  # letters of a name or an address


def show_staff_list(request: StaffRequest) -> Response:
    """GET /staff: everyone who works here, and in what state their account is."""
    with request.reading_scope() as scope:
        members = [_describe_member(scope, row) for row in staff.list_staff(scope)]
    may_change = request.signed_in_staff.has_permission("change_staff")
    return request.render_page("staff/everyone.html", members=members, may_change=may_change)


def show_invite_form(request: StaffRequest, problems: dict[str, str] | None = None) -> Response:
    """GET /staff/invite: name, address and role of someone new."""
    typed, roles = request.typed_fields("name", "email", "role"), {r: f"role.{r}" for r in ROLES}
    return request.render_page("staff/invite.html", roles=roles, typed=typed, problems=problems)


def submit_staff_invitation(request: StaffRequest) -> Response:
    """POST /staff/invite: the link by which they join, shown once."""
    name, email, role = request.typed_fields("name", "email", "role").values()
    problems = {}
    if not 0 < len(name) <= _LONGEST:
        problems["name"] = "staff.name.problem"
    if "@" not in email[1:-1] or len(email) > _LONGEST:
        problems["email"] = "staff.email.problem"
    if role not in ROLES:
        problems[f"role-{ROLES[0]}"] = "staff.role.problem"
    if request.code_refused:
        problems["code"] = "code.problem"
    if problems:
        return show_invite_form(request, problems)
    try:
        with request.writing_scope() as scope:
            token = staff.invite_staff(scope, email=email, name=name, role=role)
    except NameTaken:
        return show_invite_form(request, {"email": "staff.email.taken"})
    return _show_join_link(request, token, name)


def show_staff_member(request: StaffRequest, problems: dict[str, str] | None = None) -> Response:
    """GET /staff/{id}: one member, and what can be done."""
    member = _load_member(request)
    own = member["id"] == request.staff_id
    return request.render_page("staff/one.html", member=member, own=own, problems=problems)


def renew_join_link(request: StaffRequest) -> Response:
    """POST /staff/{id}/link: a new link for who lost theirs; it also lets someone back in."""
    member = _load_member(request)
    if request.code_refused:
        return show_staff_member(request, {"code": "code.problem"})
    give = staff.enable_staff if member["disabled"] else staff.reinvite_staff
    with request.writing_scope() as scope:
        token = give(scope, member["id"])
    return _show_join_link(request, token, member["name"])


def disable_member(request: StaffRequest) -> Response:
    """POST /staff/{id}/disable: out at once. Nobody locks themselves out."""
    member = _load_member(request)
    if request.code_refused:
        return show_staff_member(request, {"code": "code.problem"})
    if member["id"] == request.staff_id:
        return show_staff_member(request, {"disable": "staff.disable.own"})
    with request.writing_scope() as scope:
        staff.disable_staff(scope, member["id"])
    minutes = request.context.policy.claim_minutes
    claim_lapse.lapse_claims(request.store, request.clinic, request.now, minutes)
    return see_other(f"/staff/{request.path_id}")


def _load_member(request: StaffRequest) -> dict[str, Any]:
    """Whom the address names; someone of another clinic is nobody here."""
    with request.reading_scope() as scope:
        return _describe_member(scope, staff.find_staff(scope, request.path_id))


def _describe_member(scope: Scope, row: Staff) -> dict[str, Any]:
    state = "disabled" if row.disabled_at else "joined" if row.password_hash else "invited"
    return {
        "id": row.id,
        "name": row.name,
        "email": staff.read_staff_email(scope, row),
        "role": f"role.{row.role}",
        "state": f"staff.state.{state}",
        "disabled": row.disabled_at is not None,
    }


def _show_join_link(request: StaffRequest, token: str, name: str) -> Response:
    minutes = int(LINK_LIFETIME.total_seconds() // 60)
    link = f"{request.origin}/join/{token}"
    return request.render_page("staff/invited.html", link=link, name=name, minutes=minutes)
