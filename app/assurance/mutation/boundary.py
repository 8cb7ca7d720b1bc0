"""Finds the boundary cases: for each slip that no case notices yet, the smallest person who does.

Their expected results are those of the rulebook as it is, written down as data. They say that a
change is noticed, not that the rulebook is right. Knows nothing of commands.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

from app.assurance.mutation.apart import MutantDistinguisher, Witness
from app.assurance.mutation.apart_by_diagram import find_distinguishing_sets
from app.assurance.mutation.killing import MutationBench, Progress, SurvivingMutant
from app.assurance.mutation.mutants import Mutant, apply_mutant, format_yaml_line, list_mutants
from app.assurance.mutation.pinned import (
    BOUNDARY,
    PinnedCase,
    find_failing_cases,
    list_fired_rules,
    list_result_lines,
    serialize_case,
)
from app.assurance.proof.answer_space import AnswerSpace
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Assessment

HEADING = """\
# Boundary cases: found by machine, one for each small slip in the rules that others would miss.
# Each is the smallest person, counted from the quiet lump of worked/default.yaml, in whom the slip
# would change something. The results are those of the rulebook of the day when the file was made:
# {version}, sha256 {sha256}
# So they show that a change does not go unnoticed. They do NOT show that the rules are right: no
# clinician has judged them. Never mend one by hand. After a change that is meant, read
# `calcinosis-check rules diff`, then run `calcinosis-check rules mutate --refresh`.
#
#   about    the entry of a rule file whose slip it notices
#   answers  what differs from the quiet lump; [] is left open
#   fires    all findings, with "?" where a "not sure" keeps one open
#   told     all that the result tells of a kind, where the slip shows there
"""


def refresh_boundary_cases(folder: Path, progress: Progress = lambda _done: None) -> int:
    """Write the boundary cases of the rulebook in this folder; how many there are.

    Those that still hold stay as they are, so that a reviewer reads only what is new.
    """
    bench = MutationBench(folder)
    failing = set(find_failing_cases(bench.rulebook, bench.boundary))
    bench.boundary = [case for case in bench.boundary if case.id not in failing]
    distinguisher = MutantDistinguisher(bench.rulebook, bench.quiet_lump)
    for done, mutant in enumerate(list_mutants(folder), start=1):
        if bench.try_mutant(mutant) is None:
            bench.boundary.extend(_make_boundary_cases(bench, distinguisher, mutant))
            _write_boundary_cases(folder, bench)
        progress(done)
    _write_boundary_cases(folder, bench)
    return len(bench.boundary)


def _write_boundary_cases(folder: Path, bench: MutationBench) -> None:
    """Write down what was found so far: it takes long, and a break should lose nothing."""
    head = HEADING.format(version=bench.rulebook.version, sha256=bench.rulebook.sha256)
    cases = [serialize_case(bench.rulebook, folder, case) for case in bench.boundary]
    lines = [f"- {format_yaml_line(case)}" for case in cases]
    (folder / BOUNDARY).write_text("\n".join([head, *lines, ""]), "utf-8")


def prove_survivors(bench: MutationBench, left: Sequence[Mutant]) -> Iterator[SurvivingMutant]:
    """What both checkers say of the mutants that no case noticed."""
    if not left:
        return
    distinguisher = MutantDistinguisher(bench.rulebook, bench.quiet_lump)
    space = AnswerSpace(bench.folder)
    for mutant in left:
        shown = next(_find_confirmed_witnesses(distinguisher, mutant), None)
        changed = apply_mutant(bench.rulebook, mutant)
        nobody = shown is None and distinguisher.proves_equivalent(changed)
        same = find_distinguishing_sets(space, mutant) == space.bdd.false
        words = None if shown is None else str({q: sorted(a) for q, a in shown.answers.items()})
        yield SurvivingMutant(mutant.full_name, nobody, same, words)


def _make_boundary_cases(
    bench: MutationBench, distinguisher: MutantDistinguisher, mutant: Mutant
) -> Iterable[PinnedCase]:
    """A case that notices the mutant, if somebody can."""
    taken = {case.id for case in bench.boundary}
    names = (f"{mutant.entry}-{number}" for number in count(1))
    for person in _find_confirmed_witnesses(distinguisher, mutant):
        found = assess_answers(bench.rulebook, person.answers, person.labs)
        other = assess_answers(apply_mutant(bench.rulebook, mutant), person.answers, person.labs)
        stated = _stated_result(found) != _stated_result(other)
        was, becomes = list_result_lines(found), list_result_lines(other)
        kinds = [] if stated else [kind for kind in was if was[kind] != becomes[kind]]
        yield PinnedCase(
            id=next(name for name in names if name not in taken),
            about=mutant.entry,
            answers=person.answers,
            labs=person.labs,
            urgency=found.urgency.name,
            likely_type=found.likely_type,
            fires=tuple(list_fired_rules(found)),
            exactly=True,
            next=found.next_question,
            result_lines={kind: tuple(was[kind]) for kind in kinds},
        )
        return


def _find_confirmed_witnesses(
    distinguisher: MutantDistinguisher, mutant: Mutant
) -> Iterator[Witness]:
    """People in whom the engine gives another result with the mutant, the best to read first."""
    rulebook = distinguisher.rulebook
    changed = apply_mutant(rulebook, mutant)
    for person in distinguisher.find_witnesses(changed):
        if _results_differ(rulebook, changed, person):
            yield _shrink_witness(rulebook, changed, person, distinguisher.quiet_lump)


def _shrink_witness(
    rulebook: Rulebook, changed: Rulebook, person: Witness, quiet_lump: Answers
) -> Witness:
    """The same with each answer that the difference does not need given as the quiet lump does."""
    for name, chosen in person.answers.items():
        single = [frozenset({option}) for option in sorted(chosen) if len(chosen) > 1]
        for calm in (quiet_lump.get(name, chosen), *single):
            fewer = Witness({**person.answers, name: calm}, person.labs)
            path = rulebook.questionnaire.trace_path(fewer.answers)
            sound = not path.ignored and path.next is None
            if calm != chosen and sound and _results_differ(rulebook, changed, fewer):
                person = fewer
                break
    return person


def _results_differ(rulebook: Rulebook, changed: Rulebook, person: Witness) -> bool:
    results = [assess_answers(book, person.answers, person.labs) for book in (rulebook, changed)]
    one, other = ((_stated_result(found), list_result_lines(found)) for found in results)
    return one != other


def _stated_result(found: Assessment) -> tuple[object, ...]:
    """What every boundary case states."""
    asked = found.next_question, found.ignored
    return found.urgency, found.likely_type, list_fired_rules(found), asked
