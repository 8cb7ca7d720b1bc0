"""Brings a backup back: into an empty database, with all erased again that was erased since.

What is there is kept under another name, and stays as it was where anything goes wrong.
"""

import dataclasses
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from app.store import retention
from app.store.backups import archive, dump
from app.store.backups.archive import BadBackup, Manifest
from app.store.backups.dump import DATA_FILE, KeyRow
from app.store.backups.place import RestorePlace
from app.store.backups.taking import KEYS_FILE, name_installation, parse_keys
from app.store.db import audit, record_keys
from app.store.db.audit import AuditAnchor, ChainFault
from app.store.db.database import find_newest_revision, open_store
from app.store.db.encryption import load_keyring
from app.store.db.erasures import ERASURES_FILE, Erasure, parse_erasures
from app.store.db.patient_tables import Person, Submission
from app.store.db.scope import Store, WritingScope
from app.store.db.tables import RecordKey


class OpenedBackup(NamedTuple):
    """Both files of a backup, opened. `erasures`: what was erased when the keys were read."""

    about: Manifest
    copy: Path
    keys: list[KeyRow]
    erasures: list[Erasure]


class RestoredBackup(NamedTuple):
    """What came back. `lacking`: clinics whose audit lacks entries that were noted elsewhere."""

    made_at: str
    erased_again: int
    lacking: dict[str, ChainFault]
    kept_as: str


@contextmanager
def open_backup(data: Path, keys: Path, identity: Path, key_file: Path) -> Iterator[OpenedBackup]:
    """Both files, opened into a folder that goes with the block. Raises OSError or BadBackup."""
    if not key_file.exists():
        raise BadBackup(f"{key_file} is missing: bring it back first, it is in no backup")
    opener, installation = (
        archive.read_identity(identity),
        name_installation(load_keyring(key_file)),
    )
    with tempfile.TemporaryDirectory(dir=key_file.parent, prefix=".restoring-") as name:
        folder = Path(name)
        about = archive.open_archive(data, opener, folder)
        of_keys = archive.open_archive(keys, opener, folder)
        for part, file, found in (("data", data, about), ("keys", keys, of_keys)):
            if found.part != part:
                raise BadBackup(f"{file} holds the {found.part}, not the {part}")
            if found.installation != installation:
                raise BadBackup(f"{file} goes with another master key than {key_file}")
        if of_keys.made_at < about.made_at:
            raise BadBackup(f"{keys} is older than {data}: what came between would have no key")
        if about.revision > find_newest_revision():
            raise BadBackup(f"{data} was made by a newer version of this program: install that one")
        rows, erased = parse_keys((folder / KEYS_FILE).read_text("utf-8"))
        yield OpenedBackup(about, folder / DATA_FILE, rows, parse_erasures(erased))


def restore_backup(
    url: str,
    key_file: Path,
    opened: OpenedBackup,
    now: datetime,
    *,
    replace: bool = False,
    progress: Callable[[str], object] = lambda _step: None,
) -> RestoredBackup:
    """Bring the backup into the database of this address, and erase again what was erased since.

    `replace`: where it holds something, keep that under another name. Raises BadBackup,
    BadKeyring, BadDatabase, OSError or OperationalError; what was there then stands as before.
    """
    place = RestorePlace(url, now, replace=replace)
    if place.kind != opened.about.database:
        raise BadBackup(f"it is a backup of {opened.about.database}, and the database {place.kind}")
    erased = [*opened.erasures, *read_erasures(key_file)]
    progress("Bringing the data back")
    with place.make_empty() as target:
        dump.copy_in(target, opened.copy, opened.keys)
        opened_store = open_store(target, key_file)
        # What is erased again stands in the list of erasures already.
        store = Store(opened_store.engine, dataclasses.replace(opened_store.keyring, file=None))
        try:
            progress("Erasing again what was erased since")
            count = erase_again(store, erased, now)
            progress("Checking")
            if fault := dump.find_database_fault(store.engine):
                raise BadBackup(f"the copy is damaged: {fault}")
            lacking = find_lacking_entries(store, _read_anchors(key_file))
            with store.writing_scope(audit.SERVER_CHAIN, now, "command") as scope:
                subject = ("backup", opened.about.made_at)
                audit.record_event(scope, "backup_restored", subject, erased=count)
        finally:
            store.engine.dispose()
    return RestoredBackup(opened.about.made_at, count, lacking, place.kept_as)


def read_erasures(key_file: Path) -> list[Erasure]:
    """What was erased on this machine. Raises BadBackup where the file cannot be read."""
    file = key_file.with_name(ERASURES_FILE)
    try:
        return parse_erasures(file.read_text("utf-8")) if file.exists() else []
    except ValueError as problem:
        raise BadBackup(f"{file}: {problem}") from None


def erase_again(store: Store, erased: Collection[Erasure], now: datetime) -> int:
    """Erase what was erased since, and what has no key; give how many records there were."""
    count = 0
    for clinic in store.list_clinic_ids():
        gone = sorted({one.record for one in erased if one.clinic == clinic})
        with store.writing_scope(clinic, now, "command") as scope:
            count += _erase_records(scope, gone)
    return count


def _erase_records(scope: WritingScope, gone: Sequence[str]) -> int:
    keys = {row.record_id for row in scope.find_all(RecordKey)}
    known = set(gone)
    submissions = [row.id for row in scope.find_all(Submission)]
    persons = [row.id for row in scope.find_all(Person)]
    lost = [id_ for id_ in submissions if id_ in known or id_ not in keys]
    left = [id_ for id_ in persons if id_ in known or id_ not in keys]
    for first in range(0, len(lost), retention.AT_ONCE):
        retention.erase_submissions(scope, lost[first : first + retention.AT_ONCE])
    for person in left:
        retention.erase_person_records(scope, person)
    others = sorted(keys & known - {*lost, *left})
    for first in range(0, len(others), retention.AT_ONCE):
        record_keys.destroy_data_keys(scope, others[first : first + retention.AT_ONCE])
    return len({*lost, *left, *others})


def find_lacking_entries(store: Store, noted: Sequence[AuditAnchor]) -> dict[str, ChainFault]:
    """The clinics whose audit is broken, or lacks entries that were noted elsewhere."""
    clinics = [audit.SERVER_CHAIN, *store.list_clinic_ids()]
    faults = ((clinic, audit.verify_chain(store, clinic, noted)) for clinic in clinics)
    return {clinic: fault for clinic, fault in faults if fault is not None}


def _read_anchors(key_file: Path) -> list[AuditAnchor]:
    file = key_file.with_name(audit.ANCHOR_FILE)
    return audit.read_anchors(file) if file.exists() else []
