"""The cookie of a browser in which staff have signed in before; see app/store/accounts/sessions.py.

It outlasts signing out: it opens nothing, and only keeps strangers from using up one's tries.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.store.accounts import sessions, staff
from app.web.cookies import LONGEST_LIFETIME, read_cookie, set_cookie
from app.web.staff_request import StaffRequest

_COOKIE = "device"
_BETWEEN = "."


def read_device_tokens(request: Request) -> list[str]:
    """What the browser holds, of whomever."""
    return read_cookie(request, _COOKIE).split(_BETWEEN)


def remember_device(response: Response, request: StaffRequest, clinic: str, member: str) -> None:
    """Let this browser be known from now on as one of this member of the clinic's staff."""
    with request.store.reading_scope(clinic) as scope:
        kept = sessions.add_device_token(
            scope, staff.find_staff(scope, member), read_device_tokens(request)
        )
    set_cookie(response, request, _COOKIE, _BETWEEN.join(kept), "Strict", LONGEST_LIFETIME)
