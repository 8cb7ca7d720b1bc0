"""Where a rulebook and a mutant of it can be told apart, by SAT: who shows the difference.

Every answer set counts, finished or not. Knows nothing of cases, nor of how mutants are made.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any, NamedTuple

from app.assurance.proof.formula import FALSE, TRUE, Model, Number
from app.assurance.proof.lab_bands import ADJUSTED, PHOSPHATE, STEP, Value
from app.assurance.proof.prover import Prover
from app.assurance.proof.sat import values
from app.assurance.proof.sat_types import Weighed
from app.triage.advice import AdviceRule
from app.triage.conditions import AtLeast, LabBound, leaves
from app.triage.labs import BadLab, read_labs
from app.triage.loading.checks import conditions
from app.triage.loading.reading import Contradiction
from app.triage.rulebook import Rulebook
from app.triage.rules import Rule
from app.triage.terms import AT_EMERGENCY, NOT_CALCINOSIS, TYPES, Answers, Truth, Urgency
from app.triage.types import EvidenceLine

COMPARISONS = ("at_least", "above", "below")


class Person(NamedTuple):
    """Answers and laboratory values."""

    answers: Answers
    labs: Mapping[str, Value]


class Reweighed(Weighed):
    """The types as a mutant weighs them; sums that it leaves alone stay the very same literals."""

    def __init__(self, base: Weighed, mutant: Rulebook) -> None:
        lines = zip(base.world.rulebook.evidence, mutant.evidence, strict=True)
        pairs = [(line, other) for line, other in lines if line is not other]
        self._base = base
        self._changed = {kind for line, other in pairs for kind in (*line.weights, *other.weights)}
        world = copy(base.world)
        world.rulebook = mutant
        super().__init__(world)

    def _score(self, kind: str) -> Number:
        return super()._score(kind) if kind in self._changed else self._base.scores[kind]


class Apart:
    """One rulebook as a formula, asked about its mutants."""

    def __init__(self, rulebook: Rulebook, quiet: Answers) -> None:
        self.rulebook, self.quiet = rulebook, quiet
        self.prover = Prover(replace(rulebook, contradictions=_with_every_bound(rulebook)))
        self.prover.space.rulebook = self.prover.rulebook = rulebook
        self.world, self.formula = self.prover.one, self.prover.formula
        self._dear = self._cost()

    def people(self, mutant: Rulebook) -> Iterator[Person]:
        """Somebody for each way in which the mutant can show, if anybody fits; the best first."""
        for ways in (self._by_level(mutant), self._somehow(mutant)):
            for assumed in ways:
                finished = list(self._smallest(*assumed, self.world.complete))
                yield from finished or self._smallest(*assumed)
        for assumed in self._by_type(mutant):
            # To look for the smallest takes a minute here; the caller makes who is found smaller.
            bare = (*assumed, self.world.complete, *self.prover.without_labs)
            model = self.formula.solve(*bare) or self.formula.solve(*assumed, self.world.complete)
            yield from self._persons(model)

    def nobody(self, mutant: Rulebook) -> bool:
        """Whether there is no way at all, finished or not, in which the mutant can show."""
        ways = (*self._somehow(mutant), *self._by_type(mutant))
        return all(self.formula.solve(*assumed) is None for assumed in ways)

    def _smallest(self, *assumed: int) -> Iterator[Person]:
        """Who fits and differs least from the quiet lump, with as few values as can be."""
        best: Model | None = None
        model = self.formula.solve(*assumed)
        while model is not None:
            best, cost = model, sum(step in model for step in self._dear.steps)
            model = self.formula.solve(*assumed, -self._dear.at_least(cost)) if cost else None
        yield from self._persons(best)

    def _persons(self, model: Model | None) -> Iterator[Person]:
        """Who a solution is; several, where only a product just at a bound will do."""
        if model is None:
            return
        answers, labs = self.world.answers(model), values(self.prover.space, model)
        if labs is not None:
            yield Person(answers, labs)
        else:
            yield from (Person(answers, pair) for pair in self._just_at_a_bound())

    def _just_at_a_bound(self) -> Iterator[Mapping[str, Value]]:
        """Plausible calcium and phosphate of which one, or the product, is just at a bound.

        The grid of `values` holds few such pairs.
        """
        bands = self.prover.space.labs.bands
        for at, other in ((PHOSPHATE, ADJUSTED), (ADJUSTED, PHOSPHATE)):
            for middle, bound in product(bands.values(other), bands.bounds_of(at)):
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
            if calcium * phosphate == limit and self._plausible(pair):
                yield pair

    def _plausible(self, labs: Mapping[str, Value]) -> bool:
        try:
            read_labs(self.rulebook.laboratory, labs)
        except BadLab:
            return False
        return True

    def _cost(self) -> Number:
        ticks = [
            -tick if option in self.quiet.get(name, ()) else tick
            for name, options in self.world.ticks.items()
            for option, tick in options.items()
        ]
        dear = [*ticks, *self.prover.space.labs.present.values()]
        return self.formula.total([self.formula.weighed(cost, 1) for cost in dear])

    # Each way is a list of literals that must all hold.

    def _by_level(self, mutant: Rulebook) -> Iterator[list[int]]:
        """A rule differs and no other rule gives its level or a higher one."""
        for old, new in _pairs(self.rulebook.rules, mutant.rules):
            levels = [r.urgency for r in (old, new) if r is not None]
            yield [self._rule_differs(old, new), *self._alone(old or new, max(levels))]
            unsure = [r.if_unsure for r in (old, new) if r is not None and r.if_unsure]
            if unsure:
                yield [self._rule_differs(old, new), *self._alone(old or new, max(unsure))]

    def _somehow(self, mutant: Rulebook) -> Iterator[list[int]]:
        """Any part of a result differs, or what is asked."""
        formula, world = self.formula, self.world
        for old, new in _pairs(self.rulebook.rules, mutant.rules):
            levels = {r.urgency for r in (old, new) if r is not None}
            hidden = self._alone(old or new, Urgency.self_care) if levels == {0} else []
            yield [self._rule_differs(old, new), *hidden]
        for question in mutant.questionnaire:
            when = question.ask_if
            asked = TRUE if when is None else world.holds(when, Truth.OPEN)
            if when != self.rulebook.questionnaire[question.id].ask_if:
                yield [-formula.same(asked, world.asked[question.id]), world.complete]
        for line, other in zip(self.rulebook.evidence, mutant.evidence, strict=True):
            if line is not other:
                differs = [-formula.same(self._true(line), self._true(other))]
                if line.weights != other.weights:
                    differs = [self._true(line)]
                if line.look_alike is not None:
                    yield [*differs, *self._tips_the_scale(line)]
                if set(line.weights) != {NOT_CALCINOSIS}:
                    yield differs
        yield from self._conflicts(mutant)
        if mutant.scale != self.rulebook.scale:
            needs = (self.rulebook.scale.likely_needs, mutant.scale.likely_needs)
            enough = self.prover.types.scores
            for kind in TYPES:
                leads = self.prover.types.likely[kind]
                high = enough[kind].at_least(mutant.scale.likely_at)
                one, other_one = (world.holds(need, Truth.TRUE) for need in needs)
                yield [leads, high, -formula.same(one, other_one)]
        for told, other_told in _pairs(self.rulebook.contradictions, mutant.contradictions):
            yield [-formula.same(self._true(told), self._true(other_told))]
        for advice, other_advice in zip(self.rulebook.advice, mutant.advice, strict=True):
            if advice != other_advice:
                yield [-formula.same(self._shown(advice), self._shown(other_advice))]

    def _conflicts(self, mutant: Rulebook) -> Iterator[list[int]]:
        before: list[int] = []
        changed = {
            id(old): new for old, new in _pairs(self.rulebook.conflicts, mutant.conflicts) if old
        }
        for conflict in self.rulebook.conflicts:
            if id(conflict) in changed:
                differs = -self.formula.same(
                    self._true(conflict), self._true(changed[id(conflict)])
                )
                first = self.prover.types.first
                applies = self.formula.some(first[kind] for kind in conflict.only_before)
                leading = [*before, applies if conflict.only_before else TRUE]
                yield [differs, *([] if conflict.lead is None else leading)]
            if conflict.lead is not None:
                before.append(-self.prover.types.leads[conflict.id])

    def _by_type(self, mutant: Rulebook) -> Iterator[list[int]]:
        """A weight for "not calcinosis" is told nowhere: it shows in the likely type alone."""
        for line, other in zip(self.rulebook.evidence, mutant.evidence, strict=True):
            if line is not other and NOT_CALCINOSIS in line.weights:
                fires = self.formula.some([self._true(line), self._true(other)])
                yield [fires, self._another_type(mutant)]

    def _tips_the_scale(self, line: EvidenceLine) -> list[int]:
        """The other lines of its look-alike leave it to this one whether the mark is reached."""
        weights = [
            self.formula.weighed(self._true(other), other.weights[NOT_CALCINOSIS])
            for other in self.rulebook.evidence
            if other.look_alike == line.look_alike and other is not line
        ]
        total, own = self.formula.total(weights), abs(line.weights[NOT_CALCINOSIS])
        mark = self.rulebook.scale.look_alike_at
        return [total.at_least(mark - own), -total.at_least(mark)]

    def _another_type(self, mutant: Rulebook) -> int:
        """The same person, weighed by the mutant, has another likely type."""
        likely, likely_too = self.prover.types.likely, Reweighed(self.prover.types, mutant).likely
        return -self.formula.every(self.formula.same(likely[k], likely_too[k]) for k in likely)

    def _rule_differs(self, old: Rule | None, new: Rule | None) -> int:
        formula = self.formula
        (sure, doubt), (sure_too, doubt_too) = self._fires(old), self._fires(new)
        parts = [-formula.same(sure, sure_too), -formula.same(doubt, doubt_too)]
        if old is not None and new is not None:
            parts += [sure] if old.urgency != new.urgency else []
            parts += [doubt] if old.if_unsure != new.if_unsure else []
        return formula.some(parts)

    def _fires(self, rule: Rule | None) -> tuple[int, int]:
        """Literals: certainly, and kept open by a doubt."""
        if rule is None:
            return FALSE, FALSE
        sure = self.world.holds(rule.when, Truth.TRUE)
        if rule.if_unsure is None:
            return sure, FALSE
        return sure, self.formula.every([self.world.doubtful(rule), -sure])

    def _alone(self, rule: Rule | None, level: Urgency) -> list[int]:
        """No other rule gives this level; for the lowest two nothing else stands against it."""
        others = [r for r in self.rulebook.rules if rule is None or r.id != rule.id]
        if level >= Urgency.soon:
            sure = [self._fires(r)[0] for r in others if r.urgency >= level]
            unsure = [self._fires(r)[1] for r in others if (r.if_unsure or 0) >= level]
            return [-found for found in (*sure, *unsure)]
        sure = [self._fires(r)[0] for r in others if r.urgency > Urgency.self_care]
        earned = [self._fires(r)[0] for r in others if r.urgency is Urgency.self_care]
        quiet = [-found for found in sure] + [self.world.complete, -self.world.doubt]
        return quiet + ([self.formula.some(earned)] if level is Urgency.routine else [])

    def _shown(self, rule: AdviceRule) -> int:
        world, formula = self.world, self.formula
        parts = [TRUE if rule.when is None else world.holds(rule.when, rule.enough)]
        if rule.types:
            parts.append(formula.some(self.prover.types.likely[kind] for kind in rule.types))
        if rule.levels:
            parts.append(formula.some(world.level[Urgency[name]] for name in rule.levels))
        if rule.places:
            parts.append(world.chosen("place", rule.places))
        if rule.section not in AT_EMERGENCY:
            parts.append(-world.level[Urgency.emergency])
        return formula.every(parts)

    def _true(self, entry: Any) -> int:
        return FALSE if entry is None else self.world.holds(entry.when, Truth.TRUE)


def _pairs(old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Entries of one id that differ; None for what one side lacks."""
    by_id = {entry.id: entry for entry in new}
    for entry in old:
        other = by_id.get(entry.id)
        if other != entry:
            yield entry, other


def _with_every_bound(rulebook: Rulebook) -> tuple[Contradiction, ...]:
    """The contradictions, and one more that holds every laboratory bound in every comparison."""
    bounds = [
        replace(leaf, comparison=comparison, negated=False)
        for condition in conditions(rulebook)
        for leaf in leaves(condition)
        if isinstance(leaf, LabBound)
        for comparison in COMPARISONS
    ]
    every = Contradiction("every-bound", AtLeast(1, tuple(dict.fromkeys(bounds))), ())
    return (*rulebook.contradictions, every)
