"""Clinics, and what each starts from: how soon a nurse looks, when an alarm is raised and so on.

The policy is numbers alone, read from the rulebook's folder.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from app.rulebook.faults import RulebookFaults
from app.rulebook.load import RELIANCE_FILE, TARGETS_FILE
from app.rulebook.reading import RulebookReader
from app.store.db import audit, record_keys
from app.store.db.scope import Scope, Store
from app.store.db.tables import Clinic
from app.triage.sources import ReviewedEntry, SourceEntry
from app.triage.terms import Urgency

Hundredth = Annotated[int, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=1, le=100_000)]
_CLINIC_ID_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_DEFAULT_OPENING_HOURS = [[["09:00", "17:00"]]] * 5 + [[], []]
_DATE_ORDER_OF_REGION = {"us": "month_first", "ca": "year_first"}
"""Elsewhere the day comes first. In Canada both orders of numbers are in use, so none is read."""


class Targets(dict[Urgency, int]):
    """Minutes until a nurse looks: of opening hours, for an emergency by the clock.

    `visit_days`: within how long a level wants a visit, after which nothing is soon enough.
    """

    def __init__(
        self, minutes: Mapping[Urgency, int], visit_days: Mapping[Urgency, timedelta]
    ) -> None:
        super().__init__(minutes)
        self.visit_days = visit_days


class NameTaken(Exception):
    """The name already belongs to someone else."""


def add_clinic(
    store: Store,
    now: datetime,
    *,
    name: str,
    region: str,
    time_zone: str,
    telephone: str = "",
    for_show: bool = False,
) -> str:
    """Add a clinic that is open on weekdays, 9 to 5; give its id. Raises NameTaken."""
    if find_clinic(store, name) is not None:
        raise NameTaken
    clinic = "".join(secrets.choice(_CLINIC_ID_ALPHABET) for _ in range(8))
    with store.writing_scope(clinic, now, "command") as scope:
        where = {
            "name": name,
            "region": region,
            "time_zone": time_zone,
            "telephone": telephone or None,
            "date_order": _DATE_ORDER_OF_REGION.get(region, "day_first"),
        }
        hours = _DEFAULT_OPENING_HOURS
        scope.add_row(Clinic, **where, opening_hours=hours, for_show=for_show, made_at=now)
        # For what the clinic itself seals, such as where alarms go.
        record_keys.create_data_key(scope, clinic)
        audit.record_event(scope, "clinic_added", ("clinic", clinic))
    return clinic


def find_clinic(store: Store, word: str) -> Clinic | None:
    """The clinic of this id or name."""
    return next((one for one in list_clinics(store) if word in (one.clinic_id, one.name)), None)


def load_clinic(scope: Scope) -> Clinic:
    """The clinic of this scope, which is there: someone of its staff, or a link of it, is."""
    return scope.require_one(Clinic, LookupError)


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


class TargetEntry(ReviewedEntry):
    minutes: Annotated[int, Field(ge=1, le=10_000)]
    days: Annotated[int, Field(ge=0, le=365)] | None = None  # until a visit that is soon enough
    alarm: Annotated[int, Field(ge=1, le=60)] | None = None  # minutes by the clock
    claim: Annotated[int, Field(ge=1, le=10_000)] = 60  # minutes that a claim holds without an act


class Reliance(ReviewedEntry):
    """From when on people may rely on the rules too much, or a rule be wrong."""

    decisions: Count
    more_than: Hundredth
    rule_overrides: Count
    rule_of_100: Hundredth
    smallest_group: Count

    def suggests_overreliance(self, agreed: int, decided: int) -> bool:
        """Whether so much agreement may mean that nobody looks any more."""
        return decided >= self.decisions and agreed * 100 > self.more_than * decided

    def is_doubtful_rule(self, overridden: int, decided: int) -> bool:
        """Whether a rule was set aside so often that it may be wrong."""
        often = overridden >= self.rule_overrides
        return often and overridden * 100 >= self.rule_of_100 * decided


class ClinicPolicy(NamedTuple):
    """The numbers. `visit_days`: within how long a level wants a visit; not every level does.

    `alarm_delay`: how long an emergency may wait for an act before it alarms.
    `claim_minutes`: how long a claim holds without an act.
    """

    targets: Targets
    visit_days: Mapping[Urgency, timedelta]
    alarm_delay: timedelta
    claim_minutes: Mapping[Urgency, int]
    reliance: Reliance


def load_policy(folder: Path) -> ClinicPolicy:
    """The policy in the rulebook's folder. Raises RulebookFaults, with all that is wrong."""
    reader = RulebookReader(folder)
    list(reader.read_entries("sources.yaml", SourceEntry))  # the reader checks sources by it
    targets = _read_targets(reader)
    limits = [entry for _, entry in reader.read_entries(RELIANCE_FILE, Reliance)]
    if [entry.id for entry in limits] != ["agreement"] and not reader.faults.fault_lines:
        reader.faults.note_fault(
            RELIANCE_FILE, 1, "agreement", "stands here once, and nothing else"
        )
    alarm = targets[Urgency.emergency].alarm if Urgency.emergency in targets else None
    if reader.faults.fault_lines or alarm is None:
        raise RulebookFaults(tuple(reader.faults.fault_lines))
    minutes = {level: entry.minutes for level, entry in targets.items()}
    days = {lvl: timedelta(days=e.days) for lvl, e in targets.items() if e.days is not None}
    return ClinicPolicy(
        Targets(minutes, days),
        days,
        timedelta(minutes=alarm),
        {level: entry.claim for level, entry in targets.items()},
        limits[0],
    )


def _read_targets(reader: RulebookReader) -> dict[Urgency, TargetEntry]:
    """Every level has a target, a worse one never waits longer, and only an emergency alarms."""
    targets: dict[Urgency, TargetEntry] = {}
    for at, entry in reader.read_entries(TARGETS_FILE, TargetEntry):
        if entry.id in Urgency.__members__:
            targets[Urgency[entry.id]] = entry
        else:
            at.note_fault(f"no such level; the levels are: {', '.join(Urgency.__members__)}")
        if (entry.alarm is not None) != (entry.id == Urgency.emergency.name):
            at.note_fault("has no alarm" if entry.alarm is None else "only an emergency alarms")
    missing = [level.name for level in Urgency if level not in targets]
    if missing and not reader.faults.fault_lines:
        reader.faults.note_fault(TARGETS_FILE, 1, missing[0], "has no target; every level has one")
    for level in Urgency if not missing else ():
        minutes = targets[level].minutes
        if any(targets[worse].minutes > minutes for worse in Urgency if worse > level):
            reader.faults.note_fault(TARGETS_FILE, 1, level.name, "a worse level would wait longer")
    return targets
