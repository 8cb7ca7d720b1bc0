"""Seals single fields, so that a stolen database or backup shows no answer, name or note.

Each record has a key of its own, and a master key wraps it. What is sealed is bound to its place
(clinic, table, record, field): moved elsewhere it does not open. The keys stand in a file beside
the database, never in it. Tokens, random words that open something and begin with their clinic, are
kept only as a hash.
"""

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_KEY_NAME_BYTES = 4
_FORMAT_BYTE = b"\x01"  # the first byte of all that is sealed, so that another form can come later
_PURPOSES = ("audit", "search")
_CLINIC = re.compile(r"[a-z0-9]{1,16}")


class BadKeyring(ValueError):
    """The file of keys cannot be used; the message says why and repeats no key."""


class DecryptionFailed(Exception):
    """What was sealed was changed or moved, or its master key is gone."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key of one record."""

    clinic: str
    record: str
    _secret: bytes = field(repr=False)

    def seal_field(self, table: str, row: str, name: str, text: str) -> bytes:
        """Seal the text for this field of this row."""
        return _encrypt_bytes(self._secret, text.encode(), self._field_context(table, row, name))

    def open_field(self, table: str, row: str, name: str, sealed: bytes) -> str:
        """The text that was sealed for this very field. Raises DecryptionFailed."""
        return _decrypt_bytes(self._secret, sealed, self._field_context(table, row, name)).decode()

    def seal_json(self, table: str, row: str, name: str, value: object) -> bytes:
        """Seal what JSON can hold for this field of this row."""
        return self.seal_field(table, row, name, json.dumps(value))

    def open_json(self, table: str, row: str, name: str, sealed: bytes) -> Any:
        """The value that was sealed for this very field. Raises DecryptionFailed."""
        return json.loads(self.open_field(table, row, name, sealed))

    def derive_secret(self, purpose: str) -> bytes:
        """32 bytes for one purpose, to be shared with others; they tell nothing of the key."""
        context = _encode_context("derived", self.clinic, self.record, purpose)
        return hmac.digest(self._secret, context, "sha256")

    def _field_context(self, table: str, row: str, name: str) -> bytes:
        return _encode_context("field", self.clinic, self.record, table, row, name)


@dataclass(frozen=True, slots=True)
class KeyEncryptionKeys:
    """The master keys, newest first, and the keys for searching and for the audit chain."""

    masters: Mapping[bytes, bytes] = field(repr=False)
    search: bytes = field(repr=False)
    audit: bytes = field(repr=False)
    file: Path | None = None

    def make_data_key(self, clinic: str, record: str) -> tuple[DataKey, bytes]:
        """A new key for the record, and the same key wrapped, to be kept with it."""
        secret = secrets.token_bytes(KEY_BYTES)
        return DataKey(clinic, record, secret), self._wrap_key(clinic, record, secret)

    def unwrap_key(self, clinic: str, record: str, wrapped: bytes) -> DataKey:
        """The record's key. Raises DecryptionFailed."""
        name, box = wrapped[:_KEY_NAME_BYTES], wrapped[_KEY_NAME_BYTES:]
        masters = self.masters
        if name not in masters and self.file is not None:
            masters = _parse_key_file(self.file).masters  # one was added while this server runs
        if name not in masters:
            raise DecryptionFailed("its master key is not in the keyring")
        secret = _decrypt_bytes(masters[name], box, _encode_context("key", clinic, record))
        return DataKey(clinic, record, secret)

    def rewrap_key(self, clinic: str, record: str, wrapped: bytes) -> bytes:
        """The same key wrapped by the newest master key. Raises DecryptionFailed."""
        return self._wrap_key(clinic, record, self.unwrap_key(clinic, record, wrapped)._secret)

    def has_newest_wrapping(self, wrapped: bytes) -> bool:
        """Whether the newest master key wraps it already."""
        return wrapped[:_KEY_NAME_BYTES] == self.newest_key_name

    @property
    def newest_key_name(self) -> bytes:
        """The name of the newest master key, with which every wrapped key begins."""
        return next(iter(self.masters))

    def derive_keys(self, purpose: str) -> tuple[bytes, ...]:
        """A key of 32 bytes for one purpose from each master key, the newest first."""
        context = _encode_context("derived", purpose)
        return tuple(hmac.digest(master, context, "sha256") for master in self.masters.values())

    def keyed_hash(self, *words: str) -> str:
        """A keyed hash of the words, to find them again where they must not stand in clear."""
        return hmac.new(self.search, _encode_context(*words), hashlib.sha256).hexdigest()

    def _wrap_key(self, clinic: str, record: str, secret: bytes) -> bytes:
        box = _encrypt_bytes(
            self.masters[self.newest_key_name], secret, _encode_context("key", clinic, record)
        )
        return self.newest_key_name + box


