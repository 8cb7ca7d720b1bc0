"""Finds the boundary cases: for each slip that no case notices yet, the smallest person who does.

Their expected results are those of the rulebook as it is, written down as data. They say that a
change is noticed, not that the rulebook is right. Knows nothing of commands.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

from app.assurance.mutation.apart import Apart, Person
from app.assurance.mutation.apart_by_diagram import told_apart
from app.assurance.mutation.killing import Bench, Progress, Survivor
from app.assurance.mutation.mutants import Mutant, apply, mutants, written
from app.assurance.mutation.pinned import (
    BOUNDARY,
    Pinned,
    as_written,
    default,
    findings,
    replayed,
    told,
)
from app.assurance.proof.answer_space import AnswerSpace
from app.triage.rulebook import Rulebook
from app.triage.rules import assess
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


def refresh(folder: Path, progress: Progress | None = None) -> int:
    """Write the boundary cases of the rulebook in this folder; how many there are.

    Those that still hold stay as they are, so that a reviewer reads only what is new.
    """
    bench = Bench(folder)
    failing = set(replayed(bench.rulebook, bench.boundary))
    bench.boundary = [case for case in bench.boundary if case.id not in failing]
    apart = Apart(bench.rulebook, _quiet(folder))
    for done, mutant in enumerate(mutants(folder), start=1):
        if bench.killer(mutant) is None:
            bench.boundary.extend(_case(bench, apart, mutant))
            _write(folder, bench)
        if progress is not None:
            progress(done)
    _write(folder, bench)
    return len(bench.boundary)


def _write(folder: Path, bench: Bench) -> None:
    """Write down what was found so far: it takes long, and a break should lose nothing."""
    head = HEADING.format(version=bench.rulebook.version, sha256=bench.rulebook.sha256)
    lines = [f"- {written(as_written(bench.rulebook, folder, case))}" for case in bench.boundary]
    (folder / BOUNDARY).write_text("\n".join([head, *lines, ""]), "utf-8")


def prove(rulebook: Rulebook, folder: Path, left: Sequence[Mutant]) -> Iterator[Survivor]:
    """What both checkers say of the mutants that no case noticed."""
    if not left:
        return
    apart, space = Apart(rulebook, _quiet(folder)), AnswerSpace(folder)
    for mutant in left:
        shown = next(_showing(rulebook, apart, mutant), None)
        nobody = shown is None and apart.nobody(apply(rulebook, mutant))
        same = told_apart(space, mutant) == space.bdd.false
        words = None if shown is None else str({q: sorted(a) for q, a in shown.answers.items()})
        yield Survivor(mutant.name, nobody, same, words)


def _case(bench: Bench, apart: Apart, mutant: Mutant) -> Iterable[Pinned]:
    """A case that notices the mutant, if somebody can."""
    taken = {case.id for case in bench.boundary}
    names = (f"{mutant.entry}-{number}" for number in count(1))
    for person in _showing(bench.rulebook, apart, mutant):
        found = assess(bench.rulebook, person.answers, person.labs)
        other = assess(apply(bench.rulebook, mutant), person.answers, person.labs)
        was, becomes = told(found), told(other)
        kinds = [kind for kind in was if was[kind] != becomes[kind]]
        yield Pinned(
            id=next(name for name in names if name not in taken),
            about=mutant.entry,
            answers=person.answers,
            labs=person.labs,
            urgency=found.urgency.name,
            likely_type=found.likely_type,
            fires=tuple(findings(found)),
            exactly=True,
            next=found.next_question,
            told={} if _plain(found) != _plain(other) else {k: tuple(was[k]) for k in kinds},
        )
        return


def _showing(rulebook: Rulebook, apart: Apart, mutant: Mutant) -> Iterator[Person]:
    """People in whom the engine gives another result with the mutant, the best to read first."""
    changed = apply(rulebook, mutant)
    for person in apart.people(changed):
        if _differ(rulebook, changed, person):
            yield _smaller(rulebook, changed, person, apart.quiet)


def _smaller(rulebook: Rulebook, changed: Rulebook, person: Person, quiet: Answers) -> Person:
    """The same with each answer that the difference does not need given as the quiet lump does."""
    for name, chosen in person.answers.items():
        ways = [
            quiet.get(name, chosen),
            *(frozenset({o}) for o in sorted(chosen) if len(chosen) > 1),
        ]
        for calm in ways:
            fewer = Person({**person.answers, name: calm}, person.labs)
            path = rulebook.questionnaire.path(fewer.answers)
            sound = not path.ignored and (path.next is None)
            if calm != chosen and sound and _differ(rulebook, changed, fewer):
                person = fewer
                break
    return person


def _differ(rulebook: Rulebook, changed: Rulebook, person: Person) -> bool:
    one, other = (assess(book, person.answers, person.labs) for book in (rulebook, changed))
    return _plain(one) != _plain(other) or told(one) != told(other)


def _plain(found: Assessment) -> tuple[object, ...]:
    """What every boundary case states."""
    asked = found.next_question, found.ignored
    return found.urgency, found.likely_type, findings(found), asked


def _quiet(folder: Path) -> dict[str, frozenset[str]]:
    return {name: frozenset(chosen) for name, chosen in default(folder).items()}
