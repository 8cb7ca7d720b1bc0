"""Looking at each page that a visit comes by, in all modes and widths, and what must be found."""

from __future__ import annotations

from tests.browser.conftest import Tab
from tests.browser.test_accessibility import MODES, SCREEN, UNFOLD, WIDTHS, Findings
from tests.browser.test_accessibility_layout import TARGETS


class Look:
    """Looks at each page in all modes and widths."""

    def __init__(self, findings: Findings, axe: str) -> None:
        self.findings, self.axe = findings, axe
        self.small: dict[str, list[str]] = {}

    def __call__(self, tab: Tab, name: str) -> None:
        tab.page.evaluate(self.axe)
        tab.page.evaluate(UNFOLD)
        for number, mode in enumerate(MODES):
            self.findings.look(tab, name, mode, WIDTHS[number % len(WIDTHS)])
        tab.page.emulate_media(**SCREEN)
        tab.page.set_viewport_size({"width": 320, "height": 800})
        if small := tab.page.evaluate(TARGETS):
            self.small[name] = small


class NothingWrong:
    """What every visit must show; a file of tests gives what its own has `seen`."""

    def test_the_checker_finds_nothing(self, seen) -> None:
        assert seen["findings"].broken == {}

    def test_every_word_stands_out(self, seen) -> None:
        assert seen["findings"].faint == {}

    def test_no_page_is_wider_than_the_screen(self, seen) -> None:
        assert seen["findings"].wide == {}

    def test_everything_can_be_hit(self, seen) -> None:
        assert seen["small"] == {}

    def test_the_browser_complains_of_nothing_and_asks_nobody_else(self, seen) -> None:
        assert seen["complaints"] == []
        assert seen["foreign"] == []
