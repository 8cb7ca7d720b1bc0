"""The likely type: evidence for and against, look-alikes, and conflict rules in their order.

Weights rank the types and are never shown; standings are words. Nothing here can change a level.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

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

if TYPE_CHECKING:
    from app.triage.rulebook import Rulebook

EvidenceFunction = Callable[[Condition], tuple[Evidence, ...]]
"""Gives the answers behind a condition that holds."""

EvidenceByLine = Mapping["EvidenceLine", tuple[Evidence, ...]]
"""The evidence lines that hold, each with the answers behind it."""

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
    rulebook: "Rulebook", matched_groups: Mapping[str, Sequence[int]], evidence_fn: EvidenceFunction
) -> TypeRanking:
    """Weigh the evidence and settle conflicts.

    `matched_groups`: group of conditions -> indices of those that hold; `evidence_fn`:
    what one rests on.
    """
    lines = [rulebook.evidence[index] for index in matched_groups["evidence"]]
    scale = rulebook.scale
    scores = _sum_scores(lines)
    # Stable: where scores tie, the tie order stands.
    ranked = sorted(scale.tie_order, key=scores.__getitem__, reverse=True)
    held = [rulebook.conflicts[index] for index in matched_groups["conflicts"]]
    likely, decided = _decide_likely_type(ranked, scores, held, scale)
    capped = {t: STANDINGS.index(s) for c in held if c.cap for t, s in c.cap.items()}
    sure_enough = bool(matched_groups["likely"])
    reasons = {line: evidence_fn(line.when) for line in lines}
    evidence = _group_evidence_by_type(reasons)
    order = [kind for kind in ranked if kind != likely and kind != NOT_CALCINOSIS]
    standings = []
    for kind in [likely, *order] if likely in TYPES else order:
        standing = _standing_index(kind == likely, scores[kind], scale, sure_enough)
        shown = STANDINGS[min(standing, capped.get(kind, standing))]
        standings.append(TypeStanding(kind, shown, *map(tuple, evidence[kind])))
    caps = [c.id for c in held if c.cap]
    return TypeRanking(
        likely=likely,
        standings=tuple(standings),
        look_alikes=_find_look_alikes(reasons, scale),
        conflicts=tuple(dict.fromkeys([*decided, *caps])),
    )


def _sum_scores(lines: Sequence[EvidenceLine]) -> dict[str, int]:
    """Sums of weights; "not calcinosis" is its own lines plus the best single look-alike."""
    scores = dict.fromkeys([*TYPES, NOT_CALCINOSIS], 0)
    alike: dict[str, int] = {}
    for line in lines:
        for kind, weight in line.weights.items():
            if line.look_alike is not None and kind == NOT_CALCINOSIS:
                alike[line.look_alike] = alike.get(line.look_alike, 0) + weight
            else:
                scores[kind] += weight
    scores[NOT_CALCINOSIS] += max(alike.values(), default=0)
    return scores


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


def _group_evidence_by_type(
    reasons: EvidenceByLine,
) -> Mapping[str, tuple[list[TypeEvidence], list[TypeEvidence]]]:
    """Type -> its evidence for and against, strongest first."""
    found: dict[str, tuple[list[TypeEvidence], list[TypeEvidence]]] = {k: ([], []) for k in TYPES}
    for line, behind in reasons.items():
        for kind, weight in line.weights.items():
            if kind != NOT_CALCINOSIS:
                spoken = TypeEvidence(line.id, weight, behind, line.sources)
                found[kind][weight < 0].append(spoken)
    for for_it, against_it in found.values():
        for_it.sort(key=_evidence_strength)
        against_it.sort(key=_evidence_strength)
    return found


def _evidence_strength(evidence: TypeEvidence) -> int:
    return -abs(evidence.weight)


def _find_look_alikes(reasons: EvidenceByLine, scale: TypeScale) -> tuple[LookAlike, ...]:
    """Look-alikes that reach the mark, best first."""
    by_id: dict[str, list[EvidenceLine]] = {}
    for line in reasons:
        if line.look_alike is not None:
            by_id.setdefault(line.look_alike, []).append(line)
    weight = {k: sum(x.weights[NOT_CALCINOSIS] for x in own) for k, own in by_id.items()}
    return tuple(
        LookAlike(
            id=alike,
            because=tuple(dict.fromkeys(e for line in by_id[alike] for e in reasons[line])),
            sources=tuple(dict.fromkeys(s for line in by_id[alike] for s in line.sources)),
        )
        for alike in sorted(weight, key=lambda k: -weight[k])
        if weight[alike] >= scale.look_alike_at
    )
