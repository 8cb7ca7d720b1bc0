"""What is counted of the questions is what stands on their pages, and what the pages promise."""

import re
from math import ceil

import pytest

from app.assurance.length import known_lump_answers, measure_reading_load, walk_screens
from app.assurance.readability import split_words
from tests.builders import WORKED, answers, rulebook
from tests.visitor import Visitor
from tests.web.test_every_page import Blocks

PEOPLE = {
    "a grown-up": {"conditions": ["kidneys", "immune_illness"], "kidney": ["no"]},
    "a child": {"age": ["child"]},
    "a baby": {"age": ["under_1"]},
}


def shown(html: str) -> list[str]:
    """The words of the form of a question and of what can be unfolded, but for its progress."""
    parts = [re.search(rf"<{tag}[ >].*?</{tag}>", html, re.DOTALL) for tag in ("form", "details")]
    [form, reason] = [found[0] for found in parts if found]
    texts = Blocks(f"<main>{form}{reason}</main>").texts
    return sorted(
        w for text in texts if not re.match(r"Question \d+,", text) for w in split_words(text)
    )


@pytest.mark.parametrize("who", PEOPLE)
def test_the_words_that_are_counted_are_those_of_the_pages(app, who: str) -> None:
    given = answers(**PEOPLE[who])
    visitor = Visitor(app)
    visitor.start()
    for page in walk_screens(rulebook(), given):
        html = visitor.get(f"/check/{page.question}").html
        assert shown(html) == sorted(w for text in page.texts for w in split_words(text)), (
            page.question
        )
        visitor.answer(page.question, *sorted(given[page.question]))


def test_the_second_look_at_signs_is_counted_as_it_stands_there(app) -> None:
    visitor = Visitor(app)
    visitor.start()
    visitor.answer("age", "adult")
    given = answers(breath=["not_sure"])
    first, second = (page for page in walk_screens(rulebook(), given) if page.question == "breath")
    assert (first.again, second.again) == (False, True)
    html = visitor.answer("breath", "not_sure", at_first=True).html
    assert shown(html) == sorted(word for text in second.texts for word in split_words(text))


def test_the_pages_promise_the_minutes_and_questions_that_are_counted(app) -> None:
    book = rulebook()
    counted = measure_reading_load(book, {"quiet": known_lump_answers(book, WORKED)})
    assert book.wording["en"].pages["start.minutes"] == str(ceil(counted.minutes.median))
    promise = f"up to {book.questionnaire.count_longest_path()} short questions about the lump."
    assert (
        f"{promise} It takes about {ceil(counted.minutes.median)} minutes."
        in Visitor(app).get("/").text
    )
