"""Turning a reply (what a form or the API sent) into an answer. Never echoes what was sent."""

from collections.abc import Iterable

from app.triage.questionnaire import Question

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
