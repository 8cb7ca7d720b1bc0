"""The benchmark: what the rulebook says of cases that others have judged, counted honestly.

Published cases are regression tests, not patients: every report says so.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from statistics import median

from app.assurance.cases import Case
from app.assurance.figures import clopper_pearson_bounds
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import NOT_CALCINOSIS, Answers, Urgency

TUNED = (
    "Tuned: the project's own answers to cases with which its questions and rules were sharpened. "
    "Expect less for anyone else: this is a regression test and no headline."
)
CAVEAT = (
    "Published cases, not patients: they lean to the rare and severe, and their levels are three "
    "careful readings, not a consensus of clinicians. A regression test, not clinical evidence."
)


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """One case, with what was expected and what came out."""

    id: str
    confidence: str
    expected: str
    acceptable: tuple[str, ...]
    urgency: str
    rules: tuple[str, ...]
    expected_type: str | None
    acceptable_types: tuple[str, ...]
    type_scorable: bool
    likely_type: str
    questions: int

    @property
    def level_error(self) -> int:
        """Levels above (+) or below (-) the expected one."""
        return Urgency[self.urgency] - Urgency[self.expected]


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    def __str__(self) -> str:
        return f"{self.count}/{self.of} ({self.count / self.of:.1%})" if self.of else "none"

    @property
    def low(self) -> float:
        """The lower bound of the true share."""
        return round(clopper_pearson_bounds(self.count, self.of)[0], 6)

    @property
    def high(self) -> float:
        """The upper bound of the true share."""
        return round(clopper_pearson_bounds(self.count, self.of)[1], 6)


@dataclass(frozen=True, slots=True)
class BenchmarkScore:
    """The figures of one set of cases."""

    exact: Share
    acceptable: Share
    within_one: Share
    under: Share
    over_by_one: Share
    over_by_more: Share
    urgent_missed: Share
    type_exact: Share
    type_acceptable: Share
    not_calcinosis_right: Share

    @property
    def shares(self) -> dict[str, Share]:
        """The figures by their names."""
        return {part.name: getattr(self, part.name) for part in fields(self)}


@dataclass(frozen=True, slots=True)
class BenchmarkReport:
    """The benchmark of one list of cases: all of them, views beside that, and each miss by name."""

    cases: int
    rulebook: str
    sha256: str
    headline: BenchmarkScore
    views: dict[str, BenchmarkScore]
    outcomes: tuple[CaseOutcome, ...]
    questions_median: float
    questions_most: int
    caveat: str = CAVEAT

    @property
    def shares(self) -> dict[str, Share]:
        """The figures of all cases by their names."""
        return self.headline.shares

    def as_json(self) -> dict[str, object]:
        """The report as plain values."""
        return asdict(self)


def run_benchmark(
    rulebook: Rulebook,
    cases: Sequence[Case],
    conflicts: Iterable[str] = (),
    progress: Callable[[int], None] = lambda _done: None,
) -> BenchmarkReport:
    """Assess every case. `conflicts`: ids of cases whose label contradicts a sourced rule."""
    outcomes, views, aside = [], dict[str, list[CaseOutcome]](), set(conflicts)
    for number, case in enumerate(cases, start=1):
        outcomes.append(_judge_case(rulebook, case, case.answers))
        progress(number)
    asked = [outcome.questions for outcome in outcomes]
    for confidence in sorted({o.confidence for o in outcomes}):
        views[f"confidence {confidence}"] = [o for o in outcomes if o.confidence == confidence]
    kept = [o for o in outcomes if o.id not in aside]
    if len(kept) < len(outcomes):
        views["without cases whose label contradicts a sourced rule"] = kept
    again = [_judge_case(rulebook, c, c.second_reading) for c in cases if c.second_reading]
    if again:
        views["second reading of the same cases by another reader"] = again
    for kind in sorted({o.expected_type for o in outcomes if o.expected_type}):
        views[f"type {kind}"] = [o for o in outcomes if o.expected_type == kind]
    return BenchmarkReport(
        cases=len(outcomes),
        rulebook=rulebook.version,
        sha256=rulebook.sha256,
        headline=_score_outcomes(outcomes),
        views={name: _score_outcomes(subset) for name, subset in views.items()},
        outcomes=tuple(outcomes),
        questions_median=median(asked),
        questions_most=max(asked),
    )


def format_benchmark(report: BenchmarkReport, explanations: dict[str, str]) -> str:
    """The report as text for a terminal; `explanations`: why a case is judged otherwise, by id."""
    lines = [
        f"Benchmark: {report.cases} cases, rulebook {report.rulebook} ({report.sha256[:12]})",
        report.caveat,
        "",
        *_score_table_lines(report),
        "",
        f"Questions asked: median {report.questions_median:g}, most {report.questions_most}",
        "",
    ]
    for title, is_miss in _MISSES.items():
        lines += _miss_lines(title, filter(is_miss, report.outcomes), explanations)
    return "\n".join([*lines, *_type_miss_lines(report)])


def _judge_case(rulebook: Rulebook, case: Case, answers: Answers) -> CaseOutcome:
    entry, assessment = case.entry, assess_answers(rulebook, answers, case.entry.labs)
    rules = [f.rule for f in assessment.findings if f.urgency == assessment.urgency]
    return CaseOutcome(
        id=entry.id,
        confidence=entry.urgency_confidence,
        expected=entry.urgency,
        acceptable=tuple(entry.urgency_acceptable),
        urgency=assessment.urgency.name,
        rules=tuple(rules),
        expected_type=entry.type,
        acceptable_types=tuple(entry.type_acceptable),
        type_scorable=entry.type_scorable and entry.type is not None,
        likely_type=assessment.likely_type,
        questions=len(case.answers) - len(assessment.ignored),
    )


def _score_outcomes(outcomes: Sequence[CaseOutcome]) -> BenchmarkScore:
    typed = [o for o in outcomes if o.type_scorable]
    urgent = [o for o in outcomes if Urgency[o.expected] >= Urgency.same_day]
    others = [o for o in typed if o.expected_type == NOT_CALCINOSIS]
    return BenchmarkScore(
        exact=_count_share(outcomes, lambda o: o.level_error == 0),
        acceptable=_count_share(outcomes, lambda o: o.urgency in (o.expected, *o.acceptable)),
        within_one=_count_share(outcomes, lambda o: abs(o.level_error) <= 1),
        under=_count_share(outcomes, lambda o: o.level_error < 0),
        over_by_one=_count_share(outcomes, lambda o: o.level_error == 1),
        over_by_more=_count_share(outcomes, lambda o: o.level_error > 1),
        urgent_missed=_count_share(urgent, _is_urgent_miss),
        type_exact=_count_share(typed, lambda o: o.likely_type == o.expected_type),
        type_acceptable=_count_share(typed, _is_type_acceptable),
        not_calcinosis_right=_count_share(others, lambda o: o.likely_type == NOT_CALCINOSIS),
    )


def _count_share(outcomes: Sequence[CaseOutcome], holds: Callable[[CaseOutcome], bool]) -> Share:
    return Share(sum(map(holds, outcomes)), len(outcomes))


def _is_urgent_miss(outcome: CaseOutcome) -> bool:
    expected, given = Urgency[outcome.expected], Urgency[outcome.urgency]
    return expected >= Urgency.same_day > given


def _is_type_acceptable(outcome: CaseOutcome) -> bool:
    return outcome.likely_type in (outcome.expected_type, *outcome.acceptable_types)


_MISSES: Mapping[str, Callable[[CaseOutcome], bool]] = {
    "Emergency or same-day cases rated below same day": _is_urgent_miss,
    "Rated below the expected level": lambda o: o.level_error < 0,
    "Rated two or more levels above": lambda o: o.level_error > 1,
    "Level not exact, above by one": lambda o: o.level_error == 1,
}
COLUMNS = {
    "level exact": "exact",
    "acceptable": "acceptable",
    "within one": "within_one",
    "under": "under",
    "over by 1": "over_by_one",
    "over by 2+": "over_by_more",
    "urgent missed": "urgent_missed",
    "type exact": "type_exact",
    "type acceptable": "type_acceptable",
    "not calcinosis right": "not_calcinosis_right",
}


def _score_table_lines(report: BenchmarkReport) -> list[str]:
    lines = ["All cases"]
    for view, score in {"": report.headline, **report.views}.items():
        lines += ["", f"View, never a headline: {view}"] if view else []
        lines += [f"  {name:<22}{getattr(score, key)}" for name, key in COLUMNS.items()]
    return lines


def _miss_lines(
    title: str, misses: Iterable[CaseOutcome], explanations: dict[str, str]
) -> list[str]:
    found = list(misses)
    lines = [f"{title}: {len(found)}"]
    for o in found:
        rules = ", ".join(o.rules) or "floor"
        mark = "acceptable" if o.urgency in o.acceptable else "not acceptable"
        given = f"given {o.urgency} ({mark}) by {rules}"
        lines.append(f"  {o.id}: expected {o.expected} ({o.confidence}), {given}")
        if o.id in explanations:
            lines.append(f"    {explanations[o.id]}")
    return [*lines, ""]


def _type_miss_lines(report: BenchmarkReport) -> list[str]:
    found = [o for o in report.outcomes if o.type_scorable and o.likely_type != o.expected_type]
    lines = [f"Type not exact: {len(found)}"]
    for o in found:
        mark = "acceptable" if _is_type_acceptable(o) else "not acceptable"
        lines.append(f"  {o.id}: expected {o.expected_type}, given {o.likely_type} ({mark})")
    return lines
