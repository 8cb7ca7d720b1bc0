"""Take it with you, in a real browser: the printed sheet, the buttons, and checking a receipt."""

import pytest
from playwright.sync_api import expect

from app.triage.rules import assess_answers
from app.web.journey import Journey, seal_journey
from tests.builders import FRESH, KNOWN, SOAK, answers, rulebook
from tests.documents.test_receipt import forged, published_cases, receipt_of

REGIONS = ["uk", "us", "international"]
NEEDED = {"watch", "why", "type-on-paper", "do-not", "take"}
"""The parts of the sheet that are never dropped, beside the card."""
IN_ORDER = ["watch-more", "ask", "your-answers", "self-care", "tests", "treatments"]
"""The parts that are there as far as they fit, the first first."""
PAPER = {"viewport": {"width": 718, "height": 1066}}
"""A4 within the margins of the sheet, in CSS pixels."""


def density(given):
    """How much the parts that are never dropped have to say, in letters."""
    words, found = rulebook().wording["en"], assess_answers(rulebook(), given)
    leading_findings = [f for f in found.findings if f.urgency == found.urgency]
    advised = [a for part in ("watch", "do_not", "ask") for a in found.advice[part]]
    return sum(len(words.rules[f.rule].reason) for f in leading_findings) + sum(
        len(words.advice[a.id]) for a in advised
    )


def sheets():
    """(Name, region, answers): every published case, or the densest; and one of each level."""
    cases = [(case.entry.id, case.answers) for case in published_cases()]
    if not SOAK:
        cases = sorted(cases, key=lambda case: -density(case[1]))[:12]
    made = {
        "emergency": {"breath": "confused"},
        "same_day": {"skin": "pus"},
        "soon": {"change": "grown"},
        "routine": {},
        "self_care": KNOWN,
        "self_care, fresh": FRESH,
    }
    for level, changes in made.items():
        assert assess_answers(rulebook(), answers(changes)).urgency.name == level.partition(",")[0]
    cases += [(level, answers(changes)) for level, changes in made.items()]
    regions = REGIONS if SOAK else REGIONS[2:]  # its words are the longest
    return [(name, region, given) for name, given in cases for region in regions]


def carry(tab, app, clock, region, given):
    """Give the browser these answers, as if it had been asked."""
    sealed = seal_journey(
        app.state.context.key,
        Journey(
            region=region,
            edition=app.state.context.rulebook.version,
            begun=int(clock()),
            answers=given,
        ),
    )
    tab.page.context.add_cookies([{"name": "journey", "value": sealed, "url": tab.base}])


def parts_on_paper(tab):
    """(Name, on the sheet, reaches over its edge) of every part that paper shows."""
    return tab.page.evaluate(
        """() => {
          const sheet = document.querySelector("main").getBoundingClientRect();
          const end = (name) => name === "take" ? innerHeight : sheet.bottom;
          return [...document.querySelectorAll("main > *")]
            .map((e) => [e.getAttribute("aria-labelledby") || e.tagName, e.getBoundingClientRect()])
            .filter(([, box]) => box.height)
            .map(([name, box]) =>
              [name, box.left < sheet.right - 1, box.bottom > end(name) + 0.5]);
        }"""
    )


@pytest.mark.parametrize("context", [PAPER], indirect=True)
def test_every_result_prints_on_one_sheet_with_all_that_matters(tab, app, clock):
    wrong = {}
    for name, region, given in sheets():
        carry(tab, app, clock, region, given)
        tab.open("/result")
        tab.page.emulate_media(media="print")
        parts = parts_on_paper(tab)
        on_sheet = [part for part, there, _ in parts if there]
        dropped = [part for part, there, _ in parts if not there]
        over = [part for part, there, beyond in parts if there and beyond]
        left = [part for part in IN_ORDER if part in dropped]
        pages = tab.page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")
        expected = {p for p in NEEDED if tab.page.locator(f"main #{p}").count()}
        parts_present = [part for part in IN_ORDER if part in on_sheet or part in dropped]
        if (
            pages != 1
            or over
            or not {*expected, "H1", "DIV"} <= set(on_sheet)
            or left != parts_present[len(parts_present) - len(left) :]
        ):
            wrong[name, region] = (pages, over, dropped)
        tab.page.emulate_media(media="screen")
    assert wrong == {}


@pytest.mark.parametrize("context", [PAPER], indirect=True)
def test_the_sheet_is_12_point_black_on_white(tab, app, clock):
    for changes in ({"breath": "confused"}, {"skin": "pus"}, {}):
        carry(tab, app, clock, "uk", answers(changes))
        tab.open("/result")
        tab.page.emulate_media(media="print")
        poor = tab.page.evaluate(
            """() => [...document.querySelectorAll("header *, main, main *")]
              .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height > 1)
              .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
              .map((e) => [e.outerHTML.slice(0, 60), getComputedStyle(e)])
              .filter(([, style]) => parseFloat(style.fontSize) < 16
                || style.color !== "rgb(0, 0, 0)"
                || !["rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"].includes(style.backgroundColor))
              .map(([html, style]) =>
                [html, style.fontSize, style.color, style.backgroundColor].join(" "))"""
        )
        assert poor == [], changes
        tab.page.emulate_media(media="screen")


