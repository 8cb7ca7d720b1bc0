"""The body map in a real browser: every part ticks exactly its own line, whatever the browser."""

from itertools import product, takewhile

import pytest
from playwright.sync_api import expect

from app.presentation.body_map import load_body_map
from tests.browser.states import State
from tests.web.test_journeys import QUIET

PHONE = {"viewport": {"width": 360, "height": 900}}
NO_SCRIPT = {**PHONE, "java_script_enabled": False}
VIEWS = [view.id for view in load_body_map()]
FINGERTIP = 44  # CSS pixels that a target needs in both directions

# What lies on top at every fourth pixel of the open picture: the id that a tap there would reach,
# and whether the point lies in the figure. Then, for each part, the biggest square that fits.
SHOWN = """[...document.querySelectorAll(".map-view")].find((one) => one.checkVisibility())"""
SCROLL = f"() => {SHOWN}.scrollIntoView()"
MAPPED = """() => {
  const step = 4;
  const view = SHOWN;
  view.scrollIntoView();
  const box = view.getBoundingClientRect();
  const outline = view.querySelector(".map-outline");
  const toPicture = outline.getScreenCTM().inverse();
  const rows = [];
  for (let y = box.top + 2; y < box.bottom; y += step) {
    const row = [];
    for (let x = box.left + 2; x < box.right; x += step) {
      const at = document.elementFromPoint(x, y)?.closest("label")?.htmlFor ?? "";
      const inside = !outline.isPointInFill(new DOMPoint(x, y).matrixTransform(toPicture));
      row.push({ x, y, at, inside });
    }
    rows.push(row);
  }
  const parts = {};
  for (const label of view.querySelectorAll(".map-part")) {
    parts[label.htmlFor] ??= { side: 0, square: null, inside: 0, points: 0 };
  }
  const sides = rows.map((row) => row.map(() => 0));
  rows.forEach((row, r) => row.forEach((point, c) => {
    if (!parts[point.at]) return;
    const near = [[r - 1, c], [r, c - 1], [r - 1, c - 1]].map(
      ([i, j]) => (rows[i]?.[j]?.at === point.at ? sides[i][j] : 0));
    sides[r][c] = 1 + Math.min(...near);
    const part = parts[point.at];
    part.points += 1;
    part.inside += point.inside;
    const side = sides[r][c] * step;
    const square = [point.x - side + step, point.y - side + step];
    if (side > part.side) Object.assign(part, { side, square });
  }));
  return {
    parts,
    bare: rows.flat().filter((point) => point.inside && !parts[point.at]).map(({ x, y }) => [x, y]),
  };
}""".replace("SHOWN", SHOWN)


# What a tap in the middle of the lowest edge of a part would reach.
OVER = """path => {
  const box = path.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2 + 25, box.bottom - 6];
  return [x, y, document.elementFromPoint(x, y)?.closest("label")?.htmlFor];
}"""
# The name that stands in the picture for as long as the pointer is on a part.
POINTED = """() => [...document.querySelectorAll(".map-part")]
  .map((part) => getComputedStyle(part, "::after").content)
  .filter((content) => content !== "none").map((content) => JSON.parse(content)).join()"""


@pytest.fixture
def place(tab, app, clock):
    """The question about the place, and the questions before it answered."""
    before = takewhile(lambda question: question != "place", QUIET)
    given = {question: frozenset(QUIET[question]) for question in before}
    State("place", "/check/place", given).open(tab, app, clock())
    return tab


def open_view(tab, view):
    tab.page.click(f".map-button[for=map-{view}]")
    expect(tab.page.locator(f".map-view-{view}")).to_be_visible()


def ticked(tab):
    """The lines of the list that are ticked."""
    lines = tab.page.eval_on_selector_all(
        ".nhsuk-checkboxes input:checked", "lines => lines.map((line) => line.id)"
    )
    return set(lines)


def points_of(part):
    """The middle of the biggest square in a part, and points near its corners."""
    left, top = part["square"]
    near, far, middle = 0.15 * part["side"], 0.85 * part["side"], 0.5 * part["side"]
    return [
        (left + middle, top + middle),
        *((left + dx, top + dy) for dx in (near, far) for dy in (near, far)),
    ]


