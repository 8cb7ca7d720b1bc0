"""All answer sets of a rulebook at once: questions, conditions, rules and levels as one formula.

A `World` is one answer set whose answers are left open; several worlds share one formula and the
same laboratory values. What a solution says is read back as answers, so that the engine can be
asked about it. Knows nothing of properties.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from app.assurance.proof.formula import FALSE, TRUE, Formula, Model
from app.assurance.proof.lab_bands import ADJUSTED, PHOSPHATE, TOTAL, GivenValue, LabBands
from app.rulebook.checks import list_conditions
from app.triage.compiled import doubt_requirements
from app.triage.conditions import AtLeast, Choice, Condition, LabBound, NamedCondition, walk_leaves
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.rules import Rule
from app.triage.terms import Answers, Truth, Urgency

RAISED = (Urgency.soon, Urgency.same_day, Urgency.emergency)
"""The levels that only findings give."""


class LabEncoding:
    """The laboratory values: for each analyte whether it is there, and which cuts it is past."""

    def __init__(self, formula: Formula, bands: LabBands) -> None:
        self.bands = bands
        self._formula = formula
        self.present = {analyte: formula.new_variable() for analyte in bands.axes}
        self._past = {
            analyte: {cut: formula.new_variable() for cut in line.cuts}
            for analyte, line in bands.axes.items()
        }
        for analyte, line in bands.axes.items():
            chain = [self.present[analyte], *self._past[analyte].values()]
            for before, after in pairwise(chain):
                formula.add_clause(-after, before)
            for number, (low, high) in enumerate(line.band_spans):
                if low >= high:
                    formula.add_clause(-self.band_literal(analyte, number))
        if bands.product in bands.axes:
            self._bind_product()
        if TOTAL in bands.axes and ADJUSTED in bands.axes:
            formula.add_clause(-self.present[TOTAL], self.present[ADJUSTED])

    def band_literal(self, analyte: str, number: int) -> int:
        """The value lies in this band."""
        chain = [self.present[analyte], *self._past[analyte].values(), FALSE]
        return self._formula.and_gate([chain[number], -chain[number + 1]])

    def bound_literal(self, bound: LabBound) -> int:
        """The bound holds."""
        past = self._past[bound.analyte][self.bands.find_cut(bound)]
        if bound.comparison == "below":
            past = self._formula.and_gate([self.present[bound.analyte], -past])
        return -past if bound.negated else past

    @property
    def has_unweighed_lab(self) -> int:
        """A value is there that no rule weighs."""
        declared = self.bands.laboratory.not_weighed.items()
        return self._formula.or_gate(
            self._formula.and_gate([self.present[name], -self.present.get(through or "", FALSE)])
            for name, through in declared
            if name in self.present
        )

    def decode_bands(self, model: Model) -> dict[str, int]:
        """Analyte -> band, of those that are there."""
        return {
            analyte: sum(past in model for past in self._past[analyte].values())
            for analyte, present in self.present.items()
            if present in model
        }

    def decode_values(self, model: Model) -> dict[str, GivenValue] | None:
        """Values that lie where a solution has them; None if there are none such."""
        return self.bands.find_values(self.decode_bands(model))

    def _bind_product(self) -> None:
        """The product is there when both its factors are, and lies where they put it."""
        names = (ADJUSTED, PHOSPHATE, self.bands.product)
        calcium, phosphate, both = (self.present[name] for name in names)
        together = self._formula.and_gate([calcium, phosphate])
        self._formula.add_clause(-both, together)
        self._formula.add_clause(both, -together)
        allowed: dict[tuple[int, int], list[int]] = {}
        for one, other, of_both in self.bands.list_compatible_bands():
            fitting = self.band_literal(self.bands.product, of_both)
            allowed.setdefault((one, other), []).append(fitting)
        for (one, other), fitting_bands in allowed.items():
            factors = (self.band_literal(ADJUSTED, one), self.band_literal(PHOSPHATE, other))
            self._formula.add_clause(*(-factor for factor in factors), *fitting_bands)


@dataclass
class SatEncoding:
    """The rulebook, the formula that grows over it, and the laboratory values of every world."""

    rulebook: Rulebook
    formula: Formula = field(default_factory=Formula)

    def __post_init__(self) -> None:
        found = (leaf for c in list_conditions(self.rulebook) for leaf in walk_leaves(c))
        bounds = [leaf for leaf in found if isinstance(leaf, LabBound)]
        self.labs = LabEncoding(self.formula, LabBands(self.rulebook.laboratory, bounds))


class World:
    """One answer set, finished or not, on its path."""

    def __init__(self, encoding: SatEncoding, always: str | None = None) -> None:
        self.encoding, self.formula = encoding, encoding.formula
        self._always = always
        """A question that is asked of everyone, whatever its `ask_if` says."""
        self.rulebook = encoding.rulebook
        self.ticks: dict[str, dict[str, int]] = {}
        self.asked: dict[str, int] = {}
        self.answered: dict[str, int] = {}
        self._truths: dict[tuple[Condition, Truth], int] = {}
        for question in self.rulebook.questionnaire:
            self._encode_question(question)
        self.complete = self.formula.and_gate(
            self.formula.or_gate([-asked, self.answered[name]])
            for name, asked in self.asked.items()
        )
        self.doubt = self.formula.or_gate(
            self.ticks[q.id][q.unsure] for q in self.rulebook.questionnaire
        )
        self._encode_levels()

    def truth_literal(self, condition: Condition, truth: Truth) -> int:
        """The condition is at least so true."""
        key = condition, truth
        if key not in self._truths:
            self._truths[key] = self._encode_condition(condition, truth)
        return self._truths[key]

    def doubt_literal(self, rule: Rule) -> int:
        """A doubt keeps the rule open, with all that it needs to count; or it certainly fires."""
        return self.formula.and_gate(self.truth_literal(*part) for part in doubt_requirements(rule))

    def lower_than(self, other: "World") -> int:
        """The level is lower than in the other world."""
        steps = [[other.at_least[u], -self.at_least[u]] for u in self.at_least]
        return self.formula.or_gate(self.formula.and_gate(step) for step in steps)

    def any_chosen(self, question: str, options: Iterable[str]) -> int:
        """At least one of these options is ticked."""
        return self.formula.or_gate(self.ticks[question][option] for option in options)

    def decode_answers(self, model: Model) -> Answers:
        """The answers of a solution, in asking order."""
        ticked = {
            name: frozenset(option for option, literal in options.items() if literal in model)
            for name, options in self.ticks.items()
        }
        return {name: chosen for name, chosen in ticked.items() if chosen}

    def _encode_question(self, question: Question) -> None:
        """A question is asked unless its `ask_if` is false; what is not asked has no answer."""
        formula, name = self.formula, question.id
        when = question.ask_if if name != self._always else None
        self.asked[name] = TRUE if when is None else self.truth_literal(when, Truth.OPEN)
        ticks = self.ticks[name] = {o: formula.new_variable() for o in question.option_ids}
        for option, tick in ticks.items():
            formula.add_clause(-tick, self.asked[name])
            alone = question.kind == "one" or option == question.none
            for other, another in ticks.items():
                if alone and other != option:
                    formula.add_clause(-tick, -another)
        self.answered[name] = formula.or_gate(ticks.values())

    def _encode_condition(self, condition: Condition, truth: Truth) -> int:
        match condition:
            case NamedCondition():
                return self.truth_literal(condition.part, truth)
            case LabBound():
                return self.encoding.labs.bound_literal(condition)
            case AtLeast():
                parts = [self.truth_literal(part, truth) for part in condition.parts]
                return self.formula.at_least_gate(parts, condition.count)
            case Choice():
                return self._encode_choice(condition, truth)

    def _encode_choice(self, leaf: Choice, truth: Truth) -> int:
        formula, name = self.formula, leaf.question
        ticked = self.any_chosen(name, leaf.options)
        still_open = formula.and_gate([self.asked[name], -self.answered[name]])
        if leaf.negated:
            return -ticked if truth is Truth.OPEN else formula.and_gate([-ticked, -still_open])
        parts = [ticked]
        unsure, could_be = self.rulebook.questionnaire.unsure_options[name]
        if truth <= Truth.UNSURE and leaf.options & could_be:
            parts.append(self.ticks[name][unsure])
        if truth is Truth.OPEN:
            parts.append(still_open)
        return formula.or_gate(parts)

    def _encode_levels(self) -> None:
        """Certainly fired, kept open by a doubt, and the level that the worst of them gives."""
        rules, formula = self.rulebook.rules, self.formula
        self.certain = {rule.id: self.truth_literal(rule.when, Truth.TRUE) for rule in rules}
        self.unsure = {
            rule.id: formula.and_gate([self.doubt_literal(rule), -self.certain[rule.id]])
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
            found[urgency] = formula.or_gate([*sure, *doubtful])
        earned = [self.certain[r.id] for r in rules if r.urgency is Urgency.self_care]
        self.quiet = -formula.or_gate(self.certain[r.id] for r in raising)
        barred = [-self.doubt, -self.encoding.labs.has_unweighed_lab, -found[Urgency.soon]]
        earned = [formula.or_gate(earned), self.quiet, self.complete]
        self.self_care = formula.and_gate([*earned, *barred])
        self.at_least: dict[int, int] = {Urgency.self_care: TRUE, Urgency.routine: -self.self_care}
        self.at_least |= found
        self.level = {
            u: formula.and_gate([self.at_least[u], -self.at_least.get(u + 1, FALSE)])
            for u in Urgency
        }