def load_keyring(path: Path) -> KeyEncryptionKeys:
    """The keyring in the file, made at first use. Raises BadKeyring or OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        with _lock_key_file(path):
            if not path.exists():
                lines = [_make_key_line(purpose) for purpose in ("master", *_PURPOSES)]
                _write_key_file(path, "".join(lines))
    if path.stat().st_mode & 0o077:
        raise BadKeyring(f"others can read {path}: chmod 600 it, and add a new master key")
    return _parse_key_file(path)


def add_master_key(path: Path) -> KeyEncryptionKeys:
    """Put a new master key first; the older ones still open what they wrapped."""
    with _lock_key_file(path):
        load_keyring(path)
        _write_key_file(path, _make_key_line("master") + path.read_text("ascii"))
    return load_keyring(path)


def drop_old_master_keys(path: Path) -> KeyEncryptionKeys:
    """Keep only the newest master key. Whatever another one wraps is lost for ever."""
    with _lock_key_file(path):
        keyring = load_keyring(path)
        old = tuple(
            f"master {name.hex()} " for name in keyring.masters if name != keyring.newest_key_name
        )
        lines = path.read_text("ascii").splitlines(keepends=True)
        _write_key_file(path, "".join(line for line in lines if not line.startswith(old)))
    return load_keyring(path)


def _parse_key_file(path: Path) -> KeyEncryptionKeys:
    """Each line is: purpose, name, key in hexadecimal."""
    masters: dict[bytes, bytes] = {}
    others: dict[str, bytes] = {}
    for number, line in enumerate(path.read_text("ascii", "replace").splitlines(), 1):
        try:
            purpose, name, key = line.split(" ")
            secret, short = bytes.fromhex(key), bytes.fromhex(name)
        except ValueError:
            raise BadKeyring(f"{path}:{number}: a line is: purpose, name, key") from None
        if len(secret) != KEY_BYTES or len(short) != _KEY_NAME_BYTES or len(set(secret)) < 8:
            raise BadKeyring(f"{path}:{number}: this is no key of {KEY_BYTES} random bytes")
        if purpose not in ("master", *_PURPOSES) or purpose in others or short in masters:
            raise BadKeyring(f"{path}:{number}: unknown or second '{purpose}'")
        if purpose == "master":
            masters[short] = secret
        else:
            others[purpose] = secret
    if not masters or set(others) != set(_PURPOSES):
        raise BadKeyring(f"{path}: a master, an audit and a search key are needed")
    return KeyEncryptionKeys(MappingProxyType(masters), others["search"], others["audit"], path)


def _make_key_line(purpose: str) -> str:
    return f"{purpose} {secrets.token_hex(_KEY_NAME_BYTES)} {secrets.token_hex(KEY_BYTES)}\n"


@contextlib.contextmanager
def _lock_key_file(path: Path) -> Iterator[None]:
    """Of two servers that start at once, one makes the keys and the other waits for them."""
    with path.with_name(f"{path.name}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write_key_file(path: Path, text: str) -> None:
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


def _encode_context(*words: str) -> bytes:
    # What people type may hold half a letter, which plain UTF-8 refuses.
    return prefix_lengths(word.encode("utf-8", "surrogatepass") for word in words)


def prefix_lengths(words: Iterable[bytes]) -> bytes:
    """The words in one, each after its length, so that no two lists of words give the same."""
    return b"".join(len(word).to_bytes(4) + word for word in words)


def _encrypt_bytes(key: bytes, plain: bytes, place: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _FORMAT_BYTE + nonce + AESGCM(key).encrypt(nonce, plain, place)


def _decrypt_bytes(key: bytes, sealed: bytes, place: bytes) -> bytes:
    form, nonce, box = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    if form != _FORMAT_BYTE:
        raise DecryptionFailed("sealed in a form that is not known")
    try:
        return AESGCM(key).decrypt(nonce, box, place)
    except (InvalidTag, ValueError) as problem:
        raise DecryptionFailed("changed, or moved from its place") from problem


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
