"""Bytes onto the wire, compressed where the browser takes it. It knows no page."""

from __future__ import annotations

from isal import isal_zlib
from starlette.requests import Request
from starlette.responses import Response

WORTH_PACKING = 1000  # bytes; below that the answer is one packet either way
PLAIN = {"Vary": "Accept-Encoding"}
PACKED = {**PLAIN, "Content-Encoding": "gzip"}
_GZIP = 31  # the window bits by which zlib's calls know that a gzip file is wanted


def takes_gzip(request: Request) -> bool:
    """Whether the browser takes a compressed answer."""
    return "gzip" in request.headers.get("accept-encoding", "")


def packed(request: Request, body: bytes, kind: str, status: int = 200) -> Response:
    """The answer of this media type, compressed if that is worth it."""
    if len(body) < WORTH_PACKING or not takes_gzip(request):
        return Response(body, status, {"Content-Type": kind, **PLAIN})
    small = isal_zlib.compress(body, 3, _GZIP)
    return Response(small, status, {"Content-Type": kind, **PACKED})
