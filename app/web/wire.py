"""What goes between a browser and us besides pages: cookies, fields of forms, files, our address.

Cookies are readable by no script, and bound to this host over https. A form is small (the gate of
app/web/shield.py sees to it) and nothing of it is kept. It must not know what a field is for.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Literal
from urllib.parse import parse_qs

from isal import isal_zlib
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.documents.patient_list.table import unify_spaces

LONGEST_LIFETIME = 400 * 24 * 60 * 60  # seconds; browsers keep no cookie longer
MOST_FIELDS = 1300  # a list of 200 patients has six for each
WORTH_PACKING = 1000  # bytes; below that the answer is one packet either way
PLAIN_HEADERS = {"Vary": "Accept-Encoding"}
GZIP_HEADERS = {**PLAIN_HEADERS, "Content-Encoding": "gzip"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet would work out rather than show."""
_NEEDED_INVISIBLE = "\t\u00a0\u061c\u200c\u200d\u200e\u200f\u202f\u3000"
"""Invisible, and yet part of what people write: spaces, joiners, marks of direction."""
_GZIP = 31  # the window bits by which zlib's calls know that a gzip file is wanted
_WITH_FILES = "multipart/form-data"
_FILES = "uploaded_files"


def cookie_name(request: Request, name: str) -> str:
    """The name as this browser holds it.

    Browsers take a `__Host-` cookie over https only; a clinic's own network may have none.
    """
    return f"__Host-{name}" if request.scope["scheme"] == "https" else name


def find_site_address(request: Request) -> str:
    """The address that people see before every path, as in links and on paper."""
    known: str | None = request.scope.get("origin")
    return known or str(request.base_url).rstrip("/")


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


async def read_form_fields(request: Request) -> Mapping[str, list[str]]:
    """The fields by name; none where the body is no form, or one of too many fields.

    Files stand in the scope of the request, for `find_file`.
    """
    if request.headers.get("content-type", "").startswith(_WITH_FILES):
        return await _read_form_with_files(request)
    return await read_form(request, MOST_FIELDS)


async def read_form(request: Request, most: int = 200) -> dict[str, list[str]]:
    """The fields of a form without files; the longest tick list of a reply has under 40 lines."""
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return parse_qs(body, keep_blank_values=True, max_num_fields=most)
    except ValueError:
        return {}


async def _read_form_with_files(request: Request) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    files: dict[str, bytes] = {}
    request.scope[_FILES] = files
    try:
        async with request.form(max_files=MOST_FIELDS, max_fields=MOST_FIELDS) as form:
            for name, value in form.multi_items():
                if isinstance(value, str):
                    found.setdefault(name, []).append(value)
                else:
                    files[name] = await value.read()
    except HTTPException as refused:
        if refused.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise
        return {}  # what cannot be read as a form says nothing
    return found if sum(map(len, found.values())) <= MOST_FIELDS else {}


def find_file(request: Request, name: str) -> bytes:
    """The content of the file that was sent under this name; nothing where there is none."""
    files: dict[str, bytes] = request.scope.get(_FILES, {})
    return files.get(name, b"")


def strip_invisible(text: str) -> str:
    """The text as one line with one kind of space, and without what cannot be seen."""
    return unify_spaces(text)


def clean_lines(text: str) -> str:
    """Typed lines without what cannot be seen, empty ones and space around them.

    Joiners and marks of direction stay, since scripts need them; what turns the text after it does
    not.
    """
    lines = []
    for line in text.splitlines():
        kept = (letter for letter in line if letter.isprintable() or letter in _NEEDED_INVISIBLE)
        lines.append("".join(" " if letter == "\t" else letter for letter in kept).strip())
    return "\n".join(filter(None, lines))


def accepts_gzip(request: Request) -> bool:
    """Whether the browser takes a compressed answer."""
    return "gzip" in request.headers.get("accept-encoding", "")


def compress_response(request: Request, body: bytes, kind: str, status: int = 200) -> Response:
    """The answer of this media type, compressed if that is worth it."""
    if len(body) < WORTH_PACKING or not accepts_gzip(request):
        return Response(body, status, {"Content-Type": kind, **PLAIN_HEADERS})
    return Response(compress_bytes(body), status, {"Content-Type": kind, **GZIP_HEADERS})


def compress_bytes(body: bytes) -> bytes:
    """The bytes as a gzip file."""
    return bytes(isal_zlib.compress(body, 3, _GZIP))


def build_download(request: Request, content: str | bytes, kind: str, disposition: str) -> Response:
    """A file to keep, which no browser opens as a page."""
    body = content.encode() if isinstance(content, str) else content
    response = compress_response(request, body, f"{kind}; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename={disposition}"
    return response


def escape_formula(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
