"""Passwords: which are good enough, and their hashes, a few at a time.

A hash takes 64 MiB and a tenth of a second on purpose, so only as many are made at once as there
are cores. Who asks for one takes a place first; where all are taken, they are turned away before
anything is done for them.
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

MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH = 12, 128
_MIN_GUESSES = 10**8  # a password that is found sooner than this is refused
_CPU_COUNT = os.cpu_count() or 1
_HASHER = PasswordHash((Argon2Hasher(),))
MAX_WAITING_PASSWORDS = _CPU_COUNT + 8
"""So few wait for a hash, about a second, that what patients send is never behind them."""
_request_slots = threading.BoundedSemaphore(MAX_WAITING_PASSWORDS)
_hashing_slots = threading.BoundedSemaphore(_CPU_COUNT)

PasswordProblem = Literal["short", "long", "common"]


class PasswordQueueFull(Exception):
    """Too many passwords are being looked at; it is worth trying again in a few seconds."""


def find_password_problem(password: str, context: Iterable[str] = ()) -> PasswordProblem | None:
    """What is wrong with a new password, if anything. `context`: words it must not lean on."""
    plain = unicodedata.normalize("NFC", password)
    if len(plain) < MIN_PASSWORD_LENGTH:
        return "short"
    if len(plain) > MAX_PASSWORD_LENGTH:
        return "long"
    words = ["calcinosis", "calcinosis check", *(word for word in context if len(word) > 2)]
    words += [part for word in words for part in word.split() if len(part) > 2]
    # Here, since its lists take a tenth of the server's memory, and few choose a password.
    from zxcvbn import zxcvbn

    # Only the first letters count there: its time grows with the square of the length.
    judged = zxcvbn(plain[:40], user_inputs=words)
    return "common" if judged["guesses"] < _MIN_GUESSES else None


@contextmanager
def reserve_hash_slot() -> Iterator[None]:
    """A place for a request, asked for before it has a thread. Raises PasswordQueueFull."""
    if not _request_slots.acquire(blocking=False):
        raise PasswordQueueFull
    try:
        yield
    finally:
        _request_slots.release()


def hash_password(password: str) -> str:
    """The password as it is kept."""
    with _hashing_slots:
        return _HASHER.hash(_encode_password(password))


def verify_password(password: str, kept: str | None) -> str | None:
    """The hash to keep from now on where the password fits, else None; as slow if none was kept."""
    decoy, typed = _decoy_hash(), unicodedata.normalize("NFC", password)
    plain = _encode_password(typed[:MAX_PASSWORD_LENGTH])
    with _hashing_slots:
        same, renewed = _HASHER.verify_and_update(plain, kept or decoy)
    return (renewed or kept) if same and len(typed) <= MAX_PASSWORD_LENGTH else None


@functools.cache
def _decoy_hash() -> str:
    """The hash of a password that nobody has."""
    return _HASHER.hash(os.urandom(32))


def _encode_password(password: str) -> bytes:
    """Any characters, even half ones; one form for letters that keyboards write in several ways."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
