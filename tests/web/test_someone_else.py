"""Who answers for someone else: every question speaks of that person, and none of its reader."""

import json
import re

import pytest

from app.presentation.question import CHILD, ME, OTHER
from app.web.journey import Journey, JourneyKeys, seal_journey, unseal_journey
from tests.builders import question, rulebook
from tests.visitor import Visitor
from tests.web.test_journeys import QUIET

WORDS = rulebook().wording["en"]
OWN = re.compile(r"\b(I|my|me|your|yours)\b", re.IGNORECASE)
QUOTED = re.compile(r"“[^”]*”")
SPEAKS_OF_THE_READER = {
    "Clear my answers": "who reads has given the answers",
    "Your privacy": "it is the reader's browser",
    "I'm not sure": "who answers is not sure",
    "I'm not sure, but older than 1 year": "who answers is not sure",
}
BABYS = ("baby_breath", "baby_body", "baby")
BABY = {**QUIET, "age": ["under_3m"], **{name: ["none"] for name in BABYS}}
READS = {*BABYS, "reason"}
"""Who reads these is spoken to, whoever it is about: a baby never reads."""
LONGEST_SENTENCE = 25


def walk(visitor, about, answers):
    """Every question page of a journey, then the list of answers and the result."""
    page = visitor.post("/start", {"region": "uk", "about": about})
    pages = []
    while page.url.startswith("/check/"):
        pages.append(page)
        name = page.url.removeprefix("/check/")
        page = visitor.answer(name, *answers[name])
    return [*pages, page, visitor.get("/result")]


def of_the_reader(text):
    """What a text says of who reads it, but for what is allowed to."""
    for allowed in SPEAKS_OF_THE_READER:
        text = text.replace(allowed, "")
    text = QUOTED.sub("", text)
    return [text[max(0, m.start() - 30) : m.end() + 30] for m in OWN.finditer(text)]


@pytest.mark.parametrize("about", [ME, CHILD, OTHER])
@pytest.mark.parametrize("answers", [QUIET, BABY], ids=["adult", "baby"])
def test_every_page_is_whole_in_every_voice(visitor, about, answers):
    pages = walk(visitor, about, answers)
    asked = [page.url.removeprefix("/check/") for page in pages[:-2]]
    assert asked == [q.id for q in rulebook().questionnaire if q.id in answers and q.id in asked]
    assert [page.url for page in pages[-2:]] == ["/answers", "/result"]


@pytest.mark.parametrize(
    ("about", "heading"),
    [
        (ME, "Stop. You need help now"),
        (CHILD, "Stop. The child needs help now"),
        (OTHER, "Stop. This person needs help now"),
    ],
)
def test_an_emergency_says_who_needs_help(visitor, about, heading):
    visitor.post("/start", {"region": "uk", "about": about})
    visitor.answer("age", "adult")
    page = visitor.answer("breath", "breathing")
    assert page.url == "/emergency"
    assert heading in page.text


def test_no_question_about_another_adult_speaks_of_the_reader(visitor):
    found = {page.url: of_the_reader(page.text) for page in walk(visitor, OTHER, QUIET)[:-2]}
    assert {url: texts for url, texts in found.items() if texts} == {}


def test_what_the_reader_may_be_told_of_is_really_said():
    """An allowance that nothing needs would hide the next mistake."""
    said = " ".join(
        [*WORDS.pages.values(), *(o for q in WORDS.questions.values() for o in q.options.values())]
    )
    assert [text for text in SPEAKS_OF_THE_READER if text not in said] == []


def test_the_check_for_the_reader_sees_what_it_should():
    assert of_the_reader("Do you take it for my heart? It is your choice, I think.")
    assert not of_the_reader("Tick “None of my own” or I'm not sure. Their family.")


@pytest.mark.parametrize("name", [name for name in WORDS.questions if name not in READS])
def test_every_question_that_speaks_to_oneself_has_words_for_others(name):
    own = WORDS.questions[name]
    child, other = own.child or own, own.other or own
    mine = re.compile(
        r"\b(my|you|your|I have|I take|I am|I do|I can|I cannot)\b(?! (?:think|know))"
    )
    for option in question(name).option_ids:
        if mine.search(own.options[option]):
            assert child.options[option] != own.options[option], option
            assert other.options[option] != own.options[option], option
    if re.search(r"\byou\b", own.text):
        assert "child" in child.text
        assert "the person" in other.text


