"""A submission in words for a nurse: what decides, what to ask, what speaks for and against.

It joins ids with their words and orders them, for one person's answers; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.documents.short_answers import (
    ShortAnswer,
    ShortWording,
    collect_supporting_answers,
    leading_findings,
    urgent_findings,
)
from app.presentation.question import words_for_question
from app.presentation.result import ResultPresenter
from app.triage.dangers import CLEAR, FOUND, OPEN, SIGN, UNSURE, Danger, DangerState, assess_dangers
from app.triage.questionnaire import AnswerPath
from app.triage.sources import SourceEntry
from app.triage.terms import Answers, Assessment, Urgency
from app.triage.what_if import WhatIfAnswer, WhatIfResults

_AT_A_GLANCE = 10  # options; nobody ticks more that are urgent, but a test does
_DANGER = {
    FOUND: "submission.danger.found",
    UNSURE: "submission.danger.unsure",
    SIGN: "submission.danger.sign",
    OPEN: "submission.danger.open",
    CLEAR: "submission.danger.clear",
}


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


@dataclass(frozen=True, slots=True)
class SubmissionPresenter:
    """Puts one submission into a nurse's words."""

    result_presenter: ResultPresenter
    short: ShortWording
    path: AnswerPath
    assessment: Assessment
    tried: WhatIfResults
    to_look_for: tuple[Danger, ...]

    @property
    def counted_answers(self) -> Answers:
        """The answers that count."""
        return self.path.answers

    def deciding_answers(self) -> list[ShortAnswer]:
        """The answers that set the level."""
        return self.short.group_options(
            collect_supporting_answers(leading_findings(self.assessment))
        )

    def other_urgent_answers(self) -> list[ShortAnswer]:
        """The answers behind other urgent signs, without those that set the level."""
        deciding_pairs = collect_supporting_answers(leading_findings(self.assessment))
        return self.short.group_options(
            collect_supporting_answers(urgent_findings(self.assessment)) - deciding_pairs
        )

    def badge_if_all_no(self) -> str:
        """The level if every open question turns out to be no."""
        return self.level_badge(self.tried.if_all_no)

    def take_first_options(self, answers: Sequence[ShortAnswer]) -> tuple[list[ShortAnswer], int]:
        """(The first of these answers, how many options are left): what fits in one look."""
        kept, room = [], _AT_A_GLANCE
        for said in answers:
            if room > 0:
                kept.append(replace(said, options=said.options[:room]))
                room -= len(said.options)
        return kept, max(0, -room) + sum(len(said.options) for said in answers[len(kept) :])

    def unsure_questions(self) -> list[str]:
        """What was answered with "not sure"."""
        return self.short.list_unsure_questions(self.counted_answers)

    def contradicting_answers(self) -> list[ShortAnswer]:
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

    def positive_answers(self) -> list[ShortAnswer]:
        """All that was ticked."""
        return self.short.list_positives(self.counted_answers)

    def raising_answers(self) -> list[AnswersAtLevel]:
        """Answered no, and yes would raise the level: the gravest first."""
        return self._group_by_level(self.tried.raises)

    def denied_signs(self) -> list[ShortAnswer]:
        """Signs of a danger that were answered no, and would not raise this level."""
        raising_pairs = {(one.question, one.option) for one in self.tried.raises}
        return self.short.group_options(
            pair for pair in self.tried.denied if pair not in raising_pairs
        )

    def unasked_questions(self) -> list[str]:
        """The closer looks that other answers closed; never a "no"."""
        return self.short.list_unasked_questions(self.path)

    def lowering_answers(self) -> list[AnswersAtLevel]:
        """Answers without which the level would be lower."""
        return self._group_by_level(self.tried.lowers)

    def call_questions(self) -> list[CallQuestion]:
        """What to ask back, as it is read out to whoever answered."""
        return [
            CallQuestion(
                one.question,
                self.result_presenter.fill(self._spoken_question(one.question)),
                tuple(self._group_by_level(one.each)),
                self.level_badge(one.if_no),
            )
            for one in self.tried.open
        ]

    def _spoken_question(self, question: str) -> str:
        return words_for_question(
            self.result_presenter.words,
            question,
            self.result_presenter.answers,
            self.result_presenter.about,
        ).text

    def settled_conflicts(self) -> list[str]:
        """How it was settled where evidence for several types met."""
        words = self.result_presenter.words.conflicts
        return [self.result_presenter.fill(words[id_]) for id_ in self.assessment.conflicts]

    def fired_rules(self) -> list[FiredRule]:
        """Every rule that holds, the gravest first."""
        return [
            FiredRule(
                finding.rule,
                finding.urgency.name,
                self.level_badge(finding.urgency),
                self.result_presenter.fill(self.result_presenter.words.rules[finding.rule].reason),
                tuple(self.short.group_evidence(finding.because)),
                finding.certain,
                self.result_presenter.find_sources(finding.sources),
            )
            for finding in self.assessment.findings
        ]

    def find_danger_states(self) -> tuple[DangerState, ...]:
        """What the answers say of each danger."""
        questionnaire = self.result_presenter.rulebook.questionnaire
        return assess_dangers(self.to_look_for, questionnaire, self.path, self.assessment)

    def describe_dangers(self) -> list[DangerView]:
        """What must not be missed, with what speaks for it and against it."""
        known = {danger.id: danger for danger in self.to_look_for}
        return [self._describe_danger(known[one.danger], one) for one in self.find_danger_states()]

    def _describe_danger(self, danger: Danger, looked: DangerState) -> DangerView:
        words = self.result_presenter.words.dangers[danger.id].parts
        questions = self.result_presenter.rulebook.questionnaire
        telling = self._supporting_answers(danger)
        touched = {q for group in danger.sign_groups for q in group} | {q for q, _ in telling}
        unsure = [q for q in touched if questions[q].unsure in self.counted_answers.get(q, ())]
        sure = ((q, o) for q, o in telling if o != questions[q].unsure)
        return DangerView(
            danger.id,
            looked.state,
            _DANGER[looked.state],
            self.result_presenter.fill(words["name"]),
            tuple(self.short.group_options(sure)),
            tuple(self.short.group_options(self._opposing_answers(danger))),
            tuple(self.short.question_text(q.id) for q in questions if q.id in unsure),
            self.result_presenter.fill(words["not_asked"]) if looked.partly_asked else "",
            tuple(
                self.short.question_text(q.id)
                for q in questions
                if q.id in self._closed_questions(danger)
            ),
        )

    def _closed_questions(self, danger: Danger) -> set[str]:
        signs = {question for group in danger.sign_groups for question in group}
        looks = {
            q.id for q in self.result_presenter.rulebook.questionnaire if q.narrows is not None
        }
        return signs & looks & self.path.off_path

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
