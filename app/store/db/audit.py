"""Who did what, when: entries that are added in the transaction of what they tell of.

Each clinic's entries form a chain of keyed hashes, so that a change made in the database by other
means is found and its place named. No answer is ever in them. The newest entry of each chain is
noted in a file beside the database and in the server's log, so that what is cut off at the end
shows there; `calcinosis-check audit verify --anchors FILE` reads it.
"""

import hashlib
import hmac
import json
import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import func

from app.store.db.encryption import KeyEncryptionKeys, prefix_lengths
from app.store.db.scope import Criterion, Scope, Store, WritingScope
from app.store.db.tables import AuditEntry, AuditHead

SERVER_CHAIN = "server"
"""The chain of what belongs to no clinic, such as a sign-in under a name that nobody has."""
_AT_ONCE = 1000
_COLUMNS = ("number", "at", "actor", "action", "subject_kind", "subject_id", "place", "facts")
ANCHOR_FILE = "audit-anchors"
log = logging.getLogger(__name__)


class AuditAnchor(NamedTuple):
    """The newest entry at some time, noted outside the database: it shows a later cut."""

    clinic: str
    number: int
    mac: str


class ChainFault(NamedTuple):
    """Where a chain was tampered with: the number of the first entry that is not as written."""

    number: int
    problem: str  # changed, missing, added, head


def record_event(
    scope: WritingScope,
    action: str,
    subject: tuple[str, str] = ("", ""),
    place: str = "",
    **facts: str | int | bool | None,
) -> int:
    """Add an entry of what the scope's `who` does; give its number. `subject`: a kind and an id."""
    head = scope.find_one(AuditHead)
    number, before = (head.number + 1, head.mac) if head else (1, "")
    row: dict[str, Any] = {
        "number": number,
        "at": _format_time(scope.now),
        "actor": scope.who,
        "action": action,
        "subject_kind": subject[0],
        "subject_id": subject[1],
        "place": place,
        "facts": json.dumps(facts, sort_keys=True, separators=(",", ":")),
    }
    words = [str(row[column]).encode() for column in _COLUMNS]
    mac = _compute_mac(scope.keyring, scope.clinic, "entry", before.encode(), *words)
    scope.add_row(AuditEntry, **row, mac=mac)
    seal = _seal_head(scope.keyring, scope.clinic, number, mac)
    new = {"number": number, "mac": mac, "seal": seal}
    if scope.update_rows(AuditHead, to=new) == 0:
        scope.add_row(AuditHead, **new)
    return number


