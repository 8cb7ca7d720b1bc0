"""`load(folder)`: all of rules/ as one value, at one version and hash, or every fault in it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from app.rulebook.checks import check_rulebook, list_conditions
from app.rulebook.checks_ages import AGES_FILE, check_age_pairs
from app.rulebook.entries import AgePairEntry, RegionEntry, RulebookEntry, SourceEntry, read_entry
from app.rulebook.learn_pages import (
    LEARN_FILES,
    LearnContent,
    check_learn_content,
    read_learn_content,
)
from app.rulebook.reading import Contradiction, RulebookReader
from app.rulebook.reading_words import CLINIC_FILE, SERVICE_FILE, read_wording
from app.triage.advice import AdviceRule, select_fitting_advice
from app.triage.compiled import CompiledRules
from app.triage.conditions import Condition
from app.triage.dangers import Danger
from app.triage.labs import Laboratory, with_rule_bounds
from app.triage.questionnaire import Questionnaire
from app.triage.rules import Rule
from app.triage.safety_net import WatchedChanges
from app.triage.terms import CANNOT_TELL, NOT_CALCINOSIS, TYPES, Truth, Urgency
from app.triage.types import EvidenceLine, TypeConflict, TypeScale
from app.triage.wording import Wording

TARGETS_FILE = "targets.yaml"
RELIANCE_FILE = "reliance.yaml"
UNHASHED_FILES = LEARN_FILES | {SERVICE_FILE, CLINIC_FILE, TARGETS_FILE, RELIANCE_FILE}
"""What no result rests on."""


class RulebookFaults(Exception):
    """A rulebook that must not be used; `faults`: `file:line: id: what is wrong and allowed`."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


@dataclass(frozen=True)
class Rulebook:
    """Everything that clinicians decided, with its words and sources."""

    version: str
    date: str
    sha256: str
    approvals: tuple[str, ...]
    languages: tuple[str, ...]
    longest_path: int
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
        groups = {
            "evidence": [(line.when, Truth.TRUE) for line in self.evidence],
            "conflicts": [(conflict.when, Truth.TRUE) for conflict in self.conflicts],
            "contradictions": [(c.when, Truth.TRUE) for c in self.contradictions],
            "likely": [(self.scale.likely_needs, Truth.TRUE)],
            "advice": [(a.when, a.required_truth) for a in self.advice if a.when is not None],
        }
        return CompiledRules(self.questionnaire, self.rules, groups, self.laboratory.not_weighed)

    @cached_property
    def watched_changes(self) -> WatchedChanges:
        """Every change that the safety net watches for, ready to be tried."""
        return WatchedChanges(self.questionnaire, self.rules, self.compiled_rules)

    @cached_property
    def conditional_advice_ids(self) -> tuple[str, ...]:
        """Ids of the advice that depends on a condition, in the order of the compiled group."""
        return tuple(rule.advice.id for rule in self.advice if rule.when is not None)

    @cached_property
    def advice_by_result(self) -> Mapping[tuple[Urgency, str], tuple[AdviceRule, ...]]:
        """What advice belongs to each level and likely type."""
        kinds = [*TYPES, NOT_CALCINOSIS, CANNOT_TELL]
        return {
            (u, kind): select_fitting_advice(self.advice, u, kind)
            for u in Urgency
            for kind in kinds
        }

    def find_rule(self, rule: str) -> Rule:
        """The urgency rule of this id. Raises KeyError."""
        try:
            return next(r for r in self.rules if r.id == rule)
        except StopIteration:
            raise KeyError(rule) from None


def load_rulebook_folder(folder: Path) -> Rulebook:
    """The rulebook in this folder. Raises RulebookFaults with every fault that was found."""
    reader = RulebookReader(folder)
    faults = reader.faults
    head = read_entry(RulebookEntry, faults.read_mapping("rulebook.yaml"), "rulebook.yaml", faults)
    sources = {e.id: e for _, e in reader.read_entries("sources.yaml", SourceEntry)}
    regions = {e.id: e for _, e in reader.read_entries("regions.yaml", RegionEntry)}
    laboratory = reader.read_laboratory_file("labs.yaml")
    questionnaire = reader.read_questionnaire("questions.yaml")
    reader.read_named_conditions("named.yaml")
    urgency_files = sorted(f"urgency/{path.name}" for path in (folder / "urgency").glob("*.yaml"))
    rules = reader.read_rules(urgency_files)
    evidence = reader.read_evidence("types/evidence.yaml", "types/look_alikes.yaml")
    conflicts = reader.read_conflict_rules("types/conflicts.yaml")
    scale = reader.read_scale("types/scale.yaml")
    contradictions = reader.read_contradictions("contradictions.yaml")
    # An edition before the table has none.
    with_ages = (folder / AGES_FILE).exists()
    age_pairs = (
        tuple(e for _, e in reader.read_entries(AGES_FILE, AgePairEntry)) if with_ages else ()
    )
    places = questionnaire["place"].option_ids if "place" in questionnaire else ()
    advice = reader.read_advice_rules("advice.yaml", places)
    dangers = reader.read_dangers("dangers.yaml")
    if head is None:
        raise RulebookFaults(tuple(faults.fault_lines))
    rulebook = Rulebook(
        version=head.version,
        date=head.date,
        sha256="",
        approvals=tuple(head.approvals),
        languages=tuple(head.languages),
        longest_path=head.longest_path,
        questionnaire=questionnaire,
        named=dict(reader.named),
        rules=rules,
        evidence=evidence,
        conflicts=conflicts,
        scale=scale,
        contradictions=contradictions,
        laboratory=laboratory,
        advice=advice,
        dangers=dangers,
        sources=sources,
        regions=regions,
        wording={language: read_wording(faults, language) for language in head.languages},
        learn={},
        age_pairs=age_pairs,
    )
    rulebook = replace(
        rulebook, laboratory=with_rule_bounds(rulebook.laboratory, list_conditions(rulebook))
    )
    check_rulebook(rulebook, faults, reader.where)
    check_age_pairs(rulebook, faults, reader.where)
    if faults.fault_lines:
        raise RulebookFaults(tuple(faults.fault_lines))
    # Last: only now is every file known to be read, and one slip no longer looks like many.
    learn = {
        language: _load_learn_content(folder, language, rulebook) for language in head.languages
    }
    return replace(rulebook, sha256=_hash_rule_files(folder), learn=learn)


def _load_learn_content(folder: Path, language: str, rulebook: Rulebook) -> LearnContent:
    reader = RulebookReader(folder)
    pages = read_learn_content(reader, language)
    region_words = next(iter(rulebook.wording[language].regions.values()))
    options = {question.id: question.option_ids for question in rulebook.questionnaire}
    check_learn_content(pages, reader.faults, reader.where, rulebook.sources, region_words, options)
    if reader.faults.fault_lines:
        raise RulebookFaults(tuple(reader.faults.fault_lines))
    return pages


def _hash_rule_files(folder: Path) -> str:
    """SHA-256 over names and contents of all files that a result rests on."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml")):
        name = path.relative_to(folder).as_posix()
        if not name.startswith(("cases/", "published/")) and path.name not in UNHASHED_FILES:
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
