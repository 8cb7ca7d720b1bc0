"""A month of a clinic in words: groups of numbers, of which those of few people are hidden.

It joins what was counted with the keys of its words; it counts nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from app.presentation.review_words import RAISE_REASON_WORDS
from app.store.db.patient_tables import SOURCES
from app.store.month_reports import ACTS, STOPPED, MonthFigures, find_percentile
from app.store.review_steps import DISPOSITIONS, LOWER_REASONS, RAISE_REASONS
from app.triage.terms import Urgency

INVITED = ("sent", "stopped", "began", "unopened", "revoked")
LEVELS = tuple(level.name for level in sorted(Urgency, reverse=True))
_GROUPS: Mapping[str, tuple[str, Sequence[str]]] = {
    "level": ("", LEVELS),
    "source": ("reports.source.", SOURCES),
    "invited": ("reports.invited.", INVITED),
    "end": ("review.close.", DISPOSITIONS),
    "raise": ("", RAISE_REASONS),
    "lower": ("review.lower.", LOWER_REASONS),
}
"""Groups that add up to a total -> where their words stand, and their parts in order."""
_SINGLE = (STOPPED, "act:moved", *(f"act:{act}" for act in ACTS))


class ReportLine(NamedTuple):
    """One number. `number` is None where it is of too few people, or would give such away."""

    key: str  # of its words, or a level
    number: int | None


@dataclass(frozen=True, slots=True)
class ReportGroup:
    """Lines that add up to the total."""

    name: str
    lines: list[ReportLine]
    total: int | None


class LevelWaits(NamedTuple):
    """Of one level: until half and nine of ten were looked at and decided, and how many were late.

    `late` is in hundredths. None where too few were measured.
    """

    level: Urgency
    look_half: timedelta | None
    look_most: timedelta | None
    decision_half: timedelta | None
    decision_most: timedelta | None
    late: int | None


@dataclass(frozen=True, slots=True)
class MonthReport:
    """All of a month, ready to be printed. `single`: numbers that are parts of no total.

    `arrived` came, and `kept` of them can still be timed; None where too few came or are missing.
    """

    groups: list[ReportGroup]
    single: list[ReportLine]
    waits: list[LevelWaits]
    arrived: int | None
    kept: int | None
    is_partly_gone: bool


def build_month_report(figures: MonthFigures, smallest: int) -> MonthReport:
    """The report; nothing of fewer than `smallest` people stands in it."""
    counts = figures.counts
    groups = [
        _build_group(name, place, parts, counts, smallest)
        for name, (place, parts) in _GROUPS.items()
    ]
    single = [
        ReportLine(f"reports.{name.replace(':', '.')}", _hide_few(counts.get(name, 0), smallest))
        for name in _SINGLE
    ]
    single.append(ReportLine("reports.not_booked", _hide_few(figures.not_booked, smallest)))
    arrived = sum(counts.get(f"level:{level}", 0) for level in LEVELS)
    gone = arrived - figures.kept
    tells = figures.kept >= smallest and (gone == 0 or gone >= smallest)
    return MonthReport(
        groups,
        single,
        [_build_waits(level, figures, smallest) for level in figures.times],
        _hide_few(arrived, smallest),
        figures.kept if tells else None,
        gone > 0,
    )


def hide_small_groups(
    counts: Mapping[str, int], smallest: int
) -> tuple[dict[str, int | None], int | None]:
    """The parts and their total, without what is of too few, and what would give that away.

    A part under `smallest` is hidden, and as many next larger ones as it takes that two or more
    are hidden and hold that many together: else the total would tell. None stands for hidden; a
    part of nobody is told.
    """
    parts = sorted((number, name) for name, number in counts.items() if number)
    hidden: set[str] = set()
    held = 0
    for number, name in parts:
        few = 0 < held < smallest or len(hidden) == 1
        if number >= smallest and not few:
            break
        hidden.add(name)
        held += number
    shown = {name: None if name in hidden else number for name, number in counts.items()}
    return shown, _hide_few(sum(counts.values()), smallest)


def _build_group(
    name: str, place: str, parts: Sequence[str], counts: Mapping[str, int], smallest: int
) -> ReportGroup:
    shown, total = hide_small_groups(
        {part: counts.get(f"{name}:{part}", 0) for part in parts}, smallest
    )
    lines = [ReportLine(_find_words(name, place, part), shown[part]) for part in parts]
    return ReportGroup(name, lines, total)


def _find_words(name: str, place: str, part: str) -> str:
    return RAISE_REASON_WORDS[part] if name == "raise" else f"{place}{part}"


def _hide_few(number: int, smallest: int) -> int | None:
    return None if 0 < number < smallest else number


def _build_waits(level: Urgency, figures: MonthFigures, smallest: int) -> LevelWaits:
    found = figures.times[level]
    late = round(100 * found.late / found.timed) if found.timed >= smallest else None

    def find_wait(waits: Sequence[int], share: int) -> timedelta | None:
        return find_percentile(waits, share) if len(waits) >= smallest else None

    return LevelWaits(
        level,
        find_wait(found.looks, 50),
        find_wait(found.looks, 90),
        find_wait(found.decisions, 50),
        find_wait(found.decisions, 90),
        late,
    )