def list_audit_entries(
    scope: Scope,
    *,
    subject: tuple[str, str] | None = None,
    about: Collection[str] | None = None,
    actor: str | None = None,
    actions: Collection[str] | None = None,
    between: tuple[datetime, datetime] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[AuditEntry]:
    """The entries that fit, newest first, before a number. `between`: without the second time.

    `about`: ids of records of any kind, one of which an entry is about.
    """
    where: list[Criterion] = [] if before is None else [AuditEntry.number < before]
    if actions is not None:
        where.append(AuditEntry.action.in_(actions))
    if about is not None:
        where.append(AuditEntry.subject_id.in_(about))
    if between is not None:
        first, last = map(_format_time, between)
        where += [AuditEntry.at >= first, AuditEntry.at < last]
    equals: dict[str, object] = {} if actor is None else {"actor": actor}
    if subject is not None:
        equals |= {"subject_kind": subject[0], "subject_id": subject[1]}
    newest_first = [AuditEntry.number.desc()]
    return scope.find_all(AuditEntry, *where, order_by=newest_first, limit=limit, **equals)


def read_head(scope: Scope) -> AuditAnchor | None:
    """The newest entry, to be noted elsewhere; None where there is none."""
    found = scope.find_one(AuditHead)
    return AuditAnchor(scope.clinic, found.number, found.mac) if found else None


def verify_chain(
    store: Store,
    clinic: str,
    anchors: Iterable[AuditAnchor] = (),
    progress: Callable[[int], None] = lambda _done: None,
) -> ChainFault | None:
    """The first fault in the clinic's chain, or None; read page by page, so nobody has to wait."""
    noted = {anchor.number: anchor.mac for anchor in anchors if anchor.clinic == clinic}
    with store.reading_scope(clinic) as scope:
        end = scope.find_one(AuditHead)
        newest = scope.execute_read(scope.select_columns(func.max(AuditEntry.number))).scalar()
    expected, before = 1, ""
    for number, words, mac in _read_raw_rows(store, clinic, newest):
        if number != expected:
            return ChainFault(expected, "missing")
        chained = _compute_mac(store.keyring, clinic, "entry", before.encode(), *words)
        # A byte that is no ASCII cannot be compared as text.
        if not hmac.compare_digest(chained.encode(), mac.encode()):
            return ChainFault(expected, "changed")
        if noted.pop(number, mac) != mac:
            return ChainFault(expected, "changed")
        if expected % _AT_ONCE == 0:
            progress(expected)
        expected, before = expected + 1, mac
    last = expected - 1
    if any(number > last for number in noted):
        return ChainFault(expected, "missing")
    return _check_chain_end(store.keyring, clinic, end, last, before)


def _check_chain_end(
    keyring: KeyEncryptionKeys, clinic: str, end: AuditHead | None, last: int, mac: str
) -> ChainFault | None:
    """Whether the chain ends where its head says."""
    if end is None:
        # The server's own chain begins with the first refusal, every other with its clinic.
        return None if last == 0 and clinic == SERVER_CHAIN else ChainFault(last, "head")
    if not hmac.compare_digest(_seal_head(keyring, clinic, end.number, end.mac), end.seal):
        return ChainFault(last, "head")
    if end.number != last:
        return ChainFault(last + 1, "missing") if end.number > last else ChainFault(last, "added")
    return None if end.mac == mac else ChainFault(last, "head")


def _read_raw_rows(
    store: Store, clinic: str, newest: Any
) -> Iterator[tuple[Any, list[bytes], str]]:
    """Entries up to the newest by their bytes, since a spoilt text may be none that can be read."""
    number: Any = 0
    columns = [getattr(AuditEntry, name) for name in (*_COLUMNS[1:], "mac")]
    while number != newest:
        with store.reading_scope(clinic) as scope:
            chosen = [_hex_column(scope, column) for column in columns]
            page = scope.select_columns(AuditEntry.number, *chosen).order_by(AuditEntry.number)
            page = page.where(AuditEntry.number > number).limit(_AT_ONCE)
            rows: Sequence[Any] = scope.execute_read(page).all()
        for number, *written in rows:
            words = [bytes.fromhex(word) for word in written]
            yield number, [str(number).encode(), *words[:-1]], words[-1].decode("ascii", "replace")
            if number == newest:
                return
        if not rows:
            return


def _hex_column(scope: Scope, column: Any) -> Any:
    if scope.dialect_name == "sqlite":
        return func.hex(column)
    return func.encode(func.convert_to(column, "UTF8"), "hex")


def _format_time(at: datetime) -> str:
    """A time as it stands in an entry: later times are later texts too."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _seal_head(keyring: KeyEncryptionKeys, clinic: str, number: int, mac: str) -> str:
    return _compute_mac(keyring, clinic, "head", str(number).encode(), mac.encode())


def _compute_mac(keyring: KeyEncryptionKeys, clinic: str, purpose: str, *words: bytes) -> str:
    chained = prefix_lengths((purpose.encode(), clinic.encode(), *words))
    return hmac.new(keyring.audit, chained, hashlib.sha256).hexdigest()


class BadAnchors(ValueError):
    """A line of the file is no anchor."""


def append_anchors(store: Store, folder: Path) -> int:
    """Add a line for each audit that has grown since it was last noted; give how many."""
    file = folder / ANCHOR_FILE
    known = {anchor.clinic: anchor for anchor in (read_anchors(file) if file.exists() else ())}
    grown = [anchor for anchor in list_newest_anchors(store) if known.get(anchor.clinic) != anchor]
    if not grown:
        return 0
    lines = [" ".join(map(str, anchor)) for anchor in grown]
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w") as kept:
        kept.write("".join(f"{line}\n" for line in lines))
        kept.flush()
        os.fsync(kept.fileno())
    for line in lines:
        log.warning("audit anchor %s", line)  # at a level that every server writes
    return len(grown)


def list_newest_anchors(store: Store) -> list[AuditAnchor]:
    """The newest entry of each audit that has one."""
    found = []
    for clinic in (SERVER_CHAIN, *store.list_clinic_ids()):
        with store.reading_scope(clinic) as scope:
            newest = read_head(scope)
        found += [newest] if newest else []
    return found


def read_anchors(file: Path) -> list[AuditAnchor]:
    """The anchors in a file, the oldest first. Raises OSError or BadAnchors."""
    try:
        lines = [line.split() for line in file.read_text("utf-8").splitlines()]
        return [AuditAnchor(clinic, int(number), mac) for clinic, number, mac in lines]
    except ValueError:
        raise BadAnchors(f"{file}: a line is: clinic, number, hash") from None
