"""What several pages of a clinic share: names of staff, times in words, files to keep.

It has no page of its own.
"""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from app.presentation import dates
from app.store.accounts import staff
from app.store.db.scope import Scope
from app.web.compression import compress_response
from app.web.staff_request import StaffRequest

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet would work out rather than show."""


def list_staff_names(scope: Scope) -> dict[str, str]:
    """What everyone of the staff is called, by id; disabled ones too."""
    return {member.id: member.name for member in staff.list_staff(scope)}


def role_key(role: str) -> str:
    """The key of the words for a role."""
    return f"role.{role}"


def format_time(request: StaffRequest, at: datetime, time_zone: str) -> str:
    """A time on the clinic's clock and calendar, in the language of the page."""
    language = request.context.language
    return dates.format_local_time(at, time_zone, language)


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