@pytest.mark.parametrize("name", list(WORDS.questions))
def test_every_voice_asks_for_the_same_options_in_short_sentences(name):
    own = WORDS.questions[name]
    for spoken in filter(None, (own.child, own.other)):
        assert list(spoken.options) == list(own.options)
        assert set(spoken.groups or {}) == set(own.groups or {})
        assert len(set(spoken.options.values())) == len(spoken.options)
        for text in (spoken.text, spoken.hint or "", spoken.why):
            for sentence in re.split(r"(?<=[.:?!])\s+", text):
                assert len(sentence.split()) <= LONGEST_SENTENCE, sentence


def test_the_start_asks_whom_it_is_about_and_remembers(visitor):
    assert not visitor.get("/").ticked
    visitor.post("/start", {"region": "us", "about": "other"})
    assert visitor.get("/").ticked == {"us", "other"}


def test_a_start_without_a_region_keeps_whom_it_is_about(visitor):
    assert visitor.post("/start", {"about": "child"}, status=422).ticked == {"child"}


@pytest.mark.parametrize("about", [[], ["nobody"], ["me"]])
def test_who_says_nothing_about_it_is_spoken_to(visitor, about):
    page = visitor.post("/start", {"region": "uk", "about": about})
    assert page.h1 == ["How old are you?"]


def test_a_child_is_spoken_of_from_the_first_question_on(visitor):
    page = visitor.post("/start", {"region": "uk", "about": "child"})
    assert page.h1 == ["How old is your child?"]


@pytest.mark.parametrize("about", [ME, OTHER])
def test_under_16_a_carer_is_spoken_to_whatever_was_said_at_the_start(visitor, about):
    pages = walk(visitor, about, QUIET | {"age": ["child"]})
    assert "your child" in {page.url: page for page in pages}["/check/conditions"].h1[0]
    assert "This is about a child." in pages[-1].text


def test_the_answers_are_read_back_in_the_words_that_were_asked(visitor):
    answers = QUIET | {"reason": ["lump", "high_calcium", "high_phosphate"]}
    listed, result = walk(visitor, OTHER, answers)[-2:]
    assert "Their calcium is too high" in listed.text
    assert "Their phosphate is too high" in listed.text
    for page in (listed, result):
        assert "My calcium" not in page.text
        assert "My phosphate" not in page.text


@pytest.mark.parametrize(
    ("about", "line"),
    [
        (ME, None),
        (CHILD, "This is about a child."),
        (OTHER, "This is about someone else."),
    ],
)
def test_the_result_says_whom_it_is_about(visitor, about, line):
    text = walk(visitor, about, QUIET)[-1].text
    assert (line in text) if line else ("This is about" not in text)


def test_whom_it_is_about_changes_no_level(app):
    levels = {walk(Visitor(app), about, QUIET)[-1].level for about in (ME, CHILD, OTHER)}
    assert len(levels) == 1


def test_another_start_for_someone_else_changes_the_voice(visitor):
    visitor.post("/start", {"region": "uk"})
    page = visitor.post("/start", {"region": "uk", "about": "other"})
    assert page.h1 == ["How old is the person?"]


def test_whom_it_is_about_is_sealed_with_the_answers():
    key = JourneyKeys(bytes(range(32)))
    journey = Journey("uk", 1_800_000_000, {}, about=OTHER)
    assert unseal_journey(key, seal_journey(key, journey), 1_800_000_000) == journey


def test_a_cookie_from_before_the_question_was_asked_is_still_read(monkeypatch):
    key = JourneyKeys(bytes(range(32)))
    dumps = json.dumps
    monkeypatch.setattr(
        "app.web.journey.json.dumps",
        lambda kept, **how: dumps({k: v for k, v in kept.items() if k != "p"}, **how),
    )
    old = seal_journey(
        key, Journey("uk", 1_800_000_000, {"breath": frozenset({"none"})}, about=OTHER)
    )
    assert unseal_journey(key, old, 1_800_000_000).about == ME
