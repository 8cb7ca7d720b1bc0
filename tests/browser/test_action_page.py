"""The result in a real browser: how long it is, what stands beside it, how levels look."""

import pytest

from app.web.journey import Journey, seal_journey
from tests.browser.test_weight import LEVELS
from tests.builders import answers, rulebook
from tests.web.test_golden_results import SCLERODERMA, UNSURE
from tests.web.test_journeys import QUIET

PHONE = {"viewport": {"width": 390, "height": 844}}
WIDE = {"viewport": {"width": 1280, "height": 900}}
THREE_SCREENS = 3 * 844
SCLERODERMA_HEIGHT = 2_800
"""Pixels; their own signs of an emergency are more than three screens hold."""
TALLEST = dict.fromkeys([*LEVELS, "unsure"], THREE_SCREENS) | {"scleroderma": SCLERODERMA_HEIGHT}


def person(name):
    """The answers of one of these people."""
    if name in LEVELS:
        return answers(LEVELS[name])
    given, said = {}, UNSURE if name == "unsure" else QUIET | SCLERODERMA
    while question := rulebook().questionnaire.trace_path(given).next:
        given[question.id] = frozenset(said.get(question.id, [question.unsure]))
    return given


def open_result(tab, app, clock, name):
    """The result of this person in the United Kingdom."""
    edition = app.state.context.rulebook.version
    journey = Journey("uk", int(clock()), person(name), edition=edition)
    sealed = seal_journey(app.state.context.keys, journey)
    tab.page.context.add_cookies([{"name": "journey", "value": sealed, "url": tab.base}])
    tab.open("/result")


@pytest.mark.parametrize("context", [PHONE], indirect=True)
def test_what_is_not_folded_is_at_most_three_screens_of_a_phone(tab, app, clock):
    heights = {}
    for name in TALLEST:
        open_result(tab, app, clock, name)
        height = "() => Math.ceil(document.querySelector('main').getBoundingClientRect().height)"
        heights[name] = tab.page.evaluate(height)
        assert not tab.page.locator(".at-a-glance").is_visible()
    assert {name: px for name, px in heights.items() if px > TALLEST[name]} == {}


@pytest.mark.parametrize("context", [WIDE], indirect=True)
def test_a_wide_screen_has_the_sum_of_it_beside_and_it_covers_nothing(tab, app, clock):
    open_result(tab, app, clock, "same_day")
    beside = tab.page.locator(".at-a-glance > div")
    assert "Today" in beside.inner_text()
    assert beside.locator("a[href='tel:111']").is_visible()
    for link in beside.locator("a[href^='#']").all():
        assert tab.page.locator(f"h2{link.get_attribute('href')}").count() == 1
    covered = """() => {
      const box = document.querySelector(".at-a-glance > div").getBoundingClientRect();
      return [...document.querySelectorAll("main > :not(.at-a-glance), header, footer")]
        .map((e) => e.getBoundingClientRect())
        .some((r) => r.height && r.right > box.left && r.left < box.right
          && r.bottom > box.top && r.top < box.bottom);
    }"""
    for share in (0, 0.5, 1):
        tab.page.evaluate("(share) => scrollTo(0, share * document.body.scrollHeight)", share)
        assert tab.page.evaluate(covered) is False


LOOK = """() => {
  const head = document.querySelector(".nhsuk-card__heading-container");
  const style = getComputedStyle(head);
  const light = (rgb) => {
    const [r, g, b] = rgb.match(/\\d+/g).map((n) => n / 255)
      .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ink = getComputedStyle(head.querySelector("h1")).color;
  const [a, b] = [light(style.backgroundColor), light(ink)];
  return [style.backgroundColor, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_level_has_a_colour_of_its_own_and_its_words_stand_out(tab, app, clock, scheme):
    tab.page.emulate_media(color_scheme=scheme)
    seen = {}
    for name in LEVELS:
        open_result(tab, app, clock, name)
        seen[name] = tab.page.evaluate(LOOK)
    assert len({colour for colour, _ in seen.values()}) == len(LEVELS)
    assert {name: contrast for name, (_, contrast) in seen.items() if contrast < 7} == {}


def test_without_our_colours_the_shape_still_tells_the_level(tab, app, clock):
    tab.page.emulate_media(forced_colors="active")
    for name in LEVELS:
        open_result(tab, app, clock, name)
        shape = tab.page.locator("h1 >> xpath=preceding-sibling::*[local-name()='svg']")
        assert shape.is_visible()
        assert shape.evaluate("(e) => getComputedStyle(e).stroke") == tab.page.locator(
            "h1"
        ).evaluate("(e) => getComputedStyle(e).color")
