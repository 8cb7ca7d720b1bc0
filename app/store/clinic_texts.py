"""The clinic's own texts that a nurse can start from: about nobody, so kept in clear.

A text that is no longer wanted is retired, not deleted; what was sent of it stays with its reader.
"""

import secrets
from typing import Any

from app.store.closing_rules import MAX_TOLD_LETTERS
from app.store.db import audit
from app.store.db.scope import Scope, WritingScope
from app.store.db.tables import ClinicText
from app.store.review_steps import DISPOSITIONS

MAX_TEXTS = 100
_MAX_TITLE_LETTERS = 60


class NoSuchText(Exception):
    """The clinic has no text of this id, or has retired it."""


def list_texts(scope: Scope) -> list[ClinicText]:
    """The texts that are offered, by their names."""
    found = scope.find_all(ClinicText, retired_at=None)
    return sorted(found, key=lambda text: text.title.casefold())


def find_text(scope: Scope, text: str) -> ClinicText:
    """The text of this id. Raises NoSuchText."""
    return scope.require_one(ClinicText, NoSuchText, id=text, retired_at=None)


def find_text_problems(scope: Scope, text: str, title: str, body: str, outcome: str) -> list[str]:
    """What is wrong with a text before it is kept, in words: title, taken, body, for, full.

    `text`: its id, or "" for a new one.
    """
    others, found = [one for one in list_texts(scope) if one.id != text], []
    if not 0 < len(title) <= _MAX_TITLE_LETTERS:
        found.append("title")
    elif any(one.title.casefold() == title.casefold() for one in others) and (
        text or not find_same_text(scope, title, body, outcome)
    ):
        found.append("taken")
    if not 0 < len(body) <= MAX_TOLD_LETTERS:
        found.append("body")
    if outcome and outcome not in DISPOSITIONS:
        found.append("for")
    return [*found, *(["full"] if not text and len(others) >= MAX_TEXTS else [])]


def save_text(scope: WritingScope, text: str, title: str, body: str, outcome: str) -> str:
    """Keep a new text, or a known one as it reads now; give its id. Raises NoSuchText.

    What is kept just so already, as by a form that was sent twice, is not kept again.
    """
    same = find_same_text(scope, title, body, outcome)
    values: dict[str, Any] = {"title": title, "body": body, "outcome": outcome or None}
    values |= {"changed_by": scope.who, "changed_at": scope.now}
    if text:
        find_text(scope, text)
        if text == same:
            return text
        scope.update_rows(ClinicText, id=text, to=values)
        return _record(scope, "text_changed", text)
    if same:
        return same
    added = secrets.token_urlsafe(12)
    scope.add_row(ClinicText, id=added, **values)
    return _record(scope, "text_added", added)


def find_same_text(scope: Scope, title: str, body: str, outcome: str) -> str:
    """The id of the text that reads just so; "" where there is none."""
    same = (title, body, outcome or None)
    known = (one.id for one in list_texts(scope) if (one.title, one.body, one.outcome) == same)
    return next(known, "")


def retire_text(scope: WritingScope, text: str) -> None:
    """Offer it no longer, where it still is. Raises NoSuchText for one that never was."""
    if scope.require_one(ClinicText, NoSuchText, id=text).retired_at is not None:
        return
    scope.update_rows(ClinicText, id=text, to={"retired_at": scope.now})
    _record(scope, "text_retired", text)


def _record(scope: WritingScope, action: str, text: str) -> str:
    audit.record_event(scope, action, ("text", text))
    return text
