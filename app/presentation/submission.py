"""A submission in words for a nurse: what decides, what to ask, what speaks for and against.

It joins ids with their words and orders them, for one person's answers; it decides nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from app.documents.short_answers import (
    ShortAnswer,
    ShortWording,
    collect_supporting_answers,
    leading_findings,
)
from app.presentation.result import ResultPresenter, View
from app.triage.dangers import Danger, DangerState, assess_dangers
from app.triage.questionnaire import AnswerPath
from app.triage.sources import SourceEntry
from app.triage.terms import Answers, Assessment, Urgency
from app.triage.what_if import WhatIfAnswer, WhatIfResults

_AT_A_GLANCE = 10  # options; nobody ticks more that are urgent, but a test does


class FiredRule(NamedTuple):
    """One rule that holds: its id, its own words, the answers behind it, where it comes from."""

    id: str
    level: str
    badge: str
    reason: str
    answers: list[ShortAnswer]
    certain: bool
    sources: tuple[SourceEntry, ...]


class AnswersAtLevel(NamedTuple):
    """Answers that lead to one level."""

    level: str
    badge: str
    answers: list[ShortAnswer]


class FirstAnswers(NamedTuple):
    """What fits in one look, and how many options more there are."""

    answers: list[ShortAnswer]
    more: int


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

    def describe_assessment(self, tried: WhatIfResults) -> View:
        """All of it in words; `tried`: what other answers would make of the level.

        `raises`: answered no, and yes would raise the level. `denied`: other signs of a danger that
        were answered no. `unasked`: what other answers closed, never a "no". `lowers`: without it
        the level would be lower.
        """
        presenter, short, found = self.result_presenter, self.short, self.assessment
        leading = collect_supporting_answers(leading_findings(found))
        grave = [f for f in found.findings if f.certain and f.urgency >= Urgency.same_day]
        urgent = collect_supporting_answers(grave) - leading
        clashing = {
            question
            for known in presenter.rulebook.contradictions
            for question in known.questions
            if known.id in found.contradictions
        }
        contradicting = ((q, o) for q in clashing for o in self.counted_answers.get(q, ()))
        raising = {(one.question, one.option) for one in tried.raises}
        states = assess_dangers(
            self.to_look_for, presenter.rulebook.questionnaire, self.path, found
        )
        dangers = {danger.id: danger for danger in self.to_look_for}
        return {
            "rules": self.fired_rules(),
            "deciding": _take_first_options(short.group_options(leading)),
            "urgent": _take_first_options(short.group_options(urgent)),
            "unsure": short.list_unsure_questions(self.counted_answers),
            "contradicting": _take_first_options(short.group_options(contradicting)),
            "positives": short.list_positives(self.counted_answers),
            "call_questions": self._call_questions(tried),
            "if_all_no": self.level_badge(tried.if_all_no),
            "raises": self._group_by_level(tried.raises),
            "denied": short.group_options(pair for pair in tried.denied if pair not in raising),
            "unasked": short.list_unasked_questions(self.path),
            "lowers": self._group_by_level(tried.lowers),
            "conflicts": [presenter.fill(presenter.words.conflicts[c]) for c in found.conflicts],
            "dangers": [self._describe_danger(dangers[one.danger], one) for one in states],
            "danger_states": states,
            "tried": tried,
        }

    def fired_rules(self) -> list[FiredRule]:
        """Every rule that holds, the gravest first."""
        presenter = self.result_presenter
        return [
            FiredRule(
                finding.rule,
                finding.urgency.name,
                self.level_badge(finding.urgency),
                presenter.fill(presenter.words.rules[finding.rule].reason),
                self.short.group_evidence(finding.because),
                finding.certain,
                presenter.find_sources(finding.sources),
            )
            for finding in self.assessment.findings
        ]

    def _call_questions(self, tried: WhatIfResults) -> list[View]:
        """What to ask back, as it is read out to whoever answered."""
        presenter = self.result_presenter
        return [
            {
                "id": one.question,
                "question": presenter.fill(presenter.question_words(one.question).text),
                "if_yes": self._group_by_level(one.each),
                "if_no": self.level_badge(one.if_no),
            }
            for one in tried.open
        ]

    def _describe_danger(self, danger: Danger, found: DangerState) -> View:
        """What must not be missed, with what speaks for it and against it, and what is open.

        `not_asked` says why another question was asked instead, `closed` names what was not asked
        since other answers closed it. Neither is a "no".
        """
        presenter, short, answers = self.result_presenter, self.short, self.counted_answers
        words, questions = presenter.words.dangers[danger.id].parts, short.questionnaire
        supporting = self._supporting_answers(danger)
        signs = {question for group in danger.sign_groups for question in group}
        touched = signs | {q for q, _ in supporting}
        unsure = {q for q in touched if questions[q].unsure in answers.get(q, ())}
        sure = ((q, o) for q, o in supporting if o != questions[q].unsure)
        closed = {q for q in signs & self.path.off_path if questions[q].narrows is not None}
        return {
            "id": danger.id,
            "state": found.state,
            "words": f"submission.danger.{found.state}",
            "name": presenter.fill(words["name"]),
            "speaks_for": short.group_options(sure),
            "speaks_against": short.group_options(self._opposing_answers(danger)),
            "open": short.question_texts(unsure),
            "not_asked": presenter.fill(words["not_asked"]) if found.partly_asked else "",
            "closed": short.question_texts(closed),
        }

    def _supporting_answers(self, danger: Danger) -> set[tuple[str, str]]:
        """The answers that speak for it: its signs, and what its rules and look-alikes rest on."""
        answers, found = self.counted_answers, self.assessment
        rules = [f for f in found.findings if f.rule in danger.rules]
        alikes = [a for a in found.look_alikes if a.id in danger.look_alikes]
        pairs = collect_supporting_answers(rules) | collect_supporting_answers(alikes)
        for group in danger.sign_groups:
            given = {q: options & answers.get(q, frozenset()) for q, options in group.items()}
            if all(given.values()):
                pairs |= {(q, option) for q, options in given.items() for option in options}
        return pairs

    def _opposing_answers(self, danger: Danger) -> list[tuple[str, str]]:
        """Signs that were answered no; one that counts only with another one is none alone."""
        answers, questions = self.counted_answers, self.short.questionnaire
        alone = [pair for group in danger.sign_groups if len(group) == 1 for pair in group.items()]
        return [
            (q, o)
            for q, options in alone
            for o in options
            if q in answers and not {o, questions[q].unsure} & answers[q]
        ]

    def _group_by_level(self, some: Iterable[WhatIfAnswer]) -> list[AnswersAtLevel]:
        by_level: dict[Urgency, list[tuple[str, str]]] = {}
        for one in some:
            by_level.setdefault(one.urgency, []).append((one.question, one.option))
        return [
            AnswersAtLevel(
                level.name,
                self.level_badge(level),
                self.short.group_options(by_level[level]),
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
