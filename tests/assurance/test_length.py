"""How long and how hard the questions are: counted on small pages, limited on the real ones."""

from dataclasses import replace

import pytest

from app.assurance.cases import read_cases
from app.assurance.length import (
    WORDS_A_MINUTE,
    ReadingLoadReport,
    Screen,
    build_screen,
    grade_texts,
    known_lump_answers,
    known_names_pattern,
    list_all_screens,
    measure_reading_load,
    walk_screens,
)
from app.assurance.readability import split_words
from tests.builders import KNOWN, RULES, answers, question, rulebook

HARDEST = 6.0
"""The grade of school in which any page of a question is read: ages 11 to 12."""
LONGEST_SIGN = 12
MOST_SCREENS = 16
NAMED = known_names_pattern(rulebook())


def page(*texts: str) -> Screen:
    return Screen("skin", "me", again=False, texts=texts)


def texts_of(name: str, *, again: bool = False) -> tuple[str, ...]:
    return build_screen(rulebook(), question(name), again=again).texts


# The count.


def test_a_page_has_its_heading_hint_groups_options_buttons_and_reason_in_order() -> None:
    page_texts, wording = texts_of("change"), rulebook().wording["en"]
    own = wording.questions["change"]
    assert own.groups is not None
    parts = [own.text, own.groups["since"], own.options["weeks"], own.groups["course"]]
    parts += [own.options["over_5cm"], wording.pages["size.text"], own.options["deep"]]
    parts += ["Continue", own.options["none"], own.options["not_sure"]]
    parts += ["Why we ask", own.why]
    assert [text for text in page_texts if text in parts] == parts
    hinted = wording.questions["conditions"]
    assert hinted.groups is not None
    assert texts_of("conditions")[:3] == (hinted.text, hinted.hint, hinted.groups["health"])


def test_a_screen_of_signs_has_buttons_and_the_second_look_says_how_to_find_out() -> None:
    first, second = texts_of("breath"), texts_of("breath", again=True)
    assert first[-6:-2] == (
        "Continue",
        "None of these",
        "Not sure? We show how to find out.",
        "I'm not sure",
    )
    plain = rulebook().wording["en"].questions["breath"].plain
    assert set(plain.values()) <= set(second)
    assert not set(plain.values()) & set(first)
    assert second[0].startswith("Look again. Breathing")


def test_words_are_counted_over_all_texts() -> None:
    assert page("Is it red?", "An X-ray", "5 cm").word_count == 3 + 3 + 2


def test_each_question_on_the_path_is_a_screen_and_doubt_about_signs_is_one_more() -> None:
    sure, unsure = answers(), answers(breath=["not_sure"])
    met = [one.question for one in walk_screens(rulebook(), sure)]
    assert met == [q.id for q in rulebook().questionnaire.trace_path(sure).asked]
    assert [one.question for one in walk_screens(rulebook(), unsure)].count("breath") == 2
    assert len(list(walk_screens(rulebook(), unsure))) == len(met) + 1
    assert len(list(walk_screens(rulebook(), answers(skin=["not_sure"])))) == len(met)


def test_a_parent_is_spoken_to_as_a_parent_once_the_age_is_told() -> None:
    voices = {one.question: one.voice for one in walk_screens(rulebook(), answers(age="child"))}
    assert voices.pop("age") == "me"
    assert set(voices.values()) == {"child"}


def test_the_median_and_the_most_are_over_people_and_minutes_are_words() -> None:
    people = {"a": answers(), "b": answers(reason=["none"]), "c": answers(breath=["not_sure"])}
    found = measure_reading_load(rulebook(), people)
    by_id = {one.id: one for one in found.of}
    assert found.screens.median == by_id["a"].screens
    assert found.screens.most == by_id["c"].screens
    assert by_id["b"].words < by_id["a"].words < by_id["c"].words
    assert (found.words.median, found.words.most) == (by_id["a"].words, by_id["c"].words)
    assert found.minutes.most == by_id["c"].words / WORDS_A_MINUTE


def test_a_known_painless_lump_is_the_default_that_a_doctor_has_named() -> None:
    lump_answers = known_lump_answers(rulebook(), RULES / "cases" / "worked")
    assert lump_answers == answers(**KNOWN)
    assert (lump_answers["pain"], lump_answers["reason"]) == ({"no"}, {"lump", "calcinosis"})


# The grade.


def test_a_name_counts_as_two_syllables_whatever_it_is_called() -> None:
    named = [grade_texts([f"Do you have {name}?"], NAMED) for name in ("dermatomyositis", "gout")]
    assert named == [pytest.approx(0.39 * 4 + 11.8 * 5 / 4 - 15.59)] * 2
    assert grade_texts(["Do you have unreasonability?"], NAMED) > named[0]


def test_lines_do_not_hide_a_hard_sentence() -> None:
    hard = "Considerable deterioration necessitates professional evaluation."
    assert grade_texts(["Red", "Hot", "Sore", hard], NAMED) == grade_texts([hard], NAMED)


# The real pages.

SHOWN = list(list_all_screens(rulebook()))


def id_of(one: Screen) -> str:
    return f"{one.question} {one.voice}{' again' if one.again else ''}"


@pytest.mark.parametrize("one", SHOWN, ids=id_of)
def test_every_page_of_a_question_is_easy_to_read(one: Screen) -> None:
    assert grade_texts(one.texts, NAMED) <= HARDEST


@pytest.mark.parametrize("name", [q.id for q in rulebook().questionnaire if q.signs])
def test_a_line_of_an_emergency_screen_is_short(name: str) -> None:
    own = rulebook().wording["en"].questions[name]
    lines = [
        line for spoken in (own, own.child, own.other) if spoken for line in spoken.options.values()
    ]
    assert [line for line in lines if len(split_words(line)) > LONGEST_SIGN] == []


@pytest.fixture(scope="module")
def published() -> ReadingLoadReport:
    cases = read_cases(rulebook(), RULES / "cases" / "published")
    return measure_reading_load(rulebook(), {case.entry.id: case.answers for case in cases})


def test_nobody_meets_more_questions_than_sixteen(published: ReadingLoadReport) -> None:
    assert rulebook().questionnaire.count_longest_path() <= MOST_SCREENS
    assert published.screens.most <= MOST_SCREENS


def test_a_limit_can_be_broken() -> None:
    """A page that is too hard and a sign that is too long are found."""
    book = rulebook()
    wording = book.wording["en"]
    long = (
        "It is considerably deteriorating notwithstanding conservative pharmacological management."
    )
    breath = replace(wording.questions["breath"], why=long)
    worse = replace(wording, questions={**wording.questions, "breath": breath})
    found = build_screen(replace(book, wording={"en": worse}), book.questionnaire["breath"])
    assert grade_texts(found.texts, NAMED) > HARDEST
