"""How soon a nurse looks, by level: minutes of a clinic's opening hours. Knows no clinic."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from app.triage.loading.reading import Reader
from app.triage.loading.shapes import Reviewed, SourceEntry
from app.triage.rulebook import TARGETS_FILE, RulebookFaults
from app.triage.terms import Urgency

Targets = Mapping[Urgency, int]


class TargetEntry(Reviewed):
    minutes: Annotated[int, Field(ge=1, le=10_000)]


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
