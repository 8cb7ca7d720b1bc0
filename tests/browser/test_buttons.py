"""Buttons in a real browser: a tap is answered at once, and what a list's own buttons do."""

import re

import pytest
from playwright.sync_api import Error, expect

from tests.browser.test_self_check import NO_SCRIPT, NO_WORKER, press_until

# What is there right after a tap, asked in the same breath: nothing answers while a page goes.
TAP = """button => {
  button.focus();
  button.click();
  const said = document.getElementById("working");
  return [button.textContent, said.textContent, button.disabled, document.activeElement === button];
}"""


def slow_down(tab, latency=1500):
    """Let everything take so many milliseconds longer on the line."""
    line = tab.page.context.new_cdp_session(tab.page)
    line.send("Network.enable")
    speed = {"downloadThroughput": -1, "uploadThroughput": -1}
    line.send("Network.emulateNetworkConditions", {"offline": False, "latency": latency, **speed})


@pytest.mark.parametrize("boosted", [True, False], ids=["swapped", "plain"])
def test_a_tap_is_answered_at_once_on_a_slow_line(tab, boosted):
    tab.start()
    tab.page.check("#age-adult")
    if not boosted:
        tab.open("/clear")
    words = "Continue" if boosted else "Yes, clear them"
    button = tab.page.locator("main form button").first
    assert button.inner_text() == words
    slow_down(tab)
    found = button.evaluate(TAP)
    assert found == ["Working…", "Working…", False, True]
    tab.at("/check/breath" if boosted else "/cleared")
    expect(tab.page.locator("#working")).to_have_text("")


def test_an_answer_by_button_arrives_though_the_button_says_that_it_works(tab):
    tab.start()
    tab.answer("adult")
    slow_down(tab, 300)
    tab.page.click("#breath-none")
    tab.at("/check/limbs")
    tab.page.click("a.nhsuk-back-link", no_wait_after=True)
    expect(tab.page.locator("a.nhsuk-back-link")).to_have_class(re.compile("working"), timeout=250)
    tab.at("/check/breath")
    assert "Your last answer was: “None of these”" in tab.page.inner_text("main")


@pytest.mark.parametrize("context", [NO_WORKER], indirect=True)
def test_a_line_that_fails_takes_no_second_try_away(tab):
    tab.start()
    tab.page.check("#age-adult")
    tab.page.context.set_offline(True)
    tab.page.click("main form button", no_wait_after=True)
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        tab.page.wait_for_url("chrome-error://**")
    tab.page.context.set_offline(False)
    tab.complaints.clear()  # the browser's own, of the line
    tab.page.reload()
    tab.at("/check/breath")


def test_who_taps_twice_on_a_slow_line_sends_once_more_and_arrives(tab):
    tab.start()
    tab.page.check("#age-adult")
    slow_down(tab, 800)
    button = tab.page.locator("main form button").first
    button.click(no_wait_after=True)
    expect(button).to_have_text("Working…", timeout=500)
    button.click(no_wait_after=True)
    tab.at("/check/breath")
    tab.settled()
    assert tab.path == "/check/breath"
    expect(tab.page.locator("main form button").first).to_have_text("Continue")


# --- "None of these" and "I'm not sure", here on a screen of emergency signs ---

EITHER = pytest.mark.parametrize("context", [{}, NO_SCRIPT], indirect=True, ids=["script", "none"])


def at_the_signs(tab):
    tab.open("/")
    tab.page.select_option("#region", "uk")
    tab.page.click("main form button")
    tab.page.check("#age-adult")
    tab.page.click("main form button")
    tab.at("/check/breath")


@EITHER
def test_none_with_a_tick_is_asked_back_and_either_answer_goes_on(tab):
    at_the_signs(tab)
    tab.page.check("#breath-fit")
    tab.page.click("#breath-none")
    expect(tab.page.locator("main h1")).to_have_text("Which one is right?")
    expect(tab.page.locator("main li")).to_have_text("A fit")
    tab.page.click("main button:has-text('None of these')")
    tab.at("/check/limbs")
    tab.page.check("#limbs-bladder")
    tab.page.click("#limbs-none")
    tab.page.click("main button:has-text('Keep what I ticked')")
    tab.at("/emergency")


@EITHER
def test_a_doubt_shows_how_to_find_out_keeps_the_ticks_and_is_taken_the_second_time(tab):
    at_the_signs(tab)
    tab.page.check("#breath-fit")
    tab.page.click("#breath-not_sure")
    expect(tab.page.locator("main h1")).to_contain_text("Look again.")
    expect(tab.page.locator("#breath-fit")).to_be_checked()
    expect(tab.page.locator("#breath-fit-plain")).to_be_visible()
    tab.page.uncheck("#breath-fit")
    tab.page.click("#breath-not_sure")
    tab.at("/check/limbs")


def test_a_double_tap_on_not_sure_does_not_step_over_how_to_find_out(tab):
    at_the_signs(tab)
    tab.page.dblclick("#breath-not_sure")
    expect(tab.page.locator("main h1")).to_contain_text("Look again.")
    tab.settled()
    assert tab.path == "/check/breath"


def test_after_each_of_these_pages_the_focus_is_on_the_new_heading(tab):
    at_the_signs(tab)
    tab.page.check("#breath-fit")
    tab.page.click("#breath-not_sure")
    expect(tab.page.locator("main h1")).to_contain_text("Look again.")
    expect(tab.page.locator("main h1")).to_be_focused()
    tab.page.click("#breath-none")
    expect(tab.page.locator("main h1")).to_have_text("Which one is right?")
    expect(tab.page.locator("main h1")).to_be_focused()


def test_enter_in_a_tick_box_continues_and_says_nothing_of_none(tab):
    at_the_signs(tab)
    press_until(tab, "#breath-fit")
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("#problem")).to_contain_text("choose “None of these”")
    tab.page.click("#problem a")
    assert tab.focused == "INPUT#breath-breathing"


def test_by_keyboard_a_sign_is_ticked_asked_back_and_kept(tab):
    at_the_signs(tab)
    press_until(tab, "#breath-fit")
    tab.page.keyboard.press("Space")
    press_until(tab, "#breath-none")
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("main h1")).to_be_focused()
    expect(tab.page.locator("main h1")).to_have_text("Which one is right?")
    press_until(tab, "main form button")
    tab.page.keyboard.press("Enter")
    tab.at("/emergency")


@pytest.mark.parametrize("context", [{"viewport": {"width": 390, "height": 800}}], indirect=True)
def test_on_a_phone_the_buttons_are_wide_and_not_sure_stands_apart(tab):
    at_the_signs(tab)
    none = tab.page.locator("#breath-none").bounding_box()
    unsure = tab.page.locator("#breath-not_sure").bounding_box()
    room = tab.page.locator("main form").bounding_box()
    assert none["width"] >= room["width"] - 1
    assert none["height"] >= 48
    assert unsure["y"] - (none["y"] + none["height"]) >= 48, "a slip does not hit the other one"
