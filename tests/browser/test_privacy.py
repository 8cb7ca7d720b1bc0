"""Privacy as a browser sees it: whom it asks, what it keeps, and what Back shows afterwards."""

import contextlib
import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright

from app.web.journey import Journey, seal_journey
from tests.browser.conftest import ARGUMENTS, CHROMIUM, Tab
from tests.builders import answers, rulebook
from tests.web.test_journeys import QUIET

pytestmark = pytest.mark.alone

LAN = "check.clinic.test"
OTHERWISE = QUIET | {"place": ["finger"], "pain": ["severe"], "medicines": ["steroids"]}
"""Other answers that have the same questions asked."""
WORDS = rulebook().wording["en"].pages
KNOWING_NOTHING = {
    WORDS[key] for key in ("start.heading", "clear.heading", "cleared.heading", "lost.heading")
}
SAME_FOR_ALL = ("/static/", "/rules/flow.svg")
"""Files that are no pages, and the same whoever asks."""
QUESTION_PATHS = {f"/check/{question.id}" for question in rulebook().questionnaire}
SEEN = """() => [
  document.querySelector("h1").innerText,
  document.querySelector("input:checked") !== null,
  document.readyState,
]"""
KEPT = """async () => [
  ...Object.keys(localStorage), ...Object.keys(sessionStorage),
  ...(await indexedDB.databases()).map((database) => database.name),
  ...(await caches.keys()),
  ...(await navigator.serviceWorker.getRegistrations()).map(() => "worker"),
]"""
FOR_NO_NETWORK = {"offline", "worker"}
"""What is kept for when the network is gone; tests/browser/test_offline.py says what it holds."""
REMEMBERED = """() => [...document.querySelectorAll("input, textarea, select")]
  .filter((e) => e.form && (e.getAttribute("autocomplete") || e.form.autocomplete) !== "off")
  .map((e) => e.id)"""


