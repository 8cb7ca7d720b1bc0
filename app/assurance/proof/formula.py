"""Propositional formulas for a SAT solver: gates, sums, questions. Knows nothing of rules.

A literal is a number; its negation is the negative number. Every gate is an equivalence, so that a
literal may stand in a question either way round.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pysat.solvers import Solver

TRUE = 1
FALSE = -1
SOLVER = "cadical195"

Model = frozenset[int]
"""The literals that are true in one solution."""


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number in unary: `low`, plus one for each of its `steps` that is true, in order."""

    low: int
    steps: tuple[int, ...] = ()

    def at_least(self, value: int) -> int:
        """The literal that says so."""
        place = value - self.low
        if place <= 0:
            return TRUE
        return self.steps[place - 1] if place <= len(self.steps) else FALSE

    @property
    def high(self) -> int:
        """The greatest value that it may have."""
        return self.low + len(self.steps)


class Formula:
    """Clauses that grow, and the questions asked of them."""

    def __init__(self) -> None:
        self._solver = Solver(name=SOLVER)
        self._last = TRUE
        self._gates: dict[tuple[int, ...], int] = {}
        self.clauses = 0
        self.asked = 0
        self.require(TRUE)

    def close(self) -> None:
        """Free the solver."""
        self._solver.delete()

    def new(self) -> int:
        """A variable that nothing is said of yet."""
        self._last += 1
        return self._last

    def require(self, *literals: int) -> None:
        """At least one of these holds, always."""
        self.clauses += 1
        self._solver.add_clause(list(literals))

    def every(self, literals: Iterable[int]) -> int:
        """All of these hold."""
        parts = sorted(set(literals) - {TRUE})
        if FALSE in parts or any(-part in parts for part in parts if part > 0):
            return FALSE
        if len(parts) < 2:
            return parts[0] if parts else TRUE
        key = tuple(parts)
        if key not in self._gates:
            gate = self._gates[key] = self.new()
            for part in parts:
                self.require(-gate, part)
            self.require(gate, *(-part for part in parts))
        return self._gates[key]

    def some(self, literals: Iterable[int]) -> int:
        """At least one of these holds."""
        return -self.every(-literal for literal in literals)

    def same(self, one: int, other: int) -> int:
        """Both hold, or neither."""
        return self.every([self.some([-one, other]), self.some([one, -other])])

    def count(self, literals: Sequence[int], least: int) -> int:
        """At least so many of these hold."""
        if least <= 0:
            return TRUE
        if least > len(literals):
            return FALSE
        if least in (1, len(literals)):
            return self.some(literals) if least == 1 else self.every(literals)
        first, rest = literals[0], literals[1:]
        with_it = self.every([first, self.count(rest, least - 1)])
        return self.some([with_it, self.count(rest, least)])

    def weighed(self, literal: int, weight: int) -> Number:
        """`weight` where the literal holds, else 0."""
        if weight >= 0:
            return Number(0, (literal,) * weight)
        return Number(weight, (-literal,) * -weight)

    def total(self, numbers: Sequence[Number]) -> Number:
        """Their sum."""
        if not numbers:
            return Number(0)
        if len(numbers) == 1:
            return numbers[0]
        half = len(numbers) // 2
        return self._plus(self.total(numbers[:half]), self.total(numbers[half:]))

    def ahead(self, one: Number, other: Number, margin: int) -> int:
        """`one` is at least `margin` more than `other`."""
        values = range(other.low, other.high + 1)
        return self.every(self.some([-other.at_least(v), one.at_least(v + margin)]) for v in values)

    def solve(self, *assumed: int) -> Model | None:
        """A solution in which all of these hold; none if there cannot be one."""
        self.asked += 1
        if not self._solver.solve(assumptions=list(assumed)):
            return None
        return frozenset(self._solver.get_model())

    def smallest(self, costs: Sequence[int], *assumed: int) -> Model | None:
        """A solution in which as few of `costs` hold as can be."""
        model = self.solve(*assumed)
        if model is None:
            return None
        dear = self.total([self.weighed(cost, 1) for cost in costs])
        fewest = sum(cost in model for cost in costs)
        while fewest and (better := self.solve(*assumed, -dear.at_least(fewest))) is not None:
            model, fewest = better, sum(cost in better for cost in costs)
        return model

    def _plus(self, one: Number, other: Number) -> Number:
        steps = tuple(self.new() for _ in range(len(one.steps) + len(other.steps)))
        found = Number(one.low + other.low, steps)
        for i in range(len(one.steps) + 1):
            for j in range(len(other.steps) + 1):
                here = one.low + i, other.low + j
                if i + j > 0:
                    reached = found.at_least(sum(here))
                    self.require(-one.at_least(here[0]), -other.at_least(here[1]), reached)
                if i + j < len(steps):
                    past = found.at_least(sum(here) + 1)
                    beyond = one.at_least(here[0] + 1), other.at_least(here[1] + 1)
                    self.require(*beyond, -past)
        return found
