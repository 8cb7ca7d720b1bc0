"""The accessibility checker (axe) with every rule that it has, on every page in every state.

Best practice, AAA and what is still on trial are all on, and nothing is left out. Of what the
checker cannot decide, the contrast is measured here; for the rest stands an answer below.
`make test` looks at each page in one way, by turns, and at the most telling ones in all; a soak
looks at all states in all ways.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser

from app.triage.rules import assess_answers
from app.triage.terms import Urgency
from tests.browser.conftest import Tab
from tests.browser.states import RESULTS, States, page_routes
from tests.builders import SOAK, rulebook

SCREEN = {"media": "screen", "color_scheme": "light", "forced_colors": "none"}
MODES: dict[str, dict[str, Any]] = {
    "light": SCREEN,
    "dark": SCREEN | {"color_scheme": "dark"},
    "forced colours": SCREEN | {"forced_colors": "active"},
    "forced colours, dark": SCREEN | {"forced_colors": "active", "color_scheme": "dark"},
    "print": SCREEN | {"media": "print"},
    "print, dark": SCREEN | {"media": "print", "color_scheme": "dark"},
}
WIDTHS = (320, 768, 1280)
WAYS = [way for way in product(MODES, WIDTHS) if "," not in way[0] or way[1] == 768]
HEIGHT = 800
ANSWERED = {
    "color-contrast": "measured here, see FAINT",
    "color-contrast-enhanced": "measured here, see FAINT",
    "hidden-content": "shown in another state, mode or width; folds are opened before",
    "form-field-multiple-labels": "parts of the body map are labels too: hidden, without words",
    "identical-links-same-purpose": "the list of contents leads down the page, a medical word in"
    " the text to its meaning; both stand where one expects them",
}
"""What the checker may leave to us, and why that is no fault."""
UNFOLD = "() => document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"
CHECK = """async () => {
  const every = axe.getRules().filter((rule) => !rule.tags.includes("deprecated"));
  const rules = Object.fromEntries(every.map((rule) => [rule.ruleId, { enabled: true }]));
  const found = await axe.run(document, { rules, resultTypes: ["violations", "incomplete"] });
  const tell = (node) => `${node.html.slice(0, 160)} ${node.failureSummary}`;
  return {
    broken: found.violations.map((rule) => [rule.id, ...rule.nodes.map(tell)]),
    undecided: found.incomplete.map((rule) => [rule.id, rule.nodes.map((node) => node.target[0])]),
    ran: Object.keys(rules).length,
    wide: document.documentElement.scrollWidth - innerWidth,
  };
}"""
# The ink of a text against the ground it stands on: what lies behind it, or for a name on the body
# map the rim round its letters. Paper is white, since printers leave grounds away. With forced
# colours the browser itself paints all words but those in our drawings.
FAINT = """([mode, targets]) => {
  const paper = mode.startsWith("print");
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).slice(0, 3).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    if (!element || paper) return "rgb(255, 255, 255)";
    const colour = getComputedStyle(element).backgroundColor;
    return (numbers(colour)[3] ?? 1) === 0 ? ground(element.parentElement) : colour;
  };
  const ratio = (element) => {
    const style = getComputedStyle(element);
    const drawn = element.matches("svg *");
    const rim = drawn && style.stroke !== "none";
    const sides = [drawn ? style.fill : style.color, rim ? style.stroke : ground(element)];
    const [dark, bright] = sides.map(light).sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const speaks = (element) => [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim())
    && element.checkVisibility() && !element.closest(".nhsuk-u-visually-hidden");
  const some = targets ? targets.map((target) => document.querySelector(target))
    : [...document.querySelectorAll("body *")].filter(speaks);
  const ours = (element) => !mode.startsWith("forced") || element.matches("svg *");
  return some.filter((element) => ours(element) && ratio(element) < 7)
    .map((element) => `${element.outerHTML.slice(0, 160)} ${ratio(element).toFixed(2)}`);
}"""


@dataclass
class Findings:
    """What was found, by state and way."""

    broken: dict[str, list[Any]] = field(default_factory=dict)
    faint: dict[str, list[str]] = field(default_factory=dict)
    wide: dict[str, int] = field(default_factory=dict)
    undecided: dict[str, int] = field(default_factory=dict)
    ways: set[tuple[str, int]] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    ran: int = 0

    def look(self, tab: Tab, state: str, mode: str, width: int) -> None:
        """Look at the page in this way."""
        tab.page.set_viewport_size({"width": width, "height": HEIGHT})
        tab.page.emulate_media(**MODES[mode])
        found, where = tab.page.evaluate(CHECK), f"{state}, {mode}, {width}"
        self.ways.add((mode, width))
        self.ran = found["ran"]
        faint = []
        for rule, targets in found["undecided"]:
            self.undecided[rule] = self.undecided.get(rule, 0) + len(targets)
            if rule == "color-contrast":
                faint += tab.page.evaluate(FAINT, [mode, targets])
        if mode.startswith("print"):
            faint += tab.page.evaluate(FAINT, [mode, None])
        for found_here, place in ((found["broken"], self.broken), (faint, self.faint)):
            if found_here:
                place[where] = found_here
        if found["wide"] > 0 and not mode.startswith("print"):
            self.wide[where] = found["wide"]


@pytest.fixture(scope="module")
def findings(
    browser: Browser, address: str, axe: str, app, clock, every: States
) -> Iterator[Findings]:
    """Every state, each looked at in its ways."""
    found = Findings()
    context = browser.new_context()
    context.add_init_script(axe)
    tab = Tab(context.new_page(), address)
    for number, state in enumerate(every.chosen):
        tab.page.emulate_media(**SCREEN)
        state.open(tab, app, clock())
        found.paths |= {state.path, tab.path}
        tab.page.evaluate(UNFOLD)
        for way in WAYS if SOAK or state.key else [WAYS[number % len(WAYS)]]:
            found.look(tab, state.name, *way)
    yield found
    context.close()


def test_the_checker_finds_nothing(findings: Findings) -> None:
    assert findings.broken == {}
    assert findings.ran >= 100, "all its rules were on"
    assert findings.ways == set(WAYS)


def test_every_text_that_the_checker_cannot_judge_stands_out(findings: Findings) -> None:
    assert findings.faint == {}


def test_what_the_checker_cannot_decide_has_an_answer(findings: Findings, record_property) -> None:
    for rule, times in findings.undecided.items():
        record_property(f"undecided {rule}", times)
    assert set(findings.undecided) <= set(ANSWERED)


def test_no_page_is_wider_than_the_screen(findings: Findings) -> None:
    assert findings.wide == {}


def test_every_page_that_there_is_was_looked_at(app, findings: Findings) -> None:
    assert missed(app, findings.paths) == []
    questions = {f"/check/{question.id}" for question in rulebook().questionnaire}
    pages = {f"/learn/{page.id}" for page in rulebook().learn["en"].pages}
    assert findings.paths >= questions | pages


def missed(app: FastAPI, paths: set[str]) -> list[str]:
    """The pages that are not among these paths."""
    routes = page_routes(app)
    return [r.path for r in routes if not any(r.path_regex.match(at) for at in paths)]


def test_every_level_was_looked_at() -> None:
    levels = {
        level: assess_answers(rulebook(), given).urgency.name for level, given in RESULTS.items()
    }
    assert levels == {level.name: level.name for level in Urgency}


# --- The checks can fail ---


SMALL = "target-size"
PLANTED = """([tag, attributes]) => {
  const element = document.createElement(tag);
  for (const name in attributes) element.setAttribute(name, attributes[name]);
  document.querySelector("main").append(element);
}"""


@pytest.fixture
def planted(tab: Tab, axe: str) -> Tab:
    """A page to plant a fault in."""
    tab.open("/learn/fingers")
    tab.page.evaluate(axe)
    tab.page.evaluate(UNFOLD)
    return tab


@pytest.mark.parametrize(
    ("style", "rule"),
    [
        ("main p { color: #666 }", "color-contrast-enhanced"),
        (".site-links * { min-block-size: 0 !important; font-size: 8px; line-height: 1 }", SMALL),
    ],
)
def test_a_style_that_shuts_people_out_is_found(planted: Tab, style: str, rule: str) -> None:
    add_style(planted, style)
    assert rule in {found[0] for found in look(planted).broken["planted, light, 320"]}


@pytest.mark.parametrize(
    ("tag", "attributes", "rule"),
    [
        ("h1", {}, "empty-heading"),
        ("h6", {"aria-label": "Planted"}, "heading-order"),
        ("button", {}, "button-name"),
        ("input", {"type": "text"}, "label"),
        ("main", {}, "landmark-no-duplicate-main"),
        ("p", {"aria-label": "Planted"}, "aria-prohibited-attr"),
    ],
)
def test_a_mark_up_that_shuts_people_out_is_found(planted, tag, attributes, rule) -> None:
    planted.page.evaluate(PLANTED, [tag, attributes])
    assert rule in {found[0] for found in look(planted).broken["planted, light, 320"]}


def test_what_the_checker_newly_leaves_open_is_found(planted: Tab) -> None:
    planted.page.evaluate(PLANTED, ["video", {"controls": ""}])
    assert set(look(planted).undecided) - set(ANSWERED) == {"video-caption"}


def test_a_page_that_is_too_wide_is_found(planted: Tab) -> None:
    add_style(planted, "main { min-inline-size: 40rem }")
    assert look(planted).wide != {}


@pytest.mark.parametrize("mode", MODES)
def test_faint_words_in_a_drawing_are_found(
    tab: Tab, app, clock, axe: str, every: States, mode: str
) -> None:
    every.named["change, fresh"].open(tab, app, clock())
    tab.page.evaluate(axe)
    assert look(tab, mode).faint == {}
    add_style(tab, "svg text { fill: #777 !important; stroke: #888 !important }")
    assert "<text" in str(look(tab, mode).faint)


def test_faint_words_on_paper_are_found(planted: Tab) -> None:
    add_style(planted, "@media print { main p { color: #777 } }")
    assert look(planted, "light").faint == {}
    assert "<p" in str(look(planted, "print").faint)


def test_a_page_that_nobody_looked_at_is_found(app, findings: Findings) -> None:
    assert "/privacy" in missed(app, findings.paths - {"/privacy"})


def look(tab: Tab, mode: str = "light") -> Findings:
    """What is found on this page."""
    found = Findings()
    found.look(tab, "planted", mode, 320)
    return found


def add_style(tab: Tab, text: str) -> None:
    """Lay a style over the page's own; our policy forbids a style element."""
    tab.page.evaluate(
        """(text) => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(text);
          document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
        }""",
        text,
    )
