"""How soon a nurse looks, by level, and when an unseen emergency alarms. Knows no clinic."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from app.rulebook.faults import RulebookFaults
from app.rulebook.load import TARGETS_FILE
from app.rulebook.reading import RulebookReader
from app.triage.sources import ReviewedEntry, SourceEntry
from app.triage.terms import Urgency

Targets = Mapping[Urgency, int]


class TargetEntry(ReviewedEntry):
    minutes: Annotated[int, Field(ge=1, le=10_000)]  # of opening hours; an emergency's by the clock
    days: Annotated[int, Field(ge=0, le=365)] | None = None  # until a visit that is soon enough
    alarm: Annotated[int, Field(ge=1, le=60)] | None = None  # by the clock


def load_targets(folder: Path) -> Targets:
    """Minutes for every level; a worse level never waits longer. Raises RulebookFaults."""
    reader = RulebookReader(folder)
    sources = {entry.id for _, entry in reader.read_entries("sources.yaml", SourceEntry)}
    targets: dict[Urgency, int] = {}
    for at, entry in reader.read_entries(TARGETS_FILE, TargetEntry):
        if entry.id not in Urgency.__members__:
            at.note_fault(f"no such level; the levels are: {', '.join(Urgency.__members__)}")
            continue
        for source in entry.sources:
            if source not in sources:
                at.note_fault(f"unknown source '{source}'; see sources.yaml", "sources")
        targets[Urgency[entry.id]] = entry.minutes
    missing = [level.name for level in Urgency if level not in targets]
    if missing and not reader.faults.fault_lines:
        reader.faults.note_fault(TARGETS_FILE, 1, missing[0], "has no target; every level has one")
    for level in Urgency if not missing else ():
        if any(targets[worse] > targets[level] for worse in Urgency if worse > level):
            reader.faults.note_fault(TARGETS_FILE, 1, level.name, "a worse level would wait longer")
    if reader.faults.fault_lines:
        raise RulebookFaults(tuple(reader.faults.fault_lines))
    return targets


def load_visit_days(folder: Path) -> Mapping[Urgency, timedelta]:
    """Within how many days a level wants a visit; a level that is not there names none."""
    entries = RulebookReader(folder).read_entries(TARGETS_FILE, TargetEntry)
    days = {entry.id: entry.days for _, entry in entries}
    return {
        level: timedelta(days=d) for level in Urgency if (d := days.get(level.name)) is not None
    }


def load_alarm_delay(folder: Path) -> timedelta:
    """How long an emergency may wait unseen before it alarms. Raises RulebookFaults."""
    reader = RulebookReader(folder)
    alarms = {entry.id: entry.alarm for _, entry in reader.read_entries(TARGETS_FILE, TargetEntry)}
    minutes = alarms.pop(Urgency.emergency.name, None)
    if minutes is None:
        reader.faults.note_fault(TARGETS_FILE, 1, Urgency.emergency.name, "has no alarm")
    for level in (level for level, alarm in alarms.items() if alarm is not None):
        reader.faults.note_fault(TARGETS_FILE, 1, level, "only an emergency alarms")
    if minutes is None or reader.faults.fault_lines:
        raise RulebookFaults(tuple(reader.faults.fault_lines))
    return timedelta(minutes=minutes)
