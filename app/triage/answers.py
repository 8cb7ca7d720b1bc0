"""A reply (what a form or the API sent) as an answer, and kept answers that are still known.

Never echoes what was sent.
"""

from collections.abc import Iterable
from typing import NamedTuple

from app.triage.questionnaire import Question, Questionnaire
from app.triage.terms import Answers

ANSWER_PROBLEMS = ("missing", "unknown_option", "two_values", "none_with_others")


class BadAnswer(Exception):
    """A reply that is no answer to its question.

    `problem` is one of PROBLEMS; `allowed` lists the option ids; the reply itself is not kept,
    since it could be private.
    """

    def __init__(self, problem: str, question: Question) -> None:
        self.problem = problem
        self.question = question.id
        self.allowed = question.option_ids
        super().__init__(f"{question.id}: {problem}; allowed: {', '.join(self.allowed)}")


def parse_answer(question: Question, reply: Iterable[str]) -> frozenset[str]:
    """The chosen options. Raises BadAnswer; "none of these" excludes every other tick."""
    chosen = frozenset(reply)
    if not chosen:
        raise BadAnswer("missing", question)
    if not chosen <= question.option_set:
        raise BadAnswer("unknown_option", question)
    if question.kind == "one" and len(chosen) > 1:
        raise BadAnswer("two_values", question)
    if question.none in chosen and len(chosen) > 1:
        raise BadAnswer("none_with_others", question)
    return chosen


class KnownAnswers(NamedTuple):
    """The answers that a questionnaire knows, and the questions whose answers it does not."""

    answers: dict[str, frozenset[str]]
    dropped: tuple[str, ...]


def keep_known_answers(
    questionnaire: Questionnaire, answers: Answers, *, keep_empty: bool = False
) -> KnownAnswers:
    """The answers as this questionnaire takes them; what it no longer knows is dropped whole.

    Dropped is an answer to a question that is not there, with an option that is not there, two
    values of one choice, and "none of these" beside a tick: a part of an answer is not the answer.
    An answer without any option (a question that was not asked then) counts as none, unless
    `keep_empty`. The order is that of `answers`.
    """
    kept: dict[str, frozenset[str]] = {}
    dropped = []
    for question, chosen in answers.items():
        if question in questionnaire and keep_empty and not chosen:
            kept[question] = chosen
            continue
        try:
            kept[question] = parse_answer(questionnaire[question], sorted(chosen))
        except (KeyError, BadAnswer):
            dropped.append(question)
    return KnownAnswers(kept, tuple(dropped))
