"""Pages that hardly change: rendered once, at their first visit.

What differs from answer to answer stands in holes of fixed length: the nonce, and the ticks of a
question. A page that differs in its nonce alone is also compressed once. It knows bytes and
templates; it must not know what a page is about, and it keeps nothing of anyone.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from app.web import tablet
from app.web.pages import (
    HTML_MEDIA_TYPE,
    AppContext,
    app_context,
    is_landing,
    read_region_and_alarm,
    render_html,
)
from app.web.wire import GZIP_HEADERS, PLAIN_HEADERS, accepts_gzip, compress_bytes

MOST_KEPT = 1000  # pages; the usual ones are about 200, each of some 20 KB
TICK_HOLE = Markup("\1")
"""Stands for " checked" or nothing while a page is rendered; no page holds this character."""
_NONCE = "\0"
_LENGTHS = {_NONCE: 22, str(TICK_HOLE): len(" checked")}
_TICKED, _NOT_TICKED = b" checked", b"        "
_GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_WINDOW = 32 * 1024

Values = Callable[[], Mapping[str, object]]


class PageKey(NamedTuple):
    """All that a kept page follows from; `variant` tells pages of one template apart."""

    template: str
    language: str
    region: str = ""
    variant: tuple[object, ...] = ()
    alarmed: bool = False
    lands: bool = False


@dataclass(frozen=True, slots=True)
class CachedPage:
    """One page as bytes, in parts; `holes` says what goes between each and the next.

    `packed`: the same parts, each a piece of one deflate stream; empty for a page with ticks,
    which differs so often that it is compressed as a whole: smaller, and nearly as fast.
    """

    parts: tuple[bytes, ...]
    packed: tuple[bytes, ...]
    holes: tuple[str, ...]

    def plain_bytes(self, nonce: bytes = b"", ticks: Iterable[bool] = ()) -> bytes:
        """The page with this nonce and these lines ticked, in their order."""
        return _join_parts(self.parts, self._hole_fillings(nonce, ticks))

    def gzipped_bytes(self, nonce: bytes = b"", ticks: Iterable[bool] = ()) -> bytes:
        """The same as a gzip file; of one that is kept only the nonce and the sums are new."""
        fillings = self._hole_fillings(nonce, ticks)
        plain = _join_parts(self.parts, fillings)
        if not self.packed:
            return compress_bytes(plain)
        sums = zlib.crc32(plain).to_bytes(4, "little") + len(plain).to_bytes(4, "little")
        return _GZIP_HEAD + _join_parts(self.packed, [_stored_block(f) for f in fillings]) + sums

    def _hole_fillings(self, nonce: bytes, ticks: Iterable[bool]) -> list[bytes]:
        ticked = iter(ticks)
        return [
            nonce if hole == _NONCE else _TICKED if next(ticked) else _NOT_TICKED
            for hole in self.holes
        ]


def _join_parts(parts: tuple[bytes, ...], fillings: list[bytes]) -> bytes:
    return b"".join([piece for pair in zip(parts, [*fillings, b""], strict=True) for piece in pair])


@cache
def _stored_head(size: int) -> bytes:
    """The head of a block of deflate that is stored as it is: kind, length, length inverted."""
    return b"\0" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little")


def _stored_block(filling: bytes) -> bytes:
    return _stored_head(len(filling)) + filling


def render_cached_page(
    request: Request,
    template: str,
    *,
    region: str | None = None,
    variant: tuple[object, ...] = (),
    values: Values = dict,
    ticks: Iterable[bool] = (),
) -> Response:
    """The page of this template for this region; `variant` holds what else it depends on.

    Without a region it is where the person said they are, if they did.

    `values` is called at the first visit only, so they must follow from `template`, `region`,
    `variant` and the language alone. Each must be one of a few: every combination is kept.
    """
    context, timeout = app_context(request), tablet.find_page_timeout(request, template)
    alarmed, lands = False, is_landing(request, template)
    if region is None:
        region, alarmed = read_region_and_alarm(request)

    def render_whole_page() -> str:
        known: dict[str, Any] = {"alarmed": alarmed, "lands": lands, **values()}
        return render_html(
            context, template, _NONCE, region=region, error=False, tablet=timeout, **known
        )

    key = PageKey(template, context.language, region or "", variant, alarmed, lands)
    page = (
        split_page(render_whole_page())
        if timeout
        else find_or_render(context, key, render_whole_page)
    )
    headers = {"Content-Type": HTML_MEDIA_TYPE, **tablet.refresh_headers(timeout)}
    return respond_with_page(request, page, headers, request.scope["nonce"].encode(), ticks)


def find_or_render(context: AppContext, key: PageKey, make: Callable[[], str]) -> CachedPage:
    """What is kept under this key; made at the first call."""
    found = context.cached_pages.get(key)
    if found is None:
        while len(context.cached_pages) >= MOST_KEPT:
            del context.cached_pages[next(iter(context.cached_pages))]
        found = context.cached_pages[key] = split_page(make())
    return found


def respond_with_page(
    request: Request,
    page: CachedPage,
    headers: Mapping[str, str],
    nonce: bytes = b"",
    ticks: Iterable[bool] = (),
) -> Response:
    """The page as the browser takes it, compressed or plain."""
    if accepts_gzip(request):
        return Response(page.gzipped_bytes(nonce, ticks), headers={**headers, **GZIP_HEADERS})
    return Response(page.plain_bytes(nonce, ticks), headers={**headers, **PLAIN_HEADERS})


def split_page(html: str) -> CachedPage:
    """The page as parts, plain and packed."""
    pieces = re.split(f"([{''.join(_LENGTHS)}])", html)
    parts, holes = tuple(text.encode() for text in pieces[::2]), tuple(pieces[1::2])
    before, packed = b"", []
    if str(TICK_HOLE) in holes:
        return CachedPage(parts, (), holes)
    for part, hole in zip(parts, [*holes, ""], strict=True):
        # A part may refer back beyond a hole, whose length is fixed, but never into it, since no
        # part holds the character that fills it here.
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=before[-_WINDOW:])
        ending = zlib.Z_SYNC_FLUSH if hole else zlib.Z_FINISH
        packed.append(packer.compress(part) + packer.flush(ending))
        before += part + hole.encode() * _LENGTHS.get(hole, 0)
    return CachedPage(parts, tuple(packed), holes)
