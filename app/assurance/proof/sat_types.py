"""The likely type and the advice of a world, as literals: sums of weights, ranking, conflict rules.

Follows `types.weigh`, `advice.fitting` and `advice.choose` step by step, and knows no properties.
"""

from collections.abc import Mapping

from app.assurance.proof.formula import TRUE, UnaryNumber
from app.assurance.proof.sat import World
from app.triage.advice import AdviceRule, has_waiting_advice
from app.triage.terms import AT_EMERGENCY, CANNOT_TELL, NOT_CALCINOSIS, TYPES, Truth, Urgency

KINDS = (*TYPES, NOT_CALCINOSIS)
"""What has a score."""
EVERY_TYPE = (*KINDS, CANNOT_TELL)
"""What a result can name as the likely type."""


class TypeEncoding:
    """How the types stand in one world; `likely`: what the result names -> its literal."""

    def __init__(self, world: World) -> None:
        self.world, self.formula = world, world.formula
        self._scale = world.rulebook.scale
        self.scores = {kind: self._encode_score(kind) for kind in KINDS}
        self.first = {kind: self._ranks_first(kind) for kind in KINDS}
        self.leads = self._encode_leads()
        self.undecided = -self.formula.or_gate(self.leads.values())
        by_score = {kind: self._decided_by_score(kind) for kind in KINDS}
        by_score[CANNOT_TELL] = -self.formula.or_gate(by_score.values())
        leading = [(c.id, c.lead) for c in world.rulebook.conflicts]
        self.likely: dict[str, int] = {}
        for kind in EVERY_TYPE:
            by_weight = self.formula.and_gate([self.undecided, by_score[kind]])
            led = [self.leads[conflict] for conflict, lead in leading if lead == kind]
            self.likely[kind] = self.formula.or_gate([by_weight, *led])

    def silently_tied(self) -> int:
        """A type is told by its score alone though another kind has the same score."""
        formula = self.formula
        ties = [
            formula.and_gate([self.likely[kind], formula.exceeds_by(score, self.scores[kind], 0)])
            for kind in TYPES
            for other, score in self.scores.items()
            if other != kind
        ]
        return formula.and_gate([self.undecided, formula.or_gate(ties)])

    def encode_advice(self) -> Mapping[str, int]:
        """Advice id -> it is shown."""
        kept_clear = has_waiting_advice(self.world.rulebook.advice)
        return {
            rule.advice.id: self.advice_literal(rule, kept_clear=kept_clear)
            for rule in self.world.rulebook.advice
        }

    def advice_literal(self, rule: AdviceRule, *, kept_clear: bool) -> int:
        """The advice is shown; `kept_clear`: an emergency leaves no room for what can wait."""
        world, formula = self.world, self.formula
        parts = [TRUE if rule.when is None else world.truth_literal(rule.when, rule.required_truth)]
        if rule.types:
            parts.append(formula.or_gate(self.likely[kind] for kind in rule.types))
        if rule.levels:
            parts.append(formula.or_gate(world.level[Urgency[name]] for name in rule.levels))
        if rule.places:
            parts.append(world.any_chosen("place", rule.places))
        if kept_clear and rule.section not in AT_EMERGENCY:
            parts.append(-world.level[Urgency.emergency])
        return formula.and_gate(parts)

    def _encode_score(self, kind: str) -> UnaryNumber:
        """The sum of weights; for "not calcinosis" with the best single look-alike."""
        plain, alike = [], dict[str, list[tuple[int, int]]]()
        for line in self.world.rulebook.evidence:
            holds = self.world.truth_literal(line.when, Truth.TRUE)
            weight = line.weights.get(kind, 0)
            if line.look_alike is not None and kind == NOT_CALCINOSIS:
                alike.setdefault(line.look_alike, []).append((holds, weight))
            elif weight:
                plain.append(self.formula.weigh_literal(holds, weight))
        return self.formula.sum_numbers([*plain, self._best_look_alike(list(alike.values()))])

    def _best_look_alike(self, groups: list[list[tuple[int, int]]]) -> UnaryNumber:
        """The greatest sum among the groups of which something holds; 0 where nothing does."""
        formula = self.formula
        there = [formula.or_gate(holds for holds, _ in group) for group in groups]
        weighed = [[formula.weigh_literal(*part) for part in group] for group in groups]
        sums = [formula.sum_numbers(numbers) for numbers in weighed]
        low = min([0, *(number.low for number in sums)])
        high = max([0, *(number.highest_value for number in sums)])
        nothing = -formula.or_gate(there)

        def reaches_sum(value: int) -> int:
            reached = [
                formula.and_gate([t, n.at_least(value)]) for t, n in zip(there, sums, strict=True)
            ]
            return formula.or_gate([*reached, nothing] if value <= 0 else reached)

        return UnaryNumber(low, tuple(reaches_sum(value) for value in range(low + 1, high + 1)))

    def _ranks_first(self, kind: str) -> int:
        """No score is higher, and none that is as high stands before it in the tie order."""
        order = self._scale.tie_order
        return self.formula.and_gate(
            self._is_ahead(kind, other, 1 if order.index(other) < order.index(kind) else 0)
            for other in KINDS
            if other != kind
        )

    def _encode_leads(self) -> dict[str, int]:
        """Conflict id -> it decides: it holds, it applies, and none before it decided."""
        decided: dict[str, int] = {}
        for conflict in self.world.rulebook.conflicts:
            if conflict.lead is not None:
                applies = self.formula.or_gate(self.first[kind] for kind in conflict.only_before)
                parts = [self.world.truth_literal(conflict.when, Truth.TRUE)]
                parts += [applies] if conflict.only_before else []
                earlier = [-decision for decision in decided.values()]
                decided[conflict.id] = self.formula.and_gate([*parts, *earlier])
        return decided

    def _decided_by_score(self, kind: str) -> int:
        """It ranks first, high enough, and far enough ahead; a look-alike need not be ahead."""
        others = [other for other in KINDS if other != kind and kind != NOT_CALCINOSIS]
        ahead = [self._is_ahead(kind, other, self._scale.margin) for other in others]
        enough = self.scores[kind].at_least(self._scale.possible_at)
        return self.formula.and_gate([self.first[kind], enough, *ahead])

    def _is_ahead(self, kind: str, other: str, margin: int) -> int:
        return self.formula.exceeds_by(self.scores[kind], self.scores[other], margin)
