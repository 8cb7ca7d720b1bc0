"""What several pages of a clinic share: names of staff, and files to keep.

It has no page of its own.
"""

from __future__ import annotations

from starlette.responses import Response

from app.store.accounts import staff
from app.store.db.scope import Scope
from app.web.staff_request import StaffRequest
from app.web.wire import compress_response

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet would work out rather than show."""


def list_staff_names(scope: Scope) -> dict[str, str]:
    """What everyone of the staff is called, by id; disabled ones too."""
    return {member.id: member.name for member in staff.list_staff(scope)}


def escape_formula(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def build_download(
    request: StaffRequest, content: str | bytes, kind: str, disposition: str
) -> Response:
    """A file to keep, which no browser opens as a page."""
    body = content.encode() if isinstance(content, str) else content
    response = compress_response(request, body, f"{kind}; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename={disposition}"
    return response
