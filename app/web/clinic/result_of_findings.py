"""What findings would do, said before they are kept: what changes, what is computed, which level.

It decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.documents.lab_notes import Computed, notes
from app.documents.short import Short
from app.store.versions import Labs
from app.triage.terms import Answers, Assessment, Urgency
from app.web.telling import Teller

EFFECTS = {
    1: "findings.effect.raises",
    0: "findings.effect.same",
    -1: "findings.effect.lower",
}


@dataclass(frozen=True, slots=True)
class Changed:
    """One question of which the answer is another than before."""

    label: str
    was: tuple[str, ...]
    now: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Before:
    """What is kept already: the level that counts, the newest answers, blood results."""

    level: Urgency
    answers: Answers
    labs: Labs


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the page says before anything is kept."""

    changed: tuple[Changed, ...]
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


def outcome(
    teller: Teller, before: Before, answers: Answers, labs: Labs, told: Assessment
) -> Outcome:
    """What these findings would do to a submission that stands as `before`."""
    short = Short(teller.words.pages, teller.words, teller.rulebook.questionnaire)
    path = teller.rulebook.questionnaire.path(answers)
    open_ = [
        q.id
        for q in teller.rulebook.questionnaire
        if q.id not in path.answers and q.id not in path.off_path
    ]
    computed, told_about = _adjusted(teller, answers, labs)
    if told.labs_not_weighed:
        told_about = (*told_about, _not_weighed(teller, told))
    leading, _ = teller.reasons(told)
    level, counts = told.urgency, before.level
    return Outcome(
        _changed(short, before.answers, path.answers),
        tuple(short.question(q) for q in open_),
        tuple(
            _in_words(teller, name, lab["value"], lab["unit"], lab["on"])
            for name, lab in labs.items()
        ),
        tuple(teller.words.labs[name].parts["name"] for name in before.labs if name not in labs),
        computed,
        told_about,
        level.name,
        teller.badge(told),
        teller.words.levels[counts.name].parts["badge"],
        EFFECTS[(level > counts) - (level < counts)],
        tuple(reason.text for reason in leading),
    )


def _changed(short: Short, before: Answers, after: Answers) -> tuple[Changed, ...]:
    return tuple(
        Changed(
            short.question(q.id),
            _options(short, q.id, before.get(q.id, frozenset())),
            _options(short, q.id, after.get(q.id, frozenset())),
        )
        for q in short.questionnaire
        if before.get(q.id) != after.get(q.id)
    )


def _options(short: Short, question: str, chosen: frozenset[str]) -> tuple[str, ...]:
    known = short.questionnaire[question].option_ids
    return tuple(short.option(question, option) for option in known if option in chosen)


def _in_words(teller: Teller, analyte: str, value: str, unit: str, on: str) -> str:
    name = teller.words.labs[analyte].parts["name"]
    return f"{name}: {value} {unit}, {on}"


def _not_weighed(teller: Teller, told: Assessment) -> str:
    names = [teller.words.labs[name].parts["name"] for name in told.labs_not_weighed]
    return str(teller.fill(teller.words.pages["findings.not_weighed"], names=", ".join(names)))


def _adjusted(
    teller: Teller, answers: Answers, labs: Labs
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(What we worked out from the values, what to know about it)."""
    found = notes(teller.rulebook.laboratory, answers, labs)
    computed = tuple(_worked_out(teller, one) for one in found.computed)
    said = [teller.fill(teller.words.lab_messages[note]) for note in found.messages]
    if computed and len({labs[name]["on"] for name in found.used}) > 1:
        said.append(teller.fill(teller.words.pages["findings.other_days"]))
    return computed, tuple(said)


def _worked_out(teller: Teller, one: Computed) -> str:
    shown = f"{teller.words.labs[one.analyte].parts['name']}: {one.value} {one.unit}"
    return shown if one.reliable else f"{shown} ({teller.words.pages['findings.not_reliable']})"
