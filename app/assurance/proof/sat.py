"""All answer sets of a rulebook at once: questions, conditions, rules and levels as one formula.

A `World` is one answer set whose answers are left open; several worlds share one formula and the
same laboratory values. What a solution says is read back as answers, so that the engine can be
asked about it. Knows nothing of properties.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from app.assurance.proof.formula import FALSE, TRUE, Formula, Model
from app.assurance.proof.lab_bands import ADJUSTED, PHOSPHATE, TOTAL, Bands, Value
from app.triage.compiled import doubt
from app.triage.conditions import AtLeast, Choice, Condition, LabBound, Named, leaves
from app.triage.loading.checks import conditions
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.rules import Rule
from app.triage.terms import Answers, Truth, Urgency

RAISED = (Urgency.soon, Urgency.same_day, Urgency.emergency)
"""The levels that only findings give."""


class Labs:
    """The laboratory values: for each analyte whether it is there, and which cuts it is past."""

    def __init__(self, formula: Formula, bands: Bands) -> None:
        self.bands = bands
        self.present = {analyte: formula.new() for analyte in bands.lines}
        self._past = {
            analyte: {cut: formula.new() for cut in line.cuts}
            for analyte, line in bands.lines.items()
        }
        self._formula = formula
        for analyte, line in bands.lines.items():
            chain = [self.present[analyte], *self._past[analyte].values()]
            for before, after in pairwise(chain):
                formula.require(-after, before)
            for number, (low, high) in enumerate(line.bands):
                if low >= high:
                    formula.require(-self.band(analyte, number))
        if bands.product in bands.lines:
            self._bind_product()
        if TOTAL in bands.lines and ADJUSTED in bands.lines:
            formula.require(-self.present[TOTAL], self.present[ADJUSTED])

    def band(self, analyte: str, number: int) -> int:
        """The value lies in this band."""
        chain = [self.present[analyte], *self._past[analyte].values(), FALSE]
        return self._formula.every([chain[number], -chain[number + 1]])

    def met(self, bound: LabBound) -> int:
        """The bound holds."""
        past = self._past[bound.analyte][self.bands.cut(bound)]
        if bound.comparison == "below":
            past = self._formula.every([self.present[bound.analyte], -past])
        return -past if bound.negated else past

    @property
    def unread(self) -> int:
        """A value is there that no rule weighs."""
        declared = self.bands.laboratory.not_weighed.items()
        return self._formula.some(
            self._formula.every([self.present[name], -self.present.get(through or "", FALSE)])
            for name, through in declared
            if name in self.present
        )

    def read(self, model: Model) -> dict[str, int]:
        """Analyte -> band, of those that are there."""
        return {
            analyte: sum(past in model for past in self._past[analyte].values())
            for analyte, present in self.present.items()
            if present in model
        }

    def _bind_product(self) -> None:
        """The product is there when both its factors are, and lies where they put it."""
        names = (ADJUSTED, PHOSPHATE, self.bands.product)
        calcium, phosphate, both = (self.present[name] for name in names)
        together = self._formula.every([calcium, phosphate])
        self._formula.require(-both, together)
        self._formula.require(both, -together)
        allowed: dict[tuple[int, int], list[int]] = {}
        for one, other, of_both in self.bands.meeting():
            allowed.setdefault((one, other), []).append(self.band(self.bands.product, of_both))
        for (one, other), of_both_bands in allowed.items():
            factors = (self.band(ADJUSTED, one), self.band(PHOSPHATE, other))
            self._formula.require(*(-factor for factor in factors), *of_both_bands)


@dataclass
class Space:
    """The rulebook, the formula that grows over it, and the laboratory values of every world."""

    rulebook: Rulebook
    formula: Formula = field(default_factory=Formula)

    def __post_init__(self) -> None:
        found = (leaf for c in conditions(self.rulebook) for leaf in leaves(c))
        bounds = [leaf for leaf in found if isinstance(leaf, LabBound)]
        self.labs = Labs(self.formula, Bands(self.rulebook.laboratory, bounds))


class World:
    """One answer set, finished or not, on its path."""

    def __init__(self, space: Space, always: str | None = None) -> None:
        self.space, self.formula = space, space.formula
        self._always = always
        """A question that is asked of everyone, whatever its `ask_if` says."""
        self.rulebook = space.rulebook
        self.ticks: dict[str, dict[str, int]] = {}
        self.asked: dict[str, int] = {}
        self.answered: dict[str, int] = {}
        self._truths: dict[tuple[Condition, Truth], int] = {}
        for question in self.rulebook.questionnaire:
            self._add(question)
        self.complete = self.formula.every(
            self.formula.some([-asked, self.answered[name]]) for name, asked in self.asked.items()
        )
        self.doubt = self.formula.some(
            self.ticks[q.id][q.unsure] for q in self.rulebook.questionnaire
        )
        self._judge_levels()

    def holds(self, condition: Condition, truth: Truth) -> int:
        """The condition is at least so true."""
        key = condition, truth
        if key not in self._truths:
            self._truths[key] = self._holds(condition, truth)
        return self._truths[key]

    def doubtful(self, rule: Rule) -> int:
        """A doubt keeps the rule open, with all that it needs to count; or it certainly fires."""
        parts = [self.holds(condition, truth) for condition, truth in doubt(rule)]
        return self.formula.every(parts)

    def below(self, other: "World") -> int:
        """The level is lower than in the other world."""
        steps = [[other.at_least[u], -self.at_least[u]] for u in self.at_least]
        return self.formula.some(self.formula.every(step) for step in steps)

    def chosen(self, question: str, options: Iterable[str]) -> int:
        """At least one of these options is ticked."""
        return self.formula.some(self.ticks[question][option] for option in options)

    def answers(self, model: Model) -> Answers:
        """The answers of a solution, in asking order."""
        ticked = {
            name: frozenset(option for option, literal in options.items() if literal in model)
            for name, options in self.ticks.items()
        }
        return {name: chosen for name, chosen in ticked.items() if chosen}

    def _add(self, question: Question) -> None:
        """A question is asked unless its `ask_if` is false; what is not asked has no answer."""
        formula, name = self.formula, question.id
        when = question.ask_if
        everyone = when is None or name == self._always
        self.asked[name] = TRUE if when is None or everyone else self.holds(when, Truth.OPEN)
        ticks = self.ticks[name] = {option: formula.new() for option in question.option_ids}
        for option, tick in ticks.items():
            formula.require(-tick, self.asked[name])
            alone = question.kind == "one" or option == question.none
            for other, another in ticks.items():
                if alone and other != option:
                    formula.require(-tick, -another)
        self.answered[name] = formula.some(ticks.values())

    def _holds(self, condition: Condition, truth: Truth) -> int:
        match condition:
            case Named():
                return self.holds(condition.part, truth)
            case LabBound():
                return self.space.labs.met(condition)
            case AtLeast():
                parts = [self.holds(part, truth) for part in condition.parts]
                return self.formula.count(parts, condition.count)
            case Choice():
                return self._choice(condition, truth)

    def _choice(self, leaf: Choice, truth: Truth) -> int:
        formula, name = self.formula, leaf.question
        ticked = self.chosen(name, leaf.options)
        still_open = formula.every([self.asked[name], -self.answered[name]])
        if leaf.negated:
            return -ticked if truth is Truth.OPEN else formula.every([-ticked, -still_open])
        parts = [ticked]
        unsure, could_be = self.rulebook.questionnaire.unsure[name]
        if truth <= Truth.UNSURE and leaf.options & could_be:
            parts.append(self.ticks[name][unsure])
        if truth is Truth.OPEN:
            parts.append(still_open)
        return formula.some(parts)

    def _judge_levels(self) -> None:
        """Certainly fired, kept open by a doubt, and the level that the worst of them gives."""
        rules, formula = self.rulebook.rules, self.formula
        self.certain = {rule.id: self.holds(rule.when, Truth.TRUE) for rule in rules}
        self.unsure = {
            rule.id: formula.every([self.doubtful(rule), -self.certain[rule.id]])
            for rule in rules
            if rule.if_unsure is not None
        }
        raising = [rule for rule in rules if rule.urgency is not Urgency.self_care]
        found: dict[int, int] = {}
        for urgency in RAISED:
            sure = [self.certain[r.id] for r in raising if r.urgency >= urgency]
            doubtful = [
                self.unsure[r.id] for r in raising if (r.if_unsure or Urgency.self_care) >= urgency
            ]
            found[urgency] = formula.some([*sure, *doubtful])
        earned = [self.certain[r.id] for r in rules if r.urgency is Urgency.self_care]
        self.quiet = -formula.some(self.certain[r.id] for r in raising)
        barred = [-self.doubt, -self.space.labs.unread, -found[Urgency.soon]]
        self.self_care = formula.every([formula.some(earned), self.quiet, self.complete, *barred])
        self.at_least: Mapping[int, int] = {
            Urgency.self_care: TRUE,
            Urgency.routine: -self.self_care,
            **found,
        }
        self.level = {
            urgency: formula.every([self.at_least[urgency], -self.at_least.get(urgency + 1, FALSE)])
            for urgency in Urgency
        }


def values(space: Space, model: Model) -> dict[str, Value] | None:
    """Laboratory values that lie where a solution has them; none if there are none such."""
    return space.labs.bands.give(space.labs.read(model))
