"""Whether every mutant of the rules is noticed: by a worked case, a boundary case, or by no one.

Who survives must be proved to change nothing, by both checkers; see `equivalence`. Two processes
share the work. Knows nothing of how mutants are made.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from app.assurance.mutation.mutants import Mutant, apply, mutants
from app.assurance.mutation.pinned import Pinned, read_boundary, read_worked
from app.triage.conditions import Condition, Situation, judge
from app.triage.labs import read_labs, readings
from app.triage.rulebook import Rulebook, load
from app.triage.rules import assess
from app.triage.terms import Truth

PROCESSES = 2
BATCH = 25
Progress = Callable[[int], None]
Change = tuple[Condition | None, Condition | None]
"""A condition before and after."""


@dataclass(frozen=True, slots=True)
class Killed:
    """A mutant, the case that noticed it, and whether that case got another level."""

    mutant: str
    case: str
    boundary: bool
    another_level: bool


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no case notices. `equivalent`: both checkers prove that it changes nothing.

    by_sat      no answer set, finished or not, tells it from the rule as it is
    by_diagram  the same over all finished answer sets; `shown`: a person who does tell them apart
    """

    mutant: str
    by_sat: bool
    by_diagram: bool
    shown: str | None = None

    @property
    def equivalent(self) -> bool:
        """Proved by both."""
        return self.by_sat and self.by_diagram


@dataclass(frozen=True)
class Mutation:
    """What became of all mutants of one rulebook."""

    rulebook: str
    sha256: str
    killed: tuple[Killed, ...]
    survivors: tuple[Survivor, ...]
    failing: tuple[str, ...]
    seconds: float
    of: int = field(default=0)

    @property
    def holds(self) -> bool:
        """Every mutant is killed or proved equivalent, and no case fails without any mutant."""
        return not self.failing and all(s.equivalent for s in self.survivors)

    def as_json(self) -> dict[str, object]:
        """The outcome as plain values; of the killed only the numbers."""
        by_case = Counter("boundary" if one.boundary else "worked" for one in self.killed)
        return {
            "holds": self.holds,
            "rulebook": self.rulebook,
            "sha256": self.sha256,
            "mutants": self.of,
            "killed": len(self.killed),
            "killed_by_worked_cases": by_case["worked"],
            "killed_by_boundary_cases": by_case["boundary"],
            "killed_by_another_level": sum(one.another_level for one in self.killed),
            "equivalent": [s.mutant for s in self.survivors if s.equivalent],
            "survivors": [
                {"mutant": s.mutant, "sat": s.by_sat, "diagram": s.by_diagram, "shown": s.shown}
                for s in self.survivors
                if not s.equivalent
            ],
            "failing_cases": list(self.failing),
            "seconds": self.seconds,
        }


