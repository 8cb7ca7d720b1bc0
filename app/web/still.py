"""Pages that never change: rendered and compressed once, at their first visit.

Only the nonce differs from answer to answer, so a page is kept in parts, cut where the nonce goes.
It knows bytes and templates; it must not know what a page is about, and it keeps nothing of anyone.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from app.web.pages import Floor, floor, render

_HOLE = "\0"  # stands for the nonce while a page is rendered; no page holds this character
_GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_KIND = "text/html; charset=utf-8"
_PACKED = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}

Values = Callable[[], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Still:
    """One page as bytes, in parts between which the nonce goes."""

    parts: tuple[bytes, ...]
    packed: tuple[bytes, ...]  # the same parts, each a piece of one deflate stream

    def plain(self, nonce: bytes) -> bytes:
        """The page with this nonce."""
        return nonce.join(self.parts)

    def gzipped(self, nonce: bytes) -> bytes:
        """The page with this nonce as a gzip file, of which only the nonce and the sums are new."""
        plain, size = self.plain(nonce), len(nonce)
        # A block of deflate that is stored as it is: its kind, its length, its length inverted.
        stored = b"\0" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + nonce
        sums = zlib.crc32(plain).to_bytes(4, "little") + len(plain).to_bytes(4, "little")
        return _GZIP_HEAD + stored.join(self.packed) + sums


def still(
    request: Request,
    template: str,
    *,
    region: str | None = None,
    name: str = "",
    values: Values = dict,
) -> Response:
    """The page of this template for this region; `name` tells apart what else it depends on.

    `values` is called at the first visit only, so they must follow from `template`, `region` and
    `name` alone. Each of the three must be one of a few: every combination is kept.
    """
    here = floor(request)

    def whole() -> str:
        return render(here, template, _HOLE, region=region, error=False, **values())

    page = kept(here, (template, region or "", name), whole)
    return answer(request, page, {"Content-Type": _KIND}, request.scope["nonce"].encode())


def kept(here: Floor, key: tuple[str, str, str], make: Callable[[], str]) -> Still:
    """What is kept under this key; made at the first call."""
    found = here.stills.get(key)
    if found is None:
        found = here.stills[key] = cut(make())
    return found


def answer(
    request: Request, page: Still, headers: Mapping[str, str], nonce: bytes = b""
) -> Response:
    """The page as the browser takes it, compressed or plain."""
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(page.gzipped(nonce), headers={**headers, **_PACKED})
    return Response(page.plain(nonce), headers=dict(headers))


def cut(html: str) -> Still:
    """The page as parts, plain and packed."""
    parts = tuple(html.encode().split(_HOLE.encode()))
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # Trap: a full flush, so that no part refers back beyond a nonce that will be another one.
    packed = [packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH) for part in parts]
    packed[-1] += packer.flush()
    return Still(parts, tuple(packed))
