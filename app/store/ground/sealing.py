"""Seals single fields, so that a stolen database or backup shows no answer, name or note.

Each record has a key of its own, and a master key wraps it. What is sealed is bound to its place
(clinic, table, record, field): moved elsewhere it does not open. The keys stand in a file beside
the database, never in it. Knows nothing of tables, of queries or of what the fields mean.
"""

import contextlib
import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_NAME_BYTES = 4
_FORM = b"\x01"  # the first byte of all that is sealed, so that another form can come later
_PURPOSES = ("audit", "search")


class BadKeyring(ValueError):
    """The file of keys cannot be used; the message says why and repeats no key."""


class WillNotOpen(Exception):
    """What was sealed was changed or moved, or its master key is gone."""


@dataclass(frozen=True, slots=True)
class RecordKey:
    """The key of one record."""

    clinic: str
    record: str
    _secret: bytes = field(repr=False)

    def seal(self, table: str, row: str, name: str, text: str) -> bytes:
        """Seal the text for this field of this row."""
        return _seal(self._secret, text.encode(), self._place(table, row, name))

    def open(self, table: str, row: str, name: str, sealed: bytes) -> str:
        """The text that was sealed for this very field. Raises WillNotOpen."""
        return _open(self._secret, sealed, self._place(table, row, name)).decode()

    def _place(self, table: str, row: str, name: str) -> bytes:
        return _place("field", self.clinic, self.record, table, row, name)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The master keys, newest first, and the keys for searching and for the audit chain."""

    masters: Mapping[bytes, bytes] = field(repr=False)
    search: bytes = field(repr=False)
    audit: bytes = field(repr=False)
    file: Path | None = None

    def make(self, clinic: str, record: str) -> tuple[RecordKey, bytes]:
        """A new key for the record, and the same key wrapped, to be kept with it."""
        secret = secrets.token_bytes(KEY_BYTES)
        return RecordKey(clinic, record, secret), self._wrap(clinic, record, secret)

    def unwrap(self, clinic: str, record: str, wrapped: bytes) -> RecordKey:
        """The record's key. Raises WillNotOpen."""
        name, box = wrapped[:_NAME_BYTES], wrapped[_NAME_BYTES:]
        masters = self.masters
        if name not in masters and self.file is not None:
            masters = _read(self.file).masters  # one that was added while this server runs
        if name not in masters:
            raise WillNotOpen("its master key is not in the keyring")
        return RecordKey(clinic, record, _open(masters[name], box, _place("key", clinic, record)))

    def rewrap(self, clinic: str, record: str, wrapped: bytes) -> bytes:
        """The same key wrapped by the newest master key. Raises WillNotOpen."""
        return self._wrap(clinic, record, self.unwrap(clinic, record, wrapped)._secret)

    def is_newest(self, wrapped: bytes) -> bool:
        """Whether the newest master key wraps it already."""
        return wrapped[:_NAME_BYTES] == self.newest

    @property
    def newest(self) -> bytes:
        """The name of the newest master key, with which every wrapped key begins."""
        return next(iter(self.masters))

    def fingerprint(self, *words: str) -> str:
        """A keyed hash of the words, to find them again where they must not stand in clear."""
        return hmac.new(self.search, _place(*words), hashlib.sha256).hexdigest()

    def _wrap(self, clinic: str, record: str, secret: bytes) -> bytes:
        box = _seal(self.masters[self.newest], secret, _place("key", clinic, record))
        return self.newest + box


def load_keyring(path: Path) -> Keyring:
    """The keyring in the file, made at first use. Raises BadKeyring or OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        with _turn(path):
            if not path.exists():
                lines = [_line(purpose) for purpose in ("master", *_PURPOSES)]
                _write(path, "".join(lines))
    if path.stat().st_mode & 0o077:
        raise BadKeyring(f"others can read {path}: chmod 600 it, and add a new master key")
    return _read(path)


def add_master_key(path: Path) -> Keyring:
    """Put a new master key first; the older ones still open what they wrapped."""
    with _turn(path):
        load_keyring(path)
        _write(path, _line("master") + path.read_text("ascii"))
    return load_keyring(path)


def drop_old_master_keys(path: Path) -> Keyring:
    """Keep only the newest master key. Whatever another one wraps is lost for ever."""
    with _turn(path):
        keyring = load_keyring(path)
        old = tuple(f"master {name.hex()} " for name in keyring.masters if name != keyring.newest)
        lines = path.read_text("ascii").splitlines(keepends=True)
        _write(path, "".join(line for line in lines if not line.startswith(old)))
    return load_keyring(path)


def _read(path: Path) -> Keyring:
    """Each line is: purpose, name, key in hexadecimal."""
    masters: dict[bytes, bytes] = {}
    others: dict[str, bytes] = {}
    for number, line in enumerate(path.read_text("ascii", "replace").splitlines(), 1):
        try:
            purpose, name, key = line.split(" ")
            secret, short = bytes.fromhex(key), bytes.fromhex(name)
        except ValueError:
            raise BadKeyring(f"{path}:{number}: a line is: purpose, name, key") from None
        if len(secret) != KEY_BYTES or len(short) != _NAME_BYTES or len(set(secret)) < 8:
            raise BadKeyring(f"{path}:{number}: this is no key of {KEY_BYTES} random bytes")
        if purpose not in ("master", *_PURPOSES) or purpose in others or short in masters:
            raise BadKeyring(f"{path}:{number}: unknown or second '{purpose}'")
        if purpose == "master":
            masters[short] = secret
        else:
            others[purpose] = secret
    if not masters or set(others) != set(_PURPOSES):
        raise BadKeyring(f"{path}: a master, an audit and a search key are needed")
    return Keyring(MappingProxyType(masters), others["search"], others["audit"], path)


def _line(purpose: str) -> str:
    return f"{purpose} {secrets.token_hex(_NAME_BYTES)} {secrets.token_hex(KEY_BYTES)}\n"


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Of two servers that start at once, one makes the keys and the other waits for them."""
    with path.with_name(f"{path.name}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, text: str) -> None:
    """Whole or not at all, on the disk before it counts: a lost key is lost answers."""
    draft = path.with_name(f"{path.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _place(*words: str) -> bytes:
    """The words as bytes; lengths stand first, so that no two lists of words give the same."""
    # What people type may hold half a letter, which plain UTF-8 refuses.
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    return b"".join(len(word).to_bytes(4) + word for word in encoded)


def _seal(key: bytes, plain: bytes, place: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _FORM + nonce + AESGCM(key).encrypt(nonce, plain, place)


def _open(key: bytes, sealed: bytes, place: bytes) -> bytes:
    form, nonce, box = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    if form != _FORM:
        raise WillNotOpen("sealed in a form that is not known")
    try:
        return AESGCM(key).decrypt(nonce, box, place)
    except (InvalidTag, ValueError) as problem:
        raise WillNotOpen("changed, or moved from its place") from problem
