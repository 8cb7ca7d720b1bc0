"""Forms that carry a file: their fields as text, as other forms give them.

The file is small (the gate of app/web/shield.py sees to it) and is read as text; nothing is kept.
It must not know what a file is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

KIND = "multipart/form-data"


def parse_multipart(content_type: str, body: bytes, most: int) -> Mapping[str, list[str]]:
    """The fields by name, a file as its text; nothing where the body is no form."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("utf-8", "surrogateescape")
    whole = BytesParser(EmailMessage, policy=HTTP).parsebytes(head + body)
    parts = list(whole.iter_parts()) if whole.is_multipart() else []
    found: dict[str, list[str]] = {}
    for part in parts if len(parts) <= most else []:
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found.setdefault(name, []).append(decode_text(content))
    return found


def decode_text(content: bytes) -> str:
    """What a file says: UTF-8, or what spreadsheets on Windows write."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
