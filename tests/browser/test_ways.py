"""The whole self-check in every way that people have: each ends in the same result, word for word.

On the way, one Continue is pressed with nothing ticked. After every step the focus is on the new
heading or on the error summary, so that nobody has to look for the page. It must not know any rule.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import ClassVar

import pytest
from playwright.sync_api import Route, expect

from app.triage.terms import Answers
from tests.browser import reader
from tests.browser.conftest import Tab
from tests.browser.states import RESULTS, State
from tests.browser.test_accessibility import add_style
from tests.browser.test_accessibility_focus import CHANGED
from tests.builders import SOAK, answers

GIVEN = answers(place=["finger", "elbow"], skin="pus", autoimmune="scleroderma", kidney="dialysis")
JOURNEYS = {"same_day": GIVEN, "emergency": RESULTS["emergency"]} if SOAK else {"same_day": GIVEN}
REFUSED = "place"
"""The question whose first Continue comes too early."""
BREAKS_AT = "skin"
"""The question at which what can break does."""
NEXT = "main :is(form button, a.nhsuk-button:not([href^='tel:'], .start-button))"
FOCUSED = """element => [
  element === document.activeElement, document.activeElement.name, document.activeElement.type,
]"""
TEXT = "() => document.querySelector('main').textContent.split(/\\s+/).join(' ')"


@dataclass
class ByPointer:
    """A finger or a mouse, and everything works."""

    tab: Tab
    context: ClassVar[dict[str, object]] = {}
    swaps: ClassVar[bool] = True  # whether a step is a swap, after which the focus is ours to set
    noisy: ClassVar[bool] = False  # whether the browser complains of what is kept from it

    def begin(self) -> None:
        """Come to the first page."""
        self.tab.open("/")

    def tick(self, field: str) -> None:
        """Choose an option."""
        self.tab.page.check(f"#{field}")

    def choose_region(self, region: str) -> None:
        """Say where the person is."""
        self.tab.page.select_option("#region", region)

    def go_on(self, button: str = NEXT) -> None:
        """Press a button, mostly the page's main one."""
        self.tab.page.click(button)

    def arrived(self) -> None:
        """Another page has come up; a swap leaves the focus on its heading."""
        if self.swaps:
            expect(self.tab.page.locator("main h1")).to_be_focused()

    def break_down(self) -> None:
        """What goes wrong half-way."""


class ByKeyboard(ByPointer):
    """Tab, arrows, Space and Enter."""

    def tick(self, field: str) -> None:
        self._reach(f"#{field}")
        self.tab.page.keyboard.press("Space")

    def choose_region(self, region: str) -> None:
        self._reach("#region")
        name = self.tab.page.locator(f"#region option[value='{region}']").inner_text()
        self.tab.page.keyboard.type(name)

    def go_on(self, button: str = NEXT) -> None:
        self._reach(button)
        self.tab.page.keyboard.press("Enter")

    def _reach(self, selector: str) -> None:
        """Tab on; inside a group of radios go by arrows, which tick what they pass."""
        wanted = self.tab.page.locator(selector).first
        name = wanted.get_attribute("name")
        for _ in range(60):
            there, *at = wanted.evaluate(FOCUSED)
            if there:
                return
            self.tab.page.keyboard.press("ArrowDown" if at == [name, "radio"] else "Tab")
        raise AssertionError(f"{selector} cannot be reached by keyboard")


class ByScreenReader(ByPointer):
    """What a screen reader says, and acting on what it has just said."""

    def begin(self) -> None:
        super().begin()
        reader.begin(self.tab.page)

    def tick(self, field: str) -> None:
        label = self.tab.page.locator(f".nhsuk-label[for='{field}']").inner_text()
        kind = self.tab.page.locator(f"#{field}").get_attribute("type")
        reader.go_to(self.tab.page, f"{kind}, {label}")
        reader.act(self.tab.page)

    def choose_region(self, region: str) -> None:
        label = self.tab.page.locator("label[for='region']").inner_text()
        reader.go_to(self.tab.page, f"combobox, {label}")
        super().choose_region(region)

    def go_on(self, button: str = NEXT) -> None:
        button = self.tab.page.locator(button).first
        kind = "link" if button.get_attribute("href") else "button"
        reader.go_to(self.tab.page, f"{kind}, {button.inner_text()}")
        reader.act(self.tab.page)

    def arrived(self) -> None:
        super().arrived()
        reader.wait_for(self.tab.page, f"heading, {self.tab.heading}, level 1")


class InForcedColours(ByPointer):
    """The colours that a person has set for every site."""

    context: ClassVar = {"forced_colors": "active", "color_scheme": "dark"}


class WithoutScript(ByPointer):
    """A browser in which scripts are off."""

    context: ClassVar = {"java_script_enabled": False}
    swaps = False


