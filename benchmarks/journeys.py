"""How far a person goes on a phone: taps and screens scrolled, beside an early edition.

`python -m benchmarks.journeys [COMMIT]` walks each published patient through the pages of this
edition and of the earlier one, in a real browser of 390 x 844 without scripts. A tap is an option
that is ticked or a button that is pressed. Screens scrolled are what lies below the first screen
down to the button that goes on; on the result, down to the end of what is not folded. The patients
are those of the set that both editions know, with the answers of the blind readers of this one and
those written down in the earlier one, and then all sets of this one. Before that, what a nurse's
work takes is counted (`nurse_journeys.py`); it ends with 1 where an aim of hers is missed. The
figures are kept in `journeys.json` beside this file.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import yaml
from playwright.sync_api import Browser, Page, sync_playwright

from app.assurance.sets import read_library
from benchmarks._server import ROOT, serving, unpack_commit
from benchmarks.browsing import launch_browser
from benchmarks.nurse_journeys import list_missed_aims, measure_nurse

BEFORE = "9fdbaf9"  # the commit whose pages these are measured against
KEPT = Path(__file__).with_suffix(".json")
PHONE = {"width": 390, "height": 844}
AIMS = {"taps": 0.75, "screens": 0.6}
SERVE = [sys.executable, "-m", "app", "serve", "--host", "127.0.0.1", "--port", "%d"]
BOTTOM = "(element) => element.getBoundingClientRect().bottom + scrollY"
END = "() => document.querySelector('main').getBoundingClientRect().bottom + scrollY"
STYLE = """() => {
  const items = [...document.querySelectorAll("main .nhsuk-checkboxes__item")];
  const boxes = items.map((item) => item.getBoundingClientRect());
  return {
    type: parseFloat(getComputedStyle(items[0].querySelector("label")).fontSize),
    spacing: boxes[1].top - boxes[0].bottom,
    target: Math.min(...boxes.map((box) => box.height)),
  };
}"""

Given = Mapping[str, Sequence[str]]


@dataclass
class Way:
    """How far one person went, from the start page to the end of the result."""

    taps: int = 0
    screens: float = 0.0
    pages: list[str] = field(default_factory=list)

    def press(self, page: Page, button: str) -> None:
        """Scroll to this button or link and press it."""
        found = page.locator(button).first
        self.taps += 1
        self.read_to(page, found.evaluate(BOTTOM))
        found.click()
        page.wait_for_load_state()

    def read_to(self, page: Page, bottom: float) -> None:
        """Scroll down to this many pixels from the top of the page."""
        self.screens += max(0.0, bottom / PHONE["height"] - 1)
        self.pages.append(page.url)


def main(before: str = BEFORE) -> None:
    """Print and keep a nurse's counts, and the median of taps and of screens for both editions."""
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        old = unpack_commit(before, Path(made) / "code")
        browser = launch_browser(playwright)
        nurse = measure_nurse(browser)
        rows = {
            "before": walk_all(browser, old, Path(made) / "before", read_written_answers(old)),
            "now": walk_all(browser, ROOT, Path(made) / "now", read_blind_answers("first")),
        }
        every = walk_all(browser, ROOT, Path(made) / "every", read_blind_answers())
        browser.close()
    print(f"{'median of patients':<22}{'before':>9}{'now':>9}{'ratio':>7}  aim   all now")
    kept = {"commit": before, "patients": len(rows["now"].ways), "all patients": len(every.ways)}
    kept["nurse"] = [asdict(count) for count in nurse]
    for name, aim in AIMS.items():
        was, now, all_now = (found.middle(name) for found in (rows["before"], rows["now"], every))
        kept[name] = {"before": was, "now": now, "ratio": round(now / was, 2), "all now": all_now}
        print(f"{name:<22}{was:>9.1f}{now:>9.1f}{now / was:>7.2f}  {aim}  {all_now:>7.1f}")
    for name, was in rows["before"].style.items():
        kept[name] = {"before": was, "now": rows["now"].style[name]}
        print(f"{name + ', px':<22}{was:>9.1f}{rows['now'].style[name]:>9.1f}         not below")
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    if missed := list_missed_aims(nurse):
        sys.exit(f"missed: {', '.join(missed)}")


@dataclass(frozen=True)
class Ways:
    """How far each person went, and how large and how far apart the options stand."""

    ways: Sequence[Way]
    style: Mapping[str, float]

    def middle(self, name: str) -> float:
        """The median of taps or screens."""
        return round(median(getattr(way, name) for way in self.ways), 1)


def read_written_answers(folder: Path) -> list[Given]:
    """The answers that an early edition holds beside each published patient."""
    files = sorted((folder / "rules" / "cases" / "published").glob("*.yaml"))
    written = [yaml.safe_load(file.read_text("utf-8"))["answers"] for file in files]
    return [
        {question: [given] if isinstance(given, str) else given for question, given in one.items()}
        for one in written
    ]


def read_blind_answers(name: str | None = None) -> list[Given]:
    """The answers of the first reader of each patient, of one set or of all."""
    library = read_library(ROOT / "rules" / "cases")
    return [
        reply.answers
        for chosen in ([name] if name else library.sets)
        for reply in library.readings_of(chosen)[0].answers.values()
    ]


def walk_all(browser: Browser, folder: Path, var: Path, people: Sequence[Given]) -> Ways:
    """How far each of these people goes in the pages of this edition."""
    environment = {"CALCINOSIS_VAR": str(var), "PYTHONPATH": str(folder)}
    with serving(SERVE, environment, folder) as server:
        base = f"http://127.0.0.1:{server.connection.port}"
        context = browser.new_context(viewport=PHONE, java_script_enabled=False)
        page = context.new_page()
        ways = []
        for number, given in enumerate(people):
            context.clear_cookies()
            ways.append(walk(page, base, given))
            print(f"\r{folder.name}: {number + 1} of {len(people)}", end="", file=sys.stderr)
        page.goto(f"{base}/check/unwell")
        style = page.evaluate(STYLE)
        context.close()
    print(file=sys.stderr)
    return Ways(ways, style)


def walk(page: Page, base: str, given: Given) -> Way:
    """One person's way; what the answers do not speak of is answered with "not sure"."""
    way = Way()
    page.goto(base)
    region = page.locator("#region-uk, #region")
    if region.evaluate("(element) => element.tagName") == "SELECT":
        way.taps += 2  # the list is opened, a line of it is chosen
        region.select_option("uk")
    else:
        way.taps += 1
        region.check()
    way.press(page, "main form button")
    while not page.url.endswith("/result"):
        place = page.url.removeprefix(base)
        assert len(way.pages) < 60, f"no end: {way.pages}"
        if place.startswith("/check/"):
            way.press(page, _tick_options(page, way, place.rsplit("/", 1)[1], given))
        elif place == "/emergency":
            way.press(page, "main a.nhsuk-button--secondary")
        else:
            way.press(page, "main a[href='/result'], main form[action='/result'] button")
    way.read_to(page, page.evaluate(END))
    return way


def _tick_options(page: Page, way: Way, question: str, given: Given) -> str:
    """Tick what was answered; what is to be pressed then."""
    send = "main form button:not([name])"
    for option in given.get(question, ["not_sure"]):
        line = page.locator(f"#{question}-{option}")
        if line.evaluate("(element) => element.tagName") == "BUTTON":
            send = f"#{question}-{option}"
        else:
            line.check()
            way.taps += 1
    return send


if __name__ == "__main__":
    main(*sys.argv[1:])