@pytest.mark.parametrize("context", [PHONE], indirect=True)
@pytest.mark.parametrize("view", VIEWS)
def test_every_part_is_there_for_a_fingertip_and_the_figure_has_no_bare_spot(place, view):
    open_view(place, view)
    mapped = place.page.evaluate(MAPPED)
    assert mapped["bare"] == []
    small = {id_: part["side"] for id_, part in mapped["parts"].items() if part["side"] < FINGERTIP}
    assert small == {}
    unseen = [id_ for id_, part in mapped["parts"].items() if part["inside"] < 4]
    assert unseen == [], "a part must show in the figure"


@pytest.mark.parametrize("context", [NO_SCRIPT], indirect=True)
@pytest.mark.parametrize("view", VIEWS)
def test_without_script_each_part_ticks_its_own_line_and_no_other(place, view):
    open_view(place, view)
    parts = place.page.evaluate(MAPPED)["parts"]
    mouse = place.page.mouse
    for id_, part in parts.items():
        for x, y in points_of(part):
            mouse.click(x, y)
            if id_.startswith("map-"):
                shown = id_.removeprefix("map-")
                expect(place.page.locator(f".map-view-{shown}")).to_be_visible()
                assert ticked(place) == set()
                open_view(place, view)
                place.page.evaluate(SCROLL)  # to where the parts were measured
                continue
            assert ticked(place) == {id_}
            mouse.click(x, y)
            assert ticked(place) == set()


@pytest.mark.parametrize("context", [{**PHONE, "has_touch": True}, NO_SCRIPT], indirect=True)
def test_what_is_tapped_on_the_picture_is_what_is_sent(place):
    open_view(place, "hands")
    part = place.page.evaluate(MAPPED)["parts"]["place-finger"]
    place.page.mouse.click(*points_of(part)[0])
    place.page.click("main form button")
    place.at("/check/change")
    place.open("/check/place")
    assert ticked(place) == {"place-finger"}


@pytest.mark.parametrize(
    "context",
    [{**PHONE, "has_touch": True, "is_mobile": True}, NO_SCRIPT],
    indirect=True,
    ids=["touch", "no script"],
)
def test_a_tap_never_scrolls_the_picture_away(place):
    page = place.page
    touch = page.evaluate("() => navigator.maxTouchPoints > 0")
    parts = page.evaluate(MAPPED)["parts"]
    before = page.evaluate("() => scrollY")
    for id_ in ("place-chest", "place-knee", "place-shoulder", "place-knee"):
        (page.touchscreen.tap if touch else page.mouse.click)(*points_of(parts[id_])[0])
        assert page.evaluate("() => scrollY") == before
    assert ticked(place) == {"place-chest", "place-shoulder"}


def test_the_keyboard_still_scrolls_to_its_line_after_a_click_on_the_picture(place):
    page = place.page
    page.mouse.click(*points_of(page.evaluate(MAPPED)["parts"]["place-chest"])[0])
    for _ in range(8):
        page.keyboard.press("Tab")
        assert page.evaluate(
            """() => {
              const box = document.activeElement.getBoundingClientRect();
              return box.top >= 0 && box.bottom <= innerHeight;
            }"""
        )


def colour(tab, view, place):
    return tab.page.locator(f".map-view-{view} .at-{place} path").first.evaluate(
        "path => getComputedStyle(path).fill"
    )


@pytest.mark.parametrize(
    "context",
    [{}, {"color_scheme": "dark"}, {"forced_colors": "active"}, NO_SCRIPT],
    indirect=True,
    ids=["light", "dark", "forced colours", "no script"],
)
def test_a_tick_in_the_list_shows_on_the_picture_in_colour_and_in_words(place):
    page = place.page
    before = colour(place, "front", "knee")
    expect(page.locator(".map-nothing")).to_be_visible()
    page.locator("#place-knee").focus()
    page.keyboard.press("Space")
    assert colour(place, "front", "knee") == colour(place, "back", "knee") != before
    assert colour(place, "front", "thigh") == before
    expect(page.locator(".map-picked .at-knee")).to_be_visible()
    expect(page.locator(".map-picked .at-thigh")).to_be_hidden()
    expect(page.locator(".map-nothing")).to_be_hidden()


