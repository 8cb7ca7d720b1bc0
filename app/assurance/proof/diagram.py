"""The second checker: what holds of a rulebook over all of its answer sets, counted, not sampled.

By decision diagrams, from the rule files alone: it shares no code with `app.triage` nor with the
first checker, and both must agree.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import ParamSpec

from app.assurance.proof import diagram_level as level
from app.assurance.proof import diagram_promised as promised
from app.assurance.proof import diagram_reach as reach
from app.assurance.proof.answer_space import AnswerSpace
from app.assurance.proof.answer_types import AnswerTypes
from app.assurance.proof.diagram_level import Claim
from app.assurance.proof.diagrams import Diagram
from app.assurance.proof.evaluator import LEVELS

P = ParamSpec("P")
Case = dict[str, list[str]]
"""Question -> chosen options; analyte -> the bounds that its value meets."""

OF_LEVELS: Mapping[str, Callable[[AnswerSpace], Iterator[Claim]]] = {
    "a": level.walks_end,
    "b": level.one_level,
    "c": level.red_flags_count,
    "d": level.graver_never_lowers,
    "e": level.must_ask_and_self_care,
    "h": reach.unasked_changes_nothing,
    "j": reach.lab_bands_meet,
    "k": reach.closed_questions,
    "l": promised.usual_or_no_self_care,
    "m": promised.measured_counts_as_told,
    "n": promised.types_have_their_level,
    "o": promised.one_doubt_alarms_nobody,
}
OF_TYPES: Mapping[str, Callable[[AnswerSpace, AnswerTypes], Iterator[Claim]]] = {
    "f": reach.all_reached,
    "g": reach.results_are_whole,
    "i": reach.types_stay_apart,
}


@dataclass(frozen=True)
class Checked:
    """One property: how many claims were weighed, those that fail, and who says least of these."""

    claims: int
    seconds: float
    breaches: tuple[str, ...]
    smallest: Case

    @property
    def holds(self) -> bool:
        """No claim fails."""
        return not self.breaches


@dataclass(frozen=True)
class Examined:
    """What was found. Counts are of complete answer sets without laboratory values.

    `fires`: rule -> in how many it certainly fires for some laboratory values, or none. `by_type`:
    the likely types of those who say at most a few things, `shown`: one of each, for the engine.
    """

    answer_sets: int
    by_level: dict[str, int]
    longest: int
    checked: dict[str, Checked]
    fires: dict[str, int]
    by_type: dict[str, int]
    shown: dict[str, Case]

    @property
    def holds(self) -> dict[str, bool]:
        """Property -> whether it holds."""
        return {letter: checked.holds for letter, checked in self.checked.items()}


def examine(folder: Path) -> Examined:
    """Check every property of the rulebook in this folder over all answer sets."""
    space = AnswerSpace(folder)
    checked = {letter: _check(space, check, space) for letter, check in OF_LEVELS.items()}
    by_level = {u: space.count(space.without_labs(space.exactly(u))) for u in LEVELS}
    fires = {
        rule["id"]: space.count(space.whatever_labs(reach.fires(space, rule)))
        for rule in space.rules
    }
    types = AnswerTypes(space)  # last: its many diagrams make all others slow
    checked |= {letter: _check(space, check, space, types) for letter, check in OF_TYPES.items()}
    examples = {kind: _smallest(space, where) for kind, where in types.likely.items()}
    return Examined(
        answer_sets=space.count(space.without_labs(space.complete)),
        by_level=by_level,
        longest=max(level.lengths(space)),
        checked=dict(sorted(checked.items())),
        fires=fires,
        by_type={kind: space.count(where) for kind, where in types.likely.items()},
        shown={kind: case for kind, case in examples.items() if case},
    )


def examine_one(folder: Path, letter: str) -> Checked:
    """Only this property of the rulebook in this folder."""
    space = AnswerSpace(folder)
    if letter in OF_LEVELS:
        return _check(space, OF_LEVELS[letter], space)
    return _check(space, OF_TYPES[letter], space, AnswerTypes(space))


def _check(
    space: AnswerSpace, check: Callable[P, Iterator[Claim]], *on: P.args, **more: P.kwargs
) -> Checked:
    begun = process_time()
    claims = list(check(*on, **more))
    broken = [(why, where) for why, where in claims if where != space.bdd.false]
    smallest = _smallest(space, space.some(where for _, where in broken))
    seconds = round(process_time() - begun, 2)
    return Checked(len(claims), seconds, tuple(why for why, _ in broken), smallest)


def _smallest(space: AnswerSpace, where: Diagram) -> Case:
    picked = space.fewest(where)
    return space.as_case(picked) if picked else {}
