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
_RECOVERY_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that looks like another


def derive_totp_secret(keyring: KeyEncryptionKeys, token: str) -> str:
    """The secret that goes with a link, the same each time it is looked at: nothing is kept."""
    print_ = bytes.fromhex(keyring.keyed_hash("second factor", token))
    return base64.b32encode(print_[:20]).decode()


def build_totp_uri(secret: str, name: str, issuer: str) -> str:
    """What an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def match_totp_step(secret: str, code: str, now: datetime) -> int | None:
    """The step that the code is of: this one or a neighbour; None for any other code."""
    totp, this = pyotp.TOTP(secret), int(now.timestamp()) // TOTP_PERIOD_SECONDS
    typed = "".join(unicodedata.normalize("NFKC", code).split())  # digits of any keyboard
    found = None
    for step in (this - 1, this, this + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed.encode("utf-8", "replace")):
            found = step
    return found


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


def _make_recovery_code() -> str:
    letters = [secrets.choice(_RECOVERY_ALPHABET) for _ in range(10)]
    return "".join(letters[:5]) + "-" + "".join(letters[5:])


def _hash_recovery_code(scope: Scope, staff: str, code: str) -> str:
    plain = "".join(letter for letter in code.upper() if letter in _RECOVERY_ALPHABET)
    return scope.keyring.keyed_hash("recovery code", scope.clinic, staff, plain)
