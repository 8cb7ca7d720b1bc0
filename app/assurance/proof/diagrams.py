"""Boolean functions as decision diagrams: joined, counted exactly, and searched for the cheapest.

Then laboratory values as such functions, read from the YAML and from rules/README.md alone, for the
answer sets of `answer_space`. `dd` gives no types, so a function is `Any` here.
"""

from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from functools import cached_property, reduce
from itertools import pairwise
from math import inf
from operator import and_, or_
from pathlib import Path
from typing import Any

from dd import cudd

from app.assurance.proof.evaluator import COMPARE, read_yaml_strings

Diagram = Any
"""A function of the variables of its manager: `&`, `|`, `~`, `==`, `.support`."""
Bound = tuple[str, dict[str, str]]
"""Comparison, unit -> limit."""


class Diagrams:
    """A manager, and what the library leaves to us."""

    def __init__(self, beside: "Diagrams | None" = None) -> None:
        self.bdd: Any = cudd.BDD() if beside is None else beside.bdd
        self.bdd.configure(reordering=False)

    def arrange_variables(self, order: Sequence[str]) -> None:
        """Put the variables into this order, where it knows most of them; others come last."""
        known = [variable for variable in order if variable in self.bdd.vars]
        if 2 * len(known) > len(self.bdd.vars):
            own = sorted(self.bdd.vars, key=self.bdd.level_of_var)
            rest = [variable for variable in own if variable not in {*known}]
            cudd.reorder(self.bdd, {v: place for place, v in enumerate([*known, *rest])})

    def reorder_variables(self, *_kept: Diagram) -> None:
        """Look for an order of the variables in which all functions that are kept are small."""
        cudd.reorder(self.bdd)

    def any_of(self, parts: Iterable[Diagram]) -> Diagram:
        """Where any of them holds."""
        return reduce(or_, parts, self.bdd.false)

    def all_of(self, parts: Iterable[Diagram]) -> Diagram:
        """Where all of them hold."""
        return reduce(and_, parts, self.bdd.true)

    def where_different(self, one: Diagram, other: Diagram) -> Diagram:
        """Where just one of the two holds."""
        return self.bdd.apply("xor", one, other)

    def threshold_of(self, needed: int, parts: Iterable[Diagram]) -> Diagram:
        """Where at least so many of the parts hold."""
        reached = [self.bdd.true] + [self.bdd.false] * needed
        for part in parts:
            for n in range(needed, 0, -1):
                reached[n] |= reached[n - 1] & part
        return reached[needed]

    def count_models(self, u: Diagram, variables: int) -> int:
        """In how many ways so many variables make `u` true. The library counts in floats."""
        every: int = 2**variables
        known = {int(self.bdd.true): every}

        def count_node(node: Diagram) -> int:
            if node.negated:
                return every - count_node(~node)
            if int(node) not in known:
                known[int(node)] = (count_node(node.low) + count_node(node.high)) // 2
            return known[int(node)]

        return count_node(u)

    def find_cheapest_model(self, u: Diagram, free: Collection[str]) -> dict[str, bool] | None:
        """The variables of a solution with the fewest true ones, the free not counted."""
        known: dict[int, tuple[float, bool]] = {}

        def node_cost(node: Diagram) -> float:
            if node.var is None:
                return inf if node.negated else 0
            if int(node) not in known:
                low, high = (node_cost(branch) for branch in _child_branches(node))
                high += node.var not in free
                known[int(node)] = (min(low, high), high < low)
            return known[int(node)][0]

        if node_cost(u) == inf:
            return None
        picked = dict.fromkeys(self.bdd.vars, False)
        while u.var is not None:
            picked[u.var] = known[int(u)][1]
            u = _child_branches(u)[picked[u.var]]
        return picked


