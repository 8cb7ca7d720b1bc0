"""The self-check in a real browser: with script, without, by keyboard, and when things break."""

import pytest
from playwright.sync_api import expect

from tests.builders import rulebook
from tests.web.test_journeys import QUIET

NO_SCRIPT = {"java_script_enabled": False}
NO_WORKER = {"service_workers": "block"}
"""What asks goes on the line by itself, and is seen there."""
LISTS = {q.id: {q.none, q.unsure} for q in rulebook().questionnaire if q.kind == "many"}
"""The buttons of each list to tick."""


def result_of(tab):
    tab.open("/result")
    return tab.page.locator("[data-level]").first.get_attribute("data-level")


def test_the_journey_with_its_script_never_loads_a_whole_page(tab):
    tab.start()
    loads = []
    tab.page.on("load", lambda _: loads.append(tab.path))
    tab.walk(QUIET)
    assert tab.path == "/answers"
    assert loads == []
    tab.page.click("main a.nhsuk-button")
    tab.at("/result")
    assert tab.page.locator("[data-level]").get_attribute("data-level") == "routine"


def answer_all(tab):
    """From the start page over every question to the list of answers, by tick and button."""
    tab.open("/")
    tab.page.select_option("#region", "uk")
    tab.page.click("main form button")
    for question, options in QUIET.items():
        tab.at(f"/check/{question}")
        tab.page.click(tab.tick(*options))
    tab.at("/answers")


@pytest.mark.parametrize("context", [NO_SCRIPT], indirect=True)
def test_the_journey_without_script_ends_in_the_same_result(tab):
    answer_all(tab)
    assert result_of(tab) == "routine"


def test_the_journey_by_keyboard_alone_ends_in_the_same_result(tab):
    tab.open("/")
    tab.page.locator("#region").focus()
    tab.page.keyboard.type("England")
    press_until(tab, "main form button")
    tab.page.keyboard.press("Enter")
    for question, options in QUIET.items():
        tab.at(f"/check/{question}")
        expect(tab.page.locator("main h1")).to_be_focused()
        press_until(tab, f"#{question}-{options[0]}")
        if options[0] not in LISTS.get(question, ()):
            tab.page.keyboard.press("Space")
            press_until(tab, "main form button")
        tab.page.keyboard.press("Enter")
    tab.at("/answers")
    assert result_of(tab) == "routine"


def test_what_was_not_ticked_looks_like_every_other_row_of_the_answers(tab):
    tab.start()
    tab.walk(QUIET)
    looks = tab.page.locator(".nhsuk-summary-list__row").evaluate_all(
        """all => all.map((row) => getComputedStyle(row))
          .map(({ boxShadow, outlineStyle, backgroundColor, color }) =>
            [boxShadow, outlineStyle, backgroundColor, color].join())"""
    )
    assert len(looks) > 5
    assert len(set(looks)) == 1


def press_until(tab, selector):
    """Tab on, and with the arrows inside a group of radios, until this has the focus."""
    wanted = tab.page.locator(selector).first
    for _ in range(60):
        there, same = wanted.evaluate(
            """element => [
              element === document.activeElement,
              element.type === "radio" && document.activeElement.type === "radio",
            ]"""
        )
        if there:
            return
        tab.page.keyboard.press("ArrowDown" if same else "Tab")
    raise AssertionError(f"{selector} cannot be reached by keyboard")


def test_after_each_swap_the_focus_is_on_the_heading(tab):
    tab.start()
    for options in list(QUIET.values())[:5]:
        tab.answer(*options)
        assert tab.focused == "H1#"


def test_after_a_refused_answer_the_focus_is_on_the_summary(tab):
    tab.start()
    tab.page.click("main form button")
    expect(tab.page.locator("#problem")).to_be_focused()
    assert tab.page.title().startswith("Error: ")
    tab.page.click("#problem a")
    assert tab.focused == "INPUT#age-under_3m"


