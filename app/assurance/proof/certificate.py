"""The certificate: what is proved of a rulebook over all answer sets, by two checkers that agree.

This file joins them and says the outcome: as a table for the terminal, and as plain values for
JSON. The first checker asks a SAT solver (`properties_level`, `properties_reach` and
`properties_promised`), the second (`diagram`) shares only the rule files with it.
"""

import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import process_time

from app.assurance.proof import properties_level as level
from app.assurance.proof import properties_promised as promised
from app.assurance.proof import properties_reach as reach
from app.assurance.proof.answer_types import AT_MOST
from app.assurance.proof.diagram import DiagramCheck, DiagramReport
from app.assurance.proof.prover import Counterexample, Prover, questions_in_condition
from app.triage.questionnaire import Questionnaire
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers

PROPERTIES = {
    "a": "Every walk through the questions ends, none longer than promised",
    "b": "Every finished answer set has exactly one level",
    "c": "A red flag gives at least its level, whatever else is said",
    "d": "A graver answer never lowers the level",
    "e": "Below soon only after the must-ask answers; self-care only as F1 allows",
    "f": "All can be asked, can fire, is reached and matters",
    "g": "Every result has its action, warnings, sources and languages",
    "h": "Answers to questions that are not asked change nothing",
    "i": "The type never changes the level; no tie is settled in silence",
    "j": "Blood-test bands leave no gap and no overlap in any unit",
    "k": "What a question that is not asked could say raises nobody",
    "l": "A value outside its usual range bars self-care",
    "m": "A value beyond its limit counts as if told",
    "n": "Calciphylaxis is told only with its level",
    "o": "One doubt about a known, quiet lump gives at most routine",
}
"""What is to be proved, in words."""
CHECKS: Mapping[str, Callable[[Prover], Iterator[Counterexample]]] = {
    "a": level.walks_end,
    "b": level.exactly_one_level,
    "c": level.red_flags_keep_level,
    "d": level.graver_never_lowers,
    "e": level.must_ask_and_self_care,
    "f": reach.everything_is_reached,
    "g": reach.results_are_whole,
    "h": reach.unasked_changes_nothing,
    "i": reach.types_stay_apart,
    "j": reach.lab_bands_meet,
    "k": reach.closed_questions_raise_nobody,
    "l": promised.usual_or_no_self_care,
    "m": promised.measured_counts_as_answered,
    "n": promised.types_have_their_level,
    "o": promised.one_doubt_alarms_nobody,
}
"""What breaks each of them."""
NARROW = 44


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
    progress: Callable[[int], None] = lambda _done: None,
) -> Certificate:
    """Prove every property of a rulebook; `second`: the other checker, on the same files."""
    begun, prover, proofs = process_time(), Prover(rulebook), list[Proof]()
    for letter in PROPERTIES:
        proofs.append(prove_property(prover, letter))
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
    begun, before = process_time(), prover.formula.asked
    broken = tuple(CHECKS[letter](prover))
    asked, seconds = prover.formula.asked - before, round(process_time() - begun, 2)
    return Proof(letter, PROPERTIES[letter], not broken, asked, seconds, broken)


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
    levels = {urgency.name: literal for urgency, literal in one.level.items()}
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


def format_certificate(certificate: Certificate) -> str:
    """The certificate as text for a terminal."""
    examined = certificate.examined
    wide = max(len(proof.title) for proof in certificate.proofs)
    lines = [
        f"Rulebook {certificate.rulebook}, sha256 {certificate.sha256}",
        "",
        f"     {'':<{wide}}     SAT solver        decision diagrams",
        f"     {'Proved over all answer sets':<{wide}}  claims      s      claims      s",
    ]
    for proof in certificate.proofs:
        checked = examined.checked[proof.letter] if examined is not None else None
        lines.append(_proof_row(proof, checked, wide))
        lines += _counterexample_lines(proof, checked)
    lines += ["", *_count_lines(examined)] if examined is not None else []
    lines += [
        "Not asked of everyone",
        *(f"  {name:<14}{why}" for name, why in certificate.closed.items()),
        f"Longest path             {certificate.longest} questions",
        f"Shown to the engine      {certificate.replayed} answer sets",
        f"Time and memory          {certificate.seconds} s of one processor, "
        f"{certificate.peak_mib} MiB at most",
        *(f"Disagreement: {difference}" for difference in certificate.differences),
    ]
    both = " Both checkers agree." if examined is not None else ""
    verdict = f"All properties hold.{both}" if certificate.all_hold else "Not proved."
    return "\n".join([*lines, verdict])


def _proof_row(proof: Proof, checked: DiagramCheck | None, wide: int) -> str:
    states = {True: "holds ", False: "BROKEN"}
    row = f"({proof.letter})  {proof.title:<{wide}}"
    row += f"{proof.asked:>8}{proof.seconds:>7.2f} {states[proof.holds]}"
    if checked is not None:
        state = states[checked.property_holds]
        row += f"{checked.claims:>6}{checked.seconds:>7.2f} {state}"
    return row


def _counterexample_lines(proof: Proof, checked: DiagramCheck | None) -> Iterator[str]:
    for broken in proof.counterexamples:
        yield from (
            "",
            *(f"       {line}" for line in broken.format_yaml(proof.letter).splitlines()),
        )
    if checked is not None and not checked.property_holds:
        yield from ("", *(f"       by decision diagram: {breach}" for breach in checked.breaches))
        yield f"       the smallest: {checked.smallest}"


def _count_lines(examined: DiagramReport) -> Iterator[str]:
    yield f"Finished answer sets     {examined.answer_sets:>{NARROW}}, each with any blood values"
    for name, count in examined.by_level.items():
        yield f"  {name:<23}{count:>{NARROW}}"
    few = sum(examined.by_type.values())
    yield f"Who say {AT_MOST} things at most  {few:>{NARROW - 1},}, by likely type"
    for kind, count in examined.by_type.items():
        yield f"  {kind:<23}{count:>{NARROW},}"


def serialize_certificate(certificate: Certificate) -> dict[str, object]:
    """The certificate as plain values; what no machine repeats stands apart in `measured`."""
    examined = certificate.examined
    checked = examined.checked if examined else {}
    return {
        "holds": certificate.all_hold,
        "rulebook": certificate.rulebook,
        "sha256": certificate.sha256,
        "answer_sets": examined.answer_sets if examined else None,
        "by_level": examined.by_level if examined else {},
        "by_type_of_those_who_say_little": examined.by_type if examined else {},
        "longest_path": certificate.longest,
        "not_asked_of_everyone": dict(certificate.closed),
        "shown_to_the_engine": certificate.replayed,
        "proofs": [_serialize_proof(proof, examined) for proof in certificate.proofs],
        "differences": list(certificate.differences),
        "measured": {
            "seconds": certificate.seconds,
            "peak_mib": certificate.peak_mib,
            "sat_seconds": {proof.letter: proof.seconds for proof in certificate.proofs},
            "diagram_seconds": {letter: check.seconds for letter, check in checked.items()},
        },
    }


def _serialize_proof(proof: Proof, examined: DiagramReport | None) -> dict[str, object]:
    found: dict[str, object] = {
        "property": proof.letter,
        "title": proof.title,
        "sat": {
            "holds": proof.holds,
            "claims": proof.asked,
            "broken": [broken.as_worked_case(proof.letter) for broken in proof.counterexamples],
        },
    }
    if examined is not None:
        checked = examined.checked[proof.letter]
        found["diagram"] = {
            "holds": checked.property_holds,
            "claims": checked.claims,
            "breaches": list(checked.breaches),
            "smallest": checked.smallest,
        }
    return found
