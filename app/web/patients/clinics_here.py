"""Whether this server has a clinic: patients' pages speak of one only where there is one.

It must not know which clinics there are.
"""

from __future__ import annotations

from starlette.requests import Request

from app.web.access import on_sealed_line
from app.web.pages import floor

_LOOK_AGAIN = 60  # seconds, before a server without clinics is asked once more


def offered(request: Request) -> bool:
    """Whether there is a clinic that could take a code; a clinic that there is stays."""
    if not on_sealed_line(request):
        return False
    state, now = request.app.state, floor(request).now
    found, until = getattr(state, "share_offered", (False, 0))
    if not found and now >= until:
        found = bool(state.store.clinics())
        state.share_offered = (found, now + _LOOK_AGAIN)
    return bool(found)