@pytest.mark.parametrize("height", [640, 844])
def test_nothing_lies_over_the_picture(place, height):
    place.page.set_viewport_size({"width": 390, "height": height})
    place.page.check("#place-knee")
    place.page.check("#place-finger")
    view = place.page.locator(".map-view-front")
    for part in ("tummy", "hip", "knee", "shin"):
        target = view.locator(f"[for=place-{part}] path").first
        target.evaluate("path => path.scrollIntoView({ block: 'end' })")
        x, y, found = target.evaluate(OVER)
        assert found == f"place-{part}"
        place.page.mouse.move(x, y)
        shown = place.page.evaluate(POINTED)
        assert shown == place.page.inner_text(f".nhsuk-checkboxes [for=place-{part}]")
    place.page.mouse.move(1, 1)
    assert place.page.evaluate(POINTED) == ""


def test_a_tick_in_a_close_view_shows_on_the_whole_body(place):
    before = colour(place, "front", "toe")
    place.page.check("#place-toe")
    assert colour(place, "front", "toe") != before
    assert colour(place, "back", "toe") != before


def test_not_in_one_place_with_a_place_is_asked_back_and_back_keeps_the_place(place):
    place.page.check("#place-knee")
    before = colour(place, "front", "knee")
    place.page.click("#place-nowhere")
    expect(place.page.locator("main h1")).to_have_text("Which one is right?")
    place.page.click("main form button")
    place.page.wait_for_url("**/check/change")
    place.open("/check/place")
    assert ticked(place) == {"place-knee"}
    assert colour(place, "front", "knee") == before


def test_the_keyboard_and_a_screen_reader_meet_the_list_alone(place):
    tree = place.page.context.new_cdp_session(place.page).send("Accessibility.getFullAXTree")
    named = [
        (node["role"]["value"], node["name"]["value"])
        for node in tree["nodes"]
        if not node["ignored"] and node.get("role", {}).get("value") in {"checkbox", "radio"}
    ]
    words = place.page.locator(".nhsuk-checkboxes__label").all_inner_texts()
    assert sorted(named) == sorted(("checkbox", text) for text in words)
    place.page.locator("main h1").focus()
    for _ in range(len(words) + 3):
        place.page.keyboard.press("Tab")
        assert place.page.evaluate("() => !document.activeElement.closest('.body-map')")


@pytest.mark.parametrize(
    ("scheme", "width"), list(product(("light", "dark"), (320, 768, 1120, 1280)))
)
def test_the_page_passes_the_accessibility_checker_and_fits(place, axe, scheme, width):
    place.page.set_viewport_size({"width": width, "height": 800})
    place.page.emulate_media(color_scheme=scheme)
    place.page.evaluate(axe)
    for view in VIEWS:
        open_view(place, view)
        place.page.check("#place-knee")
        found = place.page.evaluate(
            "() => axe.run(document, {resultTypes: ['violations']})"
            ".then((r) => r.violations.map((v) => [v.id, ...v.nodes.map((n) => n.html)]))"
        )
        assert found == [], view
        wide = place.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, view


@pytest.mark.parametrize("context", [PHONE], indirect=True)
def test_the_list_stays_where_it_is_when_places_are_picked(place):
    line = place.page.locator("#place-knee")
    before = line.evaluate("input => input.getBoundingClientRect().top + scrollY")
    for id_ in ("finger", "genital", "testicle", "injection", "widespread"):
        place.page.check(f"#place-{id_}")
        assert line.evaluate("input => input.getBoundingClientRect().top + scrollY") == before


def test_a_browser_too_old_for_the_picture_gets_the_list_alone(place):
    rules = place.page.evaluate(
        """() => [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
          .filter((rule) => rule.selectorText === ".body-map").map((rule) => rule.style.display)"""
    )
    assert rules == ["none"]