@pytest.mark.parametrize("context", [{"permissions": ["clipboard-read"]}], indirect=True)
def test_the_buttons_copy_the_text_and_the_receipt(tab, app, clock):
    given = answers()
    carry(tab, app, clock, "uk", given)
    tab.open("/result")
    tab.page.click("text=Copy your result as text")
    tab.page.click("[data-copy=result-text]")
    expect(tab.page.locator(".take [role=status]").first).to_have_text("Copied.")
    copied = tab.page.evaluate("() => navigator.clipboard.readText()")
    assert copied == tab.page.locator("#result-text").input_value()
    tab.page.click("[data-copy=receipt]")
    expect(tab.page.locator(".take [role=status]").last).to_have_text("Copied.")
    assert tab.page.evaluate("() => navigator.clipboard.readText()") == receipt_of(given)


def test_over_plain_http_the_receipt_is_copied_too(browser_over_lan, address, app, clock):
    page = browser_over_lan.new_page()
    base = address.replace("127.0.0.1", "check.clinic.test")
    sealed = seal_journey(
        app.state.context.key,
        Journey(
            region="uk",
            edition=app.state.context.rulebook.version,
            begun=int(clock()),
            answers=answers(),
        ),
    )
    page.context.add_cookies([{"name": "journey", "value": sealed, "url": base}])
    page.goto(base + "/result")
    assert page.evaluate("() => navigator.clipboard === undefined")
    page.click("[data-copy=receipt]")
    expect(page.locator(".take [role=status]").last).to_have_text("Copied.")
    page.goto(base + "/verify")
    page.focus("#receipt")
    page.keyboard.press("Control+V")
    assert page.locator("#receipt").input_value() == receipt_of(answers())


def test_the_button_opens_the_print_dialogue(tab, app, clock):
    carry(tab, app, clock, "uk", answers())
    tab.open("/result")
    tab.page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    tab.page.click("[data-print]")
    assert tab.page.evaluate("() => window.printed")
    assert tab.page.locator(".without-script").first.is_hidden()


@pytest.mark.parametrize("context", [{"java_script_enabled": False}], indirect=True)
def test_without_script_there_is_a_hint_instead_of_buttons(tab, app, clock):
    carry(tab, app, clock, "uk", answers())
    tab.open("/result")
    assert tab.page.locator("[data-print]").is_hidden()
    assert tab.page.locator("[data-copy=receipt]").is_hidden()
    assert tab.page.locator(".take .without-script").is_visible()
    tab.page.click("text=Copy your result as text")
    expect(tab.page.locator("#result-text")).to_be_visible()


@pytest.mark.parametrize("context", [{}, {"java_script_enabled": False}], indirect=True)
def test_a_receipt_is_checked_with_and_without_script(tab):
    tab.open("/verify")
    tab.page.click("main form button")
    expect(tab.page.locator("#problem")).to_be_focused()
    tab.page.click("#problem a")
    expect(tab.page.locator("#receipt")).to_be_focused()
    tab.page.fill("#receipt", receipt_of(answers(skin=["pus"])))
    tab.page.click("main form button")
    expect(tab.page.locator("#compared")).to_have_text("The receipt and the rules say the same")
    expect(tab.page.locator("[data-level=same_day]")).to_be_visible()
    assert tab.path.partition("#")[0] == "/verify"


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 320), ("light", 1280), ("dark", 320), ("dark", 1280)]
)
def test_the_pages_pass_the_accessibility_checker_and_fit(tab, axe, app, clock, scheme, width):
    problems = {}
    tab.page.set_viewport_size({"width": width, "height": 800})
    tab.page.emulate_media(color_scheme=scheme)

    def check(state):
        found = tab.page.evaluate(
            axe
            + """; axe.run(document, {resultTypes: ["violations"],
              runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
              .then((r) => r.violations.map((v) => [v.id, ...v.nodes.map((n) => n.html)]))"""
        )
        wide = tab.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        if found or wide > 0:
            problems[state] = [*found, wide]

    def verify(text):
        tab.open("/verify")
        tab.page.fill("#receipt", text)
        tab.page.click("main form button")
        tab.page.wait_for_selector("#problem, #compared")

    for path in ["/verify", "/wrong-advice"]:
        tab.open(path)
        check(path)
    verify("nothing")
    check("refused")
    for level in ({"breath": "confused"}, {"skin": "pus"}, {}):
        verify(receipt_of(answers(level)))
        tab.page.locator("main details").last.evaluate("element => { element.open = true; }")
        check(f"receipt of {level}")
    verify(forged([("age", "adult"), ("breath", "confused")], "SELF-CARE"))
    check("they differ")
    carry(tab, app, clock, "uk", answers())
    tab.open("/result")
    tab.page.locator(".take details").evaluate("element => { element.open = true; }")
    check("result, text unfolded")
    assert problems == {}
