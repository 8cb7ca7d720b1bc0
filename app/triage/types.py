"""The likely type: evidence for and against, look-alikes, and conflict rules in their order.

Weights rank the types and are never shown; standings are words. Nothing here can change a level.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.triage.conditions import Condition
from app.triage.terms import (
    CANNOT_TELL,
    NOT_CALCINOSIS,
    TYPES,
    Evidence,
    LookAlike,
    TypeEvidence,
    TypeStanding,
)

EvidenceByLine = Mapping["EvidenceLine", tuple[Evidence, ...]]
"""The evidence lines that hold, each with the answers behind it."""

_ForAndAgainst = tuple[list[TypeEvidence], list[TypeEvidence]]
_RANKED = (*TYPES, NOT_CALCINOSIS)
STANDINGS = ("unlikely", "possible", "likely")


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceLine:
    """A condition with its weight for each type that it speaks for (+1 to +3) or against."""

    id: str
    when: Condition
    weights: Mapping[str, int]
    sources: tuple[str, ...]
    look_alike: str | None = None


@dataclass(frozen=True, slots=True)
class TypeConflict:
    """What to do where evidence for several types meets. The first `lead` that holds decides."""

    id: str
    when: Condition
    sources: tuple[str, ...]
    lead: str | None = None
    cap: Mapping[str, str] | None = None
    only_before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeScale:
    """The numbers of the ranking, from `rules/types/scale.yaml`."""

    possible_at: int
    likely_at: int
    margin: int
    look_alike_at: int
    tie_order: tuple[str, ...]
    likely_needs: Condition


class TypeRanking(NamedTuple):
    """The outcome: the likely type in one word, how each type stands, and what was decided."""

    likely: str
    standings: tuple[TypeStanding, ...]
    look_alikes: tuple[LookAlike, ...]
    conflicts: tuple[str, ...]


def rank_types(
    scale: TypeScale,
    reasons: EvidenceByLine,
    held: Sequence[TypeConflict],
    *,
    likely_enough: bool,
) -> TypeRanking:
    """Weigh the evidence and settle conflicts.

    `reasons`: the lines that hold; `held`: the conflict rules that hold, in their order;
    `likely_enough`: whether what the scale needs for "likely" holds.
    """
    scores, evidence, alike = _weigh_evidence(reasons)
    # Stable: where scores tie, the tie order stands.
    ranked = sorted(scale.tie_order, key=scores.__getitem__, reverse=True)
    likely, decided = _decide_likely_type(ranked, scores, held, scale)
    capped = {t: STANDINGS.index(s) for c in held if c.cap for t, s in c.cap.items()}
    order = [kind for kind in ranked if kind != likely and kind != NOT_CALCINOSIS]
    standings = []
    for kind in [likely, *order] if likely in TYPES else order:
        standing = _standing_index(kind == likely, scores[kind], scale, likely_enough)
        shown = STANDINGS[min(standing, capped.get(kind, standing))]
        speaks_for, against = evidence[kind]
        standings.append(TypeStanding(kind, shown, tuple(speaks_for), tuple(against)))
    caps = [c.id for c in held if c.cap]
    return TypeRanking(
        likely=likely,
        standings=tuple(standings),
        look_alikes=_find_look_alikes(alike, reasons, scale) if alike else (),
        conflicts=tuple(dict.fromkeys([*decided, *caps])),
    )


def _weigh_evidence(
    reasons: EvidenceByLine,
) -> tuple[dict[str, int], Mapping[str, _ForAndAgainst], Mapping[str, list[EvidenceLine]]]:
    """(Type -> sum of weights, type -> its evidence, look-alike -> its lines).

    "Not calcinosis" weighs its own lines plus the best single look-alike.
    """
    scores = dict.fromkeys(_RANKED, 0)
    evidence: dict[str, _ForAndAgainst] = {kind: ([], []) for kind in TYPES}
    alike: dict[str, list[EvidenceLine]] = {}
    for line, behind in reasons.items():
        if line.look_alike is not None:
            alike.setdefault(line.look_alike, []).append(line)
        for kind, weight in line.weights.items():
            if kind != NOT_CALCINOSIS:
                scores[kind] += weight
                spoken = TypeEvidence(line.id, weight, behind, line.sources)
                evidence[kind][weight < 0].append(spoken)
            elif line.look_alike is None:
                scores[kind] += weight
    scores[NOT_CALCINOSIS] += max(map(_alike_weight, alike.values()), default=0)
    for both in evidence.values():
        for one in both:
            if len(one) > 1:
                one.sort(key=_evidence_strength)
    return scores, evidence, alike


def _alike_weight(lines: Sequence[EvidenceLine]) -> int:
    return sum(line.weights.get(NOT_CALCINOSIS, 0) for line in lines)


def _decide_likely_type(
    ranked: Sequence[str], scores: Mapping[str, int], held: Sequence[TypeConflict], scale: TypeScale
) -> tuple[str, list[str]]:
    for conflict in held:
        applies = not conflict.only_before or ranked[0] in conflict.only_before
        if conflict.lead is not None and applies:
            return conflict.lead, [conflict.id]
    best, second = ranked[0], ranked[1]
    if best == NOT_CALCINOSIS and scores[best] >= scale.possible_at:
        return best, []  # a look-alike that fits as well as the best type is told first
    if scores[best] < scale.possible_at or scores[best] - scores[second] < scale.margin:
        return CANNOT_TELL, []
    return best, []


def _standing_index(leads: bool, score: int, scale: TypeScale, sure_enough: bool) -> int:
    """Position among STANDINGS, before any cap."""
    if leads:
        return 2 if sure_enough and score >= scale.likely_at else 1
    return 1 if score >= scale.possible_at else 0


def _evidence_strength(evidence: TypeEvidence) -> int:
    return -abs(evidence.weight)


def _find_look_alikes(
    alike: Mapping[str, list[EvidenceLine]], reasons: EvidenceByLine, scale: TypeScale
) -> tuple[LookAlike, ...]:
    """Look-alikes that reach the mark, best first."""
    weight = {name: _alike_weight(lines) for name, lines in alike.items()}
    return tuple(
        LookAlike(
            id=name,
            because=tuple(dict.fromkeys(e for line in alike[name] for e in reasons[line])),
            sources=tuple(dict.fromkeys(s for line in alike[name] for s in line.sources)),
        )
        for name in sorted(weight, key=lambda k: -weight[k])
        if weight[name] >= scale.look_alike_at
    )
