"""Laboratory values as decision diagrams: a variable for each bound that a condition names.

Read from the YAML and from rules/README.md alone, for the answer sets of `answer_space`.
"""

from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from app.assurance.proof.diagrams import Diagram, Diagrams
from app.assurance.proof.evaluator import COMPARE, read_yaml_strings

Bound = tuple[str, dict[str, str]]
"""Comparison, unit -> limit."""


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