@pytest.mark.parametrize("context", [NO_SCRIPT], indirect=True)
def test_without_script_too_the_summary_takes_the_focus(tab):
    tab.open("/")
    tab.page.click("main form button")
    expect(tab.page.locator("#problem")).to_be_focused()


def test_a_refused_answer_is_no_new_step_for_back(tab):
    tab.start()
    tab.answer("adult")
    tab.page.click("main form button")
    expect(tab.page.locator("#problem")).to_be_visible()
    tab.page.go_back()
    tab.at("/check/age")


@pytest.mark.parametrize("context", [NO_WORKER], indirect=True)
def test_back_pressed_twice_before_the_script_has_come_shows_the_page_of_the_address(tab):
    tab.start()
    tab.answer("adult")
    tab.answer("none")
    held = []
    tab.page.route("**/site.*.js", lambda route: held.append(route))
    tab.page.go_back(wait_until="commit")
    tab.page.wait_for_url("**/check/breath", wait_until="commit")
    expect(tab.page.locator("main .note")).to_contain_text("None of these")
    tab.page.go_back(wait_until="commit")
    tab.page.wait_for_url("**/check/age", wait_until="commit")
    held.pop().continue_()
    tab.page.unroute("**/site.*.js")
    expect(tab.page.locator("#age-adult")).to_be_checked()


def test_back_and_forward_show_the_answers_given(tab):
    tab.start()
    tab.answer("adult")
    tab.answer("none")
    tab.page.go_back()
    tab.at("/check/breath")
    expect(tab.page.locator("main .note")).to_contain_text("None of these")
    tab.page.go_back()
    tab.at("/check/age")
    expect(tab.page.locator("#age-adult")).to_be_checked()
    tab.page.go_forward()
    tab.at("/check/breath")


def test_no_tick_of_one_question_is_left_in_the_next(tab):
    tab.start()
    for options in QUIET.values():
        tab.answer(*options)
        assert tab.page.locator("main input:checked").count() == 0


def test_a_double_tap_does_not_step_over_the_emergency(tab):
    tab.start()
    tab.answer("adult")
    tab.page.check("#breath-breathing")
    tab.page.dblclick("main form button")
    tab.at("/emergency")
    tab.settled()
    assert tab.path == "/emergency"


@pytest.mark.parametrize("context", [NO_SCRIPT], indirect=True)
def test_a_double_tap_without_script_does_not_step_over_the_emergency(tab):
    tab.open("/")
    tab.page.select_option("#region", "uk")
    tab.page.click("main form button")
    tab.page.check("#age-adult")
    tab.page.click("main form button")
    tab.page.check("#breath-breathing")
    tab.page.dblclick("main form button")
    tab.at("/emergency")


@pytest.mark.parametrize("context", [{}, NO_SCRIPT], indirect=True, ids=["script", "no script"])
def test_who_does_not_want_to_clear_goes_back_to_where_they_were(tab):
    tab.start()
    tab.answer("adult")
    tab.page.click("footer a[href='/clear']")
    tab.at("/clear")
    tab.page.click("main a.nhsuk-button--secondary")
    tab.at("/check/breath")
    tab.open("/check/age")
    assert tab.page.locator("input:checked").count() == 1


def test_cleared_answers_do_not_come_back(tab):
    tab.start()
    tab.answer("adult")
    tab.page.click("footer a[href='/clear']")
    tab.at("/clear")
    tab.page.click("main form button")
    tab.at("/cleared")
    assert tab.page.context.cookies() == []
    tab.page.go_back()
    tab.settled()
    assert tab.page.locator("input:checked").count() == 0
    assert tab.page.context.cookies() == []


def test_a_browser_that_keeps_no_cookie_is_told_at_the_second_step(tab):
    tab.page.route(
        "**/start",
        lambda route: route.fulfill(status=303, headers={"Location": f"{tab.base}/check/age"}),
    )
    tab.open("/")
    tab.page.select_option("#region", "uk")
    tab.page.click("main form button")
    expect(tab.page.locator("main h1")).to_have_text("We cannot find your answers")
    expect(tab.page.locator("[data-level=emergency]")).to_be_visible()
    tab.complaints.clear()


