"""Take it with you, in a real browser: the printed sheet, the buttons, and checking a receipt."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.triage.rules import assess_answers
from app.web.journey import Journey, seal_journey
from tests.builders import FRESH, KNOWN, SOAK, answers, rulebook
from tests.documents.test_receipt import forged, published_cases, receipt_of

REGIONS = ["uk", "us", "international"]
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
        app.state.context.keys,
        Journey(
            region=region,
            edition=app.state.context.rulebook.version,
            begun=int(clock()),
            answers=given,
        ),
    )
    tab.page.context.add_cookies([{"name": "journey", "value": sealed, "url": tab.base}])


def parts_on_paper(tab):
    """(Name, cut off beside the paper) of each part of the sheet, in its order."""
    return tab.page.evaluate(
        """() => {
          const sheet = document.querySelector(".one-sheet").getBoundingClientRect();
          return [...document.querySelectorAll(".one-sheet [aria-labelledby], .one-sheet__level")]
            .map((e) => [
              e.getAttribute("aria-labelledby") || "level",
              e.getBoundingClientRect().left > sheet.right - 1 || !e.checkVisibility(),
            ]);
        }"""
    )


@pytest.mark.parametrize("context", [PAPER], indirect=True)
def test_every_result_prints_on_one_sheet_answers_reasons_and_questions_first(tab, app, clock):
    wrong = {}
    for name, region, given in sheets():
        carry(tab, app, clock, region, given)
        tab.open("/result/sheet")
        tab.page.emulate_media(media="print")
        parts = parts_on_paper(tab)
        names, cut = [part for part, _ in parts], [part for part, gone in parts if gone]
        first = ["level", *(part for part in ("ticked", "why", "ask") if part in names)]
        pages = tab.page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")
        rest = [part for part in names if part not in {*first, "receipt-heading"}]
        kept = [part for part in rest if part not in cut]
        if pages != 1 or names[: len(first)] != first or "why" not in first:
            wrong[name, region] = (pages, names)
        if set(cut) & {*first, "receipt-heading"} or kept != rest[: len(kept)]:
            wrong[name, region] = (names, cut)
        tab.page.emulate_media(media="screen")
    assert wrong == {}


@pytest.mark.parametrize("context", [PAPER], indirect=True)
def test_a_printed_result_begins_with_level_reasons_and_answers(tab, app, clock):
    for changes in ({"breath": "confused"}, {"skin": "pus"}, {}, KNOWN):
        carry(tab, app, clock, "uk", answers(changes))
        tab.open("/result")
        tab.page.emulate_media(media="print")
        seen = tab.page.evaluate(
            """() => [...document.querySelectorAll("main > *")]
              .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height > 1)
              .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
              .map((e) => e.getAttribute("aria-labelledby") || e.dataset.level || e.tagName)"""
        )
        level = assess_answers(rulebook(), answers(changes)).urgency.name
        first = [part for part in seen if part not in ("H1", "P")][:3]
        assert first == [level, "why", "your-answers"], changes
        tab.page.emulate_media(media="screen")


@pytest.mark.parametrize("context", [PAPER], indirect=True)
def test_the_bullets_of_the_sheet_are_bullets_and_lines_are_there_to_write_on(tab, app, clock):
    carry(tab, app, clock, "uk", answers(skin="pus"))
    tab.open("/result/sheet")
    tab.page.emulate_media(media="print")
    styles = tab.page.evaluate(
        """() => [...document.querySelectorAll(".one-sheet li")].map((e) => getComputedStyle(e))
          .map((s) => [s.display, s.listStyleType].join(" "))"""
    )
    assert set(styles) == {"list-item disc"}
    assert tab.page.locator("h1").bounding_box()["height"] <= 1, "heard, but no room is lost"
    expect(tab.page.get_by_text("Name:", exact=True)).to_be_visible()
    expect(tab.page.get_by_text("Date of birth:", exact=True)).to_be_visible()
    for hidden in (".sheet-ways", ".site-header", ".site-footer", ".help-line"):
        assert tab.page.locator(hidden).first.is_hidden(), hidden


@pytest.mark.parametrize("context", [PAPER], indirect=True)
def test_what_does_not_fit_on_one_sheet_goes_to_a_second_and_is_never_cut(tab, app, clock):
    carry(tab, app, clock, "uk", answers(skin="pus"))
    tab.open("/result/sheet")
    tab.page.evaluate(
        """() => { const list = document.querySelector("section[aria-labelledby=why] ul");
          const more = () => list.firstElementChild.cloneNode(true);
          list.append(...Array.from({length: 80}, more)); }"""
    )
    assert tab.page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") > 1
    tab.page.emulate_media(media="print")
    assert "why" not in [part for part, gone in parts_on_paper(tab) if gone]


@pytest.mark.parametrize("context", [PAPER], indirect=True)
def test_the_sheet_is_12_point_black_on_white(tab, app, clock):
    for changes in ({"breath": "confused"}, {"skin": "pus"}, {}):
        carry(tab, app, clock, "uk", answers(changes))
        tab.open("/result/sheet")
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
    tab.open("/result/sheet")
    tab.page.click("text=Copy your result as text")
    tab.page.click("[data-copy=sheet-text]")
    expect(tab.page.locator(".copy [role=status]").first).to_have_text("Copied.")
    copied = tab.page.evaluate("() => navigator.clipboard.readText()")
    assert copied == tab.page.locator("#sheet-text").input_value()
    tab.page.click("[data-copy=receipt]")
    expect(tab.page.locator(".copy [role=status]").last).to_have_text("Copied.")
    assert tab.page.evaluate("() => navigator.clipboard.readText()") == receipt_of(given, "uk")


SHARES = """
  window.shared = [];
  navigator.share = async (what) => {
    window.shared.push(what);
    if (window.refusal) throw new DOMException("no", window.refusal);
  };
