"""Where the keyboard is: always in sight, never covered, and plain to see in every mode."""

import base64

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Tab
from tests.browser.states import State, States
from tests.browser.test_accessibility import MODES, SCREEN, add_style
from tests.browser.test_accessibility_layout import WIDE, ZOOMED
from tests.builders import SOAK

BY_KEYBOARD = {"start", "place, filled", "place, widely filled", "result, same_day", "receipt"}
MOST_STEPS = 200
ON_SCREEN = ["light", "dark", "forced colours", "forced colours, dark"]
FOCUSED = """() => {
  const e = document.activeElement, box = e.getBoundingClientRect();
  if (e === document.body) return null;
  const inside = box.top >= 0 && box.left >= 0 && box.right <= innerWidth
    && (box.bottom <= innerHeight || box.height > innerHeight);
  const over = [...document.querySelectorAll("body *")].filter((other) => {
    if (!["sticky", "fixed"].includes(getComputedStyle(other).position)) return false;
    const its = other.getBoundingClientRect();
    return !other.contains(e) && other.checkVisibility() && its.top < box.bottom
      && its.bottom > box.top && its.left < box.right && its.right > box.left;
  });
  const faults = [
    ...(inside ? [] : ["out of sight"]),
    ...(box.width < 44 || box.height < 44 ? ["small"] : []),
    ...over.map((other) => `under ${other.className}`),
  ];
  return [e.outerHTML.slice(0, 80), faults];
}"""
# How many pixels differ by 3 to 1 or more between two pictures.
CHANGED = """async (pictures) => {
  const [one, other] = await Promise.all(pictures.map(async (picture) => {
    const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    return canvas.getImageData(0, 0, image.width, image.height).data;
  }));
  const linear = (v) => v <= 10 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
  const light = (of, at) =>
    0.2126 * linear(of[at]) + 0.7152 * linear(of[at + 1]) + 0.0722 * linear(of[at + 2]) + 0.05;
  let changed = 0;
  for (let at = 0; at < one.length; at += 4) {
    const [dark, bright] = [light(one, at), light(other, at)].sort((a, b) => a - b);
    if (bright / dark >= 3) changed += 1;
  }
  return changed;
}"""
KINDS = {
    "skip link": ("start", ".nhsuk-skip-link"),
    "name": ("start", ".site-name"),
    "radio": ("start", "#about-other"),
    "button": ("start", "main form button"),
    "second button": ("start", "footer a.nhsuk-button"),
    "link": ("start", ".site-links a"),
    "number": ("start", ".numbers a"),
    "checkbox": ("place, filled", "#place-knee"),
    "ticked checkbox": ("place, filled", "#place-elbow"),
    "way back": ("place, filled", ".nhsuk-back-link"),
    "fold": ("place, filled", "summary"),
    "error": ("place, refused", "#problem a"),
    "call": ("result, emergency", ".call-button"),
    "change": ("answers", ".nhsuk-summary-list__actions a"),
    "text": ("receipt", "textarea"),
    "list of pages": ("learn", ".pages a"),
    "line of help": ("learn", ".help-line a"),
}


@pytest.fixture
def states(every: States) -> dict[str, State]:
    """Every state by its name."""
    return every.named


def test_what_has_the_focus_is_never_covered_small_or_out_of_sight(
    tab: Tab, states, app, clock
) -> None:
    problems = {}
    tab.page.set_viewport_size(ZOOMED)
    for name in BY_KEYBOARD:
        states[name].open(tab, app, clock())
        problems[name] = faults_by_keyboard(tab)
    assert {name: faults for name, faults in problems.items() if faults} == {}


def faults_by_keyboard(tab: Tab) -> dict[str, list[str]]:
    """What is wrong with the focus on its way through the page."""
    problems = {}
    for _ in range(MOST_STEPS):
        tab.page.keyboard.press("Tab")
        found = tab.page.evaluate(FOCUSED)
        if found is None:
            return problems
        if found[1]:
            problems[found[0]] = found[1]
    return problems | {"the page": ["cannot be left"]}


@pytest.mark.parametrize(
    ("style", "fault"),
    [
        (".site-links a { position: absolute; inset-inline-start: -99rem }", "out of sight"),
        (".site-links a { min-block-size: 0; font-size: 1rem }", "small"),
        (".site-header { position: fixed; inset: 0 }", "under site-header"),
    ],
)
def test_a_focus_that_cannot_be_followed_is_found(tab: Tab, style: str, fault: str) -> None:
    tab.page.set_viewport_size(ZOOMED)
    tab.open("/privacy")
    add_style(tab, style)
    assert [fault] in faults_by_keyboard(tab).values()


def test_after_every_link_the_focus_is_on_the_heading(tab: Tab, states) -> None:
    """Links of the footer and of the list of pages: each is a swap, none loads a whole page."""
    lost = {}
    for state in states.values():
        if state.path.count("/") != 1 or state.given is not None or state.sends is not None:
            continue
        tab.open("/learn")
        links = tab.page.locator(f'a[href="{state.path}"]')
        # Clearing is a page of its own, loaded whole: nothing of the one before may stay.
        if links.count() and state.path not in {"/learn", "/clear"}:
            tab.page.evaluate("() => { window.same = true; }")
            links.first.click()
            tab.at(state.path)
            tab.page.wait_for_function("() => document.activeElement !== document.body")
            kept = tab.page.evaluate("() => window.same === true")
            if (tab.focused, kept) != ("H1#", True):
                lost[state.path] = (tab.focused, kept)
    assert lost == {}


@pytest.mark.parametrize("mode", ON_SCREEN if SOAK else ON_SCREEN[1:3])
def test_the_focus_is_plain_to_see(tab: Tab, states, app, clock, mode: str) -> None:
    tab.page.emulate_media(**MODES[mode])
    tab.page.set_viewport_size(WIDE)
    faint, shown = {}, ""
    judge = tab.page.context.new_page()
    for kind, (state, selector) in KINDS.items():
        if shown != state:
            states[state].open(tab, app, clock())
            shown = state
        changed, wanted = focus_changes(tab, judge, selector)
        if changed < wanted:
            faint[kind] = (changed, wanted)
    assert faint == {}


def focus_changes(tab: Tab, judge: Page, selector: str) -> tuple[int, int]:
    """(Pixels that the focus changes well, how many a line of two pixels round it would have)."""
    element = tab.page.locator(selector).first
    element.focus()
    tab.page.keyboard.press("Shift")  # from here on it is the keyboard that focuses
    box = element.bounding_box()
    assert box is not None
    clip = {
        "x": max(0, box["x"] - 8),
        "y": max(0, box["y"] - 8),
        "width": box["width"] + 16,
        "height": box["height"] + 16,
    }
    with_focus = tab.page.screenshot(clip=clip)
    element.evaluate("element => element.blur()")
    without = tab.page.screenshot(clip=clip)
    pictures = [base64.b64encode(picture).decode() for picture in (with_focus, without)]
    changed = judge.evaluate(CHANGED, pictures)
    return changed, int(4 * (box["width"] + box["height"]))


def test_a_focus_that_cannot_be_seen_is_found(tab: Tab) -> None:
    tab.page.emulate_media(**SCREEN)
    tab.open("/")
    add_style(tab, "*, ::before { outline: 0 !important; box-shadow: none !important }")
    changed, wanted = focus_changes(tab, tab.page.context.new_page(), "#about-other")
    assert changed < wanted
