"""Clinics: adding one and finding one. Knows nothing of what a level or a region means."""

import secrets
from datetime import datetime

from app.store.db import audit, record_keys
from app.store.db.scope import Scope, Store
from app.store.db.tables import Clinic

_CLINIC_ID_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_DEFAULT_OPENING_HOURS = [[["09:00", "17:00"]]] * 5 + [[], []]


class NameTaken(Exception):
    """The name already belongs to someone else."""


def add_clinic(
    store: Store, now: datetime, *, name: str, region: str, time_zone: str, for_show: bool = False
) -> str:
    """Add a clinic that is open on weekdays, 9 to 5; give its id. Raises NameTaken."""
    if find_clinic(store, name) is not None:
        raise NameTaken
    clinic = "".join(secrets.choice(_CLINIC_ID_ALPHABET) for _ in range(8))
    with store.writing_scope(clinic, now, "command") as scope:
        scope.add_row(
            Clinic,
            name=name,
            region=region,
            time_zone=time_zone,
            opening_hours=_DEFAULT_OPENING_HOURS,
            for_show=for_show,
            made_at=now,
        )
        # For what the clinic itself seals, such as where alarms go.
        record_keys.create_data_key(scope, clinic)
        audit.record_event(scope, "clinic_added", ("clinic", clinic))
    return clinic


def find_clinic(store: Store, word: str) -> Clinic | None:
    """The clinic of this id or name."""
    return next((one for one in list_clinics(store) if word in (one.clinic_id, one.name)), None)


def read_clinic_name(scope: Scope) -> str:
    """What the clinic of this scope is called."""
    clinic = scope.find_one(Clinic)
    return clinic.name if clinic else ""


def load_clinic(scope: Scope) -> Clinic:
    """The clinic of this scope, which is there: someone of its staff, or a link of it, is."""
    clinic = scope.find_one(Clinic)
    if clinic is None:
        raise LookupError(scope.clinic)
    return clinic


def is_demo_clinic(store: Store, clinic: str) -> bool:
    """Whether the clinic holds made-up people only; it never changes."""
    with store.reading_scope(clinic) as scope:
        return load_clinic(scope).for_show


def list_clinics(store: Store) -> list[Clinic]:
    """All clinics, by name."""
    found = []
    for clinic in store.list_clinic_ids():
        with store.reading_scope(clinic) as scope:
            found += scope.find_all(Clinic)
    return found
