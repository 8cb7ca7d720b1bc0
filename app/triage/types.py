"""The likely type: evidence for and against, look-alikes, and conflict rules in their order.

Weights rank the types and are never shown; standings are words. Nothing here can change a level.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.triage.conditions import Condition, Situation, because, judge
from app.triage.terms import (
    CANNOT_TELL,
    NOT_CALCINOSIS,
    TYPES,
    LookAlike,
    Truth,
    TypeEvidence,
    TypeStanding,
)

if TYPE_CHECKING:
    from app.triage.rulebook import Rulebook

STANDINGS = ("unlikely", "possible", "likely")


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """A condition with its weight for each type that it speaks for (+1 to +3) or against."""

    id: str
    when: Condition
    weights: Mapping[str, int]
    sources: tuple[str, ...]
    look_alike: str | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """What to do where evidence for several types meets. The first `lead` that holds decides."""

    id: str
    when: Condition
    sources: tuple[str, ...]
    lead: str | None = None
    cap: Mapping[str, str] | None = None
    only_before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scale:
    """The numbers of the ranking, from `rules/types/scale.yaml`."""

    possible_at: int
    likely_at: int
    margin: int
    look_alike_at: int
    tie_order: tuple[str, ...]
    likely_needs: Condition


@dataclass(frozen=True, slots=True)
class Weighing:
    """The outcome: the likely type in one word, how each type stands, and what was decided."""

    likely: str
    standings: tuple[TypeStanding, ...]
    look_alikes: tuple[LookAlike, ...]
    conflicts: tuple[str, ...]


def weigh(rulebook: "Rulebook", situation: Situation, spoken: Sequence[int]) -> Weighing:
    """Weigh the evidence lines that hold (`spoken`: their indices) and settle conflicts."""
    lines = [rulebook.evidence[index] for index in spoken]
    scale = rulebook.scale
    scores = _scores(lines)
    ranked = sorted(scores, key=lambda t: (-scores[t], scale.tie_order.index(t)))
    held = [c for c in rulebook.conflicts if judge(c.when, situation) is Truth.TRUE]
    likely, decided = _decide(ranked, scores, held, scale)
    capped = {t: s for c in held if c.cap for t, s in c.cap.items()}
    sure_enough = judge(scale.likely_needs, situation) is Truth.TRUE
    standings = [
        TypeStanding(
            type=kind,
            standing=_standing(kind, likely, scores, scale, sure_enough, capped),
            evidence_for=_evidence(lines, kind, situation, 1),
            evidence_against=_evidence(lines, kind, situation, -1),
        )
        for kind in sorted(TYPES, key=lambda t: (t != likely, ranked.index(t)))
    ]
    caps = [c.id for c in held if c.cap]
    return Weighing(
        likely=likely,
        standings=tuple(standings),
        look_alikes=_look_alikes(lines, situation, scale),
        conflicts=tuple(dict.fromkeys([*decided, *caps])),
    )


def _scores(lines: Sequence[EvidenceLine]) -> dict[str, int]:
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


def _decide(
    ranked: Sequence[str], scores: Mapping[str, int], held: Sequence[Conflict], scale: Scale
) -> tuple[str, list[str]]:
    for conflict in held:
        applies = not conflict.only_before or ranked[0] in conflict.only_before
        if conflict.lead is not None and applies:
            return conflict.lead, [conflict.id]
    best, second = ranked[0], ranked[1]
    if scores[best] < scale.possible_at or scores[best] - scores[second] < scale.margin:
        return CANNOT_TELL, []
    return best, []


def _standing(
    kind: str,
    likely: str,
    scores: Mapping[str, int],
    scale: Scale,
    sure_enough: bool,
    capped: Mapping[str, str],
) -> str:
    if kind == likely:
        reached = "likely" if sure_enough and scores[kind] >= scale.likely_at else "possible"
    else:
        reached = "possible" if scores[kind] >= scale.possible_at else "unlikely"
    cap = capped.get(kind, "likely")
    return min(reached, cap, key=STANDINGS.index)


def _evidence(
    lines: Sequence[EvidenceLine], kind: str, situation: Situation, sign: int
) -> tuple[TypeEvidence, ...]:
    spoken = [
        TypeEvidence(line.id, line.weights[kind], because(line.when, situation), line.sources)
        for line in lines
        if line.weights.get(kind, 0) * sign > 0
    ]
    return tuple(sorted(spoken, key=lambda e: -abs(e.weight)))


def _look_alikes(
    lines: Sequence[EvidenceLine], situation: Situation, scale: Scale
) -> tuple[LookAlike, ...]:
    """Look-alikes that reach the mark, best first."""
    by_id: dict[str, list[EvidenceLine]] = {}
    for line in lines:
        if line.look_alike is not None:
            by_id.setdefault(line.look_alike, []).append(line)
    weight = {k: sum(x.weights[NOT_CALCINOSIS] for x in own) for k, own in by_id.items()}
    return tuple(
        LookAlike(
            id=alike,
            because=tuple(
                dict.fromkeys(e for x in by_id[alike] for e in because(x.when, situation))
            ),
            sources=tuple(dict.fromkeys(s for x in by_id[alike] for s in x.sources)),
        )
        for alike in sorted(weight, key=lambda k: -weight[k])
        if weight[alike] >= scale.look_alike_at
    )
