"""The whole text of a result page, as each of twelve people reads it, line by line.

The texts stand in golden/. To renew them after a change of words, and then read the difference:

    RENEW_GOLDEN=1 python -m pytest -q tests/web/test_golden_results.py
"""

import os
import re
from difflib import unified_diff
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.assurance.length import grade_texts, known_names_pattern
from app.presentation.question import CHILD, ME, OTHER
from app.triage.terms import Urgency
from tests.builders import rulebook
from tests.visitor import Visitor
from tests.web.test_journeys import NO_SIGN_OF_A_BABY, QUIET

HARDEST = 7.0
"""The Flesch-Kincaid grade that no result is above: what a reader of twelve follows."""
NAMED = known_names_pattern(rulebook())
GOLDEN = Path(__file__).parent / "golden"
RENEW = bool(os.environ.get("RENEW_GOLDEN"))
MASKS = (
    (re.compile(r"CALCINOSIS-CHECK/\S+"), "<receipt>"),
    (re.compile(r"[Rr]ulebook \d[\d.]* of [^.]+\. Fingerprint: [0-9a-f]+"), "<rulebook>"),
)
"""What is another one in every rulebook or at every visit."""

BABY = {**QUIET, **NO_SIGN_OF_A_BABY, "age": ["under_3m"]}
SCLERODERMA = {
    "conditions": ["immune_illness"],
    "autoimmune": ["scleroderma", "raynaud"],
    "place": ["finger"],
    "skin": ["chalky"],
    "change": ["years", "comes_goes"],
}
UNSURE = {name: ["not_sure"] for name in QUIET} | {"kidney": ["not_sure"]}
PEOPLE = {
    "adult-self-care": (
        *(ME, "self_care"),
        QUIET | {"reason": ["lump", "calcinosis"], "pain": ["no"], "change": ["same"]},
    ),
    "adult-routine": (ME, "routine", QUIET),
    "adult-soon": (ME, "soon", QUIET | {"change": ["grown"], "place": ["thigh"]}),
    "adult-same-day": (ME, "same_day", QUIET | SCLERODERMA),
    "adult-emergency": (ME, "emergency", QUIET | {"limbs": ["skin_dying"], "place": ["shin"]}),
    "older-dialysis": (
        *(ME, "same_day"),
        QUIET
        | {"age": ["older"], "conditions": ["kidneys", "diabetes"], "kidney": ["dialysis"]}
        | {"place": ["hip"], "medicines": ["warfarin_lately", "binder"], "skin": ["red_quiet"]},
    ),
    "baby-under-3-months": (CHILD, None, BABY | {"place": ["foot"], "before": ["drip"]}),
    "baby-under-1": (CHILD, None, BABY | {"age": ["under_1"], "skin": ["hot"]}),
    "baby-emergency": (CHILD, "emergency", BABY | {"baby_breath": ["baby_limp"]}),
    "child-by-parent": (CHILD, None, QUIET | {"age": ["child"], "place": ["knee"]}),
    "other-by-carer": (
        OTHER,
        "routine",
        QUIET | {"age": ["older"], "place": ["hand"], "pain": ["no"]},
    ),
    "other-emergency": (OTHER, "emergency", QUIET | {"breath": ["confused"]}),
    "unsure-of-all": (ME, "same_day", UNSURE),
}
"""Name of the text -> (who answers, the level if it is the point of the text, the answers)."""

BLOCKS = {
    *("p", "li", "h1", "h2", "h3", "dt", "dd", "button", "summary", "label", "div", "section"),
    *("ul", "ol", "dl", "form", "textarea", "details", "main"),
}
MARKS = {"h1": "# ", "h2": "## ", "h3": "### ", "li": "- ", "summary": "> ", "button": "[ ] "}
UNSEEN = {"nhsuk-u-visually-hidden", "nhsuk-summary-list__actions"}
"""Words for ears only, and the links that change an answer."""
ON_PAPER = "print-only"


