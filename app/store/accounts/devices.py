"""Browsers in which someone of the staff has signed in before, by both factors.

Who tries passwords from elsewhere cannot use up the tries of such a browser. What it holds is
random, and only the keyring can tell whose it is. It ends with the password that it was made for.
Knows no cookies.
"""

import hmac
import re
import secrets
from collections.abc import Iterable

from app.store.db.encryption import KeyEncryptionKeys
from app.store.db.scope import Scope
from app.store.db.tables import Staff

MAX_TOKENS_PER_BROWSER = 8
"""So many of a clinic's staff share one browser; a ninth takes the place of who is away longest."""
_HALF_LENGTH = 32  # letters of each half of a mark: what is random, and what shows that we made it
_TOKEN_PATTERN = re.compile(rf"[0-9a-f]{{{2 * _HALF_LENGTH}}}")


def find_device_token(
    keyring: KeyEncryptionKeys, staff: Staff | None, device_tokens: Iterable[str]
) -> str:
    """The mark that this member's sign-in left in the browser; "" where there is none that counts.

    Disabled, or with a new password, they are not known any more.
    """
    if staff is None or staff.disabled_at is not None or staff.password_hash is None:
        return ""
    own_tokens = (
        token
        for token in _well_formed_tokens(device_tokens)
        if hmac.compare_digest(_make_device_token(keyring, staff, token[:_HALF_LENGTH]), token)
    )
    return next(own_tokens, "")


def add_device_token(scope: Scope, staff: Staff, device_tokens: Iterable[str]) -> list[str]:
    """The marks that the browser holds from now on, the one of this member first."""
    device_tokens = _well_formed_tokens(device_tokens)
    own_token = find_device_token(scope.keyring, staff, device_tokens) or _make_device_token(
        scope.keyring, staff, secrets.token_hex(_HALF_LENGTH // 2)
    )
    return [own_token, *(token for token in device_tokens if token != own_token)][
        :MAX_TOKENS_PER_BROWSER
    ]


def _well_formed_tokens(device_tokens: Iterable[str]) -> list[str]:
    return [token for token in device_tokens if _TOKEN_PATTERN.fullmatch(token)][
        :MAX_TOKENS_PER_BROWSER
    ]


def _make_device_token(keyring: KeyEncryptionKeys, staff: Staff, random: str) -> str:
    words = (staff.clinic_id, staff.id, staff.email_print, staff.password_hash or "", random)
    return random + keyring.keyed_hash("known device", *words)[:_HALF_LENGTH]
