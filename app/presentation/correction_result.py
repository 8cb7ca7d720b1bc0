"""What findings would do, said before they are kept: what changes, what is computed, which level.

It decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from app.documents.lab_notes import compute_lab_notes
from app.documents.short_answers import ShortWording
from app.presentation.result import ResultPresenter
from app.store.submission_versions import Labs
from app.triage.terms import Answers, Assessment, Urgency

EFFECTS = {1: "findings.effect.raises", 0: "findings.effect.same", -1: "findings.effect.lower"}


class CorrectedAnswer(NamedTuple):
    """One question of which the answer is another than before."""

    label: str
    was: list[str]
    now: list[str]


class StandingSubmission(NamedTuple):
    """What is kept already: the level that counts, the newest answers, blood results."""

    level: Urgency
    answers: Answers
    labs: Labs


@dataclass(frozen=True, slots=True)
class CorrectionPreview:
    """What the page says before anything is kept."""

    changed: list[CorrectedAnswer]
    unanswered: list[str]  # questions that are asked now, and that nobody has answered
    labs: list[str]
    taken_out: list[str]
    computed: list[str]
    notes: list[str]
    level: str
    badge: str
    counts: str  # the badge of the level that counts until now
    effect: str  # the key of the words for what it does to the level
    reasons: list[str]


def preview_corrections(
    presenter: ResultPresenter,
    before: StandingSubmission,
    answers: Answers,
    labs: Labs,
    assessment: Assessment,
) -> CorrectionPreview:
    """What these findings would do to a submission that stands as `before`."""
    words, questions = presenter.words, presenter.rulebook.questionnaire
    path = questions.trace_path(answers)
    short = ShortWording(words.pages, words, questions)
    open_ = [q.id for q in questions if q.id not in path.answers and q.id not in path.off_path]
    computed, notes = _note_labs(presenter, answers, labs)
    if assessment.labs_not_weighed:
        names = ", ".join(words.labs[name].name for name in assessment.labs_not_weighed)
        notes.append(presenter.fill(words.pages["findings.not_weighed"], names=names))
    leading, _ = presenter.split_reasons(assessment)
    level, counts = assessment.urgency, before.level
    return CorrectionPreview(
        _compare_answers(short, before.answers, path.answers),
        [short.question_text(question) for question in open_],
        [
            f"{words.labs[name].name}: {lab['value']} {lab['unit']}, {lab['on']}"
            for name, lab in labs.items()
        ],
        [words.labs[name].name for name in before.labs if name not in labs],
        computed,
        notes,
        level.name,
        presenter.level_badge(assessment),
        words.levels[counts.name].badge,
        EFFECTS[(level > counts) - (level < counts)],
        [reason.text for reason in leading],
    )


def _compare_answers(short: ShortWording, before: Answers, after: Answers) -> list[CorrectedAnswer]:
    changed = [q for q in short.questionnaire if before.get(q.id) != after.get(q.id)]
    return [
        CorrectedAnswer(
            short.question_text(question.id),
            *(
                [short.option_text(question.id, o) for o in question.option_ids if o in chosen]
                for chosen in (before.get(question.id, ()), after.get(question.id, ()))
            ),
        )
        for question in changed
    ]


def _note_labs(
    presenter: ResultPresenter, answers: Answers, labs: Labs
) -> tuple[list[str], list[str]]:
    """(What we worked out from the values, what to know about it)."""
    words, fill = presenter.words, presenter.fill
    found, computed = compute_lab_notes(presenter.rulebook, answers, labs), []
    for one in found.computed:
        shown = f"{words.labs[one.analyte].name}: {one.value} {one.unit}"
        doubted = f"{shown} ({words.pages['findings.not_reliable']})"
        computed.append(shown if one.reliable else doubted)
    said = [fill(words.lab_messages[note]) for note in found.messages]
    if computed and len({labs[name]["on"] for name in found.used}) > 1:
        said.append(fill(words.pages["findings.other_days"]))
    return computed, said