class Bench:
    """One rulebook and the cases that hold it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rulebook = load(folder)
        self.worked = read_worked(self.rulebook, folder)
        self.boundary = read_boundary(self.rulebook, folder)
        self._situations: dict[int, Situation] = {}

    @property
    def cases(self) -> list[Pinned]:
        """All of them, the worked ones first."""
        return [*self.worked, *self.boundary]

    def killer(self, mutant: Mutant) -> Pinned | None:
        """A case that notices the mutant: first those are tried that name its entry."""
        found = self._noticed(mutant)
        return found[0] if found else None

    def try_out(self, mutant: Mutant) -> Killed | None:
        """What killed it, if anything did."""
        found = self._noticed(mutant)
        if found is None:
            return None
        case, level = found
        return Killed(mutant.name, case.id, case.exactly, level != case.urgency)

    def _noticed(self, mutant: Mutant) -> tuple[Pinned, str] | None:
        """The case and the level that it then gets."""
        changed = apply(self.rulebook, mutant)
        changes = pairs(self.rulebook, changed)
        for case in sorted(self.cases, key=lambda case: not case.names(mutant.entry)):
            if self._touches(case, changes):
                found = assess(changed, case.answers, case.labs)
                if not case.holds(found):
                    return case, found.urgency.name
        return None

    def _touches(self, case: Pinned, changes: Sequence[Change]) -> bool:
        """Whether what was changed can matter in this case; a hundredth of the work of `assess`."""
        if len(readings(self.rulebook.laboratory, case.labs)) > 1:
            return True  # which of them counts may be what changes
        situation = self._situation(case)
        for one, other in changes:
            if one is None or other is None:
                return True
            truth = judge(one, situation)
            if truth is not judge(other, situation) or (one is other and truth > Truth.FALSE):
                return True
        return False

    def _situation(self, case: Pinned) -> Situation:
        if id(case) not in self._situations:
            questions = self.rulebook.questionnaire
            path, amounts = (
                questions.path(case.answers),
                read_labs(self.rulebook.laboratory, case.labs),
            )
            self._situations[id(case)] = Situation(
                path.answers, path.off_path, questions.unsure, amounts
            )
        return self._situations[id(case)]


def pairs(rulebook: Rulebook, changed: Rulebook) -> list[Change]:
    """The conditions of all entries that differ, before and after; None: what has no condition.

    The very same condition twice stands for an entry that differs in something else.
    """
    found: list[Change] = []
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


def mutate(
    folder: Path,
    chosen: Sequence[Mutant] | None = None,
    progress: Progress | None = None,
    prove: Callable[[Rulebook, Path, Sequence[Mutant]], Iterable[Survivor]] | None = None,
) -> Mutation:
    """Try out every mutant of the rulebook in this folder, or the chosen ones.

    `prove`: what settles the survivors; without it they all count as not proved.
    """
    begun, bench = perf_counter(), Bench(folder)
    every = mutants(folder) if chosen is None else list(chosen)
    failing = [
        case.id
        for case in bench.cases
        if not case.holds(assess(bench.rulebook, case.answers, case.labs))
    ]
    tried = list(zip(every, _tried_out(folder, every, progress), strict=True))
    alive = [mutant for mutant, killed in tried if killed is None]
    settle = prove or (lambda _book, _folder, left: [Survivor(m.name, False, False) for m in left])
    return Mutation(
        rulebook=bench.rulebook.version,
        sha256=bench.rulebook.sha256,
        killed=tuple(killed for _, killed in tried if killed is not None),
        survivors=tuple(settle(bench.rulebook, folder, alive)),
        failing=tuple(failing),
        seconds=round(perf_counter() - begun, 1),
        of=len(every),
    )


def in_words(found: Mutation) -> str:
    """The outcome as text for a terminal."""
    told = found.as_json()
    proved = [s for s in found.survivors if s.equivalent]
    lines = [
        f"Rulebook {found.rulebook}, sha256 {found.sha256}",
        f"Mutants of the rules   {found.of}",
        f"  killed               {len(found.killed)}",
        f"    by a worked case   {told['killed_by_worked_cases']}",
        f"    by a boundary case {told['killed_by_boundary_cases']}",
        f"    by another level   {told['killed_by_another_level']}",
        f"  proved to change nothing, by both checkers: {len(proved)}",
        *(f"    {survivor.mutant}" for survivor in proved),
    ]
    for survivor in (s for s in found.survivors if not s.equivalent):
        checkers = f"SAT: {survivor.by_sat}, decision diagram: {survivor.by_diagram}"
        lines.append(f"SURVIVES  {survivor.mutant}  [changes nothing by {checkers}]")
        if survivor.shown:
            lines.append(f"          told apart by {survivor.shown}")
    lines += [f"FAILS without any mutant: {case}" for case in found.failing]
    lines += [f"Time                   {found.seconds} s"]
    lines.append("Every mutant is accounted for." if found.holds else "Not every mutant is.")
    return "\n".join(lines)


def _tried_out(
    folder: Path, every: Sequence[Mutant], progress: Progress | None
) -> list[Killed | None]:
    found: list[Killed | None] = []
    with ProcessPoolExecutor(PROCESSES, initializer=_begin, initargs=(folder,)) as pool:
        for killed in pool.map(_try_out, every, chunksize=BATCH):
            found.append(killed)
            if progress is not None:
                progress(len(found))
    return found


_bench: list[Bench] = []
"""The bench of this process: to send a compiled rulebook to another process is not possible."""


def _begin(folder: Path) -> None:
    _bench[:] = [Bench(folder)]


def _try_out(mutant: Mutant) -> Killed | None:
    return _bench[0].try_out(mutant)
