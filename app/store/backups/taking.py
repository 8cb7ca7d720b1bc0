"""Takes a backup: the data in one file, the keys of records in another that lives a week."""

import json
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from app.store.backups import archive
from app.store.backups.archive import Manifest
from app.store.backups.dump import DATA_FILE, KeyRow, copy_out
from app.store.db.database import read_schema_revision
from app.store.db.encryption import KeyEncryptionKeys
from app.store.db.erasures import ERASURES_FILE
from app.store.db.scope import Store

KEYS_LIFETIME = timedelta(days=7)
"""How long a file of keys is kept: after that nobody can read what was erased before."""
KEYS_FILE = "keys.json"
DATA_END, KEYS_END = ".data.age", ".keys.age"
_STAMP = "%Y%m%dT%H%M%SZ"


class TakenBackup(NamedTuple):
    """The two files, and the files of keys that were too old and are gone."""

    data: Path
    keys: Path
    removed: tuple[Path, ...]


def take_backup(
    store: Store,
    folder: Path,
    recipient: str,
    now: datetime,
    progress: Callable[[str], object] = lambda _step: None,
) -> TakenBackup:
    """Write both files into the folder, and remove files of keys that are older than a week.

    `recipient`: who may open them, as `age1...`. Raises OSError or BadBackup.
    """
    sealed_for = archive.parse_recipient(recipient)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stamp = now.strftime(_STAMP)
    targets = [folder / f"calcinosis-{stamp}{end}" for end in (DATA_END, KEYS_END)]
    with tempfile.TemporaryDirectory(dir=folder, prefix=".taking-") as name:
        copy, keys_file = Path(name, DATA_FILE), Path(name, KEYS_FILE)
        progress("Copying the database")
        keys = copy_out(store.engine, copy)
        keys_file.write_text(_write_keys(keys, store.keyring), "utf-8")
        progress("Sealing")
        for part, target, parts in (
            ("keys", targets[1], {KEYS_FILE: keys_file}),
            ("data", targets[0], {DATA_FILE: copy}),
        ):
            archive.write_archive(target, _describe(store, part, now), parts, sealed_for)
    return TakenBackup(targets[0], targets[1], _remove_old_keys(folder, now))


def name_installation(keyring: KeyEncryptionKeys) -> str:
    """The same for all that goes with one master key, whatever it was changed to."""
    return keyring.keyed_hash("backup", "installation")


def find_keys_beside(data: Path) -> Path | None:
    """The newest file of keys in the folder of a backup: it has what was erased least."""
    return max(
        data.parent.glob(f"calcinosis-*{KEYS_END}"), default=None, key=lambda file: file.name
    )


def parse_keys(text: str) -> tuple[list[KeyRow], str]:
    """The keys of a file, and the lines of what was erased by then."""
    content = json.loads(text)
    rows = [(clinic, record, bytes.fromhex(wrapped)) for clinic, record, wrapped in content["keys"]]
    return rows, content["erasures"]


def _write_keys(keys: list[KeyRow], keyring: KeyEncryptionKeys) -> str:
    file = keyring.file.with_name(ERASURES_FILE) if keyring.file else None
    erased = file.read_text("utf-8") if file and file.exists() else ""
    rows = [[clinic, record, wrapped.hex()] for clinic, record, wrapped in keys]
    return json.dumps({"keys": rows, "erasures": erased})


def _describe(store: Store, part: str, now: datetime) -> Manifest:
    return Manifest(
        format=archive.FORMAT,
        part=part,
        made_at=now.isoformat(timespec="seconds"),
        database=store.engine.dialect.name,
        revision=read_schema_revision(store.engine) or "",
        installation=name_installation(store.keyring),
        digests={},
    )


def _remove_old_keys(folder: Path, now: datetime) -> tuple[Path, ...]:
    last = f"calcinosis-{(now - KEYS_LIFETIME).strftime(_STAMP)}{KEYS_END}"
    old = sorted(file for file in folder.glob(f"calcinosis-*{KEYS_END}") if file.name < last)
    for file in old:
        file.unlink()
    return tuple(old)
