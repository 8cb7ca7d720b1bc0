"""A submission in words for a nurse: what decides, what to ask, what speaks for and against.

It joins ids with their words and orders them, for one person's answers; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from app.documents.short_answers import (
    ShortAnswer,
    ShortWording,
    collect_supporting_answers,
    leading_findings,
    urgent_findings,
)
from app.presentation.result import ResultPresenter
from app.triage.dangers import Danger, DangerState, assess_dangers
from app.triage.questionnaire import AnswerPath
from app.triage.sources import SourceEntry
from app.triage.terms import Answers, Assessment, Urgency
from app.triage.what_if import WhatIfAnswer, WhatIfResults

_AT_A_GLANCE = 10  # options; nobody ticks more that are urgent, but a test does


@dataclass(frozen=True, slots=True)
class FiredRule:
    """One rule that holds: its id, its own words, the answers behind it, where it comes from."""

    id: str
    level: str
    badge: str
    reason: str
    answers: tuple[ShortAnswer, ...]
    certain: bool
    sources: tuple[SourceEntry, ...]


@dataclass(frozen=True, slots=True)
class AnswersAtLevel:
    """Answers that lead to one level."""

    level: str
    badge: str
    answers: tuple[ShortAnswer, ...]


@dataclass(frozen=True, slots=True)
class CallQuestion:
    """One line of a call: the question, what each answer leads to, and what "no" leads to."""

    id: str
    question: str
    if_yes: tuple[AnswersAtLevel, ...]
    if_no: str


@dataclass(frozen=True, slots=True)
class DangerView:
    """One danger: what the answers say of it, and what they leave open.

    `not_asked` says why another question was asked instead, `closed` names what was not asked since
    other answers closed it. Neither is a "no".
    """

    id: str
    state: str
    words: str
    name: str
    speaks_for: tuple[ShortAnswer, ...]
    speaks_against: tuple[ShortAnswer, ...]
    open: tuple[str, ...]
    not_asked: str
    closed: tuple[str, ...]


class FirstAnswers(NamedTuple):
    """What fits in one look, and how many options more there are."""

    answers: list[ShortAnswer]
    more: int


@dataclass(frozen=True, slots=True)
class AssessmentView:
    """What the rules of that day made of the answers, in a nurse's words.

    `raises`: answered no, and yes would raise the level. `denied`: other signs of a danger that
    were answered no. `unasked`: what other answers closed, never a "no". `lowers`: without it the
    level would be lower.
    """

    rules: tuple[FiredRule, ...]
    deciding: FirstAnswers
    urgent: FirstAnswers
    unsure: list[str]
    contradicting: FirstAnswers
    positives: list[ShortAnswer]
    call_questions: list[CallQuestion]
    if_all_no: str
    raises: list[AnswersAtLevel]
    denied: list[ShortAnswer]
    unasked: list[str]
    lowers: list[AnswersAtLevel]
    conflicts: list[str]
    dangers: list[DangerView]
    danger_states: tuple[DangerState, ...]
    tried: WhatIfResults


@dataclass(frozen=True, slots=True)
class SubmissionPresenter:
    """Puts what the rules made of one person's answers into a nurse's words."""

    result_presenter: ResultPresenter
    short: ShortWording
    path: AnswerPath
    assessment: Assessment
    to_look_for: tuple[Danger, ...]

    @property
    def counted_answers(self) -> Answers:
        """The answers that count."""
        return self.path.answers

    def describe_assessment(self, tried: WhatIfResults) -> AssessmentView:
        """All of it in words; `tried`: what other answers would make of the level."""
        leading = collect_supporting_answers(leading_findings(self.assessment))
        urgent = collect_supporting_answers(urgent_findings(self.assessment)) - leading
        raising = {(one.question, one.option) for one in tried.raises}
        questionnaire = self.result_presenter.rulebook.questionnaire
        states = assess_dangers(self.to_look_for, questionnaire, self.path, self.assessment)
        return AssessmentView(
            rules=self.fired_rules(),
            deciding=_take_first_options(self.short.group_options(leading)),
            urgent=_take_first_options(self.short.group_options(urgent)),
            unsure=self.short.list_unsure_questions(self.counted_answers),
            contradicting=_take_first_options(self._contradicting_answers()),
            positives=self.short.list_positives(self.counted_answers),
            call_questions=self._call_questions(tried),
            if_all_no=self.level_badge(tried.if_all_no),
            raises=self._group_by_level(tried.raises),
            denied=self.short.group_options(pair for pair in tried.denied if pair not in raising),
            unasked=self.short.list_unasked_questions(self.path),
            lowers=self._group_by_level(tried.lowers),
            conflicts=[
                self.result_presenter.fill(self.result_presenter.words.conflicts[id_])
                for id_ in self.assessment.conflicts
            ],
            dangers=self._describe_dangers(states),
            danger_states=states,
            tried=tried,
        )

    def fired_rules(self) -> tuple[FiredRule, ...]:
        """Every rule that holds, the gravest first."""
        presenter = self.result_presenter
        return tuple(
            FiredRule(
                finding.rule,
                finding.urgency.name,
                self.level_badge(finding.urgency),
                presenter.fill(presenter.words.rules[finding.rule].reason),
                tuple(self.short.group_evidence(finding.because)),
                finding.certain,
                presenter.find_sources(finding.sources),
            )
            for finding in self.assessment.findings
        )

    def _contradicting_answers(self) -> list[ShortAnswer]:
        """Answers that cannot all be right."""
        clashing = {
            question
            for known in self.result_presenter.rulebook.contradictions
            for question in known.questions
            if known.id in self.assessment.contradictions
        }
        return self.short.group_options(
            (q, o) for q in clashing for o in self.counted_answers.get(q, ())
        )

    def _call_questions(self, tried: WhatIfResults) -> list[CallQuestion]:
        """What to ask back, as it is read out to whoever answered."""
        presenter = self.result_presenter
        return [
            CallQuestion(
                one.question,
                presenter.fill(presenter.question_words(one.question).text),
                tuple(self._group_by_level(one.each)),
                self.level_badge(one.if_no),
            )
            for one in tried.open
        ]

    def _describe_dangers(self, states: Iterable[DangerState]) -> list[DangerView]:
        """What must not be missed, with what speaks for it and against it."""
        known = {danger.id: danger for danger in self.to_look_for}
        return [self._describe_danger(known[one.danger], one) for one in states]

    def _describe_danger(self, danger: Danger, found: DangerState) -> DangerView:
        words = self.result_presenter.words.dangers[danger.id].parts
        questions = self.result_presenter.rulebook.questionnaire
        supporting = self._supporting_answers(danger)
        signs = {question for group in danger.sign_groups for question in group}
        touched = signs | {q for q, _ in supporting}
        unsure = {q for q in touched if questions[q].unsure in self.counted_answers.get(q, ())}
        sure = ((q, o) for q, o in supporting if o != questions[q].unsure)
        closed = {q for q in signs & self.path.off_path if questions[q].narrows is not None}
        return DangerView(
            danger.id,
            found.state,
            f"submission.danger.{found.state}",
            self.result_presenter.fill(words["name"]),
            tuple(self.short.group_options(sure)),
            tuple(self.short.group_options(self._opposing_answers(danger))),
            self.short.question_texts(unsure),
            self.result_presenter.fill(words["not_asked"]) if found.partly_asked else "",
            self.short.question_texts(closed),
        )

    def _supporting_answers(self, danger: Danger) -> set[tuple[str, str]]:
        """The answers that speak for it: its signs, and what its rules and look-alikes rest on."""
        found = collect_supporting_answers(
            f for f in self.assessment.findings if f.rule in danger.rules
        )
        found |= collect_supporting_answers(
            a for a in self.assessment.look_alikes if a.id in danger.look_alikes
        )
        for group in danger.sign_groups:
            given = {
                q: options & self.counted_answers.get(q, frozenset())
                for q, options in group.items()
            }
            if all(given.values()):
                found |= {(q, option) for q, options in given.items() for option in options}
        return found

    def _opposing_answers(self, danger: Danger) -> list[tuple[str, str]]:
        """Signs that were answered no; one that counts only with another one is none alone."""
        questions = self.result_presenter.rulebook.questionnaire
        alone = [pair for group in danger.sign_groups if len(group) == 1 for pair in group.items()]
        return [
            (q, o)
            for q, options in alone
            for o in options
            if q in self.counted_answers and not {o, questions[q].unsure} & self.counted_answers[q]
        ]

    def _group_by_level(self, some: Iterable[WhatIfAnswer]) -> list[AnswersAtLevel]:
        by_level: dict[Urgency, list[tuple[str, str]]] = {}
        for one in some:
            by_level.setdefault(one.urgency, []).append((one.question, one.option))
        return [
            AnswersAtLevel(
                level.name,
                self.level_badge(level),
                tuple(self.short.group_options(by_level[level])),
            )
            for level in sorted(by_level, reverse=True)
        ]

    def level_badge(self, level: Urgency) -> str:
        """A level in one to three words."""
        return self.result_presenter.words.levels[level.name].parts["badge"]


def _take_first_options(answers: Sequence[ShortAnswer]) -> FirstAnswers:
    kept, room = [], _AT_A_GLANCE
    for said in answers:
        if room > 0:
            kept.append(replace(said, options=said.options[:room]))
            room -= len(said.options)
    return FirstAnswers(kept, max(0, -room) + sum(len(one.options) for one in answers[len(kept) :]))


def describe_labs(
    presenter: SubmissionPresenter, labs: Mapping[str, Mapping[str, str]], unread: Collection[str]
) -> list[str]:
    """Blood results as a nurse typed them; those in `unread` are said to be weighed by no rule."""
    # The names are those of the rulebook that judged it; an older one has not all words of pages.
    names, no_rule = (
        presenter.result_presenter.words.labs,
        presenter.short.pages["labs.not_weighed"],
    )
    found = []
    for analyte, lab in labs.items():
        if analyte in names:
            value = " ".join(filter(None, [names[analyte].name, lab.get("value"), lab.get("unit")]))
            notes = [lab.get("on"), no_rule if analyte in unread else None]
            beside = ", ".join(note for note in notes if note)
            found.append(f"{value} ({beside})" if beside else value)
    return found
