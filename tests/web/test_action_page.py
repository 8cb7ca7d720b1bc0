"""The result is the action: its title and heading, whom to call and where to go, what to say."""

import html
import re

import pytest

from app.presentation.question import CHILD, ME, OTHER
from app.triage.terms import Urgency
from tests.builders import KNOWN, answers, rulebook
from tests.documents.test_receipt import published_cases
from tests.visitor import Page, Visitor
from tests.web.test_golden_results import PEOPLE, result_of
from tests.web.test_journeys import QUIET

WORDS = rulebook().wording["en"]
LEVELS = {
    "emergency": QUIET | {"breath": ["confused"]},
    "same_day": QUIET | {"skin": ["pus"]},
    "soon": QUIET | {"change": ["grown"]},
    "routine": QUIET,
    "self_care": {name: sorted(chosen) for name, chosen in answers(KNOWN).items()},
}
ACTION_IN_THE_UK = {
    "emergency": "Call 999 or go to A&E now",
    "same_day": "Call 111 or get an urgent GP appointment today",
    "soon": "See a GP within 2 weeks",
    "routine": "See a GP within 4 to 6 weeks",
    "self_care": "Look after it at home, check again in 2 weeks",
}
SAID = re.compile(r'<p class="say">(.*?)</p>', re.DOTALL)
SENTENCE = re.compile(r"(?<=[.?!])\s+")
OF_CAUSES = {"U4c", "U5", "U12b", "TW15", "E12", "E16", "E33"}
"""Rules whose "or" stands between causes, not between signs."""
OF_A_BODY = re.compile(r"\b(I|my|me|you|your|yourself)\b", re.IGNORECASE)
OF_THE_READER = {
    "while-waiting": "who waits for help reads it",
    "watch-worried": "who worries reads it",
}
"""Advice that speaks to its reader, whoever it is about; and why it may."""


def walk(visitor: Visitor, given, region: str = "uk", about: str = ME) -> Page:
    """The result of these answers."""
    page = visitor.post("/start", {"region": region, "about": about})
    while page.url.startswith("/check/"):
        name = page.url.removeprefix("/check/")
        page = visitor.answer(name, *given.get(name, ["none"]))
        if page.url == "/emergency":
            onward = ("/check/", "/answers")
            page = visitor.get(next(link for link in page.links if link.startswith(onward)))
    return visitor.get("/result")


def said(page: Page) -> str:
    found = SAID.search(page.html)
    assert found, page.url
    return html.unescape(re.sub("<[^>]+>", "", found[1]))


def card_of(page: Page) -> str:
    """The HTML of the first card."""
    start = page.html.index("data-level=")
    return page.html[start : page.html.index("<section", start)]


# --- The action and its time ---


@pytest.mark.parametrize("level", LEVELS)
def test_the_heading_and_the_title_are_the_action_with_its_time(visitor: Visitor, level) -> None:
    page = walk(visitor, LEVELS[level])
    assert page.level == level
    assert page.h1 == [ACTION_IN_THE_UK[level]]
    assert page.title == f"{ACTION_IN_THE_UK[level]} - Calcinosis Check"


def test_a_shorter_time_is_in_the_heading(visitor: Visitor) -> None:
    page = walk(visitor, QUIET | {"age": ["young"], "change": ["grown"]})
    assert page.h1 == ["See a GP within 48 hours"]


def test_no_two_levels_share_their_words_their_shape_or_their_colour(app) -> None:
    shapes, headings = set(), set()
    for given in LEVELS.values():
        page = walk(Visitor(app), given)
        shapes.add(re.search(r'class="level-shape".*?d="([^"]+)"', page.html)[1])
        headings.add(page.h1[0])
    assert len(shapes) == len(headings) == len(Urgency)


@pytest.mark.parametrize("region", rulebook().regions)
@pytest.mark.parametrize("level", LEVELS)
def test_a_card_has_its_number_or_an_official_page_at_once_where_the_region_has_one(
    app, level, region
) -> None:
    card, entry = card_of(walk(Visitor(app), LEVELS[level], region)), rulebook().regions[region]
    links = re.findall(r'href="([^"]+)"', card)
    if level == "emergency":
        assert links[0] == f"tel:{entry.emergency_number}"
    elif level == "same_day" and entry.urgent_number:
        assert links[0] == f"tel:{entry.urgent_number.replace(' ', '')}"
    elif {"advice", "gp"} & {finder.kind for finder in entry.finders}:
        assert links[0] in {html.escape(finder.url) for finder in entry.finders}


@pytest.mark.parametrize("region", rulebook().regions)
@pytest.mark.parametrize("level", LEVELS)
def test_every_card_has_a_way_without_a_voice(app, level, region) -> None:
    card = card_of(walk(Visitor(app), LEVELS[level], region))
    assert "No voice call?" in html.unescape(card) or WORDS.regions[region]["relay"] in card
    silent = [way for way in rulebook().regions[region].channels if way.reaches == "urgent"]
    for way in silent if level != "emergency" else []:
        assert html.escape(way.url or WORDS.regions[region][way.words_key]) in card


