"""The certificate: what is proved of a rulebook over all answer sets, by two checkers that agree.

This file joins them. The first checker asks a SAT solver (`properties_level`, `properties_reach`),
the second (`diagram`) shares only the rule files with it. `certificate_words` says the outcome.
"""

import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import process_time
from typing import NamedTuple

from app.assurance.proof.diagram import DiagramReport
from app.assurance.proof.properties_level import (
    exactly_one_level,
    graver_never_lowers,
    must_ask_and_self_care,
    red_flags_keep_level,
    walks_end,
)
from app.assurance.proof.properties_promised import (
    measured_counts_as_answered,
    one_doubt_alarms_nobody,
    types_have_their_level,
    usual_or_no_self_care,
)
from app.assurance.proof.properties_reach import (
    closed_questions_raise_nobody,
    everything_is_reached,
    lab_bands_meet,
    results_are_whole,
    types_stay_apart,
    unasked_changes_nothing,
)
from app.assurance.proof.prover import Counterexample, Prover, questions_in_condition
from app.triage.questionnaire import Questionnaire
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers


class Property(NamedTuple):
    """What is to be proved, in words and as the check of it."""

    title: str
    check: Callable[[Prover], Iterator[Counterexample]]


PROPERTIES: Mapping[str, Property] = {
    "a": Property("Every walk through the questions ends, none longer than promised", walks_end),
    "b": Property("Every finished answer set has exactly one level", exactly_one_level),
    "c": Property(
        "A red flag gives at least its level, whatever else is said", red_flags_keep_level
    ),
    "d": Property("A graver answer never lowers the level", graver_never_lowers),
    "e": Property(
        "Below soon only after the must-ask answers; self-care only as F1 allows",
        must_ask_and_self_care,
    ),
    "f": Property("All can be asked, can fire, is reached and matters", everything_is_reached),
    "g": Property(
        "Every result has its action, warnings, sources and languages", results_are_whole
    ),
    "h": Property(
        "Answers to questions that are not asked change nothing", unasked_changes_nothing
    ),
    "i": Property(
        "The type never changes the level; no tie is settled in silence", types_stay_apart
    ),
    "j": Property("Blood-test bands leave no gap and no overlap in any unit", lab_bands_meet),
    "k": Property(
        "What a question that is not asked could say raises nobody", closed_questions_raise_nobody
    ),
    "l": Property("A value outside its usual range bars self-care", usual_or_no_self_care),
    "m": Property("A value beyond its limit counts as if told", measured_counts_as_answered),
    "n": Property("Calciphylaxis is told only with its level", types_have_their_level),
    "o": Property(
        "One doubt about a known, quiet lump gives at most routine", one_doubt_alarms_nobody
    ),
}


@dataclass(frozen=True, slots=True)
class Proof:
    """One property: whether it holds, how many claims were tried, and every way it breaks."""

    letter: str
    title: str
    holds: bool
    asked: int
    seconds: float
    counterexamples: tuple[Counterexample, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was proved of one rulebook.

    `closed`: question -> why it need not be asked of everyone, in words.
    `replayed`: answer sets that the engine was shown too; `differences`: where it, or the second
    checker (`examined`), saw anything else than the first. Only the second checker counts. Seconds
    are those of the processor: what else the machine has to do does not matter.
    """

    rulebook: str
    sha256: str
    proofs: tuple[Proof, ...]
    examined: DiagramReport | None
    differences: tuple[str, ...]
    longest: int
    replayed: int
    seconds: float
    peak_mib: int
    closed: Mapping[str, str]

    @property
    def all_hold(self) -> bool:
        """Every property holds, and nothing disagrees."""
        return all(proof.holds for proof in self.proofs) and not self.differences


def certify_rulebook(
    rulebook: Rulebook,
    second: Callable[[], DiagramReport] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Certificate:
    """Prove every property of a rulebook; `second`: the other checker, on the same files."""
    begun, prover, proofs = process_time(), Prover(rulebook), list[Proof]()
    for letter in PROPERTIES:
        proofs.append(prove_property(prover, letter))
        if progress is not None:
            progress(len(proofs))
        if not prover.is_ordered:
            break  # questions that wait for later ones have no answer sets to speak of
    examined = second() if second is not None and prover.is_ordered else None
    differences = list(prover.engine_differences)
    if examined is not None:
        differences += find_disagreements(prover, proofs, examined)
    return Certificate(
        rulebook=rulebook.version,
        sha256=rulebook.sha256,
        proofs=tuple(proofs),
        examined=examined,
        differences=tuple(differences),
        longest=prover.longest_path if prover.is_ordered else 0,
        replayed=prover.replayed,
        seconds=round(process_time() - begun, 2),
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        closed=dict(_reasons_not_asked(rulebook.questionnaire)),
    )


def _reasons_not_asked(questionnaire: Questionnaire) -> Iterator[tuple[str, str]]:
    for question in (q for q in questionnaire if q.ask_if is not None):
        counterparts = questionnaire.counterpart_questions[question.id]
        others = [q.id for q in questionnaire if q.id in counterparts]
        narrowed = sorted(questions_in_condition(question.narrows))
        if others:
            yield question.id, f"in its place: {', '.join(others)}"
        elif narrowed:
            yield question.id, f"narrows {', '.join(narrowed)}"
        else:
            yield question.id, "no answer raises anyone of whom it is not asked"


def prove_property(prover: Prover, letter: str) -> Proof:
    """One property."""
    title, check = PROPERTIES[letter]
    begun, asked = process_time(), prover.formula.asked
    broken = tuple(check(prover))
    seconds = round(process_time() - begun, 2)
    return Proof(letter, title, not broken, prover.formula.asked - asked, seconds, broken)


def find_disagreements(
    prover: Prover, proofs: Sequence[Proof], examined: DiagramReport
) -> Iterator[str]:
    """Where the two checkers do not say the same, each in words."""
    for proof in proofs:
        theirs = examined.checked[proof.letter].property_holds
        if theirs != proof.holds:
            yield f"({proof.letter}) holds: {proof.holds} by SAT, {theirs} by decision diagram"
    if examined.longest != prover.longest_path:
        yield f"longest path: {prover.longest_path} by SAT, {examined.longest} by decision diagram"
    one = prover.first_world
    levels = {urgency.name: level for urgency, level in one.level.items()}
    for what, literals, counts, labs in (
        ("level", levels, examined.by_level, prover.without_labs),
        ("rule", one.certain, examined.fires, ()),
    ):
        for name, literal in literals.items():
            found = prover.formula.find_model(one.complete, literal, *labs) is not None
            count = counts.get(name, 0)
            if found != (count > 0):
                yield f"{what} {name}: found {found} by SAT, {count} times by decision diagram"
    if sum(examined.by_level.values()) != examined.answer_sets:
        yield "the counts of the levels do not add up to all answer sets"
    for kind, case in examined.shown.items():
        answers = {name: frozenset(chosen) for name, chosen in case.items()}
        likely = assess_answers(prover.rulebook, answers).likely_type
        if likely != kind:
            yield f"type {kind} by decision diagram, {likely} by the engine: {case}"
