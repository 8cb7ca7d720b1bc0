"""The one writer of cookies: readable by no script, and bound to this host over https."""

from __future__ import annotations

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

LONGEST_LIFETIME = 400 * 24 * 60 * 60  # seconds; browsers keep no cookie longer


def cookie_name(request: Request, name: str) -> str:
    """The name as this browser holds it.

    Browsers take a `__Host-` cookie over https only; a clinic's own network may have none.
    """
    return f"__Host-{name}" if request.scope["scheme"] == "https" else name


def read_cookie(request: Request, name: str) -> str:
    """What the browser sent under this name, or an empty text."""
    return request.cookies.get(cookie_name(request, name), "")


def set_cookie(
    response: Response,
    request: Request,
    name: str,
    value: str,
    same_site: Literal["Lax", "Strict"],
    lifetime: int | None = None,
) -> None:
    """Send a cookie along; `lifetime` in seconds, without one it goes with the browser's session.

    A lifetime of 0 tells the browser to drop the cookie.
    """
    parts = [f"{cookie_name(request, name)}={value}", "Path=/", "HttpOnly", f"SameSite={same_site}"]
    if request.scope["scheme"] == "https":
        parts.append("Secure")
    if lifetime is not None:
        parts.append(f"Max-Age={lifetime}")
    response.headers.append("set-cookie", "; ".join(parts))
