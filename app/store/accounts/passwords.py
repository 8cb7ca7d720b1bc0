"""Passwords: which are good enough, and their hashes, a few at a time.

A hash takes 64 MiB and a tenth of a second on purpose, so only as many are made at once as there
are cores. Who asks for one takes a place first; where all are taken, they are turned away before
anything is done for them. Knows nothing of staff.
"""

import functools
import os
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from zxcvbn import zxcvbn

SHORTEST, LONGEST = 12, 128
_TRIES_TO_GUESS = 10**8  # a password that is found sooner than this is refused
_CORES = os.cpu_count() or 1
_HASHER = PasswordHash((Argon2Hasher(),))
PLACES = _CORES + 8
"""So few wait for a hash, about a second, that what patients send is never behind them."""
_places = threading.BoundedSemaphore(PLACES)
_at_work = threading.BoundedSemaphore(_CORES)

Problem = Literal["short", "long", "common"]


class TooBusy(Exception):
    """Too many passwords are being looked at; it is worth trying again in a few seconds."""


def problem(password: str, context: Iterable[str] = ()) -> Problem | None:
    """What is wrong with a new password, if anything. `context` are words it must not lean on.

    Any characters will do. A long list of common passwords and names is asked, here and offline.
    """
    plain = _normal(password)
    if len(plain) < SHORTEST:
        return "short"
    if len(plain) > LONGEST:
        return "long"
    words = ["calcinosis", "calcinosis check", *(word for word in context if len(word) > 2)]
    words += [part for word in words for part in word.split() if len(part) > 2]
    # Only the first letters count there: its time grows with the square of the length.
    judged = zxcvbn(plain[:40], user_inputs=words)
    return "common" if judged["guesses"] < _TRIES_TO_GUESS else None


@contextmanager
def place() -> Iterator[None]:
    """A place for a request with a password, asked for before it has a thread. Raises TooBusy."""
    if not _places.acquire(blocking=False):
        raise TooBusy
    try:
        yield
    finally:
        _places.release()


def hashed(password: str) -> str:
    """The password as it is kept."""
    with _at_work:
        return _HASHER.hash(_bytes(_normal(password)))


def checked(password: str, kept: str | None) -> str | None:
    """The hash to keep from now on where the password is the one that was kept; else None.

    It takes as long where nothing was kept.
    """
    decoy, plain = _decoy(), _normal(password)
    with _at_work:
        same, renewed = _HASHER.verify_and_update(_bytes(plain[:LONGEST]), kept or decoy)
    return (renewed or kept) if same and len(plain) <= LONGEST else None


@functools.cache
def _decoy() -> str:
    """The hash of a password that nobody has."""
    return _HASHER.hash(os.urandom(32))


def _normal(password: str) -> str:
    """One form for letters that keyboards write in several ways."""
    return unicodedata.normalize("NFC", password)


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")  # any characters, even half ones
