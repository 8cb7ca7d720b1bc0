"""When agreement with the rules asks for a second look: numbers only. Knows no clinic."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from app.rulebook.faults import RulebookFaults
from app.rulebook.load import RELIANCE_FILE
from app.rulebook.reading import RulebookReader
from app.triage.sources import ReviewedEntry, SourceEntry

Hundredth = Annotated[int, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=1, le=100_000)]


class RelianceEntry(ReviewedEntry):
    decisions: Count
    more_than: Hundredth
    rule_overrides: Count
    rule_of_100: Hundredth
    smallest_group: Count


@dataclass(frozen=True, slots=True)
class Reliance:
    """From when on people may rely on the rules too much, or a rule be wrong."""

    decisions: int
    more_than: int
    rule_overrides: int
    rule_of_100: int
    smallest_group: int

    def suggests_overreliance(self, agreed: int, decided: int) -> bool:
        """Whether so much agreement may mean that nobody looks any more."""
        return decided >= self.decisions and agreed * 100 > self.more_than * decided

    def is_doubtful_rule(self, overridden: int, decided: int) -> bool:
        """Whether a rule was set aside so often that it may be wrong."""
        often = overridden >= self.rule_overrides
        return often and overridden * 100 >= self.rule_of_100 * decided


def load_reliance(folder: Path) -> Reliance:
    """The numbers. Raises RulebookFaults."""
    reader = RulebookReader(folder)
    sources = {entry.id for _, entry in reader.read_entries("sources.yaml", SourceEntry)}
    found = list(reader.read_entries(RELIANCE_FILE, RelianceEntry))
    for at, entry in found:
        for source in entry.sources:
            if source not in sources:
                at.note_fault(f"unknown source '{source}'; see sources.yaml", "sources")
    if [entry.id for _, entry in found] != ["agreement"] and not reader.faults.fault_lines:
        reader.faults.note_fault(
            RELIANCE_FILE, 1, "agreement", "stands here once, and nothing else"
        )
    if reader.faults.fault_lines:
        raise RulebookFaults(tuple(reader.faults.fault_lines))
    entry = found[0][1]
    return Reliance(
        entry.decisions,
        entry.more_than,
        entry.rule_overrides,
        entry.rule_of_100,
        entry.smallest_group,
    )
