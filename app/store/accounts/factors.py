"""The second factor of staff: six-digit codes by time, each once, and recovery codes."""

import base64
import hmac
import secrets
import unicodedata
from datetime import datetime

import pyotp

from app.store.db import record_keys
from app.store.db.encryption import KeyEncryptionKeys
from app.store.db.scope import Scope, WritingScope
from app.store.db.tables import RecoveryCode, Staff

TOTP_PERIOD_SECONDS = 30  # seconds that one code stands for
RECOVERY_CODE_COUNT = 10
MAX_CLOCK_STEPS = 20  # ten minutes: a clock that is further off is not looked for
_RECOVERY_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that looks like another


def derive_totp_secret(keyring: KeyEncryptionKeys, token: str) -> str:
    """The secret that goes with a link, the same each time it is looked at: nothing is kept."""
    print_ = bytes.fromhex(keyring.keyed_hash("second factor", token))
    return base64.b32encode(print_[:20]).decode()


def build_totp_uri(secret: str, name: str, issuer: str) -> str:
    """What an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def match_totp_step(secret: str, code: str, now: datetime, reach: int = 1) -> int | None:
    """The step that the code is of, at most `reach` steps from now; None for any other code."""
    totp, this = pyotp.TOTP(secret), int(now.timestamp()) // TOTP_PERIOD_SECONDS
    typed = _normalize_code(code)
    found = None
    for step in range(this - reach, this + reach + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed):
            found = step
    return found


def measure_clock_error(secret: str, code: str, now: datetime, newer_than: int = 0) -> int:
    """By how many minutes the clock of a phone is fast that shows this code; below 0 it is slow.

    0 where that cannot be told. A code no newer than the last that counted says nothing: it may
    be an old one, typed again.
    """
    step = match_totp_step(secret, code, now, MAX_CLOCK_STEPS)
    if step is None or step <= newer_than:
        return 0
    steps = step - int(now.timestamp()) // TOTP_PERIOD_SECONDS
    if abs(steps) <= 1:
        return 0  # no error at all: such a code is taken
    minutes = round(abs(steps) * TOTP_PERIOD_SECONDS / 60)
    return minutes if steps > 0 else -minutes


def measure_staff_clock(scope: WritingScope, staff: Staff, code: str) -> int:
    """The same by someone's own second factor, for a code of theirs that was refused."""
    if staff.totp_sealed is None:
        return 0
    secret = record_keys.load_data_key(scope, staff.id).open_field(
        "staff", staff.id, "totp", staff.totp_sealed
    )
    return measure_clock_error(secret, code, scope.now, staff.totp_step)


def hash_typed_code(keyring: KeyEncryptionKeys, staff: str, code: str) -> str:
    """The same for the same code, however it is spaced; nobody can tell from it which it was."""
    return keyring.keyed_hash("typed code", staff, _normalize_code(code).hex())


def enrol_second_factor(scope: WritingScope, staff: str, secret: str, step: int) -> list[str]:
    """Give someone a new second factor, and recovery codes; both replace what was there."""
    sealed = record_keys.load_data_key(scope, staff).seal_field("staff", staff, "totp", secret)
    scope.update_rows(Staff, id=staff, to={"totp_sealed": sealed, "totp_step": step})
    scope.delete_rows(RecoveryCode, staff_id=staff)
    codes = [_make_recovery_code() for _ in range(RECOVERY_CODE_COUNT)]
    prints = [_hash_recovery_code(scope, staff, code) for code in codes]
    scope.add_rows(RecoveryCode, [{"staff_id": staff, "code_print": one} for one in prints])
    return codes


def consume_code(scope: WritingScope, staff: Staff, code: str) -> bool:
    """Take a code, from the app or a recovery code; each is good once."""
    if staff.totp_sealed is None:
        return False
    key = record_keys.load_data_key(scope, staff.id)
    secret = key.open_field("staff", staff.id, "totp", staff.totp_sealed)
    step = match_totp_step(secret, code, scope.now)
    if step is not None:
        newer = Staff.totp_step < step
        return scope.update_rows(Staff, newer, id=staff.id, to={"totp_step": step}) == 1
    unused = RecoveryCode.used_at.is_(None)
    this = {"staff_id": staff.id, "code_print": _hash_recovery_code(scope, staff.id, code)}
    return scope.update_rows(RecoveryCode, unused, **this, to={"used_at": scope.now}) == 1


def count_recovery_codes(scope: Scope, staff: str) -> int:
    """How many recovery codes are unused."""
    return scope.count_rows(RecoveryCode, RecoveryCode.used_at.is_(None), staff_id=staff)


def _normalize_code(code: str) -> bytes:
    """Without spaces, and with the digits of any keyboard as plain ones."""
    return "".join(unicodedata.normalize("NFKC", code).split()).encode("utf-8", "replace")


def _make_recovery_code() -> str:
    letters = [secrets.choice(_RECOVERY_ALPHABET) for _ in range(10)]
    return "".join(letters[:5]) + "-" + "".join(letters[5:])


def _hash_recovery_code(scope: Scope, staff: str, code: str) -> str:
    plain = "".join(letter for letter in code.upper() if letter in _RECOVERY_ALPHABET)
    return scope.keyring.keyed_hash("recovery code", scope.clinic, staff, plain)
