"""What other answers would make of the level: what a nurse asks back, and what speaks for it.

Each single other answer is tried on the rules themselves, and nothing is added to them. A "no"
counts as one only where the question was answered without a "not sure". Knows no words.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.triage.labs import Amounts, RawLabs
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.rules import read_counted_amounts
from app.triage.second_look import assess_doubts, level_of_all
from app.triage.terms import Answers, Urgency


class DeniedSign(NamedTuple):
    """One option of one question."""

    question: str
    option: str


class WhatIfAnswer(NamedTuple):
    """One answer that is not given, or one that is left away, and the level with it."""

    question: str
    option: str
    urgency: Urgency


class OpenQuestion(NamedTuple):
    """A question that was answered with "not sure": the level by each answer to it.

    `if_no`: where nothing of it is so. `each`: what leads higher, the gravest first.
    """

    question: str
    if_no: Urgency
    each: tuple[WhatIfAnswer, ...]


class WhatIfResults(NamedTuple):
    """What a nurse sees beside the level.

    `if_all_no`: where no open question hides a yes. `raises`: answered no, and yes would raise it.
    `denied`: signs of a danger, answered no.
    `lowers`: without it the level would be lower; empty where several hold it up together.
    """

    open: tuple[OpenQuestion, ...]
    if_all_no: Urgency
    raises: tuple[WhatIfAnswer, ...]
    denied: tuple[DeniedSign, ...]
    lowers: tuple[WhatIfAnswer, ...]


def try_other_answers(
    rulebook: Rulebook, answers: Answers, labs: RawLabs | None = None
) -> WhatIfResults:
    """Every single other answer, tried. Raises BadLab."""
    path = rulebook.questionnaire.trace_path(answers)
    trial = _AnswerTrial(rulebook, answers, read_counted_amounts(rulebook, path, labs))
    return WhatIfResults(
        tuple(trial.open_questions()),
        assess_doubts(rulebook, answers, labs).if_all_no,
        tuple(_gravest_first(trial.raising_answers())),
        tuple(trial.denied_signs()),
        tuple(trial.lowering_answers()),
    )


class _AnswerTrial:
    def __init__(self, rulebook: Rulebook, answers: Answers, amounts: Amounts) -> None:
        self._rulebook, self._amounts = rulebook, amounts
        self._path = rulebook.questionnaire.trace_path(answers)
        self._answers, self._asked = self._path.answers, self._path.asked
        self._now = self._compute_level(self._answers, self._path.off_path)

    def open_questions(self) -> Iterator[OpenQuestion]:
        """Each question that was not sure."""
        for question in self._asked:
            given = self._answers[question.id]
            if question.unsure not in given:
                continue
            if_so = [
                WhatIfAnswer(
                    question.id,
                    option,
                    self._level_with(question, self._add_option(question, option)),
                )
                for option in question.option_ids
                if option not in (*given, question.none, question.unsure)
            ]
            none = given - {question.unsure} or frozenset(filter(None, [question.none]))
            if_no = (
                self._level_if_calmer(question, none) if none else min(one.urgency for one in if_so)
            )
            higher = [one for one in if_so if one.urgency > if_no]
            yield OpenQuestion(question.id, if_no, tuple(_gravest_first(higher)))

    def raising_answers(self) -> Iterator[WhatIfAnswer]:
        """Answers that were no, and would raise the level if they were yes."""
        for question, option in self._list_denied_options():
            level = self._level_with(question, self._add_option(question, option))
            if level > self._now:
                yield WhatIfAnswer(question.id, option, level)

    def denied_signs(self) -> Iterator[DeniedSign]:
        """Signs of a danger that were answered no."""
        signs = {
            (q, o) for d in self._rulebook.dangers for q, some in d.signs.items() for o in some
        }
        for question, option in self._list_denied_options():
            if (question.id, option) in signs:
                yield DeniedSign(question.id, option)

    def lowering_answers(self) -> Iterator[WhatIfAnswer]:
        """Answers without which the level would be lower."""
        for question in self._asked:
            given = self._answers[question.id]
            for option in question.option_ids:
                if option not in given or option in (question.none, question.unsure):
                    continue
                level = self._level_without(question, option)
                if level is not None and level < self._now:
                    yield WhatIfAnswer(question.id, option, level)

    def _list_denied_options(self) -> Iterator[tuple[Question, str]]:
        for question in self._asked:
            given = self._answers[question.id]
            if question.unsure in given:
                continue
            if question.kind == "many":
                noes = set(question.option_ids) - given - {question.none}
            else:
                chains = [c for c in question.severity if given & set(c)]
                noes = {o for c in chains for o in c[1 + c.index(min(given)) :]}
            noes -= {question.unsure}
            yield from ((question, option) for option in question.option_ids if option in noes)

    def _add_option(self, question: Question, option: str) -> frozenset[str]:
        if question.kind == "one":
            return frozenset([option])
        given = self._answers[question.id]
        return given - {question.none, question.unsure} | {option}

    def _level_without(self, question: Question, option: str) -> Urgency | None:
        """The level where this is not so; None where the question has no "no"."""
        if question.kind == "many":
            rest = self._answers[question.id] - {option}
            return self._level_if_calmer(question, rest or frozenset(filter(None, [question.none])))
        mildest = [chain[0] for chain in question.severity if option in chain[1:]]
        return self._level_if_calmer(question, frozenset(mildest[:1])) if mildest else None

    def _level_if_calmer(self, question: Question, chosen: frozenset[str]) -> Urgency:
        """The level with a calmer answer, which takes no other answer away."""
        answers = {**self._answers, question.id: chosen}
        if question.id in self._rulebook.questionnaire.routing_questions:
            return level_of_all(self._rulebook, answers, self._amounts)
        return self._compute_level(answers, self._path.off_path)

    def _level_with(self, question: Question, chosen: frozenset[str]) -> Urgency:
        answers: Answers = {**self._answers, question.id: chosen}
        off_path = self._path.off_path
        # Only an answer that another question hangs on leads to another path.
        if question.id in self._rulebook.questionnaire.routing_questions:
            path = self._rulebook.questionnaire.trace_path(answers)
            answers, off_path = path.answers, path.off_path
        return self._compute_level(answers, off_path)

    def _compute_level(self, answers: Answers, off_path: frozenset[str]) -> Urgency:
        return self._rulebook.compiled_rules.level_of(answers, off_path, self._amounts)


def _gravest_first(some: Iterable[WhatIfAnswer]) -> list[WhatIfAnswer]:
    return sorted(some, key=lambda one: -one.urgency)
