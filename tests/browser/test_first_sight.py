"""A page on which people begin looks right before its sheet has come, and does not move then."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

SIZES = ({"width": 390, "height": 844}, {"width": 1280, "height": 800})
PLACES = """() => [...document.querySelectorAll("body :not(link)")].map((element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  const { color, backgroundColor, fontSize, borderWidth } = getComputedStyle(element);
  return [element.tagName, element.className, x, y, width, height, color, backgroundColor,
    fontSize, borderWidth].join(" ");
})"""


@pytest.mark.parametrize("path", ["/", "/learn", "/learn/words", "/learn/when-to-see-a-doctor"])
def test_what_stands_in_the_page_styles_all_of_it(
    browser: Browser, address: str, path: str
) -> None:
    for size in SIZES:
        for scheme in ("light", "dark"):
            with browser.new_context(viewport=size, color_scheme=scheme) as context:
                page = context.new_page()
                page.goto(address + path)
                whole = page.evaluate(PLACES)
                page.evaluate("() => document.querySelector('link[rel=stylesheet]').remove()")
                assert set(page.evaluate(PLACES)) - set(whole) == set()
                page.evaluate("() => document.querySelector('style').remove()")
                assert set(page.evaluate(PLACES)) - set(whole), "the check can fail"
