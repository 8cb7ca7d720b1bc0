"""A page to take a picture of, and the pictures of it: phone and desktop, light and dark, print."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from app.settings import ROOT

FOLDER = ROOT / "screenshots"
WIDTHS = {"phone": 390, "desktop": 1280}
LOOKS = [(device, scheme) for device in WIDTHS for scheme in ("light", "dark")]

Cookies = Sequence[Mapping[str, object]]


@dataclass(frozen=True)
class Shot:
    """One page: its name, its whole address, and the cookies with which the browser comes."""

    name: str
    address: str
    cookies: Cookies = ()
    press: str = ""  # the form button to press first, so that the page shows an error
    paper: bool = False  # whether people print it

    def file(self, device: str, scheme: str) -> Path:
        """Where one of its pictures goes."""
        name = re.sub(r"[^a-z0-9]+", "-", self.name.lower())
        return FOLDER / f"{name}.{device}.{scheme}.png"


def take_all(browser: Browser, shots: Sequence[Shot]) -> None:
    """Take every picture of these pages."""
    for number, (device, scheme) in enumerate(LOOKS, start=1):
        context = browser.new_context(
            viewport={"width": WIDTHS[device], "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page = context.new_page()
        for shot in shots:
            context.clear_cookies()
            context.add_cookies(list(shot.cookies))  # type: ignore[arg-type]  # as they came
            _take(page, shot, device, scheme)
        context.close()
        print(f"{number} of {len(LOOKS)}: {len(shots)} pages, {device}, {scheme}")


def _take(page: Page, shot: Shot, device: str, scheme: str) -> None:
    page.goto(shot.address)
    if shot.press:
        page.click(shot.press)
        page.wait_for_selector(".nhsuk-error-summary")
    page.screenshot(path=shot.file(device, scheme), full_page=True)
    if shot.paper and (device, scheme) == LOOKS[0]:
        page.pdf(path=shot.file("print", "A4").with_suffix(".pdf"), format="A4")
