"""The questionnaire as one form: each question folded, its options ticked as it is answered now.

Only what was changed counts; an answer that the path leaves out is dropped as anywhere. It must
not know what an answer means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.documents.short_answers import ShortWording
from app.presentation.question import (
    QuestionView,
    build_question_view,
    find_problem_key,
    find_respondent,
)
from app.presentation.result import ResultPresenter
from app.triage.questionnaire import BadAnswer, Question, parse_answer
from app.triage.terms import Answers
from app.web.pages import AppContext, Translate, filler_for
from app.web.pages import translator_for as page_voice

PREFIX = "answer-"


@dataclass(frozen=True, slots=True)
class QuestionField:
    """One question on the form. `now`: what it is answered with so far, in short words."""

    label: str
    question: QuestionView
    now: tuple[str, ...]
    on_path: bool
    given: frozenset[str]
    changed: bool = False
    problem: str = ""

    @property
    def error_target_id(self) -> str:
        """The line that an error leads to."""
        return self.question.first_line_id


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """The questions of one submission. `answers`: those of its newest version, in today's."""

    context: AppContext
    short: ShortWording
    answers: Answers
    about: str
    region: str

    @property
    def result_presenter(self) -> ResultPresenter:
        """Puts what the rules make of it into words."""
        fill = filler_for(self.context, self.region)
        return ResultPresenter(
            self.context.rulebook, self.context.page_wording, fill, self.known_answers, self.about
        )

    @property
    def translate_key(self) -> Translate:
        """The words of a page."""
        return page_voice(self.context, self.region)[0]

    @property
    def known_answers(self) -> dict[str, frozenset[str]]:
        """The answers so far, without what today's questions no longer have."""
        questions = {q.id: set(q.option_ids) for q in self.context.rulebook.questionnaire}
        return {q: c for q, c in self.answers.items() if q in questions and c <= questions[q]}

    def initial_fields(self) -> list[QuestionField]:
        """The form as it is opened."""
        return [
            self._build_field(q, self.known_answers.get(q.id, frozenset()))
            for q in self._todays_questions
        ]

    def read_fields(self, form: Mapping[str, Sequence[str]]) -> list[QuestionField]:
        """The form as it came back."""
        return [self._read_field(question, form) for question in self._todays_questions]

    def merge_changes(self, filled: Sequence[QuestionField]) -> dict[str, frozenset[str]]:
        """The answers so far with those that were changed, as far as they stand on the path."""
        changed = {f.question.id: f.given for f in filled if f.changed}
        path = self.context.rulebook.questionnaire.trace_path({**self.known_answers, **changed})
        return dict(path.answers)

    @property
    def _todays_questions(self) -> Sequence[Question]:
        return self.context.rulebook.questionnaire.questions

    def _read_field(self, question: Question, form: Mapping[str, Sequence[str]]) -> QuestionField:
        before = self.known_answers.get(question.id, frozenset())
        given = set(form.get(f"{PREFIX}{question.id}", []))
        if question.none in before and len(given) > 1:
            # The patient ticked "none of these", the nurse found something: what she found counts.
            given.discard(question.none)
        filled = self._build_field(question, frozenset(given))
        if given == before:
            return filled
        try:
            parse_answer(question, sorted(given))
        except BadAnswer as bad:
            words = self.translate_key(
                find_problem_key(filled.question, bad.problem), nothing=filled.question.none_text
            )
            return replace(filled, problem=words)
        return replace(filled, changed=True)

    def _build_field(self, question: Question, given: frozenset[str]) -> QuestionField:
        words, person = (
            self.context.page_wording,
            find_respondent(self.context.rulebook.roles, self.known_answers, self.about),
        )
        view = build_question_view(
            words, question, person, lambda o: " checked" if o in given else ""
        )
        before = self.known_answers.get(question.id, frozenset())
        return QuestionField(
            self.short.question_text(question.id),
            _fit_one_page(view),
            tuple(
                self.short.option_text(question.id, o) for o in question.option_ids if o in before
            ),
            on_path=question.id in self.known_answers,
            given=given,
        )


def _fit_one_page(view: QuestionView) -> QuestionView:
    """All questions in one form: the lines say all that pictures show and buttons do."""
    groups = tuple(
        replace(group, lines=tuple(replace(line, sized=False) for line in group.lines))
        for group in view.groups
    )
    return replace(view, groups=groups, body_map=(), signs=False)
