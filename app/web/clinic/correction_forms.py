"""The questions of what a nurse corrects, each as it is answered now.

Only what was changed counts; an answer that the path leaves out is dropped as anywhere. It must
not know what an answer means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

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
from app.web.pages import AppContext, filler_for, translator_for


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


@dataclass(frozen=True)
class AnswerForm:
    """The questions of one submission. `answers`: those of its newest version, in today's."""

    context: AppContext
    answers: Answers
    about: str
    region: str

    @property
    def result_presenter(self) -> ResultPresenter:
        """Puts what the rules make of it into words."""
        book, words = self.context.rulebook, self.context.page_wording
        fill = filler_for(self.context, self.region)
        return ResultPresenter(book, words, fill, self.known_answers, self.about)

    @cached_property
    def known_answers(self) -> dict[str, frozenset[str]]:
        """The answers so far, without what today's questions no longer have."""
        questions = {q.id: set(q.option_ids) for q in self.context.rulebook.questionnaire}
        return {q: c for q, c in self.answers.items() if q in questions and c <= questions[q]}

    @cached_property
    def _short(self) -> ShortWording:
        words = self.context.page_wording
        return ShortWording(words.pages, words, self.context.rulebook.questionnaire)

    def initial_fields(self) -> list[QuestionField]:
        """The form as it is opened."""
        return [
            self._build_field(q, self.known_answers.get(q.id, frozenset()))
            for q in self.context.rulebook.questionnaire
        ]

    def read_fields(self, form: Mapping[str, Sequence[str]]) -> list[QuestionField]:
        """The form as it came back: each question's options under its id after "answer-"."""
        return [
            self._read_field(question, set(form.get(f"answer-{question.id}", [])))
            for question in self.context.rulebook.questionnaire
        ]

    def merge_changes(self, filled: Sequence[QuestionField]) -> dict[str, frozenset[str]]:
        """The answers so far with those that were changed, as far as they stand on the path."""
        changed = {f.question.id: f.given for f in filled if f.changed}
        path = self.context.rulebook.questionnaire.trace_path({**self.known_answers, **changed})
        return dict(path.answers)

    def _read_field(self, question: Question, given: set[str]) -> QuestionField:
        before = self.known_answers.get(question.id, frozenset())
        if question.none in before and len(given) > 1:
            # The patient ticked "none of these", the nurse found something: what she found counts.
            given.discard(question.none)
        filled = self._build_field(question, frozenset(given))
        if given == before:
            return filled
        try:
            parse_answer(question, sorted(given))
        except BadAnswer as bad:
            key = find_problem_key(filled.question, bad.problem)
            translate, _ = translator_for(self.context, self.region)
            return replace(filled, problem=translate(key, nothing=filled.question.none_text))
        return replace(filled, changed=True)

    def _build_field(self, question: Question, given: frozenset[str]) -> QuestionField:
        words, known = self.context.page_wording, self.known_answers
        person = find_respondent(self.context.rulebook.roles, known, self.about)
        view = build_question_view(
            words, question, person, lambda o: " checked" if o in given else ""
        )
        now = [o for o in question.option_ids if o in known.get(question.id, ())]
        return QuestionField(
            self._short.question_text(question.id),
            _fit_one_page(view),
            tuple(self._short.option_text(question.id, option) for option in now),
            on_path=question.id in known,
            given=given,
        )


def _fit_one_page(view: QuestionView) -> QuestionView:
    """All questions in one form: the lines say all that pictures show and buttons do."""
    groups = tuple(
        replace(group, lines=tuple(replace(line, sized=False) for line in group.lines))
        for group in view.groups
    )
    return replace(view, groups=groups, body_map=(), signs=False)
