"""The second checker: what holds of a rulebook over all of its answer sets, counted, not sampled.

By decision diagrams, from the rule files alone: it shares no code with `app.triage` nor with the
first checker, and both must agree.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time

from app.assurance.proof import diagram_level as level
from app.assurance.proof import diagram_promised as promised
from app.assurance.proof import diagram_reach as reach
from app.assurance.proof.answer_space import AnswerSpace
from app.assurance.proof.answer_types import AnswerTypes
from app.assurance.proof.diagram_level import Claim
from app.assurance.proof.diagrams import Diagram
from app.assurance.proof.evaluator import LEVELS

Case = dict[str, list[str]]
"""Question -> chosen options; analyte -> the bounds that its value meets."""

OF_LEVELS: Mapping[str, Callable[[AnswerSpace], Iterator[Claim]]] = {
    "a": level.walks_end,
    "b": level.exactly_one_level,
    "c": level.red_flags_keep_level,
    "d": level.graver_never_lowers,
    "e": level.must_ask_and_self_care,
    "h": reach.unasked_changes_nothing,
    "j": reach.lab_bands_meet,
    "k": reach.closed_questions_raise_nobody,
    "l": promised.usual_or_no_self_care,
    "m": promised.measured_counts_as_answered,
    "n": promised.types_have_their_level,
    "o": promised.one_doubt_alarms_nobody,
}
OF_TYPES: Mapping[str, Callable[[AnswerSpace, AnswerTypes], Iterator[Claim]]] = {
    "f": reach.everything_is_reached,
    "g": reach.results_are_whole,
    "i": reach.types_stay_apart,
}


@dataclass(frozen=True)
class DiagramCheck:
    """One property: how many claims were weighed, those that fail, and who says least of these."""

    claims: int
    seconds: float
    breaches: tuple[str, ...]
    smallest: Case

    @property
    def property_holds(self) -> bool:
        """No claim fails."""
        return not self.breaches


@dataclass(frozen=True)
class DiagramReport:
    """What was found. Counts are of complete answer sets without laboratory values.

    `fires`: rule -> in how many it certainly fires for some laboratory values, or none. `by_type`:
    the likely types of those who say at most a few things, `shown`: one of each, for the engine.
    """

    answer_sets: int
    by_level: dict[str, int]
    longest: int
    checked: dict[str, DiagramCheck]
    fires: dict[str, int]
    by_type: dict[str, int]
    shown: dict[str, Case]


def examine_rulebook(folder: Path) -> DiagramReport:
    """Check every property of the rulebook in this folder over all answer sets."""
    space = AnswerSpace(folder)
    checked = {letter: _weigh_claims(space, check(space)) for letter, check in OF_LEVELS.items()}
    count = space.count_answer_sets
    by_level = {u: count(space.without_labs(space.exactly_at_level(u))) for u in LEVELS}
    firing = {rule["id"]: reach.where_rule_fires(space, rule) for rule in space.rules}
    fires = {rule: count(space.whatever_labs(where)) for rule, where in firing.items()}
    types = AnswerTypes(space)  # last: its many diagrams make all others slow
    for letter, check in OF_TYPES.items():
        checked[letter] = _weigh_claims(space, check(space, types))
    likely = types.likely_types
    examples = {kind: _find_smallest_case(space, where) for kind, where in likely.items()}
    return DiagramReport(
        answer_sets=count(space.without_labs(space.complete_answers)),
        by_level=by_level,
        longest=max(level.measure_walk_lengths(space)),
        checked=dict(sorted(checked.items())),
        fires=fires,
        by_type={kind: count(where) for kind, where in likely.items()},
        shown={kind: case for kind, case in examples.items() if case},
    )


def examine_property(folder: Path, letter: str) -> DiagramCheck:
    """Only this property of the rulebook in this folder."""
    space = AnswerSpace(folder)
    if letter in OF_LEVELS:
        return _weigh_claims(space, OF_LEVELS[letter](space))
    return _weigh_claims(space, OF_TYPES[letter](space, AnswerTypes(space)))


def _weigh_claims(space: AnswerSpace, claimed: Iterator[Claim]) -> DiagramCheck:
    begun = process_time()
    claims = list(claimed)
    broken = [(why, where) for why, where in claims if where != space.bdd.false]
    smallest = _find_smallest_case(space, space.any_of(where for _, where in broken))
    seconds = round(process_time() - begun, 2)
    return DiagramCheck(len(claims), seconds, tuple(why for why, _ in broken), smallest)


def _find_smallest_case(space: AnswerSpace, where: Diagram) -> Case:
    picked = space.find_smallest(where)
    return space.decode_case(picked) if picked else {}
