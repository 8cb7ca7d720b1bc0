"""Takes a picture of every page into screenshots/: phone and desktop, light and dark, and print.

It runs a server of its own and knows the pages by their addresses; open screenshots/index.html.
"""

import html
import re
import shutil
import socket
import subprocess
import sys
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

FOLDER = ROOT / "screenshots"
CHROMIUM = Path("/usr/bin/chromium")
WIDTHS = {"phone": 390, "desktop": 1280}
LOOKS = [(device, scheme) for device in WIDTHS for scheme in ("light", "dark")]

NOTHING = ("now", "unwell", "autoimmune", "medicines", "conditions", "before")
QUIET = {question: ["none"] for question in NOTHING} | {
    "age": ["adult"],
    "place": ["finger"],
    "skin": ["normal"],
    "pain": ["no"],
    "change": ["none"],
    "feel": ["hard"],
    "known": ["calcinosis"],
    "kidney": ["no"],
}
PEOPLE = {
    "self care": QUIET | {"change": ["under_2_weeks"], "known": ["nothing_yet"]},
    "routine": QUIET,
    "soon": QUIET | {"autoimmune": ["scleroderma"], "pain": ["moderate"], "change": ["growing"]},
    "same day": QUIET | {"autoimmune": ["scleroderma"], "skin": ["pus"], "kidney": ["dialysis"]},
    "emergency": QUIET | {"skin": ["black"], "kidney": ["dialysis"], "pain": ["severe"]},
    "child": QUIET | {"age": ["child"], "change": ["growing"]},
    "not sure": {},
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
    with tempfile.TemporaryDirectory() as var, sync_playwright() as playwright:
        server, base = _serve(Path(var))
        own = {"executable_path": str(CHROMIUM)} if CHROMIUM.exists() else {}
        browser = playwright.chromium.launch(args=["--no-sandbox", "--disable-gpu"], **own)
        try:
            key = load_key(Path(var) / "journey.key")
            for number, (device, scheme) in enumerate(LOOKS, start=1):
                _take_all(browser, base, key, shots, device, scheme)
                print(f"{number} of {len(LOOKS)}: {len(shots)} pages, {device}, {scheme}")
        finally:
            server.terminate()
            server.wait(30)
    _index(shots)
    print(f"Open {FOLDER / 'index.html'}")


def _shots(rulebook: Rulebook) -> Iterator[Shot]:
    questionnaire = rulebook.questionnaire
    for path in STILL:
        yield Shot(path.strip("/") or "start", path)
    yield Shot("start, error", "/", press="main form button")
    for page in rulebook.learn["en"].pages:
        yield Shot(f"learn/{page.id}", f"/learn/{page.id}")
    everything = {name: _read(rulebook, given) for name, given in PEOPLE.items()}
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


def _read(rulebook: Rulebook, given: dict[str, list[str]]) -> dict[str, frozenset[str]]:
    """These answers to all that is asked; what is not said is not sure."""
    answers: dict[str, frozenset[str]] = {}
    while (question := rulebook.questionnaire.path(answers).next) is not None:
        answers[question.id] = frozenset(given.get(question.id, [question.unsure]))
    return answers


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


def _serve(var: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", str(port)],
        env={"CALCINOSIS_VAR": str(var), "PATH": "/usr/bin:/bin"},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return server, f"http://127.0.0.1:{port}"
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    main()
