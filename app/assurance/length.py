"""How long the questions are: screens met, words on them, minutes to read, and how hard that is.

Counts what stands on the pages of questions: heading, hint, groups, options, buttons, how to find
out, and the reason that can be unfolded. Not the line of progress, what every page has around it,
and the picture of the body, which says the list once more. It judges no answer.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Literal

from app.assurance.cases import as_list, read_plain
from app.assurance.readability import (
    NAME,
    build_term_pattern,
    flesch_kincaid_grade,
    mask_terms,
    split_sentences,
    split_words,
)
from app.triage.questionnaire import Question, parse_answer
from app.triage.rulebook import Rulebook
from app.triage.terms import Answers
from app.triage.wording import QuestionWords, Wording

WORDS_A_MINUTE = 150
"""How fast someone reads who is ill, worried, or reads little."""
Voice = Literal["me", "child", "other"]
VOICES: tuple[Voice, ...] = ("me", "child", "other")
"""Who answers: the person, a parent or carer, or another adult."""
NAMES = (
    "apixaban", "aspirin", "asthma", "diabetes", "dialysis", "insulin", "rivaroxaban",
)  # fmt: skip
"""Names of illnesses and medicines that people know, so that the glossary does not explain them."""


@dataclass(frozen=True, slots=True)
class Screen:
    """One page of a question. `again`: the second time, with how to find out under each sign."""

    question: str
    voice: Voice
    again: bool
    texts: tuple[str, ...]
    """Each text of the page, in its order."""

    @property
    def word_count(self) -> int:
        """How many words that is."""
        return sum(len(split_words(text)) for text in self.texts)


@dataclass(frozen=True, slots=True)
class ReadingLoad:
    """How long the questions were for one person."""

    id: str
    screens: int
    words: int

    @property
    def reading_minutes(self) -> float:
        """How long it takes to read them."""
        return self.words / WORDS_A_MINUTE


@dataclass(frozen=True, slots=True)
class MedianAndMost:
    """The median of something over several people, and the most of it."""

    median: float
    most: float


@dataclass(frozen=True, slots=True)
class ReadingLoadReport:
    """How long the questions were for several people."""

    of: tuple[ReadingLoad, ...]
    screens: MedianAndMost
    words: MedianAndMost
    minutes: MedianAndMost

    def as_json(self) -> dict[str, object]:
        """The same as plain values."""
        return asdict(self)


def measure_reading_load(rulebook: Rulebook, people: Mapping[str, Answers]) -> ReadingLoadReport:
    """How long the questions are for these people, by their ids; at least one."""
    found = []
    for id_, answers in people.items():
        met = list(walk_screens(rulebook, answers))
        found.append(ReadingLoad(id_, len(met), sum(page.word_count for page in met)))
    return ReadingLoadReport(
        of=tuple(found),
        screens=_median_and_most([one.screens for one in found]),
        words=_median_and_most([one.words for one in found]),
        minutes=_median_and_most([one.reading_minutes for one in found]),
    )


def walk_screens(rulebook: Rulebook, answers: Answers) -> Iterator[Screen]:
    """Each page that someone meets who answers so, for themselves or for their child."""
    asked = rulebook.questionnaire.trace_path(answers)
    voice: Voice = "child" if rulebook.roles.are_children(answers) else "me"
    for question in asked.asked:
        # The age is asked before anyone knows that it is about a child.
        speaks = "me" if question.id == rulebook.roles.age else voice
        yield build_screen(rulebook, question, speaks)
        if question.signs and question.unsure in asked.answers[question.id]:
            yield build_screen(rulebook, question, speaks, again=True)


def build_screen(
    rulebook: Rulebook, question: Question, voice: Voice = "me", *, again: bool = False
) -> Screen:
    """The page of one question in this voice; `again`: with how to find out, sign by sign."""
    wording = rulebook.wording[rulebook.languages[0]]
    own = wording.questions[question.id]
    spoken = {"me": own, "child": own.child, "other": own.other}[voice] or own
    region = next(iter(wording.regions.values()))
    texts = _screen_texts(question, spoken, wording, again=again)
    filled = tuple(wording.fill_placeholders(text, region) for text in texts if text)
    return Screen(question.id, voice, again, filled)


def list_all_screens(rulebook: Rulebook) -> Iterator[Screen]:
    """Each page of each question in each voice."""
    for question in rulebook.questionnaire:
        for voice in VOICES:
            yield build_screen(rulebook, question, voice)
            if question.signs:
                yield build_screen(rulebook, question, voice, again=True)


def known_names_pattern(rulebook: Rulebook) -> re.Pattern[str]:
    """Finds the words that the glossary explains, and other names of illnesses and medicines."""
    glossary = rulebook.learn[rulebook.languages[0]].glossary.values()
    forms = [form for term in glossary for form in (term.name, *term.also)]
    return build_term_pattern([*forms, *NAMES])


def grade_texts(texts: Iterable[str], named: re.Pattern[str]) -> float:
    """The Flesch-Kincaid grade of a page, each name counted as a word of two syllables.

    The worse of two: of all its texts, and of its whole sentences alone.
    """
    masked = [mask_terms(text, named, NAME) for text in texts]
    whole = [line for line in split_sentences(masked) if line.endswith((".", "?", "!"))]
    return max(flesch_kincaid_grade(part) for part in (masked, whole) if part)


def grade_questions(rulebook: Rulebook) -> dict[str, float]:
    """Question -> the grade of the hardest of its pages."""
    named, grades = known_names_pattern(rulebook), dict[str, float]()
    for page in list_all_screens(rulebook):
        grade = grade_texts(page.texts, named)
        grades[page.question] = max(grade, grades.get(page.question, grade))
    return grades


def known_lump_answers(rulebook: Rulebook, worked: Path) -> Answers:
    """Someone whose calcium lump is named, quiet and painless: the shortest usual way.

    `worked`: the folder of worked cases, whose default this is but for what was told.
    """
    said = {**read_plain(worked / "default.yaml"), "reason": ["lump", "calcinosis"]}
    questions = rulebook.questionnaire
    answers = {name: parse_answer(questions[name], as_list(said[name])) for name in said}
    return questions.trace_path(answers).answers


def _median_and_most(counts: list[int] | list[float]) -> MedianAndMost:
    return MedianAndMost(median(counts), max(counts))


def _screen_texts(
    question: Question, spoken: QuestionWords, wording: Wording, *, again: bool
) -> Iterator[str]:
    """Every text, "" among them."""
    pages, apart = wording.pages, (question.none, question.unsure)
    yield f"{pages['signs.again']} {spoken.text}" if again else spoken.text
    hint = spoken.hint or (pages["signs.hint"] if question.signs else "")
    yield pages["signs.again.hint"] if again else hint
    group, sized = None, wording.roles.sized.get(question.id, ())
    for option in (option for option in question.options if option.id not in apart):
        if option.group is not None and option.group != group:
            group = option.group
            yield (spoken.groups or {})[group]
        yield spoken.options[option.id]
        yield spoken.plain.get(option.id, "") if again else ""
        yield pages["size.text"] if option.id in sized else ""
    if question.none is not None:
        yield pages["question.continue"]
        yield spoken.options[question.none]
        if question.signs:
            yield pages["signs.unsure_again" if again else "signs.unsure"]
        yield pages["signs.still_unsure"] if again else spoken.options[question.unsure]
    else:
        yield pages["question.or"]
        yield from (spoken.options[id_] for id_ in question.option_ids if id_ in apart)
        yield pages["question.continue"]
    yield pages["question.why"]
    yield spoken.why