"""


def test_only_text_is_shared_and_only_where_the_browser_can(tab, app, clock):
    carry(tab, app, clock, "uk", answers())
    tab.page.context.add_init_script("delete Navigator.prototype.share")
    tab.open("/result/sheet")
    assert tab.page.locator("[data-share]").is_hidden()
    assert tab.page.locator("#share-what").is_hidden()
    tab.page.context.add_init_script(SHARES)
    tab.open("/result/sheet")
    button, said = tab.page.locator("[data-share]"), tab.page.locator(".with-share [role=status]")
    button.click()
    text = tab.page.locator("#sheet-text").input_value()
    assert tab.page.evaluate("() => window.shared") == [{"text": text}]
    for refusal, words in [
        ("AbortError", ""),
        ("NotAllowedError", "That did not work. Copy the text instead."),
    ]:
        tab.page.evaluate("(name) => { window.refusal = name; }", refusal)
        button.click()
        expect(said).to_have_text(words)


def test_the_files_are_saved_and_the_page_stays(tab, app, clock):
    carry(tab, app, clock, "uk", answers())
    tab.open("/result/sheet")
    for label, name, begin in [
        ("Save as PDF", "sheet.pdf", b"%PDF-"),
        ("Save as text", "sheet.txt", b"Calcinosis Check"),
    ]:
        with tab.page.expect_download() as waiting:
            tab.page.click(f"text={label}")
        assert waiting.value.suggested_filename == name
        assert Path(waiting.value.path()).read_bytes().startswith(begin)
        assert tab.path == "/result/sheet"


@pytest.mark.parametrize("width", [320, 390])
def test_at_twice_the_size_of_text_nothing_scrolls_sideways(tab, app, clock, width):
    tab.page.set_viewport_size({"width": width, "height": 800})
    carry(tab, app, clock, "uk", answers(skin="pus"))
    wide = {}
    for path in ("/result/sheet", "/verify"):
        tab.open(path)
        tab.page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
        wide[path] = tab.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    tab.open("/result/sheet")
    tab.page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    code = tab.page.locator(".square-code").bounding_box()
    assert code["x"] + code["width"] <= width
    assert abs(code["width"] - code["height"]) < 1
    assert wide == {"/result/sheet": 0, "/verify": 0}


def test_over_plain_http_the_receipt_is_copied_too(browser_over_lan, address, app, clock):
    page = browser_over_lan.new_page()
    base = address.replace("127.0.0.1", "check.clinic.test")
    sealed = seal_journey(
        app.state.context.keys,
        Journey(
            region="uk",
            edition=app.state.context.rulebook.version,
            begun=int(clock()),
            answers=answers(),
        ),
    )
    page.context.add_cookies([{"name": "journey", "value": sealed, "url": base}])
    page.goto(base + "/result/sheet")
    assert page.evaluate("() => navigator.clipboard === undefined")
    page.click("[data-copy=receipt]")
    expect(page.locator(".copy [role=status]").last).to_have_text("Copied.")
    page.goto(base + "/verify")
    page.focus("#receipt")
    page.keyboard.press("Control+V")
    assert page.locator("#receipt").input_value() == receipt_of(answers(), "uk")


def test_the_button_opens_the_print_dialogue(tab, app, clock):
    carry(tab, app, clock, "uk", answers())
    tab.open("/result/sheet")
    tab.page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    tab.page.click("[data-print]")
    assert tab.page.evaluate("() => window.printed")
    assert tab.page.locator(".without-script").first.is_hidden()


@pytest.mark.parametrize("context", [{"java_script_enabled": False}], indirect=True)
def test_without_script_there_is_a_hint_instead_of_buttons(tab, app, clock):
    carry(tab, app, clock, "uk", answers())
    tab.open("/result/sheet")
    for button in ("[data-print]", "[data-copy=receipt]", "[data-share]"):
        assert tab.page.locator(button).is_hidden()
    assert tab.page.locator(".without-script").is_visible()
    assert tab.page.locator("a[href='/result/sheet.pdf']").is_visible()
    tab.page.click("text=Copy your result as text")
    expect(tab.page.locator("#sheet-text")).to_be_visible()


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
    tab.open("/result/sheet")
    tab.page.evaluate("() => document.documentElement.classList.add('shares')")
    tab.page.locator("main details").evaluate("element => { element.open = true; }")
    check("sheet, text unfolded")
    assert problems == {}
