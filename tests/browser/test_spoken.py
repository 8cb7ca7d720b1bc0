"""What a screen reader says of each kind of page, kept as a text for each in `spoken/`.

A virtual screen reader walks the real page in the real browser, under its real policy. A change of
what people hear so shows as a change of a file, to be read like code. After a wanted change:

    CALCINOSIS_REWRITE=1 .venv/bin/python -m pytest tests/browser/test_spoken.py

and then read the difference aloud before it is kept. It must not know why a page says what it says.
"""

import os
import re
from difflib import unified_diff
from pathlib import Path
from textwrap import fill

import pytest

from tests.browser.conftest import Tab
from tests.browser.reader import listen
from tests.browser.states import RESULTS
from tests.builders import rulebook

SPOKEN = Path(__file__).parent / "spoken"
SCREENS = [question.id for question in rulebook().questionnaire if question.signs]
"""The screens of emergency signs."""
PAGES = [
    "start",
    "start, refused",
    "age, fresh",
    *(f"{screen}, {how}" for screen in SCREENS for how in ("fresh", "asked back", "look again")),
    "reason, filled",
    "change, fresh",
    "place, fresh",
    "place, filled",
    "unwell, refused",
    "feel, fresh",
    "question in an emergency",
    "answers",
    "answers, emergency",
    "emergency",
    *(f"result, {level}" for level in RESULTS),
    "result, out of scope",
    "sheet",
    "second look",
    "second look, question",
    "receipt",
    "receipt, refused",
    "receipt, the same",
    "learn/home-remedies",
    "privacy",
    "cleared",
    "no journey",
]
CHANGING = {
    r"CALCINOSIS-CHECK/\S+": "RECEIPT",
    r"\b\d{4}\.\d+\.\d+\b": "VERSION",
    r"\b\d{4}-\d\d-\d\d\b": "DATE",
    r"\b[0-9a-f]{12}\b": "FINGERPRINT",
    r"127\.0\.0\.1:\d+": "HERE",
    r"\d+ \w+ \d{4}, \d\d:\d\d": "MOMENT",
}
"""What every new version of the rules, or every run, changes."""


WIDTH = 100
FOOT = SPOKEN / "foot.txt"
"""What every page ends with, kept once."""


def file_of(name):
    return SPOKEN / (re.sub(r"\W+", "-", name) + ".txt")


def spoken(tab):
    """(What is heard of the page itself, what is heard of its foot)."""
    text = "\n".join(listen(tab.page))
    for pattern, mask in CHANGING.items():
        text = re.sub(pattern, mask, text)
    text = "".join(wrapped(line) + "\n" for line in text.splitlines())
    page, begins, foot = text.partition("contentinfo\n")
    return page, begins + foot


def wrapped(line):
    return fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def changes(file, now):
    """How it differs from what was kept; nothing where a rewrite is asked for."""
    if os.environ.get("CALCINOSIS_REWRITE"):
        file.write_text(now)
    kept = file.read_text() if file.exists() else ""
    return list(unified_diff(kept.splitlines(), now.splitlines(), file.name, "now", "", "", 2, ""))


@pytest.fixture(scope="module")
def tab(browser, address):
    """One tab for all pages: a fresh browser profile for each takes longer than the reading."""
    context = browser.new_context()
    yield Tab(context.new_page(), address)
    context.close()


@pytest.fixture(scope="module")
def states(every):
    return every.named


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_was_read_and_kept(name, states, tab, app, clock):
    states[name].open(tab, app, clock())
    page, foot = spoken(tab)
    changed = changes(file_of(name), page) + changes(FOOT, foot)
    assert not changed, "\n".join(["what is heard has changed", *changed])


def test_the_files_are_those_of_the_pages():
    assert {file.name for file in SPOKEN.iterdir()} == {
        FOOT.name,
        *(file_of(n).name for n in PAGES),
    }


def test_what_is_no_longer_heard_is_found(tab):
    tab.open("/")
    tab.page.evaluate("() => document.querySelector('main h1').setAttribute('aria-hidden', 'true')")
    kept = set(file_of("start").read_text().splitlines())
    lost = kept - set(spoken(tab)[0].splitlines())
    assert lost == {"heading, Check a hard lump under your skin, level 1"}
