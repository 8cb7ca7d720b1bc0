"""Questions in asking order, the path that a set of answers takes through them, and replies.

No step is ever stored: the path is replayed from the first question each time, so Back, a changed
answer and a deep link are the same few lines, and an answer off the path can never count. A reply
(what a form or the API sent) is read as an answer, and never echoed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

from app.triage.conditions import Choice, Condition, walk_leaves
from app.triage.masks import AnswerMasks
from app.triage.terms import Answers, Truth


@dataclass(frozen=True, slots=True)
class Option:
    """One choice. `reassuring` and `neutral` say how it stands in the order of severity.

    The last four are for the safety net: it can newly come true, time can end it, which line tells
    it together with others, which line of the emergency box tells it.
    """

    id: str
    group: str | None = None
    reassuring: bool = False
    neutral: bool = False
    may_happen: bool = False
    may_end: bool = False
    told_with: str | None = None
    box: str | None = None


@dataclass(frozen=True)
class Question:
    """One question: `one` choice, or `many` ticks with an exclusive `none`.

    `signs`: a short screen of emergency signs. `narrows`: which answers above it this one is a
    closer look at. `instead_of`: questions above it, each asked of just those who are not asked
    this one.
    """

    id: str
    kind: str
    options: tuple[Option, ...]
    unsure: str
    none: str | None = None
    unsure_among: frozenset[str] = frozenset()
    severity: tuple[tuple[str, ...], ...] = ()
    must_ask: bool = False
    signs: bool = False
    ask_if: Condition | None = None
    narrows: Condition | None = None
    instead_of: tuple[str, ...] = ()

    @cached_property
    def option_ids(self) -> tuple[str, ...]:
        """Ids of all options in the order shown; "none of these" and "not sure" come last."""
        return tuple(option.id for option in self.options)

    @cached_property
    def option_set(self) -> frozenset[str]:
        """The same ids, to look one up."""
        return frozenset(self.option_ids)

    @property
    def change_ids(self) -> tuple[str, ...]:
        """Ids of all that the safety net may say: options that change, and lines of several."""
        own = (o.id for o in self.options if o.may_end or (o.may_happen and o.box is None))
        together = (o.told_with for o in self.options if o.told_with is not None)
        return (*own, *dict.fromkeys(together))


class AnswerPath(NamedTuple):
    """Where the answers lead.

    `asked` holds the questions answered so far, `answers` only what stands on the path, `next` the
    first open question, `ignored` the ids whose answers do not count, `off_path` what is not asked.
    """

    asked: tuple[Question, ...]
    answers: Answers
    next: Question | None
    ignored: tuple[str, ...]
    off_path: frozenset[str]
    remaining_at_most: int


@dataclass(frozen=True)
class Questionnaire:
    """What is asked, in order."""

    questions: tuple[Question, ...]

    def __getitem__(self, question: str) -> Question:
        """The question of this id. Raises KeyError."""
        return self._questions_by_id[question]

    def __contains__(self, question: object) -> bool:
        return question in self._questions_by_id

    def has_option(self, question: str, option: str) -> bool:
        """Whether there is such a question, and it has this option."""
        return question in self and option in self[question].option_set

    def __iter__(self) -> Iterator[Question]:
        return iter(self.questions)

    @cached_property
    def _questions_by_id(self) -> Mapping[str, Question]:
        return {question.id: question for question in self.questions}

    @cached_property
    def counterpart_questions(self) -> Mapping[str, frozenset[str]]:
        """Question id -> the questions that are asked of those who are not asked this one."""
        found: dict[str, set[str]] = {question.id: set() for question in self.questions}
        for question in self.questions:
            for other in question.instead_of:
                found[question.id].add(other)
                found[other].add(question.id)
        return {name: frozenset(others) for name, others in found.items()}

    @cached_property
    def unsure_options(self) -> Mapping[str, tuple[str, frozenset[str]]]:
        """Question id -> its "not sure" option and the options that it may stand for."""
        return {q.id: (q.unsure, q.unsure_among or frozenset(q.option_ids)) for q in self.questions}

    @cached_property
    def routing_questions(self) -> tuple[str, ...]:
        """Questions whose answer decides whether another is asked."""
        conditions = (q.ask_if for q in self.questions if q.ask_if is not None)
        found = {
            leaf.question for c in conditions for leaf in walk_leaves(c) if isinstance(leaf, Choice)
        }
        return tuple(q.id for q in self.questions if q.id in found)

    def trace_path(self, answers: Answers) -> AnswerPath:
        """Replay the answers from the first question on."""
        off = self._closed_questions(answers)
        asked: list[Question] = []
        kept: dict[str, frozenset[str]] = {}
        following: Question | None = None
        for name, question in self._questions_by_id.items():
            if name in off:
                continue
            if name in answers:
                asked.append(question)
                kept[name] = answers[name]
            elif following is None:
                following = question
        ignored: tuple[str, ...] = ()
        if len(kept) < len(answers):
            ignored = tuple(sorted(answers.keys() - kept.keys()))
        remaining = self._count_longest(answers, off) - len(kept)
        return AnswerPath(tuple(asked), kept, following, ignored, off, remaining)

    def count_longest_path(self) -> int:
        """The length of the longest path, in questions."""
        return self._count_longest({}, self._closed_questions({}))

    def _closed_questions(self, answers: Answers) -> frozenset[str]:
        """The questions that are not asked; a question may wait only for ones above it."""
        bitset = 0
        for name, bits in self._routing_bits.items():
            # What is no option of the question is an answer all the same, and opens nothing.
            for option in (answers[name] or ("",)) if name in answers else ():
                bitset |= bits.get(option, self._masks.off[name])
        return frozenset([self.questions[index].id for index in self._list_closed(bitset)])

    @cached_property
    def _masks(self) -> AnswerMasks:
        return AnswerMasks(self)

    @cached_property
    def _routing_bits(self) -> Mapping[str, Mapping[str, int]]:
        return {name: self._masks.bits[name] for name in self.routing_questions}

    @cached_property
    def _list_closed(self) -> Callable[[int], list[int]]:
        """The indices of the questions that the answers close, one after the other."""
        body = ["found = []"]
        for index, question in enumerate(self.questions):
            if question.ask_if is not None:
                closed = f"found.append({index})"
                if question.id in self._routing_bits:  # then its own answer opens nothing more
                    all_bits = sum(self._masks.bits[question.id].values())
                    closed += f"; marks = marks & {~all_bits} | {self._masks.off[question.id]}"
                body.append(
                    f"if not {self._masks.write_test(question.ask_if, Truth.OPEN)}: {closed}"
                )
        made: Callable[[int], list[int]] = self._masks.compile_function(
            "closed", [*body, "return found"], cut=False
        )
        return made

    def _count_longest(self, answers: Answers, off: frozenset[str]) -> int:
        """The most questions that are asked, however the open routing ones are answered."""
        still_open = [q for q in self.routing_questions if q not in off and q not in answers]
        if not still_open:
            return len(self.questions) - len(off)
        guesses = (
            dict(zip(still_open, (frozenset([option]) for option in way), strict=True))
            for way in product(*(self[q].option_ids for q in still_open))
        )
        fewest = min(len(self._closed_questions({**answers, **guess})) for guess in guesses)
        return len(self.questions) - fewest


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
