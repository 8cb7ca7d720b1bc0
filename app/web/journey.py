"""One person's answers while they are being given: sealed into their own cookie, kept nowhere else.

It must not know what a question or an answer means, and it must never store or log one.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import os
import secrets
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.requests import Request
from starlette.responses import Response

from app.presentation.question import ME
from app.store.db.encryption import load_keyring
from app.web.wire import read_cookie, set_cookie

LIFETIME = 24 * 60 * 60  # seconds; the accessibility rules ask for 20 hours at least
CLOCK_SLACK = 5 * 60  # seconds that a second server's clock may run ahead
MOST_BYTES = 3500  # browsers promise 4096 for a cookie with its name and attributes

RELOAD_PAUSE = 1.0
"""Seconds between two looks whether there is a newer master key."""
_KEY_BYTES = 32
_NONCE_BYTES = 12
OWN, ASSISTED = "journey", "assisted"
"""Whose browser it is: the person's own, or that of staff who ask them. One is never the other."""
_KEYS = {
    "region": "r",
    "begun": "t",
    "answers": "a",
    "warned_at": "w",
    "note": "n",
    "about": "p",
    "earlier": "e",
    "invitation": "i",
    "session": "d",
    "share": "s",
    "edition": "v",
    "sent": "z",
}
"""Under which short name each part of a journey stands in the cookie."""
_KEYS_OF_ANSWERS = frozenset({"a", "e"})
_PURPOSES = {OWN: b"calcinosis-check journey 1", ASSISTED: b"calcinosis-check assisted journey 1"}


class NoJourney(Exception):
    """The request carries no answers: not begun, or the browser does not keep our cookie."""


class LostJourney(Exception):
    """The request carries a cookie that we cannot read: tampered, too old, or of another key."""


@dataclass(frozen=True, slots=True)
class Journey:
    """What one person has told us so far."""

    region: str
    begun: int  # seconds since 1970
    answers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    warned_at: str = ""  # the question after which the emergency page stopped this journey
    note: str = ""  # id of a line to show once, on the next page
    about: str = ME
    earlier: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What was answered before, of each question that a second look has asked again."""
    invitation: str = ""  # the token of the link that began it; the id where staff ask
    session: str = ""  # that of who of the staff asks: it ends when they sign out
    share: str = ""  # the key of the code under which it waits for a nurse
    edition: str = ""  # the version of the rulebook whose questions were answered, if it is named
    sent: str = ""  # a mark of the answers that the clinic has

    def with_answer(self, question: str, chosen: frozenset[str]) -> Journey:
        """The journey with one answer given or changed; all others stay."""
        return replace(self, answers={**self.answers, question: chosen}, note="", earlier={})

    def with_new_answer(self, question: str, chosen: frozenset[str]) -> Journey:
        """The same in a second look, where the answer of before is kept beside it."""
        before = self.earlier.get(question, self.answers.get(question, frozenset()))
        changed = replace(self, answers={**self.answers, question: chosen}, note="")
        return replace(changed, earlier={**self.earlier, question: before})

    def begin_afresh(self, now: int, about: str) -> Journey:
        """The journey of another person in the same browser; they are told what became of it."""
        note = "afresh" if self.answers else ""
        return Journey(self.region, now, about=about, note=note, invitation=self.invitation)

    @property
    def mark_of_answers(self) -> str:
        """The same for the same answers, and short."""
        plain = json.dumps({q: sorted(chosen) for q, chosen in sorted(self.answers.items())})
        return hashlib.sha256(plain.encode()).hexdigest()[:12]

    @property
    def is_sent(self) -> bool:
        """Whether the clinic has these very answers."""
        return self.sent == self.mark_of_answers

    @property
    def answers_before(self) -> dict[str, frozenset[str]]:
        """The answers as they were before the second look."""
        before = {**self.answers, **self.earlier}
        return {question: chosen for question, chosen in before.items() if chosen}


def open_journey(request: Request, keys: JourneyKeys, now: int, kind: str = OWN) -> Journey:
    """The journey in the request's cookie. Raises NoJourney or LostJourney."""
    sealed = read_cookie(request, kind)
    if not sealed:
        raise NoJourney
    return unseal_journey(keys, sealed, now, kind)


def set_journey_cookie(
    response: Response, request: Request, keys: JourneyKeys, journey: Journey, kind: str = OWN
) -> None:
    """Send the journey along with the response, sealed."""
    set_cookie(response, request, kind, seal_journey(keys, journey, kind), "Lax")


def clear_journey_cookie(response: Response, request: Request, kind: str = OWN) -> None:
    """Tell the browser to drop the journey."""
    set_cookie(response, request, kind, "", "Lax", 0)


