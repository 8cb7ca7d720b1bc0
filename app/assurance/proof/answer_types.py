"""The likely type over many answer sets at once, as decision diagrams: a second reading of types/.

Sums of many weights are too wide for a diagram of everyone, so it is read for those who say at
most a few things (`AT_MOST` ticks, doubts and choices but the mildest) and give no blood test; of
these it is exact. Shares no code with `app.triage`.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from app.assurance.proof.answer_space import AnswerSpace
from app.assurance.proof.diagrams import Diagram
from app.assurance.proof.evaluator import read_yaml_strings

AT_MOST = 3
NOT_CALCINOSIS = "not_calcinosis"
CANNOT_TELL = "cannot_tell"

WeightedPart = tuple[Diagram, int]
"""Where a line of evidence holds, and its weight."""
ScoreDiagrams = Mapping[int, Diagram]
"""A sum of weights -> where it is that."""


class AnswerTypes:
    """How the types stand for everyone who says little; `likely`: kind -> where it is named."""

    def __init__(self, space: AnswerSpace, at_most: int = AT_MOST) -> None:
        self.space = space
        types = space.folder / "types"
        self._scale = read_yaml_strings(types / "scale.yaml")
        self._evidence = read_yaml_strings(types / "evidence.yaml")
        self._look_alikes = read_yaml_strings(types / "look_alikes.yaml")
        self._conflicts = [c for c in read_yaml_strings(types / "conflicts.yaml") if "lead" in c]
        self.kinds: list[str] = self._scale["tie_order"]
        self._at_most = at_most
        self._ahead: dict[tuple[str, str, int], Diagram] = {}

    @cached_property
    def people_considered(self) -> Diagram:
        """Everyone who is looked at."""
        space = self.space
        said = [space.bdd.var(v) for v in space.answer_variables if v not in space.silent_variables]
        too_many = space.threshold_of(self._at_most + 1, said)
        return space.without_labs(space.complete_answers) & ~too_many

    @cached_property
    def likely_types(self) -> dict[str, Diagram]:
        """Kind -> where the result names it: by the first conflict rule that leads, else scores."""
        led, open_still = self._led_by_conflict()
        where_named = {kind: open_still & self._decided_by_score(kind) for kind in self.kinds}
        where_named[CANNOT_TELL] = open_still & ~self.space.any_of(where_named.values())
        return {kind: u | led.get(kind, self.space.bdd.false) for kind, u in where_named.items()}

    def silently_tied(self) -> Diagram:
        """Where a type is told by its score though another kind has as much."""
        _, open_still = self._led_by_conflict()
        ties = (
            self._decided_by_score(one) & self.ahead_by(other, one, 0)
            for one in self.kinds
            for other in self.kinds
            if NOT_CALCINOSIS != one != other
        )
        return open_still & self.space.any_of(ties)

    def ahead_by(self, one: str, other: str, margin: int) -> Diagram:
        """Where the first has at least so much more than the second."""
        key = one, other, margin
        if key not in self._ahead:
            self._ahead[key] = self.space.any_of(
                u & ~_where_at_least(self.space, self._cumulative_scores[other], value - margin + 1)
                for value, u in self._scores_by_kind[one].items()
            )
        return self._ahead[key]

    def _decided_by_score(self, kind: str) -> Diagram:
        """It ranks first with enough; a type is also ahead of every other by the margin."""
        least = int(self._scale["possible_at"])
        enough = _where_at_least(self.space, self._cumulative_scores[kind], least)
        if kind == NOT_CALCINOSIS:
            return self._ranks_first(kind) & enough
        margin = int(self._scale["margin"])
        others = (self.ahead_by(kind, other, margin) for other in self.kinds if other != kind)
        return self._ranks_first(kind) & enough & self.space.all_of(others)

    def _ranks_first(self, kind: str) -> Diagram:
        """None has more, and none that stands before it in the tie order has as much."""
        place = self.kinds.index(kind)
        return self.people_considered & self.space.all_of(
            self.ahead_by(kind, other, 1 if at < place else 0)
            for at, other in enumerate(self.kinds)
            if at != place
        )

    def _led_by_conflict(self) -> tuple[dict[str, Diagram], Diagram]:
        """Kind -> where a conflict rule leads to it; and where none does."""
        led: dict[str, Diagram] = {}
        left = self.people_considered
        for conflict in self._conflicts:
            applies, kind = left & self._where_certain(conflict["when"]), conflict["lead"]
            if "only_before" in conflict:
                applies &= self.space.any_of(map(self._ranks_first, conflict["only_before"]))
            led[kind] = led.get(kind, self.space.bdd.false) | applies
            left &= ~applies
        return led, left

    @cached_property
    def _scores_by_kind(self) -> dict[str, ScoreDiagrams]:
        return {kind: self._score_kind(kind) for kind in self.kinds}

    @cached_property
    def _cumulative_scores(self) -> dict[str, ScoreDiagrams]:
        """Kind -> each sum that occurs -> where it is that or more."""
        cumulative: dict[str, ScoreDiagrams] = {}
        for kind, score in self._scores_by_kind.items():
            found, above = {}, self.space.bdd.false
            for value in sorted(score, reverse=True):
                above = found[value] = above | score[value]
            cumulative[kind] = found
        return cumulative

    def _score_kind(self, kind: str) -> ScoreDiagrams:
        """The weights of all lines that hold; look-alikes count for "not calcinosis" otherwise."""
        lines = list(self._evidence)
        if kind != NOT_CALCINOSIS:
            lines += [line for alike in self._look_alikes for line in alike["evidence"]]
        plain = self._sum_weights(self.people_considered, self._weighted_parts(kind, lines))
        if kind != NOT_CALCINOSIS:
            return plain
        return _add_scores(self.space, plain, self._best_look_alike())

    def _best_look_alike(self) -> ScoreDiagrams:
        """The best sum of a look-alike of which some line holds; 0 where there is none."""
        sums: dict[int, Diagram] = {}
        nothing = self.people_considered
        for alike in self._look_alikes:
            parts = self._weighted_parts(NOT_CALCINOSIS, alike["evidence"])
            there = self.people_considered & self.space.any_of(u for u, _ in parts)
            nothing &= ~there
            for value, u in self._sum_weights(there, parts).items():
                sums[value] = sums.get(value, self.space.bdd.false) | u
        sums[0] = sums.get(0, self.space.bdd.false) | nothing
        best, left = {}, self.people_considered
        for value in sorted(sums, reverse=True):
            best[value] = left & sums[value]
            left &= ~sums[value]
        return best

    def _weighted_parts(self, kind: str, lines: Iterable[dict[str, Any]]) -> list[WeightedPart]:
        return [
            (self._where_certain(line["when"]), int(line["weights"][kind]))
            for line in lines
            if kind in line["weights"]
        ]

    def _sum_weights(self, among: Diagram, parts: list[WeightedPart]) -> ScoreDiagrams:
        """Lines that are settled early are added first: that keeps the diagrams narrow."""
        level = self.space.bdd.level_of_var
        parts = sorted(parts, key=lambda part: max(map(level, part[0].support), default=-1))
        found: ScoreDiagrams = {0: among}
        for u, weight in parts:
            found = _add_scores(self.space, found, {weight: u, 0: ~u})
        return found

    def _where_certain(self, when: Any) -> Diagram:
        return self.space.without_labs(self.space.read_condition(when).certain)


def _add_scores(space: AnswerSpace, one: ScoreDiagrams, other: ScoreDiagrams) -> ScoreDiagrams:
    found: dict[int, Diagram] = {}
    for value, u in one.items():
        for more, v in other.items():
            if u & v != space.bdd.false:
                found[value + more] = found.get(value + more, space.bdd.false) | (u & v)
    return found


def _where_at_least(space: AnswerSpace, or_more: ScoreDiagrams, value: int) -> Diagram:
    higher = [v for v in or_more if v >= value]
    return or_more[min(higher)] if higher else space.bdd.false
