"""One question as its page shows it: lines to tick, which are ticked, how far along it is.

It must not know what an answer means, and it renders nothing.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from app.presentation.body_map import BodyView, load_body_map
from app.triage.questionnaire import AnswerPath, Question, Questionnaire
from app.triage.sources import Roles
from app.triage.terms import Answers
from app.triage.wording import QuestionWords, Wording

RESPONDENTS = ME, CHILD, OTHER = "me", "child", "other"
"""Whom a self-check is about, as said by whoever answers."""
AGAIN_FIELD = "again"  # the field of a form that has shown how to find out: "not sure" is taken now


@dataclass(frozen=True, slots=True)
class OptionLine:
    """One option to tick. `exclusive` is "none of these", which no other tick may join."""

    id: str
    value: str
    text: str
    tick: str  # what its box says of that: " checked" or nothing
    exclusive: bool
    sized: bool  # a drawing beside it shows how big that is
    plain: str = ""  # how to find out, for who is not sure about an emergency sign


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """Lines under one heading; a list without headings is one group without."""

    id: str
    heading: str
    lines: tuple[OptionLine, ...]


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question, ready to be shown.

    In a tick list "none of these" and "I'm not sure" are buttons of their own; `was`: which of the
    two was pressed before. `signs`: a screen of emergency signs. `again`: it comes a second time,
    with how to find out beside each sign.
    """

    id: str
    kind: str
    text: str
    hint: str
    why: str
    groups: tuple[OptionGroup, ...]
    last: tuple[OptionLine, ...]  # "none of these" and "I'm not sure", apart from the rest
    body_map: tuple[BodyView, ...]  # pictures on which the same lines can be ticked; mostly none
    signs: bool = False
    again: bool = False
    was: str = ""

    @property
    def all_lines(self) -> list[OptionLine]:
        """Every line, in the order of the page."""
        return [*self.listed, *self.last]

    @property
    def listed(self) -> list[OptionLine]:
        """The lines without "none of these" and "I'm not sure"."""
        return [line for group in self.groups for line in group.lines]

    @property
    def none_text(self) -> str:
        """What "none of these" is called here; "" where a question has no such line."""
        return next((line.text for line in self.last if line.exclusive), "")

    @property
    def first_line_id(self) -> str:
        """The line that an error leads to."""
        return self.all_lines[0].id


def build_question_view(
    words: Wording,
    question: Question,
    respondent: str,
    tick: Callable[[str], str],
    *,
    again: bool = False,
    was: str = "",
) -> QuestionView:
    """The question in the words for this person; `tick` gives what the box of an option says.

    `again`: with how to find out, sign by sign. `was`: the button that was pressed before.
    """
    spoken = words_for_respondent(words, question.id, respondent)
    apart, sized = _separate_options(question), words.roles.sized.get(question.id, ())
    lines = {
        option.id: OptionLine(
            id=f"{question.id}-{option.id}",
            value=option.id,
            text=spoken.options[option.id],
            tick=tick(option.id),
            exclusive=option.id == question.none,
            sized=option.id in sized,
            plain=spoken.plain.get(option.id, "") if again else "",
        )
        for option in question.options
    }
    listed = [option for option in question.options if option.id not in apart]
    groups = [
        OptionGroup(
            id=f"{question.id}-group-{name or 'all'}",
            heading=(spoken.groups or {})[name] if name else "",
            lines=tuple(lines[option.id] for option in options),
        )
        for name, options in groupby(listed, key=lambda option: option.group)
    ]
    return QuestionView(
        id=question.id,
        kind=question.kind,
        text=spoken.text,
        hint=spoken.hint or "",
        why=spoken.why,
        groups=tuple(groups),
        last=tuple(line for id_, line in lines.items() if id_ in apart),
        body_map=load_body_map() if question.id == words.roles.place else (),
        signs=question.signs,
        again=again,
        was=spoken.options[was] if was else "",
    )


def find_pressed_button(question: Question, given: Collection[str]) -> str:
    """Which button of a tick list gave this answer; "" for a tick or any other question."""
    pressed = {question.none, question.unsure} & {*given}
    many = question.kind == "many" and len(given) == 1
    return next((id_ for id_ in pressed if id_), "") if many else ""


def find_slipped_ticks(question: Question, given: Iterable[str], problem: str) -> tuple[str, ...]:
    """What was ticked and sent together with the button "none of these", which says it is not.

    In the order of the page. Nothing where it is no such slip: then it is a reply like any other.
    """
    if problem != "none_with_others":
        return ()
    sent = frozenset(given)
    return tuple(id_ for id_ in question.option_ids if id_ in sent - {*_separate_options(question)})


def find_problem_key(question: Question | QuestionView, problem: str) -> str:
    """The key of the words for a reply that is no answer; "" where nothing is wrong."""
    if problem == "missing":
        return f"problem.missing_{question.kind}"
    return f"problem.{problem}" if problem else ""


def options_in_order(question: Question) -> list[str]:
    """The options that have a box, in the order of the page, as `asked` has them."""
    apart = _separate_options(question)
    ids = question.option_ids
    last = [] if question.kind == "many" else [id_ for id_ in ids if id_ in apart]
    return [*(id_ for id_ in ids if id_ not in apart), *last]


def _separate_options(question: Question) -> Collection[str | None]:
    return (question.none, question.unsure)


def words_for_respondent(words: Wording, question: str, respondent: str) -> QuestionWords:
    """The words of a question for ME, CHILD or OTHER."""
    spoken = words.questions[question]
    if respondent == CHILD:
        return spoken.child or spoken
    return spoken.other or spoken if respondent == OTHER else spoken


def find_respondent(roles: Roles, answers: Answers, about: str) -> str:
    """Whom "you" is about: ME, CHILD or OTHER. Under 16 it is a parent or carer who reads."""
    return CHILD if roles.are_children(answers) else about


class SignGroup(NamedTuple):
    """Signs of an emergency under one heading, each by the words of the option that asks for it."""

    heading: str
    lines: tuple[str, ...]


def list_emergency_signs(questionnaire: Questionnaire, words: Wording) -> tuple[SignGroup, ...]:
    """Every sign that is an emergency whatever else is said: by screen, then what else is one.

    What stands for the screens of everyone else, where the person is a baby, comes last.
    """
    screens, also, baby = [], [], []
    for question in questionnaire:
        spoken = words.questions[question.id]
        lines = [spoken.options[option.id] for option in question.options if option.box]
        if question.instead_of:
            baby += lines
        elif question.signs:
            screens.append(SignGroup(spoken.short or spoken.text, tuple(lines)))
        else:
            also += lines
    rest = (("signs.also", also), ("signs.baby", baby))
    return (*screens, *(SignGroup(words.pages[key], tuple(lines)) for key, lines in rest if lines))


class QuestionPlace(NamedTuple):
    """Where a question stands: its number from 1, the most that can follow, the one before it."""

    number: int
    more: int
    previous: Question | None


def locate_question(
    questionnaire: Questionnaire, path: AnswerPath, question: Question
) -> QuestionPlace:
    """The place of a question that was asked or comes next."""
    # Trap: after a changed answer the open question may stand before answered ones.
    known = {*path.answers, path.next.id if path.next else ""}
    on_path = [one for one in questionnaire if one.id in known]
    place = [one.id for one in on_path].index(question.id)
    more = len(path.asked) + path.remaining_at_most - place - 1
    return QuestionPlace(place + 1, more, on_path[place - 1] if place else None)