class LabSpace(Diagrams):
    """The laboratory values that a rulebook's conditions tell apart.

    Two that stand `beside` each other share their bounds.
    """

    def __init__(self, folder: Path, beside: "LabSpace | None" = None) -> None:
        super().__init__(beside)
        self.folder = folder
        self.bounds: dict[str, dict[str, Bound]] = {} if beside is None else beside.bounds
        """Analyte -> variable -> the bound that it stands for."""

    def plausible_labs(self) -> Diagram:
        """Real laboratory values, as far as bounds were read up to now, or none."""
        return self.all_of(map(self._plausible_bounds, self.bounds))

    def read_lab_bound(self, analyte: str, when: dict[str, Any]) -> Diagram:
        """The answer sets whose value meets the bound of this condition."""
        [(comparison, limits)] = [(k, when[k]) for k in COMPARE if k in when]
        name = " ".join([analyte, comparison, *(f"{v} {u}" for u, v in limits.items())])
        if name not in self.bdd.vars:
            self.bdd.declare(name)
            self.bounds.setdefault(analyte, {})[name] = (comparison, limits)
        return self.bdd.var(name)

    @property
    def has_unweighed_lab(self) -> Diagram:
        """A value that no rule weighs meets some bound; one that meets none has no variable."""
        declared = self._laboratory_file.get("not_weighed", ())
        alone = [entry["id"] for entry in declared if "unless" not in entry]
        return self.any_of(self.bdd.var(v) for name in alone for v in self.bounds.get(name, ()))

    def without_labs(self, u: Diagram) -> Diagram:
        """The same with no laboratory value given."""
        return self.bdd.let(dict.fromkeys(self._lab_variables(), self.bdd.false), u)

    def whatever_labs(self, u: Diagram) -> Diagram:
        """Where it holds for some laboratory values, or for none."""
        return u.exist(*self._lab_variables())

    def list_lab_bands(
        self, analyte: str, *also: Fraction
    ) -> list[tuple[Fraction, frozenset[str]]]:
        """Values from low to high, one in each band at least, and the bounds that each meets.

        `also`: other places at which, and just beside which, there shall be a value.
        """
        bounds = self.bounds[analyte]
        factors, (low, high) = self.unit_factors(analyte)
        edges = {
            Fraction(v) * factors[u] for _, limits in bounds.values() for u, v in limits.items()
        }
        edges.update(also)
        marks = sorted(edges | {min(edges) / 2, max(edges) * 2})
        values = {*marks, *((a + b) / 2 for a, b in pairwise(marks))}
        amounts = {
            n: (COMPARE[comparison], [Fraction(v) * factors[u] for u, v in limits.items()])
            for n, (comparison, limits) in bounds.items()
        }
        return [
            (v, frozenset(n for n, (met, at) in amounts.items() if any(met(v, a) for a in at)))
            for v in sorted(values)
            if low <= v <= high
        ]

    def _plausible_bounds(self, analyte: str) -> Diagram:
        """The bounds that one plausible value can meet together, or no value at all."""
        met = {together for _, together in self.list_lab_bands(analyte)}
        return self.any_of(
            self.bdd.cube({name: name in together for name in self.bounds[analyte]})
            for together in {*met, frozenset[str]()}
        )

    def _lab_variables(self) -> list[str]:
        return [variable for bounds in self.bounds.values() for variable in bounds]

    @cached_property
    def _laboratory_file(self) -> dict[str, Any]:
        read: dict[str, Any] = read_yaml_strings(self.folder / "labs.yaml")
        return read

    def unit_factors(self, analyte: str) -> tuple[dict[str, Fraction], tuple[Fraction, Fraction]]:
        """Unit -> factor to the first unit; the plausible limits in that unit."""
        labs = self._laboratory_file
        [units] = [e["units"] for e in [*labs["analytes"], labs["product"]] if e["id"] == analyte]
        low, high = next(iter(units.values())).get("hard", ("0", "1e9"))
        return {u: Fraction(e["factor"]) for u, e in units.items()}, (Fraction(low), Fraction(high))


def _child_branches(node: Diagram) -> tuple[Diagram, Diagram]:
    """Both branches; the library leaves it to us to carry a "not" down to them."""
    return (~node.low, ~node.high) if node.negated else (node.low, node.high)
