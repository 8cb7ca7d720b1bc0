"""How a result is careful: what to watch for, what doubt did, which dangers were looked for.

It joins ids with their words, for the person whose answers they are; it decides nothing.
"""

from collections.abc import Collection
from typing import NamedTuple

from app.presentation.result import ResultPresenter, View
from app.triage.advice import AdviceRule
from app.triage.conditions import Situation, judge_condition
from app.triage.dangers import assess_dangers
from app.triage.safety_net import (
    SafetyNetLayout,
    SafetyNetLine,
    arrange_lines,
    build_safety_net,
    collapse_lines,
)
from app.triage.second_look import assess_doubts
from app.triage.terms import Assessment, Truth, Urgency


class NetLevelGroup(NamedTuple):
    """What leads to one level: what to do then, and the lines that say when."""

    level: str
    heading: str
    lines: tuple[str, ...]


class SafetyNetView(NamedTuple):
    """The safety net in words: shown at once, folded away, and what leads to no level.

    No sign of an emergency is folded away, but those of an illness or a medicine of which the
    person was not sure: they come first among `more`.
    """

    first: list[NetLevelGroup]
    more: list[NetLevelGroup]
    remarks: list[str]


def build_caution_values(presenter: ResultPresenter, assessment: Assessment) -> View:
    """What a result says beside its level: what to watch for, doubts, dangers looked for."""
    return {
        "watch": describe_safety_net(presenter, assessment),
        "emergency_now": assessment.urgency is Urgency.emergency,
        "doubtful": _describe_doubts(presenter),
        "looked": _describe_dangers(presenter, assessment),
    }


def describe_safety_net(presenter: ResultPresenter, assessment: Assessment) -> SafetyNetView:
    """What would make this result more urgent."""
    found = build_safety_net(presenter.rulebook, presenter.answers)
    lines = arrange_lines(presenter.rulebook, found, assessment.advice["watch"])
    held, doubtful = _part_warnings(presenter, _drop_boxed_warnings(presenter, lines))
    first, rest = collapse_lines(held)
    more = SafetyNetLayout((*doubtful, *rest.entries))
    advice = presenter.words.advice
    remarks = [presenter.fill(advice[rule.advice.id]) for rule in first.remarks]
    return SafetyNetView(
        _group_by_level(presenter, first), _group_by_level(presenter, more), remarks
    )


def _drop_boxed_warnings(presenter: ResultPresenter, lines: SafetyNetLayout) -> SafetyNetLayout:
    """Without the warnings of which the emergency box, on the same page, tells every sign."""
    boxed = presenter.rulebook.watched_changes.boxed
    kept = [e for e in lines.entries if isinstance(e, SafetyNetLine) or not tells_only(e, boxed)]
    return lines._replace(entries=tuple(kept))


def tells_only(warning: AdviceRule, boxed: Collection[tuple[str, str]]) -> bool:
    """Whether a warning says nothing but these signs, as (question, option)."""
    return bool(warning.signs) and warning.no_option is None and warning.signs <= {*boxed}


def _part_warnings(
    presenter: ResultPresenter, lines: SafetyNetLayout
) -> tuple[SafetyNetLayout, list[SafetyNetLine | AdviceRule]]:
    """(What holds for this person, warnings for an illness or a medicine that they doubt)."""
    unsure = presenter.rulebook.questionnaire.unsure_options
    situation = Situation(presenter.path.answers, presenter.path.off_path, unsure, {})
    doubtful = [
        entry
        for entry in lines.entries
        if isinstance(entry, AdviceRule)
        and entry.when is not None
        and judge_condition(entry.when, situation) is not Truth.TRUE
    ]
    held = tuple(entry for entry in lines.entries if entry not in doubtful)
    return lines._replace(entries=held), [*doubtful]


def _group_by_level(presenter: ResultPresenter, layout: SafetyNetLayout) -> list[NetLevelGroup]:
    """The gravest level first, and within it a shorter time first."""
    words, fill = presenter.words, presenter.fill
    gathered: dict[tuple[Urgency, str | None], list[str]] = {}
    for entry in layout.entries:
        if isinstance(entry, SafetyNetLine):
            key = (entry.urgency, entry.changes[0].within)
            change = presenter.question_words(entry.question).changes[entry.words]
            text = fill(words.pages["result.net.if"], change=change)
        else:
            key = (entry.urgency or Urgency.self_care, None)
            text = fill(words.advice[entry.advice.id])
        gathered.setdefault(key, []).append(text)
    groups = []
    for level, within in sorted(gathered, key=lambda key: (-key[0], key[1] is None)):
        heading = fill(words.net[level.name])
        if within is not None:
            heading = fill(words.net["when_within"], within=words.times[within])
        groups.append(NetLevelGroup(level.name, heading, tuple(gathered[level, within])))
    return groups


def _describe_doubts(presenter: ResultPresenter) -> list[View]:
    """The unsure answers that made the result more careful."""
    rulebook, answers = presenter.rulebook, presenter.path.answers
    if not any(rulebook.questionnaire[q].unsure in chosen for q, chosen in answers.items()):
        return []
    return [
        {
            "id": doubt.question,
            "name": presenter.name_question(doubt.question),
            "counted": presenter.fill(presenter.question_words(doubt.question).counted),
        }
        for doubt in assess_doubts(rulebook, answers).each
    ]


def _describe_dangers(presenter: ResultPresenter, assessment: Assessment) -> list[View]:
    """Each danger in plain sentences: what was asked, answered, and would worry us."""
    rulebook, words = presenter.rulebook, presenter.words
    ages = presenter.answers.get(rulebook.roles.age, ())
    searched = assess_dangers(rulebook.dangers, rulebook.questionnaire, presenter.path, assessment)
    found = []
    for danger, state, partly_asked in searched:
        parts, (asked, worry) = words.dangers[danger].parts, words.danger_texts_for(danger, ages)
        sentences = [asked, words.pages[f"result.danger.{state}"], worry]
        sentences[1:1] = [parts["not_asked"]] if partly_asked else []
        name, text = presenter.fill(parts["name"]), presenter.fill(" ".join(sentences))
        found.append({"id": danger, "state": state, "name": name, "text": text})
    return found
