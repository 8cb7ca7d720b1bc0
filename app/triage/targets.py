"""How soon a nurse looks, by level, and when an unseen emergency alarms. Knows no clinic."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from app.triage.loading.reading import Reader
from app.triage.loading.shapes import Reviewed, SourceEntry
from app.triage.rulebook import TARGETS_FILE, RulebookFaults
from app.triage.terms import Urgency

Targets = Mapping[Urgency, int]


class TargetEntry(Reviewed):
    minutes: Annotated[int, Field(ge=1, le=10_000)]  # of opening hours; an emergency's by the clock
    days: Annotated[int, Field(ge=0, le=365)] | None = None  # until a visit that is soon enough
    alarm: Annotated[int, Field(ge=1, le=60)] | None = None  # by the clock


def load_targets(folder: Path) -> Targets:
    """Minutes for every level; a worse level never waits longer. Raises RulebookFaults."""
    reader = Reader(folder)
    sources = {entry.id for _, entry in reader.entries("sources.yaml", SourceEntry)}
    targets: dict[Urgency, int] = {}
    for at, entry in reader.entries(TARGETS_FILE, TargetEntry):
        if entry.id not in Urgency.__members__:
            at.wrong(f"no such level; the levels are: {', '.join(Urgency.__members__)}")
            continue
        for source in entry.sources:
            if source not in sources:
                at.wrong(f"unknown source '{source}'; see sources.yaml", "sources")
        targets[Urgency[entry.id]] = entry.minutes
    missing = [level.name for level in Urgency if level not in targets]
    if missing and not reader.faults.found:
        reader.faults.add(TARGETS_FILE, 1, missing[0], "has no target; every level has one")
    for level in Urgency if not missing else ():
        if any(targets[worse] > targets[level] for worse in Urgency if worse > level):
            reader.faults.add(TARGETS_FILE, 1, level.name, "a worse level would wait longer")
    if reader.faults.found:
        raise RulebookFaults(tuple(reader.faults.found))
    return targets


def load_visit_days(folder: Path) -> Mapping[Urgency, timedelta]:
    """Within how many days a level wants a visit; a level that is not there names none."""
    entries = Reader(folder).entries(TARGETS_FILE, TargetEntry)
    days = {entry.id: entry.days for _, entry in entries}
    return {
        level: timedelta(days=d) for level in Urgency if (d := days.get(level.name)) is not None
    }


def load_alarm(folder: Path) -> timedelta:
    """How long an emergency may wait unseen before it alarms. Raises RulebookFaults."""
    reader = Reader(folder)
    alarms = {entry.id: entry.alarm for _, entry in reader.entries(TARGETS_FILE, TargetEntry)}
    minutes = alarms.pop(Urgency.emergency.name, None)
    if minutes is None:
        reader.faults.add(TARGETS_FILE, 1, Urgency.emergency.name, "has no alarm")
    for level in (level for level, alarm in alarms.items() if alarm is not None):
        reader.faults.add(TARGETS_FILE, 1, level, "only an emergency alarms")
    if minutes is None or reader.faults.found:
        raise RulebookFaults(tuple(reader.faults.found))
    return timedelta(minutes=minutes)
