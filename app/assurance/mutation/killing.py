"""Whether every mutant of the rules is noticed: by a worked case, a boundary case, or by no one.

Who survives must be proved to change nothing, by both checkers; see `equivalence`. Two processes
share the work. Knows nothing of how mutants are made.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from app.assurance.mutation.mutants import Mutant, apply_mutant
from app.assurance.mutation.pinned import (
    PinnedCase,
    find_failing_cases,
    load_boundary_cases,
    load_quiet_lump,
    load_worked_cases,
)
from app.rulebook.load import load_rulebook_folder
from app.triage.conditions import Condition, Situation, judge_condition
from app.triage.labs import list_lab_readings, read_lab_amounts
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Truth

PROCESSES = 2
BATCH = 25
ALONE = 200
"""So many mutants are tried out sooner than another process has read the rules and cases."""
Progress = Callable[[int], None]
"""Learns how many are done."""
ConditionChange = tuple[Condition | None, Condition | None]
"""A condition before and after."""


@dataclass(frozen=True, slots=True)
class KilledMutant:
    """A mutant, the case that noticed it, and whether that case got another level."""

    mutant: str
    case: PinnedCase
    another_level: bool


@dataclass(frozen=True, slots=True)
class SurvivingMutant:
    """A mutant that no case notices. `equivalent`: both checkers prove that it changes nothing.

    by_sat      no answer set, finished or not, tells it from the rule as it is
    by_diagram  the same over all finished answer sets; `shown`: a person who does tell them apart
    """

    mutant: str
    by_sat: bool
    by_diagram: bool
    shown: str | None = None

    @property
    def is_equivalent(self) -> bool:
        """Proved by both."""
        return self.by_sat and self.by_diagram


@dataclass(frozen=True)
class MutationReport:
    """What became of all mutants of one rulebook."""

    rulebook: str
    sha256: str
    killed: tuple[KilledMutant, ...]
    survivors: tuple[SurvivingMutant, ...]
    failing: tuple[str, ...]
    seconds: float
    of: int

    @property
    def all_accounted_for(self) -> bool:
        """Every mutant is killed or proved equivalent, and no case fails without any mutant."""
        return not self.failing and all(s.is_equivalent for s in self.survivors)

    def as_json(self) -> dict[str, object]:
        """The outcome as plain values; of the killed only the numbers."""
        by_case = Counter("boundary" if one.case.exactly else "worked" for one in self.killed)
        return {
            "holds": self.all_accounted_for,
            "rulebook": self.rulebook,
            "sha256": self.sha256,
            "mutants": self.of,
            "killed": len(self.killed),
            "killed_by_worked_cases": by_case["worked"],
            "killed_by_boundary_cases": by_case["boundary"],
            "killed_by_another_level": sum(one.another_level for one in self.killed),
            "equivalent": [s.mutant for s in self.survivors if s.is_equivalent],
            "survivors": [
                {"mutant": s.mutant, "sat": s.by_sat, "diagram": s.by_diagram, "shown": s.shown}
                for s in self.survivors
                if not s.is_equivalent
            ],
            "failing_cases": list(self.failing),
            "seconds": self.seconds,
        }


class MutationBench:
    """One rulebook and the cases that hold it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rulebook = load_rulebook_folder(folder)
        self.worked = load_worked_cases(self.rulebook, folder)
        self.boundary = load_boundary_cases(self.rulebook, folder)
        quiet = load_quiet_lump(folder)
        self.quiet_lump: Answers = {name: frozenset(chosen) for name, chosen in quiet.items()}
        self._situations: dict[int, Situation] = {}

    @property
    def all_cases(self) -> list[PinnedCase]:
        """All of them, the worked ones first."""
        return [*self.worked, *self.boundary]

    def try_mutant(self, mutant: Mutant) -> KilledMutant | None:
        """The first case that notices it, those that name its entry before the others."""
        changed = apply_mutant(self.rulebook, mutant)
        changes = changed_conditions(self.rulebook, changed)
        for case in sorted(self.all_cases, key=lambda case: not case.is_about(mutant.entry)):
            if self._can_touch_case(case, changes):
                found = assess_answers(changed, case.answers, case.labs)
                if not case.matches_assessment(found):
                    another_level = found.urgency.name != case.urgency
                    return KilledMutant(mutant.full_name, case, another_level)
        return None

    def _can_touch_case(self, case: PinnedCase, changes: Sequence[ConditionChange]) -> bool:
        """Whether what was changed can matter in this case; a hundredth of the work of `assess`."""
        if len(list_lab_readings(self.rulebook.laboratory, case.labs)) > 1:
            return True  # which of them counts may be what changes
        situation = self._case_situation(case)
        for one, other in changes:
            if one is None or other is None:
                return True
            truth = judge_condition(one, situation)
            if one is other and truth > Truth.FALSE:
                return True
            if truth is not judge_condition(other, situation):
                return True
        return False

    def _case_situation(self, case: PinnedCase) -> Situation:
        if id(case) not in self._situations:
            questions = self.rulebook.questionnaire
            path = questions.trace_path(case.answers)
            amounts = read_lab_amounts(self.rulebook.laboratory, case.labs)
            situation = Situation(path.answers, path.off_path, questions.unsure_options, amounts)
            self._situations[id(case)] = situation
        return self._situations[id(case)]


