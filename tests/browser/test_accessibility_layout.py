"""Enlarged, spaced out or on a small screen: nothing is cut off, and all can be hit.

400 % zoom of a window of 1280 by 1024 pixels leaves 320 by 256 of ours.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Tab
from tests.browser.states import States
from tests.browser.test_accessibility import SCREEN, UNFOLD, add_style
from tests.builders import rulebook

ZOOMED = {"width": 320, "height": 256}
WIDE = {"width": 1280, "height": 800}
PHONE, SMALL_PHONE = {"width": 390, "height": 844}, {"width": 320, "height": 640}
SPACED = """* { line-height: 1.5 !important; letter-spacing: .12em !important;
  word-spacing: .16em !important } p { margin-block-end: 2em !important }"""
LOOKED_FOR = ("targets", "zoomed", "spaced", "large")
LARGE = "html { font-size: 200% !important }"
# Too small, or lying on one another. A link is in running text where at least four other words
# stand in its paragraph; for a medical word, which is marked anywhere, one other word is enough.
TARGETS = """() => {
  const words = (text) => text.split(/\\s+/).filter(Boolean).length;
  const inline = (e) => {
    const block = e.closest("p, li, dd, dt, td, th");
    if (!block || e.tagName !== "A") return false;
    const links = [...block.querySelectorAll("a")].reduce((n, a) => n + words(a.innerText), 0);
    return words(block.innerText) - links >= (e.hash && e.pathname === "/learn/words" ? 1 : 4);
  };
  const size = (e) => {
    const boxes = [e, ...(e.labels ?? [])].filter((one) => !one.closest(".map-part"))
      .map((one) => one.getBoundingClientRect());
    const most = (side) => Math.max(...boxes.map((box) => box[side]));
    const least = (side) => Math.min(...boxes.map((box) => box[side]));
    return [most("right") - least("left"), most("bottom") - least("top")];
  };
  const all = [...document.querySelectorAll("a, button, input, textarea, summary, .map-button")]
    .filter((e) => e.checkVisibility() && !inline(e))
    // A date box that only its button opens can be neither seen nor hit.
    .filter((e) => !e.matches(".nhsuk-skip-link, [aria-hidden=true][tabindex='-1']"));
  const small = all.map((e) => [e.outerHTML.slice(0, 100), ...size(e)])
    .filter(([, width, height]) => width < 43.99 || height < 43.99)
    .map(([html, width, height]) => `${html} ${width.toFixed(1)} x ${height.toFixed(1)}`);
  const boxes = all.flatMap((e) => [...e.getClientRects()].map((box) => [e, box]))
    .sort(([, one], [, other]) => one.top - other.top);
  const over = boxes.flatMap(([one, box], number) => boxes.slice(number + 1)
    .filter(([other, its]) => one !== other && its.top < box.bottom - 2
      && its.left < box.right - 2 && its.right > box.left + 2)
    .map(([other]) => `${one.outerHTML.slice(0, 80)} lies on ${other.outerHTML.slice(0, 80)}`));
  return [...small, ...over];
}"""
# Words beyond the screen's edge, words cut off by their box, and words that lie on other words.
LOST = """() => {
  const apart = "svg, thead, caption, .nhsuk-u-visually-hidden, .nhsuk-skip-link, textarea";
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const lines = [], lost = [];
  const clips = (how) => how !== "visible" && how !== "auto";
  const cut = (box) => {
    const style = getComputedStyle(box);
    return (clips(style.overflowX) && box.scrollWidth > box.clientWidth + 1)
      || (clips(style.overflowY) && box.scrollHeight > box.clientHeight + 1);
  };
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement, text = node.data.trim();
    if (!text || parent.closest(apart) || !parent.checkVisibility()) continue;
    const said = `${parent.tagName} ${text.slice(0, 50)}`, range = document.createRange();
    range.selectNodeContents(node);
    for (const { left, right, top, bottom } of range.getClientRects()) {
      if (left < -1 || right > innerWidth + 1) lost.push(`beyond the edge: ${said}`);
      if (!parent.closest(".map-told")) lines.push({ parent, said, left, right, top, bottom });
    }
    // Of very many places the picture names the first ones; the list below it says them all.
    if (parent.closest(".map-told")) continue;
    for (let box = parent; box !== document.body; box = box.parentElement) {
      if (cut(box)) lost.push(`cut off: ${said}`);
    }
  }
  lines.sort((one, other) => one.top - other.top);
  lines.forEach((one, number) => {
    for (const other of lines.slice(number + 1)) {
      if (other.top > one.bottom - 3) break;
      const beside = other.left > one.right - 2 || other.right < one.left + 2;
      if (!beside && other.parent !== one.parent) lost.push(`both: ${one.said}, ${other.said}`);
    }
  });
  return [...new Set(lost)];
}"""
TAKE_AWAY = """() => {
  document.adoptedStyleSheets = document.adoptedStyleSheets.slice(0, -1);
}"""
SIDEWAYS = "() => document.documentElement.scrollWidth - innerWidth"


@pytest.fixture(scope="module")
def layouts(
    browser: Browser, address: str, app, clock, every: States
) -> Iterator[dict[str, dict[str, Any]]]:
    """What was lost, by kind and then by state."""
    context = browser.new_context()
    tab = Tab(context.new_page(), address)
    found: dict[str, dict[str, Any]] = {kind: {} for kind in LOOKED_FOR}
    tab.page.emulate_media(**SCREEN)
    for state in every.chosen:
        tab.page.set_viewport_size(WIDE)
        state.open(tab, app, clock())
        tab.page.evaluate(UNFOLD)
        measure(tab, state.name, found)
    yield {kind: {at: what for at, what in lost.items() if what} for kind, lost in found.items()}
    context.close()


def measure(tab: Tab, name: str, found: dict[str, dict[str, Any]]) -> None:
    """Look at one page in all sizes."""
    found["targets"][f"{name}, wide"] = tab.page.evaluate(TARGETS)
    tab.page.set_viewport_size(ZOOMED)
    found["targets"][f"{name}, narrow"] = tab.page.evaluate(TARGETS)
    found["zoomed"][name] = lost(tab)
    add_style(tab, SPACED)
    found["spaced"][f"{name}, narrow"] = lost(tab)
    tab.page.set_viewport_size(WIDE)
    found["spaced"][f"{name}, wide"] = lost(tab)
    tab.page.evaluate(TAKE_AWAY)
    add_style(tab, LARGE)
    for size in (WIDE, PHONE, SMALL_PHONE):
        tab.page.set_viewport_size(size)
        found["large"][f"{name}, {size['width']}"] = lost(tab)


def lost(tab: Tab) -> list[str]:
    """Words that cannot be read, and whether the page must be moved sideways."""
    wide = tab.page.evaluate(SIDEWAYS)
    return tab.page.evaluate(LOST) + ([f"{wide} pixels too wide"] if wide > 0 else [])


def test_every_target_is_big_enough_for_stiff_fingers(layouts) -> None:
    assert layouts["targets"] == {}


def test_at_four_hundred_percent_nothing_is_lost(layouts) -> None:
    assert layouts["zoomed"] == {}


def test_with_wide_spacing_nothing_is_lost(layouts) -> None:
    assert layouts["spaced"] == {}


def test_with_letters_twice_as_large_nothing_is_lost(layouts) -> None:
    assert layouts["large"] == {}


BESIDE = """() => [...document.querySelectorAll("main form .nhsuk-button")]
  .map((line) => line.getBoundingClientRect())
  .map((box, at, all) => (at ? box.top - all[at - 1].bottom : 12))"""


def test_none_and_not_sure_stand_apart_where_a_finger_may_slip(
    tab: Tab, app, clock, every: States
) -> None:
    tab.page.set_viewport_size(PHONE)
    questions = rulebook().questionnaire
    lists = [q for q in questions if q.kind == "many"]
    for question in lists:
        every.named[f"{question.id}, fresh"].open(tab, app, clock())
        gaps = tab.page.evaluate(BESIDE)
        assert len(gaps) == 3, question.id
        assert min(gaps) >= 12, question.id
    assert len(lists) > 5


# --- The checks can fail ---


@pytest.mark.parametrize(
    ("kinds", "style"),
    [
        ({"targets"}, ".site-links a { min-block-size: 0 }"),
        ({"targets"}, ".site-links li { margin-block-end: -1rem }"),
        ({"targets"}, ".numbers a { min-inline-size: 0; min-block-size: 0 }"),
        ({"zoomed", "spaced", "large"}, "main { min-inline-size: 90rem }"),
        ({"spaced"}, "main h1 { max-inline-size: max-content; white-space: nowrap }"),
        ({"zoomed", "spaced", "large"}, "main p { max-block-size: 1rem; overflow: hidden }"),
        ({"large"}, "main .lead { min-inline-size: 15rem }"),
        ({"large"}, "main h1 { block-size: 100px; margin-block-end: -1rem }"),
    ],
)
def test_a_planted_fault_is_found(tab: Tab, kinds: set[str], style: str) -> None:
    found: dict[str, dict[str, Any]] = {kind: {} for kind in LOOKED_FOR}
    tab.page.set_viewport_size(WIDE)
    tab.open("/")
    add_style(tab, style)
    measure(tab, "planted", found)
    assert {kind for kind, lost in found.items() if any(lost.values())} >= kinds
