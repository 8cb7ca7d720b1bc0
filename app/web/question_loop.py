"""One question after another: shows a question, takes its answer in, says what is wrong with it.

The self-check, the second look and a nurse who asks are each such a loop. They differ in where
their pages are, in what a page says beside the question, and in what follows an answer.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from starlette.requests import Request
from starlette.responses import Response

from app.presentation.question import (
    AGAIN_FIELD,
    QuestionPlace,
    QuestionView,
    build_question_view,
    find_pressed_button,
    find_problem_key,
    find_slipped_ticks,
    locate_question,
)
from app.triage.questionnaire import BadAnswer, Question, parse_answer
from app.web.pages import render_page, see_other
from app.web.visit import Visit, find_question, open_visit
from app.web.wire import read_form


@dataclass(frozen=True)
class QuestionLoop(ABC):
    """One question of one visit. A subclass says where its pages are and what comes next."""

    visit: Visit
    question: Question

    start: ClassVar[str]
    """The address before the first question."""
    folder: ClassVar[str]
    """What stands before a question's id in its address."""
    page: ClassVar[str]
    """The template of a question."""
    slip_page: ClassVar[str]
    """The template that asks which is right, the ticks or "none of these"."""

    @abstractmethod
    def next_address(self, visit: Visit) -> str:
        """Where this visit goes on."""

    @abstractmethod
    def save_answer(self, chosen: frozenset[str]) -> Response:
        """Keep an answer that is in order, and go on."""

    @abstractmethod
    def render_page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """One page of this loop. `problem` among the values: the key of the words for a fault."""

    @cached_property
    def place(self) -> QuestionPlace:
        """Where the question stands on the path."""
        questionnaire = self.visit.context.rulebook.questionnaire
        return locate_question(questionnaire, self.visit.path, self.question)

    @property
    def own_address(self) -> str:
        """Where the question is, and where its answer goes."""
        return f"{self.folder}{self.question.id}"

    def previous_address(self) -> str:
        """Where "Back" leads."""
        earlier = self.place.previous
        return f"{self.folder}{earlier.id}" if earlier else self.start

    def progress_values(self) -> dict[str, int]:
        """How far along the question is."""
        return {"number": self.place.number, "more": self.place.more}

    def build_view(
        self, tick: Callable[[str], str], *, again: bool = False, was: str = ""
    ) -> QuestionView:
        """The question in the words for this person; see `build_question_view`."""
        words, respondent = self.visit.context.page_wording, self.visit.respondent
        return build_question_view(words, self.question, respondent, tick, again=again, was=was)

    def show_question(self) -> Response:
        """The question, filled in if it was answered before."""
        if not self.visit.may_be_asked(self.question):
            return see_other(self.next_address(self.visit))
        return self.render_question(self.visit.path.answers.get(self.question.id, frozenset()))

    def submit_answer(self, given: Sequence[str], *, again: bool) -> Response:
        """Take the answer in, then go on, or say what is wrong with it.

        `again`: the form has shown how to find out, so "not sure" is taken now.
        """
        question = self.question
        if not self.visit.may_be_asked(question):
            return see_other(self.next_address(self.visit))
        try:
            chosen = parse_answer(question, given)
        except BadAnswer as bad:
            if ticks := find_slipped_ticks(question, given, bad.problem):
                return self._render_slip(ticks)
            return self.render_question(given, bad.problem, again=again)
        # A "not sure" about a sign is first answered by how to find out, and asked once more.
        if question.signs and question.unsure in chosen and not again:
            return self.render_question(chosen, again=True)
        return self.save_answer(chosen)

    def render_question(
        self, ticked: Collection[str], problem: str = "", *, again: bool = False
    ) -> Response:
        """The page of the question with these options ticked; 422 with what is wrong."""
        was = "" if problem or again else find_pressed_button(self.question, ticked)
        return self.render_page(
            self.page,
            status=422 if problem else 200,
            question=self.build_view(_tick_options(ticked), again=again, was=was),
            problem=find_problem_key(self.question, problem),
            back=self.own_address if again and not problem else self.previous_address(),
            alarmed=self.visit.is_emergency,
            alarming_ticks=again and self.visit.would_be_emergency(self.question, ticked),
            **self.progress_values(),
        )

    def _render_slip(self, ticks: Collection[str]) -> Response:
        """ "None of these" was pressed while these were ticked: one of the two is a slip."""
        return self.render_page(
            self.slip_page,
            status=422,
            question=self.build_view(_tick_options(ticks)),
            back=self.own_address,
            action=self.own_address,
            alarmed=self.visit.is_emergency,
            alarming_ticks=self.visit.would_be_emergency(self.question, ticks),
        )


def _tick_options(ticked: Collection[str]) -> Callable[[str], str]:
    return lambda option: " checked" if option in ticked else ""


@dataclass(frozen=True)
class PatientLoop(QuestionLoop):
    """The questions as the person themselves answers them, each a page of its own."""

    request: Request

    slip_page = "patient/asked_back.html"

    @classmethod
    def open_loop(cls, request: Request) -> Self:
        """The question in the address. Raises HTTPException, NoJourney or LostJourney."""
        question = find_question(request)
        return cls(open_visit(request), question, request)

    async def submit_form(self) -> Response:
        """Take the answer of this form in, then go on, or say what is wrong with it."""
        form = await read_form(self.request)
        return self.submit_answer(form.get(self.question.id, []), again=AGAIN_FIELD in form)

    def render_page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """One page in the words of the person's region."""
        journey, error = self.visit.journey, bool(values.get("problem"))
        values |= {"region": journey.region, "note": journey.note, "error": error}
        return render_page(self.request, template, status=status, **values)
