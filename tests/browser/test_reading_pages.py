"""The pages to read and to check us, in a real browser: links arrive, pictures open."""

import pytest
from playwright.sync_api import expect

NO_SCRIPT = {"java_script_enabled": False}


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
