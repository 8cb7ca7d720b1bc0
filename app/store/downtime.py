"""The open worklist of each clinic as a sealed file, for hours in which no page comes.

It stands beside the file of keys, which opens it without a database. Each file is sealed by a key
of its own that the master key wraps. What is forgotten or erased leaves it soon: the files are few
and young, and an erasure takes the clinic's files away at once.
"""

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from app.store.accounts import staff
from app.store.clinics import list_clinics, load_clinic
from app.store.db.encryption import DecryptionFailed, KeyEncryptionKeys
from app.store.db.scope import Scope, Store
from app.store.db.server_records import list_served_rulebooks
from app.store.db.tables import Clinic
from app.store.opening_hours import is_open_by
from app.store.worklist import list_worklist_page

EVERY = timedelta(minutes=30)
"""How often a new list is written while the server runs."""
OLDEST = timedelta(hours=2)
"""An older file is removed by the next round; `doctor` warns where the newest one is older."""
KEPT = 2
MOST_LINES = 2000
_ENDING = ".sealed"
_SEALED = ("name", "region", "time_zone", "lines", "telephone")
_TIME = "%Y%m%dT%H%M%S%fZ"


class BadDowntimeFile(ValueError):
    """The file is no downtime list, was changed, or is sealed by a key that is not here."""


class DowntimeList(NamedTuple):
    """What waited at a clinic at one moment: ids and what the clinic calls people, no answers."""

    clinic: str
    name: str
    region: str
    time_zone: str
    at: datetime
    lines: list[dict[str, Any]]
    telephone: str = ""


def downtime_folder(keyring: KeyEncryptionKeys) -> Path | None:
    """Where the files stand; None where the keys stand in no file."""
    return keyring.file.with_name("downtime") if keyring.file else None


def write_all_lists(store: Store, now: datetime) -> int:
    """Write the list of every clinic and remove what is old; give how many were written.

    Also of clinics for show, so that a clinic can try it before it needs it.
    """
    folder = downtime_folder(store.keyring)
    if folder is None:
        return 0
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    clinics = store.list_clinic_ids()
    for clinic in clinics:
        # A scope that writes: an erasure comes wholly before this list, or takes it away.
        with store.writing_scope(clinic, now, "job") as scope:
            _write_file(folder, scope.keyring, read_downtime_list(scope, now))
    _remove_old_files(folder, now)
    return len(clinics)


def read_downtime_list(scope: Scope, now: datetime) -> DowntimeList:
    """What waits now, in the order of the worklist."""
    clinic, names = load_clinic(scope), staff.list_staff_names(scope)
    lines = [
        {
            "level": line.level.name,
            "due": line.row.due_at.astimezone(UTC).isoformat(),
            "reference": line.payload["reference"],
            "name": line.payload["name"],
            "rules": line.payload["rules"],
            "visit": line.payload["appointment_on"],
            "owner": names.get(line.row.owner_id or "", ""),
            "state": line.row.state,
        }
        for line in list_worklist_page(scope, now, "", limit=MOST_LINES)
    ]
    place = (clinic.clinic_id, clinic.name, clinic.region, clinic.time_zone)
    return DowntimeList(*place, now, lines, clinic.telephone or "")


def list_newest_files(folder: Path) -> list[Path]:
    """The newest file of each clinic, found without a database."""
    newest = {file.name.partition("-")[0]: file for file in sorted(folder.glob(f"*{_ENDING}"))}
    return list(newest.values())


def list_stale_clinics(folder: Path, now: datetime) -> list[tuple[str, datetime]]:
    """(Clinic, time) of each whose newest file is too old to be of use."""
    found = []
    for file in list_newest_files(folder):
        with suppress(BadDowntimeFile):
            found.append(_parse_name(file))
    return [(clinic, at) for clinic, at in found if now - at > OLDEST]


def list_clinics_without_file(store: Store, now: datetime) -> list[Clinic]:
    """Each clinic that is open now and has no list, though a server ran for long enough.

    None where the keys stand in no file: then no list is written.
    """
    folder, served = downtime_folder(store.keyring), list_served_rulebooks(store.engine)
    if folder is None or not served:
        return []
    listed = {file.name.partition("-")[0] for file in list_newest_files(folder)}
    return [
        clinic
        for clinic in list_clinics(store)
        if clinic.clinic_id not in listed
        and now - max(clinic.made_at, served[0].first_served_at) > OLDEST
        and is_open_by(clinic, now)
    ]


def open_downtime_file(keyring: KeyEncryptionKeys, file: Path) -> DowntimeList:
    """The list in the file. Raises BadDowntimeFile or OSError."""
    clinic, at = _parse_name(file)
    record = f"downtime {at:{_TIME}}"
    try:
        wrapped, sealed = map(bytes.fromhex, file.read_text("ascii").split())
        key = keyring.unwrap_key(clinic, record, wrapped)
        kept = key.open_json("downtime", record, "list", sealed)
    except (DecryptionFailed, ValueError):
        why = "cannot be opened: it was changed or renamed, or the key file is not its own"
        raise BadDowntimeFile(f"{file}: {why}") from None
    place = (clinic, kept["name"], kept["region"], kept["time_zone"])
    # A list of an earlier edition has no number.
    return DowntimeList(*place, at, kept["lines"], kept.get("telephone", ""))


def remove_clinic_files(scope: Scope) -> None:
    """Take away the lists of the clinic, since someone on them is erased; a new one comes soon."""
    folder = downtime_folder(scope.keyring)
    for file in folder.glob(f"{scope.clinic}-*{_ENDING}") if folder else ():
        file.unlink(missing_ok=True)


def _write_file(folder: Path, keyring: KeyEncryptionKeys, kept: DowntimeList) -> None:
    """Whole or not at all."""
    time = f"{kept.at.astimezone(UTC):{_TIME}}"
    record = f"downtime {time}"
    key, wrapped = keyring.make_data_key(kept.clinic, record)
    value = {name: getattr(kept, name) for name in _SEALED}
    sealed = key.seal_json("downtime", record, "list", value)
    draft = folder / f"{kept.clinic}.new"
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(f"{wrapped.hex()}\n{sealed.hex()}\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / f"{kept.clinic}-{time}{_ENDING}")


def _remove_old_files(folder: Path, now: datetime) -> None:
    seen: dict[str, int] = {}
    for file in sorted(folder.glob(f"*{_ENDING}"), reverse=True):
        with suppress(BadDowntimeFile):
            clinic, at = _parse_name(file)
            seen[clinic] = seen.get(clinic, 0) + 1
            if seen[clinic] > KEPT or now - at > OLDEST:
                file.unlink(missing_ok=True)


def _parse_name(file: Path) -> tuple[str, datetime]:
    clinic, _, time = file.name.removesuffix(_ENDING).rpartition("-")
    try:
        return clinic, datetime.strptime(time, _TIME).replace(tzinfo=UTC)
    except ValueError:
        raise BadDowntimeFile(f"{file}: its name is no clinic and time") from None