def test_with_the_script_blocked_the_journey_works(tab):
    tab.page.route("**/*.js", lambda route: route.abort())
    tab.start()
    tab.answer("adult")
    tab.answer("none")
    assert tab.path == "/check/limbs"
    tab.complaints.clear()


def test_with_the_script_broken_half_way_the_form_still_sends(tab):
    tab.start()
    tab.answer("adult")
    tab.page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('planted')); }")
    tab.answer("none")
    assert tab.path == "/check/limbs", "the button that was pressed is sent too"
    tab.complaints.clear()


@pytest.mark.parametrize("context", [NO_WORKER], indirect=True)
def test_a_reply_that_is_no_page_is_fetched_by_the_browser_itself(tab):
    tab.start()
    served = []

    def first_time_empty(route):
        served.append(route.request.resource_type)
        if len(served) == 1:
            route.fulfill(status=502, content_type="text/plain", body="bad gateway")
        else:
            route.continue_()

    tab.answer("adult")
    tab.page.route("**/check/breath", first_time_empty)
    tab.answer("none")
    assert tab.path == "/check/limbs"
    assert served[:2] == ["fetch", "document"]
    tab.complaints.clear()


def test_injected_markup_starts_no_request_and_no_script(tab):
    tab.start()
    tab.page.evaluate(
        """() => {
          const place = document.querySelector("main");
          const put = (tag, attributes) => {
            const element = document.createElement(tag);
            for (const name in attributes) element.setAttribute(name, attributes[name]);
            place.append(element);
          };
          put("div", { "hx-get": "/planted-get", "hx-trigger": "load" });
          put("div", { "hx-on:click": "window.ran = true", id: "planted" });
          window.htmx.process(place);
          document.getElementById("planted").click();
        }"""
    )
    tab.settled()
    assert not [url for url in tab.requests if "planted" in url]
    assert tab.page.evaluate("() => window.ran") is None
    assert tab.complaints
    tab.complaints.clear()


def test_over_plain_http_in_a_local_network_the_journey_works(browser_over_lan, address):
    page = browser_over_lan.new_page()
    base = address.replace("127.0.0.1", "check.clinic.test")
    sent = {}
    page.on("request", lambda request: sent.update({request.url: request.headers}))
    page.goto(base + "/")
    page.select_option("#region", "uk")
    page.click("main form button")
    page.wait_for_url(base + "/check/age")
    page.check("#age-adult")
    page.click("main form button")
    page.wait_for_url(base + "/check/breath")
    assert "sec-fetch-site" not in sent[base + "/start"]
    page.click("footer a[href='/clear']")
    page.wait_for_url(base + "/clear")
    page.click("main form button")
    page.wait_for_url(base + "/cleared")
    assert page.context.cookies() == []


@pytest.mark.parametrize("context", [{}, NO_SCRIPT], indirect=True, ids=["script", "no script"])
def test_back_from_the_end_reaches_every_question_with_script_and_without(tab):
    answer_all(tab)
    for question, options in reversed(QUIET.items()):
        tab.page.click(".nhsuk-back-link")
        tab.at(f"/check/{question}")
        pressed = LISTS.get(question, set()) & {*options}
        if pressed:
            expect(tab.page.locator("main .note")).to_contain_text("Your last answer was")
        for option in {*options} - pressed:
            expect(tab.page.locator(f"#{question}-{option}")).to_be_checked()
    tab.page.click(".nhsuk-back-link")
    tab.at("/")


@pytest.mark.parametrize("context", [{}, NO_SCRIPT], indirect=True, ids=["script", "no script"])
def test_a_refused_start_can_be_loaded_anew(tab):
    tab.open("/")
    tab.page.check("#about-child")
    tab.page.click("main form button")
    expect(tab.page.locator("#problem")).to_be_visible()
    tab.open(tab.path)
    expect(tab.page.locator("#about-child")).to_be_checked()
    tab.page.select_option("#region", "uk")
    tab.page.click("main form button")
    tab.at("/check/age")
