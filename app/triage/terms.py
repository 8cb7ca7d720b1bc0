"""The words of the trade, as values. Knows nothing of files, questions or words for people."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Literal, NamedTuple, get_args

Answers = Mapping[str, frozenset[str]]
"""Question id -> ids of the chosen options (a one-choice question holds one)."""

TYPES = ("calciphylaxis", "metastatic", "iatrogenic", "dystrophic", "idiopathic")
"""The five types; their order settles nothing, `rules/types/conflicts.yaml` holds the tie order."""

NOT_CALCINOSIS = "not_calcinosis"
CANNOT_TELL = "cannot_tell"

AdviceSection = Literal[
    "watch", "keep", "bring", "tests", "treatments", "self_care", "do_not", "complications",
    "prevention", "ask",
]  # fmt: skip
SECTIONS: tuple[str, ...] = get_args(AdviceSection)
"""The sections of a result that hold advice, in the order in which they are read."""

AT_EMERGENCY = ("watch", "keep", "bring", "do_not")
"""All that is advised in an emergency: call again, what to do until help comes, what to take and
say, what not to do. Everything else can wait, and would stand in the way."""


class Urgency(IntEnum):
    """When to be seen; a higher number is more urgent."""

    self_care = 0
    routine = 1
    soon = 2
    same_day = 3
    emergency = 4


class Truth(IntEnum):
    """What is known of a condition, in four steps.

    OPEN means a question that is still to be asked, UNSURE that the person answered "I'm not sure".
    `all` is the minimum and `any` the maximum, so that a condition counts as UNSURE only if no
    open question can still make it false. "Not" something unsure is TRUE: a doubt clears nothing.
    """

    FALSE = 0
    OPEN = 1
    UNSURE = 2
    TRUE = 3


class Evidence(NamedTuple):
    """One answer, or one laboratory value, that made a condition hold."""

    question: str
    options: tuple[str, ...]
    unsure: bool = False
    lab: str | None = None


class Finding(NamedTuple):
    """A rule that fired. `certain` is false where a "not sure" keeps it open."""

    rule: str
    urgency: Urgency
    certain: bool
    because: tuple[Evidence, ...]
    sources: tuple[str, ...]
    within: str | None = None


class TypeEvidence(NamedTuple):
    """An answer that speaks for or against a type; `weight` runs from -3 to +3."""

    id: str
    weight: int
    because: tuple[Evidence, ...]
    sources: tuple[str, ...]


class TypeStanding(NamedTuple):
    """How one type stands: `likely`, `possible` or `unlikely`, never a percentage."""

    type: str
    standing: str
    evidence_for: tuple[TypeEvidence, ...]
    evidence_against: tuple[TypeEvidence, ...]


class LookAlike(NamedTuple):
    """A lump of another kind that fits some of the answers."""

    id: str
    because: tuple[Evidence, ...]
    sources: tuple[str, ...]


class Advice(NamedTuple):
    """One piece of advice; its words stand in the wording under the same id."""

    id: str
    sources: tuple[str, ...]


class Assessment(NamedTuple):
    """What the rulebook makes of the answers. Findings stand worst first."""

    urgency: Urgency
    within: str | None
    findings: tuple[Finding, ...]
    likely_type: str
    types: tuple[TypeStanding, ...]
    look_alikes: tuple[LookAlike, ...]
    conflicts: tuple[str, ...]
    contradictions: tuple[str, ...]
    next_question: str | None
    complete: bool
    ignored: tuple[str, ...]
    advice: Mapping[str, tuple[Advice, ...]]
    labs_not_weighed: tuple[str, ...] = ()