@dataclass
class Crawl:
    """All pages of the site as someone sees them who has answered everything."""

    context: BrowserContext
    base: str
    pages: set[str] = field(default_factory=set)
    requests: set[str] = field(default_factory=set)
    kept: dict[str, list[str]] = field(default_factory=dict)
    remembered: dict[str, list[str]] = field(default_factory=dict)
    caching: dict[str, str] = field(default_factory=dict)
    relations: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Open every page that a link leads to."""
        self.context.on("request", lambda request: self.requests.add(request.url))
        self.context.on("response", self._answered)
        page, waiting = self.context.new_page(), {"/", "/nothing", *QUESTION_PATHS}
        while waiting:
            path = waiting.pop()
            page.goto(self.base + path)
            self.pages |= {path, page.url.removeprefix(self.base)}
            self._look(page, path)
            links = page.locator("a[href^='/']").evaluate_all("all => all.map((e) => e.pathname)")
            pages = {link for link in links if not link.endswith((".pdf", ".txt"))}  # downloads
            waiting |= pages - self.pages

    def _look(self, page: Page, path: str) -> None:
        self.kept[path] = page.evaluate(KEPT)
        self.remembered[path] = page.evaluate(REMEMBERED)
        self.relations |= set(page.locator("link").evaluate_all("all => all.map((e) => e.rel)"))

    def _answered(self, response) -> None:
        self.caching[response.url.removeprefix(self.base)] = response.headers["cache-control"]


def carry(context: BrowserContext, base: str, app, clock, given) -> None:
    """Give the browser these answers, as if it had been asked."""
    sealed = seal_journey(
        app.state.context.keys,
        Journey("international", int(clock()), given, edition=app.state.context.rulebook.version),
    )
    context.add_cookies([{"name": "journey", "value": sealed, "url": base}])


@pytest.fixture(scope="module")
def crawl(browser: Browser, address: str, app, clock) -> Iterator[Crawl]:
    """Every page, opened once."""
    context = browser.new_context()
    carry(context, address, app, clock, answers(breath="confused"))
    found = Crawl(context, address)
    found.run()
    yield found
    context.close()


def test_the_crawl_sees_all_kinds_of_pages(crawl: Crawl) -> None:
    wanted = {"/", "/answers", "/result", "/emergency", "/privacy", "/verify", "/wrong-advice"}
    assert crawl.pages >= wanted | QUESTION_PATHS


def test_no_page_asks_anyone_else(crawl: Crawl) -> None:
    assert foreign(crawl.requests, crawl.base) == []
    assert crawl.relations == {"stylesheet", "icon"}, "nobody is called in advance either"


def foreign(requests, base: str) -> list[str]:
    """Those that went to another host."""
    return [url for url in requests if not url.startswith((f"{base}/", "data:"))]


def test_a_request_to_anyone_else_would_be_seen(tab: Tab) -> None:
    other = "http://elsewhere.example/count.gif"
    planted = f"<!doctype html><h1>Planted</h1><img src={other}>"
    tab.page.route("**/planted", lambda route: route.fulfill(body=planted))
    tab.open("/planted")
    assert foreign(tab.requests, tab.base) == [other]
    tab.requests.clear()
    tab.complaints.clear()


def test_no_page_keeps_anything_in_the_browser(crawl: Crawl) -> None:
    kept = {path: set(names) - FOR_NO_NETWORK for path, names in crawl.kept.items()}
    assert {path: names for path, names in kept.items() if names} == {}


def test_what_a_page_kept_would_be_seen(tab: Tab) -> None:
    tab.open("/")
    tab.page.evaluate("() => { localStorage.a = 1; sessionStorage.b = 1; }")
    tab.page.evaluate("() => caches.open('c')")
    tab.page.evaluate("() => new Promise((ok) => { indexedDB.open('d').onsuccess = ok; })")
    assert sorted(tab.page.evaluate(KEPT)) == ["a", "b", "c", "d"]


def test_no_page_may_be_stored(crawl: Crawl) -> None:
    others = {p: how for p, how in crawl.caching.items() if not p.startswith(SAME_FOR_ALL)}
    assert {path: how for path, how in others.items() if how != "no-store"} == {}


def test_the_browser_remembers_nothing_that_is_ticked_or_typed(crawl: Crawl) -> None:
    assert {path: names for path, names in crawl.remembered.items() if names} == {}


@dataclass
class Walked:
    """Two whole self-checks with other answers: the addresses of each, and the last cookies."""

    asked: list[list[SplitResult]]
    cookies: list[dict[str, object]]
    readable: str  # by a script


@pytest.fixture(scope="module", params=[True, False], ids=["script", "no script"])
def walked(request: pytest.FixtureRequest, browser: Browser, address: str) -> Walked:
    """What the browser had to do with two people, one after the other."""
    context = browser.new_context(java_script_enabled=request.param)
    tab, asked = Tab(context.new_page(), address), []
    for given in (QUIET, OTHERWISE):
        context.clear_cookies()
        tab.requests.clear()
        walk(tab, given)
        asked.append([urlsplit(url) for url in tab.requests if "/static/" not in url])
    found = Walked(asked, context.cookies(), tab.page.evaluate("() => document.cookie"))
    context.close()
    return found


def walk(tab: Tab, given: dict[str, list[str]]) -> None:
    """Begin, answer all that is asked, and come to the result; with or without script."""
    tab.open("/")
    tab.page.select_option("#region", "uk")
    tab.page.click("main form button")
    tab.at("/check/age")
    while tab.path.startswith("/check/"):
        question_path = tab.path
        tab.page.click(tab.tick(*given[question_path.removeprefix("/check/")]))
        tab.page.wait_for_url(
            lambda url, question_path=question_path: not url.endswith(question_path)
        )
    tab.page.click("main a.nhsuk-button")
    tab.at("/result")


def test_there_is_one_cookie_and_a_script_cannot_read_it(walked: Walked) -> None:
    (cookie,) = walked.cookies
    assert cookie["name"] == "journey"
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert cookie["expires"] == -1, "it goes when the browser is closed"
    assert walked.readable == ""


def test_no_address_says_what_was_answered(walked: Walked) -> None:
    one, other = walked.asked
    assert one == other, "other answers, the very same addresses"
    assert {url.path for url in one} >= {"/", "/start", "/result"} | {
        f"/check/{question}" for question in QUIET
    }
    assert [url for url in one if url.query or url.fragment] == []


@pytest.fixture(scope="module")
def everyday(playwright: Playwright) -> Iterator[Browser]:
    """A browser that keeps whole pages for Back, as people's own do; playwright turns that off."""
    own = {"executable_path": str(CHROMIUM)} if CHROMIUM.exists() else {}
    browser = playwright.chromium.launch(
        args=[*ARGUMENTS, f"--host-resolver-rules=MAP {LAN} 127.0.0.1"],
        ignore_default_args=["--disable-back-forward-cache"],
        **own,
    )
    yield browser
    browser.close()


