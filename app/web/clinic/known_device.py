"""The cookie of a browser in which staff have signed in before; see app/store/accounts/sessions.py.

It outlasts signing out: it opens nothing, and only keeps strangers from using up one's tries.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.store.accounts import sessions, staff
from app.web.access import StaffRequest

LIFETIME = 400 * 24 * 60 * 60  # seconds; the longest that browsers keep a cookie
_BETWEEN = "."


def read_device_tokens(request: Request) -> list[str]:
    """What the browser holds, of whomever."""
    return request.cookies.get(_device_cookie_name(request), "").split(_BETWEEN)


def remember_device(
    response: Response, staff_request: StaffRequest, clinic: str, member: str
) -> None:
    """Let this browser be known from now on as one of this member of the clinic's staff."""
    with staff_request.store.reading_scope(clinic) as scope:
        kept = sessions.add_device_token(
            scope, staff.find_staff(scope, member), read_device_tokens(staff_request.request)
        )
    secure = "; Secure" if staff_request.request.scope["scheme"] == "https" else ""
    response.headers.append(
        "set-cookie",
        f"{_device_cookie_name(staff_request.request)}={_BETWEEN.join(kept)}; "
        "Path=/; HttpOnly; SameSite=Strict; "
        f"Max-Age={LIFETIME}{secure}",
    )


def _device_cookie_name(request: Request) -> str:
    """Browsers take a `__Host-` cookie over https only."""
    return "__Host-device" if request.scope["scheme"] == "https" else "device"