class Reading(HTMLParser):
    """What stands in <main>, block by block: `lines`. Without drawings and words for ears only."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._mark, self._words = "", ""
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"br", "input", "img", "path", "rect"}:
            return
        classes = set((dict(attrs).get("class") or "").split())
        self._open.append((tag, tag in {"svg", "script"} or not UNSEEN.isdisjoint(classes)))
        if tag in BLOCKS:
            self._end_of_block()
            self._mark = MARKS.get(tag, self._mark)
        if ON_PAPER in classes:
            self.lines.append("(on paper only)")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"path", "rect"}:
            return
        if tag in BLOCKS:
            self._end_of_block()
            self._mark = ""
        self._open.pop()

    def handle_data(self, data: str) -> None:
        inside = any(tag == "main" for tag, _ in self._open)
        if not inside or any(shut for _, shut in self._open):
            return
        if self._open[-1][0] == "textarea":
            self.lines += ["  | " + line for line in data.strip().splitlines()]
        else:
            self._words += data

    def _end_of_block(self) -> None:
        if words := " ".join(self._words.split()):
            self.lines.append(self._mark + words)
            self._mark = ""
        self._words = ""


def result_of(app, name):
    """The result page of one of these people."""
    about, _, answers = PEOPLE[name]
    visitor = Visitor(app)
    page = visitor.post("/start", {"region": "uk", "about": about})
    while page.url.startswith("/check/"):
        question = page.url.removeprefix("/check/")
        page = visitor.answer(question, *answers.get(question, ["not_sure"]))
        if page.url == "/emergency":
            page = visitor.get(
                next(link for link in page.links if link.startswith(("/check/", "/answers")))
            )
    return visitor.get("/result")


def text_of(page):
    """Its whole text, a line for each block, with what is never the same twice masked."""
    reading = Reading()
    reading.feed(page.html)
    text = "\n".join(reading.lines) + "\n"
    for found, mask in MASKS:
        text = found.sub(mask, text)
    return text


@pytest.mark.parametrize("name", PEOPLE)
def test_the_result_reads_as_it_was_read_and_found_right(app, name):
    file = GOLDEN / f"{name}.txt"
    text = text_of(result_of(app, name))
    if RENEW:
        file.write_text(text, encoding="utf-8")
    kept = file.read_text(encoding="utf-8")
    difference = unified_diff(
        *(kept.splitlines(), text.splitlines()), str(file.name), "now", lineterm="", n=1
    )
    assert kept == text, "\n".join(["read the difference, then renew:", *difference])


@pytest.mark.parametrize("name", PEOPLE)
def test_a_result_is_easy_to_read(app, name):
    lines = text_of(result_of(app, name)).splitlines()
    said = [re.sub(r"^(?:[#>-]+|\[ \]) ", "", line) for line in lines if not line.startswith("  |")]
    assert grade_texts(said, NAMED) <= HARDEST


@pytest.mark.parametrize("name", PEOPLE)
def test_each_person_has_the_level_of_their_text(app, name):
    wanted = PEOPLE[name][1]
    assert wanted in (None, result_of(app, name).level)


IN_TIME = re.compile(
    r"If (nobody answers|(nobody|no one) can look at it today|no visit is free in time"
    r"|you cannot reach one|they cannot do that)[^.]*, [^.]*(\{emergency_place\}|\{talk_line\})"
)
"""Nobody is reached, or nobody can see the person in time: then there is somewhere else to go."""


@pytest.mark.parametrize("level", [*Urgency.__members__, "cannot_work_out"])
def test_each_level_says_what_to_do_if_nobody_can_be_reached_or_seen_in_time(level):
    parts = rulebook().wording["en"].levels[level].parts
    endings = [name.removeprefix("action") for name in parts if name.startswith("action")]
    assert "" in endings
    for ending in endings:
        assert IN_TIME.search(parts[f"nobody{ending}"]), f"{level}.nobody{ending}"


@pytest.mark.parametrize("name", PEOPLE)
def test_the_page_says_what_to_do_if_nobody_can_be_reached_or_seen_in_time(app, name):
    words = rulebook().wording["en"]
    text = result_of(app, name).text
    level = PEOPLE[name][1] or result_of(app, name).level
    sentences = [
        sentence
        for part, part_text in words.levels[level].parts.items()
        if part.startswith("nobody")
        for sentence in re.split(r"(?<=\.) ", part_text)
        if IN_TIME.search(sentence)
    ]
    uk = words.regions["uk"]
    assert any(words.fill_placeholders(s, uk, within="48 hours") in text for s in sentences), (
        f"{level}: none of {sentences}"
    )


def test_no_text_is_kept_of_nobody():
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(PEOPLE)
