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
class UnaryNumber:
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
    def highest_value(self) -> int:
        """The greatest value that it may have."""
        return self.low + len(self.steps)


class Formula:
    """Clauses that grow, and the questions asked of them."""

    def __init__(self) -> None:
        self._solver = Solver(name=SOLVER)
        self._last = TRUE
        self._gates: dict[tuple[int, ...], int] = {}
        self.asked = 0
        self.add_clause(TRUE)

    def new_variable(self) -> int:
        """A variable that nothing is said of yet."""
        self._last += 1
        return self._last

    def add_clause(self, *literals: int) -> None:
        """At least one of these holds, always."""
        self._solver.add_clause(list(literals))

    def and_gate(self, literals: Iterable[int]) -> int:
        """All of these hold."""
        parts = sorted(set(literals) - {TRUE})
        if FALSE in parts or any(-part in parts for part in parts if part > 0):
            return FALSE
        if len(parts) < 2:
            return parts[0] if parts else TRUE
        key = tuple(parts)
        if key not in self._gates:
            gate = self._gates[key] = self.new_variable()
            for part in parts:
                self.add_clause(-gate, part)
            self.add_clause(gate, *(-part for part in parts))
        return self._gates[key]

    def or_gate(self, literals: Iterable[int]) -> int:
        """At least one of these holds."""
        return -self.and_gate(-literal for literal in literals)

    def iff_gate(self, one: int, other: int) -> int:
        """Both hold, or neither."""
        return self.and_gate([self.or_gate([-one, other]), self.or_gate([one, -other])])

    def at_least_gate(self, literals: Sequence[int], least: int) -> int:
        """At least so many of these hold."""
        if least <= 0:
            return TRUE
        if least > len(literals):
            return FALSE
        if least in (1, len(literals)):
            return self.or_gate(literals) if least == 1 else self.and_gate(literals)
        first, rest = literals[0], literals[1:]
        with_it = self.and_gate([first, self.at_least_gate(rest, least - 1)])
        return self.or_gate([with_it, self.at_least_gate(rest, least)])

    def weigh_literal(self, literal: int, weight: int) -> UnaryNumber:
        """`weight` where the literal holds, else 0."""
        if weight >= 0:
            return UnaryNumber(0, (literal,) * weight)
        return UnaryNumber(weight, (-literal,) * -weight)

    def sum_numbers(self, numbers: Sequence[UnaryNumber]) -> UnaryNumber:
        """Their sum."""
        if not numbers:
            return UnaryNumber(0)
        if len(numbers) == 1:
            return numbers[0]
        half = len(numbers) // 2
        return self._add_numbers(self.sum_numbers(numbers[:half]), self.sum_numbers(numbers[half:]))

    def exceeds_by(self, one: UnaryNumber, other: UnaryNumber, margin: int) -> int:
        """`one` is at least `margin` more than `other`."""
        values = range(other.low, other.highest_value + 1)
        return self.and_gate(
            self.or_gate([-other.at_least(v), one.at_least(v + margin)]) for v in values
        )

    def find_model(self, *assumed: int) -> Model | None:
        """A solution in which all of these hold; none if there cannot be one."""
        self.asked += 1
        if not self._solver.solve(assumptions=list(assumed)):
            return None
        return frozenset(self._solver.get_model())

    def find_smallest_model(self, costs: Sequence[int], *assumed: int) -> Model | None:
        """A solution in which as few of `costs` hold as can be."""
        model = self.find_model(*assumed)
        if model is None:
            return None
        dear = self.sum_numbers([self.weigh_literal(cost, 1) for cost in costs])
        fewest = sum(cost in model for cost in costs)
        while fewest and (better := self.find_model(*assumed, -dear.at_least(fewest))) is not None:
            model, fewest = better, sum(cost in better for cost in costs)
        return model

    def _add_numbers(self, one: UnaryNumber, other: UnaryNumber) -> UnaryNumber:
        steps = tuple(self.new_variable() for _ in range(len(one.steps) + len(other.steps)))
        found = UnaryNumber(one.low + other.low, steps)
        for i in range(len(one.steps) + 1):
            for j in range(len(other.steps) + 1):
                mine, theirs = one.low + i, other.low + j
                if i + j > 0:
                    reached = found.at_least(mine + theirs)
                    self.add_clause(-one.at_least(mine), -other.at_least(theirs), reached)
                if i + j < len(steps):
                    past = found.at_least(mine + theirs + 1)
                    self.add_clause(one.at_least(mine + 1), other.at_least(theirs + 1), -past)
        return found