@pytest.fixture(params=["127.0.0.1", LAN], ids=["trusted", "plain http"])
def base(request: pytest.FixtureRequest, address: str) -> str:
    """Where the server is. Over plain http a browser does not heed Clear-Site-Data."""
    return address.replace("127.0.0.1", request.param)


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def shared(request: pytest.FixtureRequest, everyday: Browser, base: str, app, clock):
    """A tab of a shared computer, in which someone has just gone through the self-check."""
    context = everyday.new_context(java_script_enabled=request.param)
    tab = Tab(context.new_page(), base)
    tab.open("/")
    tab.page.select_option("#region", "uk")
    tab.page.check("#about-child")
    tab.page.click("main form button")
    tab.at("/check/age")
    tab.page.check("#age-adult")
    tab.page.click("main form button")
    tab.at("/check/breath")
    carry(context, base, app, clock, answers(breath="confused"))
    for path in ("/check/skin", "/answers", "/emergency", "/result", "/check/age"):
        tab.open(path)
    tab.page.check("#age-older")  # and not sent
    yield tab
    context.close()


def step(page: Page, by: int) -> tuple[str, bool]:
    """(Heading, whether something is ticked) of the page so many steps on in the tab's history."""
    before, until = page.url, time.monotonic() + 60
    asked_at = -math.inf
    while time.monotonic() < until:
        # On a busy machine the browser now and then drops the wish of a page that has just come.
        if page.url == before and time.monotonic() - asked_at > 20:
            asked_at = time.monotonic()
            with contextlib.suppress(Error):  # it may be gone before it has answered
                page.evaluate(f"() => history.go({by})")
        # Playwright is not told of a page that comes back whole, so the page itself is asked.
        page.wait_for_timeout(30)
        with contextlib.suppress(Error):  # it was just being left
            heading, ticked, state = page.evaluate(SEEN)
            if page.url != before and state == "complete":
                return heading, ticked
    raise AssertionError(f"no page {by} from {before}")


def test_after_clearing_back_and_forward_show_no_answer(shared: Tab) -> None:
    page = shared.page
    assert step(page, -1)[0].startswith("Call ")
    assert step(page, 1)[1]
    page.click("footer a[href='/clear']")
    shared.at("/clear")
    page.click("main form button")
    shared.at("/cleared")
    assert page.context.cookies() == []
    steps = page.evaluate("() => history.length") - 2  # the first is the empty page
    seen = [step(page, by) for by in [-1] * steps + [1] * steps]
    assert len(seen) >= 14
    assert [place for place in seen if place[0] not in KNOWING_NOTHING or place[1]] == []
    assert page.context.cookies() == []


def test_this_browser_does_keep_whole_pages_for_back(everyday: Browser, address: str) -> None:
    """Else the tests above would prove little: a browser of today keeps even `no-store` pages."""
    page = everyday.new_page()
    page.goto(f"{address}/about")
    page.evaluate("() => { window.kept = true; }")
    page.goto(f"{address}/privacy")
    step(page, -1)
    assert page.evaluate("() => window.kept")
    page.context.close()


def test_the_browsers_own_files_hold_no_answer(
    playwright: Playwright, address: str, tmp_path: Path
) -> None:
    """Its history, caches and saved tabs, after it was closed without clearing."""
    own = {"executable_path": str(CHROMIUM)} if CHROMIUM.exists() else {}
    context = playwright.chromium.launch_persistent_context(tmp_path, args=ARGUMENTS, **own)
    tab = Tab(context.new_page(), address)
    walk(tab, OTHERWISE)
    tab.open("/result/sheet")
    receipt = tab.page.locator("#receipt").inner_text()
    tab.open("/verify")
    tab.page.fill("#receipt", receipt)
    tab.page.click("main form button")
    tab.page.wait_for_selector("[data-same]")
    tab.open("/check/medicines")
    context.close()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    content = b"".join(file.read_bytes() for file in files)
    assert re.search(rb"127\.0\.0\.1:\d+/check/medicines", content), "its history was looked at"
    for private in (receipt, "medicines-steroids", "place=finger"):
        assert private.encode() not in content
        assert private.encode("utf-16-le") not in content