def holds_journey(request: Request) -> bool:
    """Whether the browser holds a journey, be it readable or not."""
    return bool(read_cookie(request, OWN))


def seal_journey(keys: JourneyKeys, journey: Journey, kind: str = OWN) -> str:
    """The journey as text that only the holder of the key can read or change."""
    kept = {short: getattr(journey, name) for name, short in _KEYS.items()}
    for short in _KEYS_OF_ANSWERS:
        kept[short] = {question: sorted(chosen) for question, chosen in kept[short].items()}
    plain = json.dumps(kept, separators=(",", ":"))
    nonce = secrets.token_bytes(_NONCE_BYTES)
    box = AESGCM(keys.newest).encrypt(nonce, zlib.compress(plain.encode(), 6), _PURPOSES[kind])
    return _encode_base64(nonce + box)


def unseal_journey(keys: JourneyKeys, sealed: str, now: int, kind: str = OWN) -> Journey:
    """The journey that was sealed at most a day ago. Raises LostJourney for anything else."""
    try:
        raw = _decode_exact_base64(sealed)
        plain = keys.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _PURPOSES[kind])
    except (ValueError, InvalidTag) as error:
        raise LostJourney from error
    kept = json.loads(zlib.decompress(plain))
    if not -CLOCK_SLACK <= now - kept["t"] < LIFETIME:
        raise LostJourney
    for short in _KEYS_OF_ANSWERS & kept.keys():
        kept[short] = {question: frozenset(chosen) for question, chosen in kept[short].items()}
    # A cookie may be a day old, and know less than we do.
    return Journey(**{name: kept[short] for name, short in _KEYS.items() if short in kept})


def _decode_exact_base64(sealed: str) -> bytes:
    """Trap: the standard decoder skips foreign letters and spare bits, so two texts could match."""
    try:
        raw = base64.urlsafe_b64decode(sealed.encode("ascii") + b"=" * (-len(sealed) % 4))
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError from error
    if len(raw) <= _NONCE_BYTES or _encode_base64(raw) != sealed:
        raise ValueError
    return raw


def _encode_base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class JourneyKeys:
    """The keys that seal journeys: the first one seals, every one opens.

    They come from the master keys, so that each server of a database opens what another one sealed.
    Where there is no master key yet, a file of its own holds one; what it sealed opens ever after.
    """

    def __init__(self, *keys: bytes, master_file: Path | None = None) -> None:
        self._keys, self._file = keys, master_file
        self._looked_at = float("-inf")

    @property
    def newest(self) -> bytes:
        """The one that seals."""
        return self._keys[0]

    def adopt_masters(self) -> None:
        """Take the keys of the master keys as they are in their file now, if there is one."""
        if self._file is not None and self._file.exists():
            derived = load_keyring(self._file).derive_keys("journey")
            self._keys = tuple(dict.fromkeys([*derived, *self._keys]))

    def decrypt(self, nonce: bytes, box: bytes, purpose: bytes) -> bytes:
        """What one of the keys sealed. Raises InvalidTag."""
        try:
            return self._try_all(nonce, box, purpose)
        except InvalidTag:
            # Another server may have a newer master key. Anyone can send a cookie: look rarely.
            if time.monotonic() - self._looked_at < RELOAD_PAUSE:
                raise
            self._looked_at = time.monotonic()
            self.adopt_masters()
            return self._try_all(nonce, box, purpose)

    def _try_all(self, nonce: bytes, box: bytes, purpose: bytes) -> bytes:
        for key in self._keys:
            with contextlib.suppress(InvalidTag):
                return AESGCM(key).decrypt(nonce, box, purpose)
        raise InvalidTag


def load_journey_keys(folder: Path) -> JourneyKeys:
    """The keys of the server with this folder; a file of their own only without a master key.

    Raises OSError when a file cannot be made or read, BadKeyring or ValueError for one without a
    key.
    """
    master, own = folder / "master.key", folder / "journey.key"
    found = [_load_key_file(own)] if own.exists() or not master.exists() else []
    keys = JourneyKeys(*found, master_file=master)
    keys.adopt_masters()
    return keys


def _load_key_file(path: Path) -> bytes:
    """The key in a file, made on the first start and readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _create_key_file(path)
    # Only where it is needed: a disk that is read-only lets nobody change it to what it is.
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise ValueError(f"{path} holds no key of {_KEY_BYTES} bytes: move it away and start again")
    return key


def _create_key_file(path: Path) -> None:
    """Linked into place whole, so that of two servers starting at once both use one key."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(_KEY_BYTES))
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