class ScriptNeverComes(ByPointer):
    """Scripts are on, but a filter keeps ours away."""

    swaps, noisy = False, True

    def begin(self) -> None:
        self.tab.page.route("**/*.js", lambda route: route.abort())
        super().begin()


class ScriptMeetsNoServer(ByPointer):
    """From half-way on, whatever the script sends is lost; pages that the browser asks for come."""

    noisy = True
    lost: ClassVar[set[str]] = {"fetch"}

    def break_down(self) -> None:
        self.swaps = False
        self.tab.page.route("**/*", self._pass)

    def _pass(self, route: Route) -> None:
        if route.request.resource_type in self.lost:
            route.abort()
        else:
            route.continue_()


class ScriptIsLost(ScriptMeetsNoServer):
    """From half-way on, the script does not come any more either."""

    lost: ClassVar = {"fetch", "script"}


class ScriptThrows(ByPointer):
    """From half-way on, the script cannot put a new page in."""

    noisy = True

    def break_down(self) -> None:
        self.swaps = False
        self.tab.page.evaluate(
            """() => {
              for (const name of ["replaceWith", "insertBefore", "append", "before", "after"]) {
                Element.prototype[name] = () => { throw new Error("planted"); };
              }
            }"""
        )


WAYS: list[type[ByPointer]] = [
    ByKeyboard,
    ByScreenReader,
    InForcedColours,
    WithoutScript,
    ScriptIsLost,
    ScriptThrows,
]
if SOAK:
    WAYS += [ByPointer, ScriptNeverComes, ScriptMeetsNoServer]


@pytest.mark.parametrize("journey", JOURNEYS)
@pytest.mark.parametrize(
    ("context", "way"),
    [(way.context, way) for way in WAYS],
    indirect=["context"],
    ids=[way.__name__ for way in WAYS],
)
def test_every_way_ends_in_the_same_result(tab, app, clock, way, journey):
    given = JOURNEYS[journey]
    walk(way(tab), given)
    ended = tab.page.evaluate(TEXT)
    State("the same", "/result", given).open(tab, app, clock())
    assert ended == tab.page.evaluate(TEXT)
    assert tab.page.locator("[data-level]").first.get_attribute("data-level") == journey
    if way.noisy:
        assert tab.complaints
        tab.complaints.clear()
    tab.complaints[:] = [line for line in tab.complaints if not line.endswith(reader.OWN_FAULT)]


def walk(way: ByPointer, given: Answers) -> None:
    """From the first page to the result."""
    way.begin()
    way.choose_region("uk")
    step(way)
    for question, options in given.items():
        at(way, f"/check/{question}")
        if question == BREAKS_AT:
            way.break_down()
        if question == REFUSED:
            way.go_on()
            expect(way.tab.page.locator("#problem")).to_be_focused()
        button = NEXT
        for option in sorted(options):
            if way.tab.page.locator(f"button#{question}-{option}").count():
                button = f"#{question}-{option}"
            else:
                way.tick(f"{question}-{option}")
        step(way, button)
        if way.tab.path == "/emergency":
            step(way)
    at(way, "/answers")
    step(way)
    at(way, "/result")


def step(way: ByPointer, button: str = NEXT) -> None:
    """Go on to another page."""
    heading = way.tab.page.locator("main h1")
    before = heading.inner_text()
    way.go_on(button)
    expect(heading).not_to_have_text(before)
    way.arrived()


def at(way: ByPointer, path: str) -> None:
    """This is the page."""
    assert way.tab.path == path


# --- Forced colours: what makes a tick is drawn, and drawings may vanish in them ---

FORCED = pytest.mark.parametrize("context", [InForcedColours.context], indirect=True)
LEAST = 60
"""Pixels that a tick or a dot changes well, of some 40 by 40."""


@FORCED
@pytest.mark.parametrize(("path", "field"), [("/", "about-child"), ("/check/place", "place-knee")])
def test_in_forced_colours_a_tick_is_plain_to_see(tab, app, clock, path, field):
    State("", path, answers(breath="none")).open(tab, app, clock())
    assert tick_changes(tab, field) > LEAST


@FORCED
def test_a_tick_that_cannot_be_seen_is_found(tab):
    tab.open("/")
    add_style(tab, ".nhsuk-radios__label::after { opacity: 0 !important }")
    assert tick_changes(tab, "about-child") < LEAST


def tick_changes(tab: Tab, field: str) -> int:
    """How many pixels a tick changes by 3 to 1 or more, once the focus is elsewhere."""
    box = tab.page.locator(f"#{field}")
    pictures = [box.screenshot()]
    box.check()
    box.blur()
    pictures.append(box.screenshot())
    other = tab.page.context.new_page()
    changed = other.evaluate(CHANGED, [base64.b64encode(each).decode() for each in pictures])
    other.close()
    return changed
