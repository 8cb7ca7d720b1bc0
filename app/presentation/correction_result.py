"""What findings would do, said before they are kept: what changes, what is computed, which level.

It decides nothing.
"""

from datetime import date
from typing import NamedTuple

from app.documents.lab_notes import compute_lab_notes
from app.documents.short_answers import ShortWording
from app.presentation.dates import format_day
from app.presentation.result import ResultPresenter, View
from app.store.submission_versions import Labs
from app.triage.terms import Answers, Assessment, Urgency

EFFECTS = {1: "findings.effect.raises", 0: "findings.effect.same", -1: "findings.effect.lower"}


class StandingSubmission(NamedTuple):
    """What is kept already: the level that counts, the newest answers, blood results."""

    level: Urgency
    answers: Answers
    labs: Labs


def preview_corrections(
    presenter: ResultPresenter,
    before: StandingSubmission,
    answers: Answers,
    labs: Labs,
    assessment: Assessment,
) -> View:
    """What these findings would do to a submission that stands as `before`.

    `unanswered`: what is asked now, and nobody has answered; `counts`: the badge of the level that
    counts until now; `effect`: the key of the words for what becomes of it.
    """
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
    return {
        "changed": _compare_answers(short, before.answers, path.answers),
        "unanswered": [short.question_text(question) for question in open_],
        "labs": [
            f"{words.labs[name].name}: {lab['value']} {lab['unit']}, "
            f"{format_day(date.fromisoformat(lab['on']), words.language)}"
            for name, lab in labs.items()
        ],
        "taken_out": [words.labs[name].name for name in before.labs if name not in labs],
        "computed": computed,
        "notes": notes,
        "level": level.name,
        "badge": presenter.level_badge(assessment),
        "counts": words.levels[counts.name].badge,
        "effect": EFFECTS[(level > counts) - (level < counts)],
        "reasons": [reason["text"] for reason in leading],
    }


def _compare_answers(short: ShortWording, before: Answers, after: Answers) -> list[View]:
    changed = [q for q in short.questionnaire if before.get(q.id) != after.get(q.id)]
    return [
        {
            "label": short.question_text(q.id),
            "was": [short.option_text(q.id, o) for o in q.option_ids if o in before.get(q.id, ())],
            "now": [short.option_text(q.id, o) for o in q.option_ids if o in after.get(q.id, ())],
        }
        for q in changed
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
