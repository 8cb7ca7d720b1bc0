"""Random words that open something, given out once and kept only as a hash.

Each begins with its clinic, so that it is looked for there alone. Knows nothing of what it opens.
"""

import hashlib
import re
import secrets

_CLINIC = re.compile(r"[a-z0-9]{1,16}")


def make_token(clinic: str) -> str:
    """A token of 256 random bits."""
    return f"{clinic}.{secrets.token_urlsafe(32)}"


def hash_token(token: str) -> str:
    """The token as it is kept; so long a random word needs no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def parse_clinic_id(token: str) -> str:
    """The clinic that the token names; "" where what came from outside is no token."""
    clinic = token.partition(".")[0]
    return clinic if _CLINIC.fullmatch(clinic) else ""
