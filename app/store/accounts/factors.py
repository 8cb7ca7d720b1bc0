"""The second factor of staff: six-digit codes by time, each once, and recovery codes.

Knows nothing of sessions or pages.
"""

import base64
import hmac
import secrets
from datetime import datetime

import pyotp
from sqlmodel import col

from app.store.ground import keys
from app.store.ground.scope import Scope, WritingScope
from app.store.ground.sealing import Keyring
from app.store.tables import RecoveryCode, Staff

STEP = 30  # seconds that one code stands for
RECOVERY_CODES = 10
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that looks like another


def secret_for(keyring: Keyring, token: str) -> str:
    """The secret that goes with a link, the same each time it is looked at: nothing is kept."""
    print_ = bytes.fromhex(keyring.fingerprint("second factor", token))
    return base64.b32encode(print_[:20]).decode()


def address(secret: str, name: str, issuer: str) -> str:
    """What an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step that the code is of: this one or a neighbour; None for any other code."""
    totp, this = pyotp.TOTP(secret), int(now.timestamp()) // STEP
    typed = "".join(code.split())
    found = None
    for step in (this - 1, this, this + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed.encode("utf-8", "replace")):
            found = step
    return found


def enrol(scope: WritingScope, staff: str, secret: str, step: int) -> list[str]:
    """Give someone a new second factor, and recovery codes; both replace what was there."""
    sealed = keys.of(scope, staff).seal("staff", staff, "totp", secret)
    scope.change(Staff, id=staff, to={"totp_sealed": sealed, "totp_step": step})
    scope.remove(RecoveryCode, staff_id=staff)
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    prints = [{"staff_id": staff, "code_print": _print(scope, staff, code)} for code in codes]
    scope.add_all(RecoveryCode, prints)
    return codes


def use(scope: WritingScope, staff: Staff, code: str, now: datetime) -> bool:
    """Take a code, from the app or a recovery code; each is good once."""
    if staff.totp_sealed is None:
        return False
    secret = keys.of(scope, staff.id).open("staff", staff.id, "totp", staff.totp_sealed)
    step = step_of(secret, code, now)
    if step is not None:
        newer = col(Staff.totp_step) < step
        return scope.change(Staff, newer, id=staff.id, to={"totp_step": step}) == 1
    unused = col(RecoveryCode.used_at).is_(None)
    print_ = _print(scope, staff.id, code)
    used = {"used_at": now}
    return scope.change(RecoveryCode, unused, staff_id=staff.id, code_print=print_, to=used) == 1


def recovery_codes_left(scope: Scope, staff: str) -> int:
    """How many recovery codes are unused."""
    return scope.count(RecoveryCode, col(RecoveryCode.used_at).is_(None), staff_id=staff)


def _recovery_code() -> str:
    letters = [secrets.choice(_LETTERS) for _ in range(10)]
    return "".join(letters[:5]) + "-" + "".join(letters[5:])


def _print(scope: Scope, staff: str, code: str) -> str:
    plain = "".join(letter for letter in code.upper() if letter in _LETTERS)
    return scope.keyring.fingerprint("recovery code", scope.clinic, staff, plain)
