"""Cases that pin a result down: worked ones, written by hand, and boundary ones, found by machine.

A case says only what differs from the quiet lump of `cases/worked/default.yaml`. Knows nothing of
mutants and of proofs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.assurance.cases import as_list, read_plain
from app.assurance.proof.lab_bands import GivenValue
from app.triage.questionnaire import BadAnswer, parse_answer
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Assessment

BOUNDARY = Path("cases") / "boundary.yaml"
WORKED = Path("cases") / "worked"
DEFAULT = "default.yaml"
QuietLump = dict[str, list[str]]
"""The person whom a case leaves unchanged but for what it says: question -> chosen options."""


@dataclass(frozen=True)
class PinnedCase:
    """One case and what is expected of it.

    fires    the rules that certainly fire; of a boundary case all findings, an unsure one with "?"
    exactly  it is a boundary case: nothing else fires; `result_lines` is all that is told of a kind
    next     the question that is still to be asked, where the case is not finished
    """

    id: str
    about: str
    answers: Answers
    labs: Mapping[str, GivenValue]
    urgency: str
    likely_type: str | None
    fires: tuple[str, ...]
    near_misses: tuple[str, ...] = ()
    exactly: bool = False
    next: str | None = None
    result_lines: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def is_about(self, entry: str) -> bool:
        """Whether the case is about this entry of a rule file."""
        return entry in self.fires or entry in self.near_misses or self.about == entry

    def matches_assessment(self, found: Assessment) -> bool:
        """Whether the assessment is what is expected."""
        given = found.urgency.name, found.next_question, found.ignored
        if given != (self.urgency, self.next, ()):
            return False
        if self.likely_type not in (None, found.likely_type):
            return False
        fired = list_fired_rules(found)
        if self.exactly:
            everything = list_result_lines(found)
            return list(self.fires) == fired and all(
                list(lines) == everything[kind] for kind, lines in self.result_lines.items()
            )
        missed = {name.rstrip("?") for name in fired} & set(self.near_misses)
        return set(self.fires) <= set(fired) and not missed


def list_fired_rules(found: Assessment) -> list[str]:
    """The rules behind an assessment in the order of the alphabet, an unsure one with "?"."""
    return sorted(f.rule if f.certain else f"{f.rule}?" for f in found.findings)


def list_result_lines(found: Assessment) -> dict[str, list[str]]:
    """What else a result tells, kind by kind, as plain words."""
    evidence = [
        f"{line.id}: {standing.type} {line.weight:+}"
        for standing in found.types
        for line in (*standing.evidence_for, *standing.evidence_against)
    ]
    return {
        "findings": sorted(f"{finding.rule}: {finding.urgency.name}" for finding in found.findings),
        "evidence": sorted(evidence),
        "standings": sorted(f"{standing.type}: {standing.standing}" for standing in found.types),
        "look_alikes": sorted(alike.id for alike in found.look_alikes),
        "conflicts": list(found.conflicts),
        "contradictions": list(found.contradictions),
        "advice": sorted(a.id for section in found.advice.values() for a in section),
        "within": [found.within] if found.within else [],
    }


def load_worked_cases(rulebook: Rulebook, folder: Path) -> list[PinnedCase]:
    """The worked cases of a rulebook's folder. Raises KeyError or BadAnswer on a bad one."""
    quiet = load_quiet_lump(folder)
    files = (file for file in sorted((folder / WORKED).glob("*.yaml")) if file.name != DEFAULT)
    return [_parse_case(rulebook, quiet, raw) for file in files for raw in read_plain(file)]


def load_boundary_cases(rulebook: Rulebook, folder: Path) -> list[PinnedCase]:
    """The boundary cases of a rulebook's folder, none where there are none yet.

    One that speaks of what the rulebook no longer has is kept as it stands: it can only fail.
    """
    file, quiet = folder / BOUNDARY, load_quiet_lump(folder)
    written = read_plain(file) if file.is_file() else ()
    return [_parse_case(rulebook, quiet, raw, boundary=True) for raw in written]


def load_quiet_lump(folder: Path) -> QuietLump:
    """The quiet lump."""
    raw = read_plain(folder / WORKED / DEFAULT)
    return {name: as_list(chosen) for name, chosen in raw.items()}


def serialize_case(rulebook: Rulebook, folder: Path, case: PinnedCase) -> dict[str, Any]:
    """A boundary case as it stands in its file."""
    quiet = load_quiet_lump(folder)
    path = rulebook.questionnaire.trace_path({q: frozenset(chosen) for q, chosen in quiet.items()})
    given: dict[str, Any] = {}
    for question in rulebook.questionnaire:
        chosen = [o for o in question.option_ids if o in case.answers.get(question.id, ())]
        if chosen != quiet.get(question.id, []) and (chosen or question.id in path.answers):
            given[question.id] = chosen
    parts: dict[str, Any] = {
        "id": case.id,
        "about": case.about,
        "answers": given,
        "labs": {analyte: f"{v['value']} {v['unit']}" for analyte, v in case.labs.items()},
        "urgency": case.urgency,
        "likely_type": case.likely_type,
        "fires": list(case.fires),
        "next": case.next,
        "told": {kind: list(lines) for kind, lines in case.result_lines.items()},
    }
    return {key: part for key, part in parts.items() if part or key == "fires"}


def find_failing_cases(rulebook: Rulebook, cases: Iterable[PinnedCase]) -> list[str]:
    """Ids of the cases in which the rulebook gives another result than is expected."""
    return [
        c.id for c in cases if not c.matches_assessment(assess_answers(rulebook, c.answers, c.labs))
    ]


def _parse_case(
    rulebook: Rulebook, quiet: QuietLump, raw: Mapping[str, Any], *, boundary: bool = False
) -> PinnedCase:
    try:
        answers = merge_with_quiet(rulebook, quiet, raw.get("answers", {}))
    except (KeyError, BadAnswer):
        if not boundary:
            raise
        answers = {}
    labs = {analyte: text.split(" ", 1) for analyte, text in raw.get("labs", {}).items()}
    return PinnedCase(
        id=raw["id"],
        about=raw["about"],
        answers=answers,
        labs={analyte: {"value": value, "unit": unit} for analyte, (value, unit) in labs.items()},
        urgency=raw["urgency"],
        likely_type=raw.get("likely_type"),
        fires=tuple(raw["fires"] if boundary else as_list(raw.get("rule", []))),
        near_misses=tuple(as_list(raw.get("near_miss", []))),
        exactly=boundary,
        next=raw.get("next"),
        result_lines=raw.get("told", {}),
    )


def merge_with_quiet(rulebook: Rulebook, quiet: QuietLump, given: Mapping[str, Any]) -> Answers:
    """The quiet lump with these changes; an empty list leaves a question open.

    What is then not asked is left out, unless it is one of the changes.
    """
    merged = {**quiet, **{name: as_list(chosen) for name, chosen in given.items()}}
    questions = rulebook.questionnaire
    answers = {name: parse_answer(questions[name], said) for name, said in merged.items() if said}
    ignored = set(questions.trace_path(answers).ignored) - set(given)
    return {name: chosen for name, chosen in answers.items() if name not in ignored}
