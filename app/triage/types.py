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

_EvidenceOfTypes = dict[str, list[TypeEvidence]]
"""Type -> evidence, the strongest first."""

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

    "Not calcinosis" weighs its own lines plus the best single look-alike.
    `reasons`: the lines that hold; `held`: the conflict rules that hold, in their order;
    `likely_enough`: whether what the scale needs for "likely" holds.
    """
    scores, speaks_for, speaks_against, alike = _weigh_evidence(reasons)
    likeness = {
        name: sum(line.weights.get(NOT_CALCINOSIS, 0) for line in lines)
        for name, lines in alike.items()
    }
    scores[NOT_CALCINOSIS] += max(likeness.values(), default=0)
    named = [name for name in likeness if likeness[name] >= scale.look_alike_at]
    named.sort(key=likeness.__getitem__, reverse=True)
    # Stable: where scores tie, the tie order stands.
    ranked = sorted(scale.tie_order, key=scores.__getitem__, reverse=True)
    likely, decided = _decide_likely_type(ranked, scores, held, scale)
    capped: dict[str, int] = {}
    for conflict in held:
        if conflict.cap:
            decided.append(conflict.id)
            capped |= {kind: STANDINGS.index(most) for kind, most in conflict.cap.items()}
    if likely in TYPES:
        ranked.remove(likely)
        ranked.insert(0, likely)
    standings = []
    for kind in ranked:
        if kind == NOT_CALCINOSIS:
            continue
        standing = 1 if scores[kind] >= scale.possible_at else 0
        if kind == likely:
            standing = 2 if likely_enough and scores[kind] >= scale.likely_at else 1
        shown = STANDINGS[min(standing, capped.get(kind, standing))]
        favour, against = tuple(speaks_for.get(kind, ())), tuple(speaks_against.get(kind, ()))
        standings.append(TypeStanding(kind, shown, favour, against))
    look_alikes = tuple([_make_look_alike(name, alike[name], reasons) for name in named])
    return TypeRanking(likely, tuple(standings), look_alikes, tuple(dict.fromkeys(decided)))


def _weigh_evidence(
    reasons: EvidenceByLine,
) -> tuple[dict[str, int], _EvidenceOfTypes, _EvidenceOfTypes, dict[str, list[EvidenceLine]]]:
    """(Type -> sum of weights, evidence for, against, look-alike -> lines, which are in no sum)."""
    scores = dict.fromkeys(_RANKED, 0)
    speaks_for: _EvidenceOfTypes = {}
    speaks_against: _EvidenceOfTypes = {}
    alike: dict[str, list[EvidenceLine]] = {}
    for line, behind in reasons.items():
        if line.look_alike is not None:
            alike.setdefault(line.look_alike, []).append(line)
        for kind, weight in line.weights.items():
            if kind != NOT_CALCINOSIS:
                scores[kind] += weight
                spoken = TypeEvidence(line.id, weight, behind, line.sources)
                (speaks_against if weight < 0 else speaks_for).setdefault(kind, []).append(spoken)
            elif line.look_alike is None:
                scores[kind] += weight
    for some in (*speaks_for.values(), *speaks_against.values()):
        if len(some) > 1:
            some.sort(key=lambda one: -abs(one.weight))
    return scores, speaks_for, speaks_against, alike


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


def _make_look_alike(
    name: str, lines: Sequence[EvidenceLine], reasons: EvidenceByLine
) -> LookAlike:
    because = dict.fromkeys([one for line in lines for one in reasons[line]])
    sources = dict.fromkeys([source for line in lines for source in line.sources])
    return LookAlike(name, tuple(because), tuple(sources))