def changed_conditions(rulebook: Rulebook, changed: Rulebook) -> list[ConditionChange]:
    """The conditions of all entries that differ, before and after; None: what has no condition.

    The very same condition twice stands for an entry that differs in something else.
    """
    found: list[ConditionChange] = []
    for kind in ("rules", "evidence", "conflicts", "contradictions", "advice"):
        old, new = getattr(rulebook, kind), getattr(changed, kind)
        kept = {id(entry) for entry in new}
        if len(old) != len(new):
            found += [(entry.when, entry.when) for entry in old if id(entry) not in kept]
        else:
            both = zip(old, new, strict=True)
            found += [(o.when, n.when) for o, n in both if o is not n and o != n]
    for one, other in zip(rulebook.questionnaire, changed.questionnaire, strict=True):
        found += [(None, None)] if one != other else []
    needs, other_needs = rulebook.scale.likely_needs, changed.scale.likely_needs
    return found + ([(needs, other_needs)] if needs != other_needs else [])


def run_mutation_tests(
    folder: Path,
    mutants: Sequence[Mutant],
    prove: Callable[["MutationBench", Sequence[Mutant]], Iterable[SurvivingMutant]],
    progress: Progress = lambda _done: None,
) -> MutationReport:
    """Try out mutants of the rulebook in this folder; `prove` settles those that survive."""
    begun, bench = perf_counter(), MutationBench(folder)
    failing = find_failing_cases(bench.rulebook, bench.all_cases)
    tried = _try_all_mutants(bench, mutants, progress)
    alive = [mutant for mutant, killed in zip(mutants, tried, strict=True) if killed is None]
    return MutationReport(
        rulebook=bench.rulebook.version,
        sha256=bench.rulebook.sha256,
        killed=tuple(killed for killed in tried if killed is not None),
        survivors=tuple(prove(bench, alive)),
        failing=tuple(failing),
        seconds=round(perf_counter() - begun, 1),
        of=len(mutants),
    )


def format_mutation_report(found: MutationReport) -> str:
    """The outcome as text for a terminal."""
    report_json = found.as_json()
    proved = [s for s in found.survivors if s.is_equivalent]
    lines = [
        f"Rulebook {found.rulebook}, sha256 {found.sha256}",
        f"Mutants of the rules   {found.of}",
        f"  killed               {len(found.killed)}",
        f"    by a worked case   {report_json['killed_by_worked_cases']}",
        f"    by a boundary case {report_json['killed_by_boundary_cases']}",
        f"    by another level   {report_json['killed_by_another_level']}",
        f"  proved to change nothing, by both checkers: {len(proved)}",
        *(f"    {survivor.mutant}" for survivor in proved),
    ]
    for survivor in (s for s in found.survivors if not s.is_equivalent):
        checkers = f"SAT: {survivor.by_sat}, decision diagram: {survivor.by_diagram}"
        lines.append(f"SURVIVES  {survivor.mutant}  [changes nothing by {checkers}]")
        if survivor.shown:
            lines.append(f"          told apart by {survivor.shown}")
    lines += [f"FAILS without any mutant: {case}" for case in found.failing]
    verdict = (
        "Every mutant is accounted for." if found.all_accounted_for else "Not every mutant is."
    )
    return "\n".join([*lines, f"Time                   {found.seconds} s", verdict])


def _try_all_mutants(
    bench: MutationBench, every: Sequence[Mutant], progress: Progress
) -> list[KilledMutant | None]:
    if len(every) <= ALONE:
        return [bench.try_mutant(mutant) for mutant in every]
    found: list[KilledMutant | None] = []
    pool = ProcessPoolExecutor(PROCESSES, initializer=_start_worker, initargs=(bench.folder,))
    with pool:
        for killed in pool.map(_try_in_worker, every, chunksize=BATCH):
            found.append(killed)
            progress(len(found))
    return found


_bench: list[MutationBench] = []
"""The bench of this process: to send a compiled rulebook to another process is not possible."""


def _start_worker(folder: Path) -> None:
    _bench[:] = [MutationBench(folder)]


def _try_in_worker(mutant: Mutant) -> KilledMutant | None:
    return _bench[0].try_mutant(mutant)
