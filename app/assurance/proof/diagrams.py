"""Boolean functions as decision diagrams: joined, counted exactly, and searched for the cheapest.

Knows nothing of rules. `dd` gives no types, so a function is `Any` here.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import reduce
from math import inf
from operator import and_, or_
from typing import Any

from dd import cudd

Diagram = Any
"""A function of the variables of its manager: `&`, `|`, `~`, `==`, `.support`."""


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


def _child_branches(node: Diagram) -> tuple[Diagram, Diagram]:
    """Both branches; the library leaves it to us to carry a "not" down to them."""
    return (~node.low, ~node.high) if node.negated else (node.low, node.high)
