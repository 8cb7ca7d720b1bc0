"""What findings would do, said before they are kept: what changes, what is computed, which level.

It decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.documents.lab_notes import ComputedLab, compute_lab_notes
from app.documents.short_answers import ShortWording
from app.presentation.result import ResultPresenter
from app.store.submission_versions import Labs
from app.triage.terms import Answers, Assessment, Urgency

EFFECTS = {
    1: "findings.effect.raises",
    0: "findings.effect.same",
    -1: "findings.effect.lower",
}


@dataclass(frozen=True, slots=True)
class CorrectedAnswer:
    """One question of which the answer is another than before."""

    label: str
    was: tuple[str, ...]
    now: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StandingSubmission:
    """What is kept already: the level that counts, the newest answers, blood results."""

    level: Urgency
    answers: Answers
    labs: Labs


@dataclass(frozen=True, slots=True)
class CorrectionPreview:
    """What the page says before anything is kept."""

    changed: tuple[CorrectedAnswer, ...]
    unanswered: tuple[str, ...]  # questions that are asked now, and that nobody has answered
    labs: tuple[str, ...]
    taken_out: tuple[str, ...]
    computed: tuple[str, ...]
    notes: tuple[str, ...]
    level: str
    badge: str
    counts: str  # the badge of the level that counts until now
    effect: str  # the key of the words for what it does to the level
    reasons: tuple[str, ...]


def preview_corrections(
    result_presenter: ResultPresenter,
    before: StandingSubmission,
    answers: Answers,
    labs: Labs,
    assessment: Assessment,
) -> CorrectionPreview:
    """What these findings would do to a submission that stands as `before`."""
    short = ShortWording(
        result_presenter.words.pages,
        result_presenter.words,
        result_presenter.rulebook.questionnaire,
    )
    path = result_presenter.rulebook.questionnaire.trace_path(answers)
    open_ = [
        q.id
        for q in result_presenter.rulebook.questionnaire
        if q.id not in path.answers and q.id not in path.off_path
    ]
    computed, lab_notes = _compute_lab_notes(result_presenter, answers, labs)
    if assessment.labs_not_weighed:
        lab_notes = (*lab_notes, _describe_not_weighed(result_presenter, assessment))
    leading, _ = result_presenter.split_reasons(assessment)
    level, counts = assessment.urgency, before.level
    return CorrectionPreview(
        _find_corrected_answers(short, before.answers, path.answers),
        tuple(short.question_text(q) for q in open_),
        tuple(
            _format_lab(result_presenter, name, lab["value"], lab["unit"], lab["on"])
            for name, lab in labs.items()
        ),
        tuple(
            result_presenter.words.labs[name].parts["name"]
            for name in before.labs
            if name not in labs
        ),
        computed,
        lab_notes,
        level.name,
        result_presenter.level_badge(assessment),
        result_presenter.words.levels[counts.name].parts["badge"],
        EFFECTS[(level > counts) - (level < counts)],
        tuple(reason.text for reason in leading),
    )


def _find_corrected_answers(
    short: ShortWording, before: Answers, after: Answers
) -> tuple[CorrectedAnswer, ...]:
    return tuple(
        CorrectedAnswer(
            short.question_text(q.id),
            _option_names(short, q.id, before.get(q.id, frozenset())),
            _option_names(short, q.id, after.get(q.id, frozenset())),
        )
        for q in short.questionnaire
        if before.get(q.id) != after.get(q.id)
    )


def _option_names(short: ShortWording, question: str, chosen: frozenset[str]) -> tuple[str, ...]:
    known = short.questionnaire[question].option_ids
    return tuple(short.option_text(question, option) for option in known if option in chosen)


def _format_lab(
    result_presenter: ResultPresenter, analyte: str, value: str, unit: str, on: str
) -> str:
    name = result_presenter.words.labs[analyte].parts["name"]
    return f"{name}: {value} {unit}, {on}"


def _describe_not_weighed(result_presenter: ResultPresenter, assessment: Assessment) -> str:
    names = [
        result_presenter.words.labs[name].parts["name"] for name in assessment.labs_not_weighed
    ]
    return str(
        result_presenter.fill(
            result_presenter.words.pages["findings.not_weighed"], names=", ".join(names)
        )
    )


def _compute_lab_notes(
    result_presenter: ResultPresenter, answers: Answers, labs: Labs
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(What we worked out from the values, what to know about it)."""
    rulebook = result_presenter.rulebook
    found = compute_lab_notes(rulebook, answers, labs)
    computed = tuple(_format_computed(result_presenter, one) for one in found.computed)
    said = [
        result_presenter.fill(result_presenter.words.lab_messages[note]) for note in found.messages
    ]
    if computed and len({labs[name]["on"] for name in found.used}) > 1:
        said.append(result_presenter.fill(result_presenter.words.pages["findings.other_days"]))
    return computed, tuple(said)


def _format_computed(result_presenter: ResultPresenter, one: ComputedLab) -> str:
    shown = f"{result_presenter.words.labs[one.analyte].parts['name']}: {one.value} {one.unit}"
    return (
        shown
        if one.reliable
        else f"{shown} ({result_presenter.words.pages['findings.not_reliable']})"
    )
