"""The pages to read and to check us, in a real browser: they fit, can be used, and links arrive."""

import pytest
from playwright.sync_api import expect

from app.web.learn import GROUPS

READING = ["/learn", "/learn/words", *(f"/learn/{id_}" for ids in GROUPS.values() for id_ in ids)]
OTHERS = [
    *("/rules", "/rules/types", "/rules/evidence", "/rules/look-alikes", "/rules/sources"),
    *("/accessibility", "/verify", "/wrong-advice"),
]
NO_SCRIPT = {"java_script_enabled": False}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def screen(scheme, width):
    return {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}


@pytest.mark.parametrize(
    "context",
    [screen(scheme, width) for scheme in ("light", "dark") for width in (320, 1280)],
    indirect=True,
    ids=["light-320", "light-1280", "dark-320", "dark-1280"],
)
def test_every_page_passes_the_accessibility_checker_and_fits(tab, axe):
    problems = {}
    for path in [*READING, *OTHERS]:
        tab.open(path)
        # Unfolded, since the checker looks at nothing that is hidden.
        tab.page.evaluate(
            "() => document.querySelectorAll('details').forEach((d) => d.open = true)"
        )
        found = tab.page.evaluate(
            f"{axe}; axe.run(document, {{resultTypes: ['violations'], runOnly: {RULES}}})"
            ".then((r) => r.violations.map((v) => [v.id, ...v.nodes.map((n) => n.html)]))"
        )
        assert isinstance(found, list), "the checker did not run"
        wide = tab.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        if found or wide > 0:
            problems[path] = [*found, wide]
    assert problems == {}


@pytest.mark.parametrize("context", [screen("light", 360)], indirect=True)
def test_what_leads_on_is_big_enough_for_stiff_fingers(tab):
    for path in ["/learn", "/learn/words", "/learn/toes", "/rules"]:
        tab.open(path)
        tab.page.evaluate(
            "() => document.querySelectorAll('details').forEach((d) => d.open = true)"
        )
        small = tab.page.evaluate(
            """() => [...document.querySelectorAll(
                ".pages a, .contents a, .letters a, .help-line li a, footer a, button, summary")]
              .map((e) => [e.outerHTML, e.getBoundingClientRect()])
              .filter(([, box]) => box.height < 44 || box.width < 44)
              .map(([html, box]) => `${html} ${box.width} ${box.height}`)"""
        )
        assert small == [], path


@pytest.mark.parametrize("context", [screen("light", 320)], indirect=True)
def test_with_wide_spacing_no_text_is_cut_off(tab):
    for path in ["/learn/types", "/learn/when-to-see-a-doctor", "/learn/home-remedies", "/rules"]:
        tab.open(path)
        cut = tab.page.evaluate(
            """() => {
              const sheet = new CSSStyleSheet();
              sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important;
                word-spacing: .16em !important } p { margin-block-end: 2em !important }`);
              document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
              return [...document.querySelectorAll("main *")]
                .filter((e) => e.checkVisibility() && !e.closest("svg, thead, caption"))
                .filter((e) => !e.matches(".nhsuk-u-visually-hidden, [aria-hidden]"))
                .filter((e) => getComputedStyle(e).overflow !== "visible")
                .filter((e) => e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight)
                .map((e) => e.outerHTML.slice(0, 80));
            }"""
        )
        assert cut == [], path
        assert tab.page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0, (
            path
        )


def test_a_medical_word_leads_to_its_meaning_with_the_focus_there(tab):
    tab.open("/learn/fingers")
    tab.page.click("main a[href='/learn/words#gout']")
    expect(tab.page.locator("#gout")).to_be_focused()
    assert tab.path == "/learn/words#gout"
    assert tab.page.locator("#gout").evaluate("e => e.getBoundingClientRect().top") < 100
    tab.page.go_back()
    tab.at("/learn/fingers")


@pytest.mark.parametrize("context", [NO_SCRIPT], indirect=True)
def test_without_script_a_medical_word_leads_to_its_meaning_too(tab):
    tab.open("/learn/fingers")
    tab.page.click("main a[href='/learn/words#gout']")
    tab.at("/learn/words#gout")
    expect(tab.page.locator("#gout")).to_be_in_viewport()


def test_a_source_of_a_rule_leads_to_its_entry(tab):
    tab.open("/rules#E4")
    expect(tab.page.locator("#E4")).to_be_in_viewport()
    tab.page.locator("#E4 .origin a").first.click()
    expect(tab.page.locator("main h1")).to_have_text("Our sources")
    aimed = tab.path.partition("#")[2]
    expect(tab.page.locator(f"[id='{aimed}']")).to_be_focused()


def test_the_drawing_opens_and_is_drawn_under_our_own_policy(tab):
    tab.open("/rules")
    picture = tab.page.locator("main img")
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1240
    tab.page.locator(".drawing").click()
    tab.at("/rules/flow.svg")
    box = tab.page.locator("rect[rx='6']").first
    assert box.evaluate("e => getComputedStyle(e).fill") == "rgb(255, 255, 255)"
    tab.complaints[:] = [said for said in tab.complaints if "favicon" in said]


def test_from_a_page_to_read_a_person_gets_to_the_questions(tab):
    tab.open("/learn/what-is-calcinosis")
    tab.page.click("main .onward a")
    expect(tab.page.locator("main h1")).to_be_focused()
    assert tab.path == "/"
