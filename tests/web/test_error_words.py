"""What is said of an empty or a mixed answer: by the list's own words, never towards "not sure".

Every question, in every voice, wherever it is asked: by a person, in a second look, by a nurse, and
among a nurse's findings. All of it without JavaScript; a script adds no words of its own.
"""

from __future__ import annotations

import re

import pytest

from app.presentation.question import CHILD, ME, OTHER, words_for_respondent
from app.settings import ROOT
from tests.builders import rulebook
from tests.visitor import Page, Visitor
from tests.web.desk import CALM, House
from tests.web.test_assisted import begin, hidden, say
from tests.web.test_findings import sent, typed
from tests.web.test_journeys import NO_SIGN_OF_A_BABY, QUIET
from tests.web.test_signs import ASKED_BACK

WORDS = rulebook().wording["en"]
QUESTIONS = rulebook().questionnaire.questions
BABY = QUIET | {"age": ["under_3m"]} | NO_SIGN_OF_A_BABY
NOT_OF_A_BABY = {"breath", "limbs", "sudden", "unwell"}
SAID = re.compile(r"(?:Tick|Choose) [^.]*")


def nothing(name: str, person: str = ME) -> str:
    """What "none of these" is called in this question."""
    asked = rulebook().questionnaire[name]
    return words_for_respondent(WORDS, name, person).options[asked.none] if asked.none else ""


def empty(name: str, person: str = ME) -> str:
    """What has to be said of an empty answer."""
    if rulebook().questionnaire[name].kind == "one":
        return "Choose one answer"
    return f"Tick what applies, or choose “{nothing(name, person)}”"


def check(page: Page, name: str, said: str, times: int = 2) -> None:
    """The words stand above and beside; nothing of it leads towards "not sure"."""
    unsure = rulebook().questionnaire[name].unsure
    assert page.text.count(said) == times, (name, said, page.text[:600])
    assert not any(link.endswith(f"#{name}-{unsure}") for link in page.links)
    assert f"#{name}-{page.all('input', type=kind_of(name))[0]['value']}" in page.links
    assert "not sure" not in said
    assert "last line" not in page.text
    assert "“None”" not in page.text


def check_mixed(page: Page) -> None:
    """What is said of "none of these" with a tick: it is asked back."""
    assert page.h1 == [ASKED_BACK]
    assert "not sure" not in page.text


def kind_of(name: str) -> str:
    return "radio" if rulebook().questionnaire[name].kind == "one" else "checkbox"


def both_ticked(name: str) -> list[str]:
    """None of these, and something."""
    asked = rulebook().questionnaire[name]
    assert asked.none is not None
    return [asked.none, asked.options[0].id]


@pytest.mark.parametrize("answers", [QUIET, BABY], ids=["adult", "baby"])
@pytest.mark.parametrize("about", [ME, CHILD, OTHER])
def test_an_error_names_none_of_these_by_its_words_in_every_question_and_voice(
    visitor: Visitor, about: str, answers
) -> None:
    page, met = visitor.post("/start", {"region": "uk", "about": about}), []
    while page.url.startswith("/check/"):
        name = page.url.removeprefix("/check/")
        person = CHILD if answers is BABY and "age" in met else about
        check(visitor.answer(name, status=422), name, empty(name, person))
        if nothing(name):
            page = visitor.answer(name, *both_ticked(name), status=422)
            check_mixed(page)
        met.append(name)
        page = visitor.answer(name, *answers[name])
    assert set(met) == set(answers) - (NOT_OF_A_BABY if answers is BABY else set())


def test_a_second_look_says_the_same(visitor: Visitor) -> None:
    visitor.walk(QUIET)
    page, met = visitor.post("/changed", {"region": "uk"}), []
    while page.url.startswith("/changed/"):
        name = page.url.removeprefix("/changed/")
        check(visitor.post(page.url, {name: []}, status=422), name, empty(name))
        if nothing(name):
            refused = visitor.post(page.url, {name: both_ticked(name)}, status=422)
            check_mixed(refused)
        met.append(name)
        page = visitor.post(page.url, {name: QUIET[name]})
    assert len(met) > 3


def test_where_a_nurse_asks_the_error_says_the_same(house: House) -> None:
    nurse = house.member("nurse", name="Ada Asks")
    page, met = begin(nurse, "EW 1"), []
    while page.url != "/assisted/answers":
        name = page.url.rpartition("/")[2]
        check(nurse.post(page.url, hidden(page), 422), name, empty(name))
        if nothing(name):
            refused = nurse.post(page.url, hidden(page) | {name: both_ticked(name)}, 422)
            check_mixed(refused)
        met.append(name)
        page = say(nurse, page, CALM)
    assert set(met) == set(CALM)


def test_among_findings_the_error_names_the_words_that_stand_on_the_form(house: House) -> None:
    nurse = house.member("nurse", name="Fay Finds")
    address, _ = sent(house, nurse)
    for asked in QUESTIONS:
        if asked.none is None or asked.id not in CALM:
            continue
        field = f"answer__{asked.id}"
        cleared = nurse.post(address, typed(nurse.get(address), **{field: []}), 422)
        assert empty(asked.id) in cleared.text
        assert "“None”" not in cleared.text


def test_a_script_adds_no_words_to_an_error() -> None:
    """So what holds without JavaScript holds with it."""
    for file in (ROOT / "static").glob("*.js"):
        assert not SAID.search(re.sub(r"//.*", "", file.read_text())), file.name


def test_no_label_that_is_quoted_holds_a_quotation_mark_of_its_own() -> None:
    for name, adult in WORDS.questions.items():
        for words in filter(None, (adult, adult.child, adult.other)):
            labels = [words.text, *words.options.values()]
            assert [label for label in labels if re.search(r"[\"“”]", label)] == [], name


def test_every_list_to_tick_has_words_for_nothing_that_no_other_line_has() -> None:
    for asked in QUESTIONS:
        if asked.kind == "many":
            lines = list(WORDS.questions[asked.id].options.values())
            assert lines.count(nothing(asked.id)) == 1
            assert "not sure" not in nothing(asked.id)
