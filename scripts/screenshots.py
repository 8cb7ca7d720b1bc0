"""Takes a picture of every page into screenshots/: phone and desktop, light and dark, and print.

It runs a server of its own and knows the pages by their addresses; open screenshots/index.html.
"""

import html
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from app.settings import ROOT
from app.triage.rulebook import Rulebook, load
from app.triage.terms import Answers
from app.web.journey import Journey, load_key, seal
from tests.builders import answers
from tests.running import serving

FOLDER = ROOT / "screenshots"
CHROMIUM = Path("/usr/bin/chromium")
WIDTHS = {"phone": 390, "desktop": 1280}
LOOKS = [(device, scheme) for device in WIDTHS for scheme in ("light", "dark")]

PEOPLE = {
    "self care": answers(change="under_2_weeks"),
    "routine": answers(feel="hard"),
    "soon": answers(autoimmune="scleroderma", pain="moderate", change="growing"),
    "same day": answers(autoimmune="scleroderma", skin="pus", kidney="dialysis"),
    "emergency": answers(skin="black", kidney="dialysis", pain="severe"),
    "child": answers(age="child", change="growing"),
}
STILL = (
    *("/", "/about", "/privacy", "/accessibility", "/wrong-advice", "/cleared", "/verify"),
    *("/safety", "/safety/hazards"),
    *("/learn", "/learn/words", "/rules", "/rules/types", "/rules/evidence"),
    *("/rules/look-alikes", "/rules/sources", "/nothing"),
)


@dataclass(frozen=True)
class Shot:
    """One page: its name, where it is, and the answers that the browser carries."""

    name: str
    path: str
    given: Answers | None = None
    press: str = ""  # the form button to press first, so that the page shows an error


def main() -> None:
    """Take all pictures, and make the page that shows them side by side."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    rulebook = load(ROOT / "rules")
    shots = list(_shots(rulebook))
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        own = {"executable_path": str(CHROMIUM)} if CHROMIUM.exists() else {}
        browser = playwright.chromium.launch(args=["--no-sandbox", "--disable-gpu"], **own)
        key = load_key(server.folder / "var" / "journey.key")
        for number, (device, scheme) in enumerate(LOOKS, start=1):
            _take_all(browser, server.base, key, shots, device, scheme)
            print(f"{number} of {len(LOOKS)}: {len(shots)} pages, {device}, {scheme}")
    _index(shots)
    print(f"Open {FOLDER / 'index.html'}")


def _shots(rulebook: Rulebook) -> Iterator[Shot]:
    questionnaire = rulebook.questionnaire
    for path in STILL:
        yield Shot(path.strip("/") or "start", path)
    yield Shot("start, error", "/", press="main form button")
    for page in rulebook.learn["en"].pages:
        yield Shot(f"learn/{page.id}", f"/learn/{page.id}")
    everything = PEOPLE | {"not sure": _unsure(rulebook)}
    before: dict[str, frozenset[str]] = {}
    for question in questionnaire:
        if question.id in everything["emergency"]:
            yield Shot(f"check/{question.id}", f"/check/{question.id}", dict(before))
            if question.id in ("place", "pain"):
                error = f"check/{question.id}, error"
                yield Shot(error, f"/check/{question.id}", dict(before), press="main form button")
            before[question.id] = everything["emergency"][question.id]
    yield Shot("check/place, filled", "/check/place", everything["soon"])
    yield Shot("answers", "/answers", everything["soon"])
    yield Shot("emergency", "/emergency", everything["emergency"])
    yield Shot("changed", "/changed", everything["soon"])
    yield Shot("no journey", "/answers")
    for name, given in everything.items():
        yield Shot(f"result, {name}", "/result", given)


def _unsure(rulebook: Rulebook) -> Answers:
    """Not sure of anything that is asked."""
    given: dict[str, frozenset[str]] = {}
    while (question := rulebook.questionnaire.path(given).next) is not None:
        given[question.id] = frozenset([question.unsure])
    return given


def _take_all(
    browser: Browser, base: str, key: bytes, shots: list[Shot], device: str, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": WIDTHS[device], "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    for shot in shots:
        context.clear_cookies()
        if shot.given is not None:
            journey = Journey("uk", int(time.time()), shot.given)
            context.add_cookies([{"name": "journey", "value": seal(key, journey), "url": base}])
        page.goto(base + shot.path)
        if shot.press:
            page.click(shot.press)
            page.wait_for_selector(".nhsuk-error-summary")
        page.screenshot(path=_file(shot, device, scheme), full_page=True)
        if shot.path == "/result" and (device, scheme) == LOOKS[0]:
            _print(page, shot)
    context.close()


def _print(page: Page, shot: Shot) -> None:
    page.pdf(path=_file(shot, "print", "A4").with_suffix(".pdf"), format="A4")


def _file(shot: Shot, device: str, scheme: str) -> Path:
    name = re.sub(r"[^a-z0-9]+", "-", shot.name.lower())
    return FOLDER / f"{name}.{device}.{scheme}.png"


def _index(shots: list[Shot]) -> None:
    rows = []
    for shot in shots:
        files = [_file(shot, *look).name for look in LOOKS]
        pictures = "".join(f'<a href="{f}"><img loading="lazy" src="{f}"></a>' for f in files)
        rows.append(f"<h2>{html.escape(shot.name)}</h2><div>{pictures}</div>")
    style = "img{width:24%;vertical-align:top;border:1px solid #888;margin:2px}"
    page = f"<!doctype html><title>Screenshots</title><style>{style}</style>{''.join(rows)}"
    (FOLDER / "index.html").write_text(page)


if __name__ == "__main__":
    main()
