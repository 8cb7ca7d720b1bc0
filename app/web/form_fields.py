"""The fields of a form that was sent, as text; a file that came with it is read as text too.

A form is small (the gate of app/web/shield.py sees to it) and nothing of it is kept. It must not
know what a field is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request

MOST_FIELDS = 250
_WITH_FILES = "multipart/form-data"


async def read_form_fields(request: Request) -> Mapping[str, list[str]]:
    """The fields by name; none where the body is no form, or one of too many fields."""
    if request.headers.get("content-type", "").startswith(_WITH_FILES):
        return await _read_form_with_files(request)
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return parse_qs(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}


async def _read_form_with_files(request: Request) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        async with request.form(max_files=MOST_FIELDS, max_fields=MOST_FIELDS) as form:
            for name, value in form.multi_items():
                text = value if isinstance(value, str) else _decode_file(await value.read())
                found.setdefault(name, []).append(text)
    except HTTPException:  # what cannot be read as a form says nothing
        return {}
    return found if sum(map(len, found.values())) <= MOST_FIELDS else {}


def _decode_file(content: bytes) -> str:
    """What a file says: UTF-8, or what spreadsheets on Windows write."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def strip_invisible(text: str) -> str:
    """The text without what cannot be seen, such as ends of lines."""
    return "".join(letter for letter in text if letter.isprintable())
