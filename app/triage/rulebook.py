"""`Rulebook`: everything that clinicians decided, as one frozen value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from app.triage.advice import AdvicePlan, AdviceRule, plan_advice
from app.triage.compiled import CompiledRules
from app.triage.conditions import Condition
from app.triage.dangers import Danger
from app.triage.labs import Laboratory
from app.triage.learn import LearnContent
from app.triage.questionnaire import Questionnaire
from app.triage.rules import Rule
from app.triage.safety_net import WatchedChanges
from app.triage.sources import AgePairEntry, Contradiction, RegionEntry, Roles, SourceEntry
from app.triage.terms import CANNOT_TELL, NOT_CALCINOSIS, TYPES, Truth, Urgency
from app.triage.types import EvidenceLine, TypeConflict, TypeScale
from app.triage.wording import Wording


@dataclass(frozen=True)
class Rulebook:
    """Everything that clinicians decided, with its words and sources."""

    version: str
    date: str
    sha256: str
    approvals: tuple[str, ...]
    languages: tuple[str, ...]
    longest_path: int
    roles: Roles
    questionnaire: Questionnaire
    named: Mapping[str, Condition]
    rules: tuple[Rule, ...]
    evidence: tuple[EvidenceLine, ...]
    conflicts: tuple[TypeConflict, ...]
    scale: TypeScale
    contradictions: tuple[Contradiction, ...]
    laboratory: Laboratory
    advice: tuple[AdviceRule, ...]
    dangers: tuple[Danger, ...]
    sources: Mapping[str, SourceEntry]
    regions: Mapping[str, RegionEntry]
    wording: Mapping[str, Wording]
    learn: Mapping[str, LearnContent]
    age_pairs: tuple[AgePairEntry, ...] = ()

    @cached_property
    def compiled_rules(self) -> CompiledRules:
        """Every condition of the rulebook as functions of one integer."""
        conditions: Mapping[str, Iterable[Condition]] = {
            "evidence": (line.when for line in self.evidence),
            "conflicts": (conflict.when for conflict in self.conflicts),
            "contradictions": (contradiction.when for contradiction in self.contradictions),
            "likely": [self.scale.likely_needs],
        }
        groups = {name: [[(one, Truth.TRUE)] for one in some] for name, some in conditions.items()}
        groups["advice"] = [rule.list_requirements(self.roles.place) for rule in self.advice]
        return CompiledRules(self.questionnaire, self.rules, groups, self.laboratory.not_weighed)

    @cached_property
    def watched_changes(self) -> WatchedChanges:
        """Every change that the safety net watches for, ready to be tried."""
        return WatchedChanges(self.questionnaire, self.rules, self.compiled_rules)

    @cached_property
    def advice_by_result(self) -> Mapping[tuple[Urgency, str], AdvicePlan]:
        """What advice belongs to each level and likely type."""
        kinds = [*TYPES, NOT_CALCINOSIS, CANNOT_TELL]
        return {(u, kind): plan_advice(self.advice, u, kind) for u in Urgency for kind in kinds}

    def find_rule(self, rule: str) -> Rule:
        """The urgency rule of this id. Raises KeyError."""
        return {known.id: known for known in self.rules}[rule]
