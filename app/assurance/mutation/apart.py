"""Where a rulebook and a mutant of it can be told apart, by SAT: who shows the difference.

Every answer set counts, finished or not. Knows nothing of cases, nor of how mutants are made.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any, NamedTuple

from app.assurance.proof.formula import FALSE, TRUE, Model, UnaryNumber
from app.assurance.proof.lab_bands import ADJUSTED, PHOSPHATE, STEP, GivenValue
from app.assurance.proof.prover import Prover
from app.assurance.proof.sat_types import TypeEncoding
from app.rulebook.checks import list_conditions
from app.triage.conditions import AtLeast, LabBound, walk_leaves
from app.triage.labs import BadLab, read_lab_amounts
from app.triage.rulebook import Rulebook
from app.triage.rules import Rule
from app.triage.sources import Contradiction
from app.triage.terms import NOT_CALCINOSIS, TYPES, Answers, Truth, Urgency
from app.triage.types import EvidenceLine

COMPARISONS = ("at_least", "above", "below")


class Witness(NamedTuple):
    """Answers and laboratory values."""

    answers: Answers
    labs: Mapping[str, GivenValue]


class MutantTypeEncoding(TypeEncoding):
    """The types as a mutant weighs them; sums that it leaves alone stay the very same literals."""

    def __init__(self, base: TypeEncoding, mutant: Rulebook) -> None:
        lines = zip(base.world.rulebook.evidence, mutant.evidence, strict=True)
        pairs = [(line, other) for line, other in lines if line is not other]
        self._base = base
        self._changed = {kind for line, other in pairs for kind in (*line.weights, *other.weights)}
        world = copy(base.world)
        world.rulebook = mutant
        super().__init__(world)

    def _encode_score(self, kind: str) -> UnaryNumber:
        return super()._encode_score(kind) if kind in self._changed else self._base.scores[kind]


class MutantDistinguisher:
    """One rulebook as a formula, asked about its mutants."""

    def __init__(self, rulebook: Rulebook, quiet_lump: Answers) -> None:
        self.rulebook, self.quiet_lump = rulebook, quiet_lump
        self.prover = Prover(replace(rulebook, contradictions=_with_every_bound(rulebook)))
        self.prover.encoding.rulebook = self.prover.rulebook = rulebook
        self.world, self.formula = self.prover.first_world, self.prover.formula
        self._cost_sum = self._sum_costs()

    def find_witnesses(self, mutant: Rulebook) -> Iterator[Witness]:
        """Somebody for each way in which the mutant can show, if anybody fits; the best first."""
        for ways in (self._assume_level_differs(mutant), self._assume_anything_differs(mutant)):
            for assumed in ways:
                finished = list(self._find_smallest_witness(*assumed, self.world.complete))
                yield from finished or self._find_smallest_witness(*assumed)
        for assumed in self._assume_type_differs(mutant):
            # To look for the smallest takes a minute here; the caller makes who is found smaller.
            whole = (*assumed, self.world.complete)
            model = self.formula.find_model(*whole, *self.prover.without_labs)
            yield from self._read_witnesses(model or self.formula.find_model(*whole))

    def proves_equivalent(self, mutant: Rulebook) -> bool:
        """Whether there is no way at all, finished or not, in which the mutant can show."""
        ways = (*self._assume_anything_differs(mutant), *self._assume_type_differs(mutant))
        return all(self.formula.find_model(*assumed) is None for assumed in ways)

    def _find_smallest_witness(self, *assumed: int) -> Iterator[Witness]:
        """Who fits and differs least from the quiet lump, with as few values as can be."""
        best = model = self.formula.find_model(*assumed)
        while model is not None:
            best, cost = model, sum(step in model for step in self._cost_sum.steps)
            cheaper = -self._cost_sum.at_least(cost)
            model = self.formula.find_model(*assumed, cheaper) if cost else None
        yield from self._read_witnesses(best)

    def _read_witnesses(self, model: Model | None) -> Iterator[Witness]:
        """Who a solution is; several, where only a product just at a bound will do."""
        if model is None:
            return
        answers = self.world.decode_answers(model)
        labs = self.prover.encoding.labs.decode_values(model)
        if labs is not None:
            yield Witness(answers, labs)
        else:
            yield from (Witness(answers, pair) for pair in self._list_labs_at_bound())

    def _list_labs_at_bound(self) -> Iterator[Mapping[str, GivenValue]]:
        """Plausible calcium and phosphate of which one, or the product, is just at a bound.

        The grid of `values` holds few such pairs.
        """
        bands = self.prover.encoding.labs.bands
        for at, other in ((PHOSPHATE, ADJUSTED), (ADJUSTED, PHOSPHATE)):
            for middle, bound in product(bands.sample_values(other), bands.bounds_of(at)):
                for unit, limit in bound.bounds:
                    yield {other: middle, at: {"value": f"{limit:f}", "unit": unit}}
        tenths = [Decimal(n) / 10 for n in range(5, 100)]
        bounds = [at for bound in bands.bounds_of(bands.product) for at in bound.bounds]
        for (unit, limit), phosphate in product(dict.fromkeys(bounds), tenths):
            calcium, of = (limit / phosphate).quantize(STEP), bands.laboratory.product.systems[unit]
            pair = {
                name: {"value": f"{amount:f}", "unit": of}
                for name, amount in ((ADJUSTED, calcium), (PHOSPHATE, phosphate))
            }
            if calcium * phosphate == limit and self._are_labs_plausible(pair):
                yield pair

    def _are_labs_plausible(self, labs: Mapping[str, GivenValue]) -> bool:
        try:
            read_lab_amounts(self.rulebook.laboratory, labs)
        except BadLab:
            return False
        return True

    def _sum_costs(self) -> UnaryNumber:
        ticks = [
            -tick if option in self.quiet_lump.get(name, ()) else tick
            for name, options in self.world.ticks.items()
            for option, tick in options.items()
        ]
        dear = [*ticks, *self.prover.encoding.labs.present.values()]
        return self.formula.sum_numbers([self.formula.weigh_literal(cost, 1) for cost in dear])

    # Each way is a list of literals that must all hold.

    def _assume_level_differs(self, mutant: Rulebook) -> Iterator[list[int]]:
        """A rule differs and no other rule gives its level or a higher one."""
        for old, new in _changed_pairs(self.rulebook.rules, mutant.rules):
            rules = [rule for rule in (old, new) if rule is not None]
            for levels in ([r.urgency for r in rules], [r.if_unsure for r in rules if r.if_unsure]):
                if levels:
                    yield [self._rule_differs(old, new), *self._no_other_rule(old, max(levels))]

    def _assume_anything_differs(self, mutant: Rulebook) -> Iterator[list[int]]:
        """Any part of a result differs, or what is asked."""
        formula, world = self.formula, self.world
        for old, new in _changed_pairs(self.rulebook.rules, mutant.rules):
            levels = {rule.urgency for rule in (old, new) if rule is not None}
            hidden = self._no_other_rule(old, Urgency.self_care) if levels == {0} else []
            yield [self._rule_differs(old, new), *hidden]
        for question in mutant.questionnaire:
            when = question.ask_if
            asked = TRUE if when is None else world.truth_literal(when, Truth.OPEN)
            if when != self.rulebook.questionnaire[question.id].ask_if:
                yield [-formula.iff_gate(asked, world.asked[question.id]), world.complete]
        for line, other in zip(self.rulebook.evidence, mutant.evidence, strict=True):
            if line is not other:
                differs = [self._entry_differs(line, other)]
                if line.weights != other.weights:
                    differs = [self._entry_holds(line)]
                if line.look_alike is not None:
                    yield [*differs, *self._line_decides_mark(line)]
                if set(line.weights) != {NOT_CALCINOSIS}:
                    yield differs
        yield from self._assume_conflict_differs(mutant)
        if mutant.scale != self.rulebook.scale:
            needs = (self.rulebook.scale.likely_needs, mutant.scale.likely_needs)
            for kind in TYPES:
                leads = self.prover.types.likely[kind]
                high = self.prover.types.scores[kind].at_least(mutant.scale.likely_at)
                one, other_one = (world.truth_literal(need, Truth.TRUE) for need in needs)
                yield [leads, high, -formula.iff_gate(one, other_one)]
        for pair in _changed_pairs(self.rulebook.contradictions, mutant.contradictions):
            yield [self._entry_differs(*pair)]
        for old, new in zip(self.rulebook.advice, mutant.advice, strict=True):
            if old != new:
                shown = [
                    self.prover.types.advice_literal(rule, kept_clear=True) for rule in (old, new)
                ]
                yield [-formula.iff_gate(*shown)]

    def _assume_conflict_differs(self, mutant: Rulebook) -> Iterator[list[int]]:
        before: list[int] = []
        pairs = _changed_pairs(self.rulebook.conflicts, mutant.conflicts)
        changed = {id(old): new for old, new in pairs}
        for conflict in self.rulebook.conflicts:
            if id(conflict) in changed:
                differs = self._entry_differs(conflict, changed[id(conflict)])
                first = self.prover.types.first
                applies = self.formula.or_gate(first[kind] for kind in conflict.only_before)
                leading = [*before, applies if conflict.only_before else TRUE]
                yield [differs, *([] if conflict.lead is None else leading)]
            if conflict.lead is not None:
                before.append(-self.prover.types.leads[conflict.id])

    def _assume_type_differs(self, mutant: Rulebook) -> Iterator[list[int]]:
        """A weight for "not calcinosis" is told nowhere: it shows in the likely type alone."""
        for line, other in zip(self.rulebook.evidence, mutant.evidence, strict=True):
            if line is not other and NOT_CALCINOSIS in line.weights:
                fires = self.formula.or_gate([self._entry_holds(line), self._entry_holds(other)])
                yield [fires, self._likely_type_differs(mutant)]

    def _line_decides_mark(self, line: EvidenceLine) -> list[int]:
        """The other lines of its look-alike leave it to this one whether the mark is reached."""
        weights = [
            self.formula.weigh_literal(self._entry_holds(other), other.weights[NOT_CALCINOSIS])
            for other in self.rulebook.evidence
            if other.look_alike == line.look_alike and other is not line
        ]
        total, own = self.formula.sum_numbers(weights), abs(line.weights[NOT_CALCINOSIS])
        mark = self.rulebook.scale.look_alike_at
        return [total.at_least(mark - own), -total.at_least(mark)]

    def _likely_type_differs(self, mutant: Rulebook) -> int:
        """The same person, weighed by the mutant, has another likely type."""
        likely = self.prover.types.likely
        likely_too = MutantTypeEncoding(self.prover.types, mutant).likely
        alike = (self.formula.iff_gate(likely[kind], likely_too[kind]) for kind in likely)
        return -self.formula.and_gate(alike)

    def _rule_differs(self, old: Rule, new: Rule | None) -> int:
        formula = self.formula
        (sure, doubt), (sure_too, doubt_too) = self._fired_literals(old), self._fired_literals(new)
        parts = [-formula.iff_gate(sure, sure_too), -formula.iff_gate(doubt, doubt_too)]
        if new is not None:
            parts += [sure] if old.urgency != new.urgency else []
            parts += [doubt] if old.if_unsure != new.if_unsure else []
        return formula.or_gate(parts)

    def _fired_literals(self, rule: Rule | None) -> tuple[int, int]:
        """Literals: certainly, and kept open by a doubt."""
        if rule is None:
            return FALSE, FALSE
        sure = self.world.truth_literal(rule.when, Truth.TRUE)
        if rule.if_unsure is None:
            return sure, FALSE
        return sure, self.formula.and_gate([self.world.doubt_literal(rule), -sure])

    def _no_other_rule(self, rule: Rule, level: Urgency) -> list[int]:
        """No other rule gives this level; for the lowest two nothing else stands against it."""
        others = [r for r in self.rulebook.rules if r.id != rule.id]
        if level >= Urgency.soon:
            sure = [self._fired_literals(r)[0] for r in others if r.urgency >= level]
            unsure = [self._fired_literals(r)[1] for r in others if (r.if_unsure or 0) >= level]
            return [-found for found in (*sure, *unsure)]
        sure = [self._fired_literals(r)[0] for r in others if r.urgency > Urgency.self_care]
        earned = [self._fired_literals(r)[0] for r in others if r.urgency is Urgency.self_care]
        quiet = [-found for found in sure] + [self.world.complete, -self.world.doubt]
        return quiet + ([self.formula.or_gate(earned)] if level is Urgency.routine else [])

    def _entry_differs(self, one: Any, other: Any) -> int:
        return -self.formula.iff_gate(self._entry_holds(one), self._entry_holds(other))

    def _entry_holds(self, entry: Any) -> int:
        return FALSE if entry is None else self.world.truth_literal(entry.when, Truth.TRUE)


def _changed_pairs(old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Old entries that differ, each with the new one of its id; None where that is left out."""
    by_id = {entry.id: entry for entry in new}
    for entry in old:
        other = by_id.get(entry.id)
        if other != entry:
            yield entry, other


def _with_every_bound(rulebook: Rulebook) -> tuple[Contradiction, ...]:
    """The contradictions, and one more that holds every laboratory bound in every comparison."""
    bounds = [
        replace(leaf, comparison=comparison, negated=False)
        for condition in list_conditions(rulebook)
        for leaf in walk_leaves(condition)
        if isinstance(leaf, LabBound)
        for comparison in COMPARISONS
    ]
    every = Contradiction("every-bound", AtLeast(1, tuple(dict.fromkeys(bounds))), ())
    return (*rulebook.contradictions, every)
