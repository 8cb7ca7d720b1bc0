"""The mode of a tablet that patients pass on to each other, and how long each page of it stays.

A signed cookie marks the device; it names the clinic and nobody else. It must not know what a page
says.
"""

import hashlib
import hmac
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from app.web import journey as journeys
from app.web.wire import LONGEST_LIFETIME, read_cookie, set_cookie

AFTER_RESULT = 60  # seconds that a result stays, unless its person asks for more
UNTOUCHED = 150  # seconds without a touch, anywhere else
ALARM = 30  # seconds before the end at which the person is asked
MORE = 180  # seconds that are given each time
LONGEST = AFTER_RESULT + 10 * MORE
"""Seconds after which a page goes even where its script broke: ten times more than it had."""
WIPE_PATH, ASK_PATH = "/i/wiped", "/i/still-there"
_COOKIE = "tablet"
_PURPOSE = b"calcinosis-check tablet 1"
_RESULTS = frozenset({"patient/result.html", "patient/sheet.html", "patient/handed_over.html"})
_OF_STAFF = ("staff/", "nurse/")
_BETWEEN = frozenset({"patient/invitation_code.html", "patient/still_there.html"})


@dataclass(frozen=True, slots=True)
class PageTimeout:
    """How long a page stays: `left` seconds, then without a script to `then`; 0 is for ever.

    A `quiet` one says so only at the alarm, and begins anew at each touch.
    """

    left: int
    then: str
    quiet: bool
    alarm: int
    more: int
    longest: int
    path: str


def is_tablet(request: Request) -> bool:
    """Whether this browser is such a tablet."""
    clinic, _, mac = read_cookie(request, _COOKIE).partition(".")
    return bool(mac) and hmac.compare_digest(_sign_clinic(request, clinic).encode(), mac.encode())


def find_page_timeout(request: Request, template: str) -> PageTimeout | None:
    """How long this page stays on a tablet; None elsewhere and on pages of staff."""
    if template.startswith(_OF_STAFF) or not is_tablet(request):
        return None
    left, then = 0, WIPE_PATH
    if template in _RESULTS:
        left = AFTER_RESULT
    elif template not in _BETWEEN and journeys.holds_journey(request):
        left, then = UNTOUCHED + ALARM, ASK_PATH
    return PageTimeout(left, then, then == ASK_PATH, ALARM, MORE, LONGEST, request.scope["path"])


def refresh_headers(timeout: PageTimeout | None) -> dict[str, str]:
    """What sends the browser on in the end, whatever becomes of the page's script."""
    return {"Refresh": f"{timeout.longest}; url={timeout.then}"} if timeout and timeout.left else {}


def mark_tablet(response: Response, request: Request, clinic: str) -> None:
    """Mark this browser."""
    value = f"{clinic}.{_sign_clinic(request, clinic)}"
    set_cookie(response, request, _COOKIE, value, "Lax", LONGEST_LIFETIME)


def unmark_tablet(response: Response, request: Request) -> None:
    """Take the mark off."""
    set_cookie(response, request, _COOKIE, "", "Lax", 0)


def wipe_browser(response: Response, request: Request) -> None:
    """Drop the answers and all that the browser kept of these pages, but not the mark."""
    # Trap: with "cookies" in it, the mark would go too.
    response.headers["Clear-Site-Data"] = '"storage", "cache"'
    journeys.clear_journey_cookie(response, request)


def _sign_clinic(request: Request, clinic: str) -> str:
    words = _PURPOSE + b"\0" + clinic.encode("utf-8", "replace")
    return hmac.new(request.app.state.context.keys.newest, words, hashlib.sha256).hexdigest()
