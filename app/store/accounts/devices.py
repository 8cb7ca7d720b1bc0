"""Browsers in which someone of the staff has signed in before, by both factors.

Who tries passwords from elsewhere cannot use up the tries of such a browser. What it holds is
random, and only the keyring can tell whose it is. It ends with the password that it was made for.
Knows no cookies.
"""

import hmac
import re
import secrets
from collections.abc import Iterable

from app.store.ground.scope import Scope
from app.store.ground.sealing import Keyring
from app.store.tables import Staff

MOST = 8
"""So many of a clinic's staff share one browser; a ninth takes the place of who is away longest."""
_HALF = 32  # letters of each half of a mark: what is random, and what shows that we made it
_MARK = re.compile(rf"[0-9a-f]{{{2 * _HALF}}}")


def known(keyring: Keyring, staff: Staff | None, marks: Iterable[str]) -> str:
    """The mark that this member's sign-in left in the browser; "" where there is none that counts.

    Disabled, or with a new password, they are not known any more.
    """
    if staff is None or staff.disabled_at is not None or staff.password_hash is None:
        return ""
    made_by_us = (
        mark
        for mark in _readable(marks)
        if hmac.compare_digest(_mark(keyring, staff, mark[:_HALF]), mark)
    )
    return next(made_by_us, "")


def remembering(scope: Scope, staff: Staff, marks: Iterable[str]) -> list[str]:
    """The marks that the browser holds from now on, the one of this member first."""
    marks = _readable(marks)
    own = known(scope.keyring, staff, marks) or _mark(
        scope.keyring, staff, secrets.token_hex(_HALF // 2)
    )
    return [own, *(mark for mark in marks if mark != own)][:MOST]


def _readable(marks: Iterable[str]) -> list[str]:
    return [mark for mark in marks if _MARK.fullmatch(mark)][:MOST]


def _mark(keyring: Keyring, staff: Staff, random: str) -> str:
    words = (staff.clinic_id, staff.id, staff.email_print, staff.password_hash or "", random)
    return random + keyring.fingerprint("known device", *words)[:_HALF]