@pytest.mark.parametrize("level", [level for level in LEVELS if level != "emergency"])
def test_what_to_do_if_nobody_can_help_in_time_is_a_part_of_its_own(visitor, level) -> None:
    page = walk(visitor, LEVELS[level])
    part = page.html[page.html.index('id="nobody"') :]
    wanted = WORDS.fill_placeholders(WORDS.levels[level].parts["nobody"], WORDS.regions["uk"])
    assert wanted in html.unescape(part[: part.index("</section>")])


def test_a_team_that_knows_the_illness_comes_first_below_an_emergency() -> None:
    for part in ("same_day.action", "soon.action", "soon.action_within"):
        level, _, key = part.partition(".")
        assert "hospital team or a specialist nurse" in WORDS.levels[level].parts[key]


# --- What to say when you call ---


@pytest.mark.parametrize(
    ("about", "start"),
    [
        (ME, "I am calling about myself (25 to 64 years)."),
        (CHILD, "I am calling about my child (25 to 64 years)."),
        (OTHER, "I am calling about someone else (25 to 64 years)."),
    ],
)
def test_what_to_say_is_right_for_whom_it_is_about(visitor: Visitor, about, start) -> None:
    text = said(walk(visitor, LEVELS["same_day"], about=about))
    assert text.startswith(f"{start} A health check page said: get help today.")
    assert OF_A_BODY.search(text.removeprefix(start)) is None or about == ME


def test_what_to_say_names_the_signs_the_place_the_time_and_what_matters(visitor) -> None:
    given = QUIET | {"skin": ["pus"], "place": ["thigh"], "medicines": ["warfarin_lately"]}
    text = said(walk(visitor, given))
    own = {name: WORDS.questions[name].options for name in given}
    assert f"The signs that count most: {own['skin']['pus']}." in text
    assert own["place"]["thigh"] in text
    assert own["change"][QUIET["change"][0]] in text
    assert own["medicines"]["warfarin_lately"].partition(". ")[0] in text
    assert "None of these" not in text


def test_what_to_say_is_at_most_four_sentences_of_its_own_words(app) -> None:
    labels = [WORDS.pages[key].partition("{")[0] for key in WORDS.pages if key.startswith("say.")]
    kinds = [label for label in labels if label.endswith(": ")]
    for case in published_cases()[::10]:
        given = {name: sorted(options) for name, options in case.answers.items()}
        text = said(walk(Visitor(app), given))
        assert sum(text.count(kind) for kind in kinds if "page said" not in kind) <= 4, text
        assert len(SENTENCE.split(text)) <= 6, text


def test_signs_that_are_only_in_doubt_are_said_to_be_in_doubt(visitor: Visitor) -> None:
    text = said(walk(visitor, QUIET | {"breath": ["not_sure"]}))
    assert "I am not sure about: Breathing and thinking." in text


# --- Why: only signs that were given ---


def test_a_painless_lump_is_given_no_reason_that_speaks_of_pain(visitor: Visitor) -> None:
    page = walk(visitor, QUIET | {"pain": ["no"], "change": ["years"]})
    why = page.html[page.html.index('id="why"') : page.html.index('id="watch"')]
    assert "A bump like this should be seen" in why
    assert "hurts" not in why


def test_a_reason_after_the_answers_behind_it_lists_no_other_sign() -> None:
    listing = re.compile(r"\bor\b")
    wrong = {
        rule: text
        for rule, words in WORDS.rules.items()
        if (text := words.parts.get("given")) and listing.search(text) and rule not in OF_CAUSES
    }
    assert wrong == {}


def test_no_answer_is_told_twice_among_the_reasons(app) -> None:
    for name in ("adult-routine", "child-by-parent", "adult-same-day"):
        page = result_of(app, name)
        why = page.html[page.html.index('id="why"') : page.html.index('id="watch"')]
        chosen = re.findall(r"<strong>(.*?)</strong>", why)
        assert len(chosen) == len(set(chosen)), name


def test_no_sign_stands_twice_in_what_to_watch_for(app) -> None:
    for name in PEOPLE:
        page = result_of(app, name)
        part = page.html.partition('id="watch"')[2].partition('id="nobody"')[0]
        lines = re.findall(r"<li>([^<]+)</li>", part)
        assert len(lines) == len(set(lines)), name


# --- Whose body it is ---


@pytest.mark.parametrize("name", [name for name in WORDS.advice if name not in OF_THE_READER])
def test_no_line_of_advice_says_whose_body_it_is(name: str) -> None:
    text = re.sub(r"\{[a-z_]+\}", "", WORDS.advice[name])
    assert OF_A_BODY.search(text) is None, text


def test_no_reason_says_whose_body_it_is() -> None:
    spoken = {
        rule: text
        for rule, words in WORDS.rules.items()
        for text in words.parts.values()
        if OF_A_BODY.search(text)
    }
    assert spoken == {}


def test_a_result_about_a_child_speaks_of_no_other_body_in_its_own_words(app) -> None:
    page = result_of(app, "child-by-parent")
    main = page.text[page.text.index("What to say") : page.text.index("Clear my answers")]
    for wrong in ("Do I need", "Are my", "your skin", "you take", "cares for you"):
        assert wrong not in main


# --- How much of it there is ---


@pytest.mark.parametrize("level", LEVELS)
def test_a_result_is_at_most_16_kilobytes_of_html(visitor: Visitor, level) -> None:
    most = 18_000 if level == "self_care" else 16_384  # it has the evidence of more types
    assert len(walk(visitor, LEVELS[level]).html.encode()) <= most
