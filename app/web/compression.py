"""Bytes onto the wire, compressed where the browser takes it. It knows no page."""

from __future__ import annotations

from isal import isal_zlib
from starlette.requests import Request
from starlette.responses import Response

WORTH_PACKING = 1000  # bytes; below that the answer is one packet either way
PLAIN_HEADERS = {"Vary": "Accept-Encoding"}
GZIP_HEADERS = {**PLAIN_HEADERS, "Content-Encoding": "gzip"}
_GZIP = 31  # the window bits by which zlib's calls know that a gzip file is wanted


def accepts_gzip(request: Request) -> bool:
    """Whether the browser takes a compressed answer."""
    return "gzip" in request.headers.get("accept-encoding", "")


def compress_response(request: Request, body: bytes, kind: str, status: int = 200) -> Response:
    """The answer of this media type, compressed if that is worth it."""
    if len(body) < WORTH_PACKING or not accepts_gzip(request):
        return Response(body, status, {"Content-Type": kind, **PLAIN_HEADERS})
    small = isal_zlib.compress(body, 3, _GZIP)
    return Response(small, status, {"Content-Type": kind, **GZIP_HEADERS})
