"""What guards every request and every answer: headers, same origin, size.

Pure ASGI: a BaseHTTPMiddleware would cost more than the page it guards (about 80 microseconds).
It knows paths and headers only, never what a page says or what a person answered.
"""

import secrets
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY = 64 * 1024  # bytes; the longest honest reply is under 2 KiB
MOST_BODY_OF_LISTS = 2 * 1024 * 1024
"""Bytes: a file of patients, or 200 of them typed in letters that take nine bytes each."""
_LISTS = frozenset({"/invitations/list", "/invitations/batch"})

Header = tuple[bytes, bytes]

_UNCHANGING = frozenset({"GET", "HEAD", "OPTIONS"})
_INDEXED = frozenset({"/", "/about", "/privacy"})
_POLICY = b"; ".join(
    [
        b"default-src 'none'",
        b"script-src 'nonce-%s'",
        b"style-src 'self' 'nonce-%s'",
        b"img-src 'self'",
        b"font-src 'self'",
        b"connect-src 'self'",
        b"manifest-src 'self'",
        b"worker-src 'self'",
        b"form-action 'self'",
        b"base-uri 'none'",
        b"frame-ancestors 'none'",
        b"object-src 'none'",
        b"require-trusted-types-for 'script'",
        b"trusted-types htmx worker",
    ]
)
_ALWAYS = [
    # Trap: with `no-referrer` a form of our own posts `Origin: null` and would look foreign.
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    ),
]


class SecurityHeadersMiddleware:
    """Outermost: a fresh nonce in, the security headers out, on every answer there is."""

    def __init__(self, app: ASGIApp, origin: str | None = None) -> None:
        self.app = app
        self.origin = origin  # the public address, where a proxy hides it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set the headers on the response to this request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        nonce = scope["nonce"] = secrets.token_urlsafe(16)
        if self.origin:
            scope["origin"] = self.origin
            scope["scheme"] = self.origin.partition(":")[0]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _add_security_headers(message.get("headers", ()), scope, nonce)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _add_security_headers(headers: Iterable[Header], scope: Scope, nonce: str) -> list[Header]:
    """Raw headers, since every answer pays for this."""
    policy = (b"content-security-policy", _POLICY % (nonce.encode(), nonce.encode()))
    guarded = [*headers, policy, *_ALWAYS]
    # Only the static files say otherwise: they hold nothing about anyone.
    if not any(name == b"cache-control" for name, _ in guarded):
        guarded.append((b"cache-control", b"no-store"))
    if scope["path"] not in _INDEXED and not scope["path"].startswith("/learn"):
        guarded.append((b"x-robots-tag", b"noindex"))
    if scope["scheme"] == "https":
        lasting = b"max-age=63072000; includeSubDomains"
        guarded.append((b"strict-transport-security", lasting))
    return guarded


class RequestGuardMiddleware:
    """Turns away changes from other sites and bodies that are too long.

    It raises, so that the reply is one of our own pages; therefore it stands inside the
    middleware that turns exceptions into pages.
    """

    def __init__(self, app: ASGIApp, open_paths: Iterable[str] = ()) -> None:
        self.app = app
        self.open_paths = tuple(open_paths)  # no cookie is read there, so nothing can be forged

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or raise HTTPException: 403 or 413."""
        if scope["type"] != "http" or scope["method"] in _UNCHANGING:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not scope["path"].startswith(self.open_paths) and not is_own_origin(scope, headers):
            raise HTTPException(403)
        most = MOST_BODY_OF_LISTS if scope["path"] in _LISTS else MOST_BODY
        if _declared_length(headers) > most:
            raise HTTPException(413)
        await self.app(scope, _limit_body(receive, most), send)


def is_own_origin(scope: Scope, headers: Headers) -> bool:
    """Whether the request was made by one of our pages, or by the person's own hand.

    Browsers that send no Sec-Fetch-Site (old ones, and all over plain http) still send Origin.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    own = scope.get("origin") or f"{scope['scheme']}://{headers.get('host')}"
    return headers.get("origin") == own


def _declared_length(headers: Headers) -> int:
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        return 0
    return int(length[:12])  # twelve digits are too many already; thousands would stop int()


def _limit_body(receive: Receive, most: int) -> Receive:
    """A body sent in chunks declares no length, so it is counted as it comes."""
    seen = 0

    async def receive_limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413)
        return message

    return receive_limited
