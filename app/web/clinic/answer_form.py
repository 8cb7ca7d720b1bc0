"""The questionnaire as one form: each question folded, its options ticked as it is answered now.

Only what was changed counts; an answer that the path leaves out is dropped as anywhere. It must
not know what an answer means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.documents.short import Short
from app.triage.answers import BadAnswer, read
from app.triage.questionnaire import Question
from app.triage.terms import Answers
from app.web.asking import Asked, asked, problem_words, voice
from app.web.pages import Floor, Say, filler
from app.web.pages import voice as page_voice
from app.web.telling import Teller

PREFIX = "answer-"


@dataclass(frozen=True, slots=True)
class Filled:
    """One question on the form. `now`: what it is answered with so far, in short words."""

    label: str
    question: Asked
    now: tuple[str, ...]
    on_path: bool
    given: frozenset[str]
    changed: bool = False
    problem: str = ""

    @property
    def first(self) -> str:
        """The line that an error leads to."""
        return self.question.first_id


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """The questions of one submission. `answers`: those of its newest version, in today's."""

    house: Floor
    short: Short
    answers: Answers
    about: str
    region: str

    @property
    def teller(self) -> Teller:
        """Puts what the rules make of it into words."""
        fill = filler(self.house, self.region)
        return Teller(self.house.rulebook, self.house.words, fill, self.known, self.about)

    @property
    def say(self) -> Say:
        """The words of a page."""
        return page_voice(self.house, self.region)[0]

    @property
    def known(self) -> dict[str, frozenset[str]]:
        """The answers so far, without what today's questions no longer have."""
        questions = {q.id: set(q.option_ids) for q in self.house.rulebook.questionnaire}
        return {q: c for q, c in self.answers.items() if q in questions and c <= questions[q]}

    def kept(self) -> list[Filled]:
        """The form as it is opened."""
        return [self._filled(q, self.known.get(q.id, frozenset())) for q in self._questions]

    def read(self, form: Mapping[str, Sequence[str]]) -> list[Filled]:
        """The form as it came back."""
        return [self._read(question, form) for question in self._questions]

    def merged(self, filled: Sequence[Filled]) -> dict[str, frozenset[str]]:
        """The answers so far with those that were changed, as far as they stand on the path."""
        changed = {f.question.id: f.given for f in filled if f.changed}
        path = self.house.rulebook.questionnaire.path({**self.known, **changed})
        return dict(path.answers)

    @property
    def _questions(self) -> Sequence[Question]:
        return self.house.rulebook.questionnaire.questions

    def _read(self, question: Question, form: Mapping[str, Sequence[str]]) -> Filled:
        before = self.known.get(question.id, frozenset())
        given = set(form.get(f"{PREFIX}{question.id}", []))
        if question.none in before and len(given) > 1:
            # The patient ticked "none of these", the nurse found something: what she found counts.
            given.discard(question.none)
        filled = self._filled(question, frozenset(given))
        if given == before:
            return filled
        try:
            read(question, sorted(given))
        except BadAnswer as bad:
            words = self.say(
                problem_words(filled.question, bad.problem), nothing=filled.question.nothing
            )
            return replace(filled, problem=words)
        return replace(filled, changed=True)

    def _filled(self, question: Question, given: frozenset[str]) -> Filled:
        words, person = self.house.words, voice(self.known, self.about)
        view = asked(words, question, person, lambda o: " checked" if o in given else "")
        before = self.known.get(question.id, frozenset())
        return Filled(
            self.short.question(question.id),
            _on_one_page(view),
            tuple(self.short.option(question.id, o) for o in question.option_ids if o in before),
            on_path=question.id in self.known,
            given=given,
        )


def _on_one_page(view: Asked) -> Asked:
    """All questions in one form: the lines say all that pictures show and buttons do."""
    groups = tuple(
        replace(group, lines=tuple(replace(line, sized=False) for line in group.lines))
        for group in view.groups
    )
    return replace(view, groups=groups, body_map=(), signs=False)
