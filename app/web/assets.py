"""The files that a page needs, read once at start: bundled, compressed, named after their content.

It must not know any page. The style sheet and the script are one file each: a script that arrives
only in part would take a form over and then not send it.
"""

import gzip
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

# Served name -> the files under static/ that it is made of, in order: tokens first, print last.
_BUNDLES = {
    "site.css": (
        "vendor/nhsuk.css",
        "tokens.css",
        "page.css",
        "buttons.css",
        "questions.css",
        "body_map.css",
        "size_chart.css",
        "cards.css",
        "result.css",
        "take.css",
        "learn.css",
        "trust.css",
        "safety.css",
        "print.css",
    ),
    # Beside the first, so that patients do not pay for it.
    "staff.css": ("staff.css", "invitations.css", "findings.css", "submission.css", "sheet.css"),
    "site.js": ("vendor/htmx.min.js", "vendor/hx-csp.min.js", "app.js", "copying.js", "offline.js"),
    # No form of staff is taken over.
    "staff.js": ("copying.js", "staff.js", "worklist.js", "shared_code.js", "days.js"),
    "icon.svg": ("images/icon.svg",),
}
_FIRST_SIGHT = (
    *("vendor/nhsuk.css", "tokens.css", "page.css", "buttons.css"),
    *("questions.css", "cards.css", "learn.css"),
)
"""The sheets of a page on which people begin. They stand in it, so that a slow phone need not wait
for a second file before it shows anything; the whole sheet comes behind the page."""
_KINDS = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_WORKER = "worker.js"  # it may guard no path above its own, so it stands at the root
_COMMENTS = re.compile(rb"/\*.*?\*/\s*", re.DOTALL)
_FOREVER = "public, max-age=31536000, immutable"


class AssetFault(Exception):
    """A file that every page needs is not there."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One served file, as it is and compressed."""

    plain: bytes
    packed: bytes
    kind: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All served files: by address, the address of each by name, and the service worker.

    `first_sight`: the styles that stand in a page on which people begin.
    """

    by_address: Mapping[str, Asset]
    addresses: Mapping[str, str]
    worker: bytes
    first_sight: Markup


def bundle_assets(folder: Path) -> Assets:
    """Read and bundle all served files. Raises AssetFault when set-up has not built one of them."""
    by_address: dict[str, Asset] = {}
    addresses: dict[str, str] = {}
    for name, parts in _BUNDLES.items():
        plain = b"\n".join(_read_parts(folder, parts))
        stem, ending = name.rsplit(".", 1)
        address = f"/static/{stem}.{hashlib.sha256(plain).hexdigest()[:12]}.{ending}"
        by_address[address] = Asset(plain, gzip.compress(plain, 9, mtime=0), _KINDS[ending])
        addresses[name] = address
    (worker,) = _read_parts(folder, [_WORKER])
    first_sight = b"\n".join(_read_parts(folder, _FIRST_SIGHT)).decode()
    # Made of files of ours alone, and of nothing that anyone sent: to escape them would break them.
    return Assets(by_address, addresses, worker, Markup(first_sight))  # noqa: S704


def _read_parts(folder: Path, parts: Iterable[str]) -> Iterable[bytes]:
    for part in parts:
        try:
            # Trap: a byte order mark is allowed only at the very start of a style sheet.
            plain = (folder / part).read_bytes().removeprefix(b"\xef\xbb\xbf")
        except OSError as error:
            raise AssetFault(f"{folder / part} is missing: run `make setup` to build it") from error
        # Our comments are for who reads the file; they would cost every visitor bytes.
        ours = part.endswith(".css") and not part.startswith("vendor/")
        yield _COMMENTS.sub(b"", plain) if ours else plain


async def serve_asset(request: Request) -> Response:
    """GET /static/NAME.HASH.ENDING: for ever the same bytes, so the browser may keep them."""
    assets: Assets = request.app.state.context.assets
    asset = assets.by_address.get(request.scope["path"])
    if asset is None:
        raise HTTPException(status_code=404)
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding", "Content-Type": asset.kind}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, headers=headers | {"Content-Encoding": "gzip"})
    return Response(asset.plain, headers=headers)


async def serve_worker(request: Request) -> Response:
    """GET /worker.js: what keeps one page for when the network is gone; never from a cache."""
    assets: Assets = request.app.state.context.assets
    return Response(assets.worker, media_type=_KINDS["js"])
