"""How a result is careful: what to watch for, what doubt did, which dangers were looked for.

It joins ids with their words, for the person whose answers they are; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from app.presentation.result import ResultPresenter
from app.triage import dangers
from app.triage.dangers import DangerState
from app.triage.safety_net import (
    SafetyNetLayout,
    SafetyNetLine,
    arrange_lines,
    build_safety_net,
    collapse_lines,
)
from app.triage.second_look import DoubtEffects, assess_doubts
from app.triage.terms import Assessment, Urgency

MOST_AT_ONCE = 5  # lines to watch for before the rest is folded away, but every emergency
_STATE_SENTENCES = {
    dangers.FOUND: "result.danger.found",
    dangers.UNSURE: "result.danger.unsure",
    dangers.SIGN: "result.danger.sign",
    dangers.OPEN: "result.danger.open",
    dangers.CLEAR: "result.danger.clear",
}


class NetLevelGroup(NamedTuple):
    """What leads to one level: what to do then, and the lines that say when."""

    level: str
    heading: str
    lines: tuple[str, ...]


class SafetyNetView(NamedTuple):
    """The safety net in words: shown at once, folded away, and what leads to no level."""

    first: list[NetLevelGroup]
    more: list[NetLevelGroup]
    remarks: list[str]


class DoubtView(NamedTuple):
    """An unsure answer that made the result more careful, and what it was counted as."""

    id: str
    question: str
    counted: str


class DangerSummary(NamedTuple):
    """One danger: its name, and in plain sentences what was asked, answered, and would worry us."""

    id: str
    state: str
    name: str
    text: str


def build_caution_values(presenter: ResultPresenter, assessment: Assessment) -> dict[str, Any]:
    """What a result says beside its level: what to watch for, doubts, dangers looked for."""
    rulebook, path = presenter.rulebook, presenter.path
    unsure = any(rulebook.questionnaire[q].unsure in c for q, c in path.answers.items())
    doubts = assess_doubts(rulebook, path.answers) if unsure else None
    searched = dangers.assess_dangers(rulebook.dangers, rulebook.questionnaire, path, assessment)
    return {
        "watch": describe_safety_net(presenter, assessment),
        "emergency_now": assessment.urgency is Urgency.emergency,
        "doubtful": describe_doubts(presenter, doubts) if doubts else [],
        "looked": describe_dangers(presenter, searched),
    }


def describe_safety_net(presenter: ResultPresenter, assessment: Assessment) -> SafetyNetView:
    """What would make this result more urgent."""
    found = build_safety_net(presenter.rulebook, presenter.answers)
    first, more = collapse_lines(
        arrange_lines(presenter.rulebook, found, assessment.advice["watch"]), MOST_AT_ONCE
    )
    remarks = [_advice_text(presenter, rule.advice.id) for rule in first.remarks]
    return SafetyNetView(
        _group_by_level(presenter, first), _group_by_level(presenter, more), remarks
    )


def _group_by_level(presenter: ResultPresenter, layout: SafetyNetLayout) -> list[NetLevelGroup]:
    """The gravest level first, and within it a shorter time first."""
    gathered: dict[tuple[Urgency, str | None], list[str]] = {}
    for entry in layout.entries:
        if isinstance(entry, SafetyNetLine):
            key, text = (entry.urgency, entry.changes[0].within), _describe_line(presenter, entry)
        else:
            key = (entry.urgency or Urgency.self_care, None)
            text = _advice_text(presenter, entry.advice.id)
        gathered.setdefault(key, []).append(text)
    order = sorted(gathered, key=lambda key: (-key[0], key[1] is None))
    return [
        NetLevelGroup(key[0].name, _level_heading(presenter, *key), tuple(gathered[key]))
        for key in order
    ]


def _describe_line(presenter: ResultPresenter, net_line: SafetyNetLine) -> str:
    spoken = presenter.question_words(net_line.question)
    return presenter.fill(
        presenter.words.pages["result.net.if"], change=spoken.changes[net_line.words]
    )


def _advice_text(presenter: ResultPresenter, advice: str) -> str:
    return presenter.fill(presenter.words.advice[advice])


def _level_heading(presenter: ResultPresenter, urgency: Urgency, within: str | None) -> str:
    if within is None:
        return presenter.fill(presenter.words.net[urgency.name])
    return presenter.fill(presenter.words.net["when_within"], within=presenter.words.times[within])


def describe_doubts(presenter: ResultPresenter, doubts: DoubtEffects) -> list[DoubtView]:
    """The unsure answers that made the result more careful."""
    found = []
    for doubt in doubts.each:
        spoken = presenter.question_words(doubt.question)
        question, counted = presenter.fill(spoken.text), presenter.fill(spoken.counted)
        found.append(DoubtView(doubt.question, question, counted))
    return found


def describe_dangers(
    presenter: ResultPresenter, searched: Iterable[DangerState]
) -> list[DangerSummary]:
    """One plain line for each danger."""
    found = []
    for danger, state, partly_asked in searched:
        words = presenter.words.dangers[danger].parts
        asked, worry = presenter.words.danger_texts_for(
            danger, presenter.answers.get(presenter.rulebook.roles.age, ())
        )
        sentences = [asked, presenter.words.pages[_STATE_SENTENCES[state]], worry]
        sentences[1:1] = [words["not_asked"]] if partly_asked else []
        text = presenter.fill(" ".join(sentences))
        found.append(DangerSummary(danger, state, presenter.fill(words["name"]), text))
    return found
