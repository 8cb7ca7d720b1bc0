"""Clinics: adding one and finding one. Knows nothing of what a level or a region means."""

import secrets
from datetime import datetime

from app.store.ground import keys
from app.store.ground.scope import Scope, Store
from app.store.keeping import audit
from app.store.tables import Clinic

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_WEEK = [[["09:00", "17:00"]]] * 5 + [[], []]


class NameTaken(Exception):
    """The name already belongs to someone else."""


def add(
    store: Store, now: datetime, *, name: str, region: str, time_zone: str, for_show: bool = False
) -> str:
    """Add a clinic that is open on weekdays, 9 to 5; give its id. Raises NameTaken."""
    if find(store, name) is not None:
        raise NameTaken
    clinic = "".join(secrets.choice(_LETTERS) for _ in range(8))
    with store.writing(clinic) as scope:
        scope.add(
            Clinic,
            name=name,
            region=region,
            time_zone=time_zone,
            opening_hours=_WEEK,
            for_show=for_show,
            made_at=now,
        )
        keys.make(scope, clinic)  # for what the clinic itself seals, such as where alarms go
        audit.add(scope, now, "command", "clinic_added", ("clinic", clinic))
    return clinic


def find(store: Store, word: str) -> Clinic | None:
    """The clinic of this id or name."""
    for clinic in everyone(store):
        if word in (clinic.clinic_id, clinic.name):
            return clinic
    return None


def name_of(scope: Scope) -> str:
    """What the clinic of this scope is called."""
    clinic = scope.one(Clinic)
    return clinic.name if clinic else ""


def known(scope: Scope) -> Clinic:
    """The clinic of this scope, which is there: someone of its staff, or a link of it, is."""
    clinic = scope.one(Clinic)
    if clinic is None:
        raise LookupError(scope.clinic)
    return clinic


def is_for_show(store: Store, clinic: str) -> bool:
    """Whether the clinic holds made-up people only; it never changes."""
    with store.reading(clinic) as scope:
        return known(scope).for_show


def everyone(store: Store) -> list[Clinic]:
    """All clinics, by name."""
    found = []
    for clinic in store.clinics():
        with store.reading(clinic) as scope:
            found += scope.all(Clinic)
    return found
