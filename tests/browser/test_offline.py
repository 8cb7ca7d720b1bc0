"""Without a network: one page says whom to call, and the browser keeps nothing else."""

import re

import pytest

from tests.browser.conftest import Tab
from tests.builders import rulebook
from tests.web.test_journeys import QUIET

WORDS = rulebook().wording["en"].pages
NUMBERS = {f"tel:{region.emergency_number}" for region in rulebook().regions.values()}
KEPT = """async () => {
  const found = {};
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys())
      found[new URL(request.url).pathname] = await (await caches.match(request)).text();
  return found;
}"""
LOST = re.compile("ERR_INTERNET_DISCONNECTED|Failed to fetch")
WORKERS = "async () => (await navigator.serviceWorker.getRegistrations()).length"
CONTROLLED = "() => navigator.serviceWorker.controller !== null"


@pytest.fixture
def ready(tab: Tab) -> Tab:
    """A check has begun, and the page for no network is kept."""
    tab.start()
    tab.page.wait_for_function(CONTROLLED)
    tab.answer(*QUIET["age"])
    yield tab
    tab.page.context.set_offline(False)
    tab.complaints[:] = [line for line in tab.complaints if not LOST.search(line)]


def test_without_a_network_a_page_says_whom_to_call_and_leads_back(ready: Tab) -> None:
    path, heading = ready.path, ready.heading
    ready.page.context.set_offline(True)
    ready.page.reload()
    assert ready.heading == WORDS["offline.heading"]
    links = ready.page.locator("a[href^='tel:']").evaluate_all("all => all.map((e) => e.href)")
    assert set(links) == NUMBERS
    assert ready.page.locator(".nhsuk-card--care--emergency li").count() > len(NUMBERS)
    ground = "() => getComputedStyle(document.querySelector('.nhsuk-button')).minHeight"
    assert ready.page.evaluate(ground) != "auto", "it has its style sheet"
    ready.page.context.set_offline(False)
    ready.page.click("main a.nhsuk-button")
    assert (ready.path, ready.heading) == (path, heading)


def test_an_answer_that_cannot_be_sent_leads_there_too_and_back_to_its_question(ready: Tab) -> None:
    path, heading = ready.path, ready.heading
    ready.page.context.set_offline(True)
    ready.page.click(ready.tick("none"))
    ready.page.wait_for_function(
        "text => document.querySelector('main h1')?.innerText === text",
        arg=WORDS["offline.heading"],
    )
    ready.page.context.set_offline(False)
    ready.page.click("main a.nhsuk-button")
    assert (ready.path, ready.heading) == (path, heading)
    ready.open("/")
    assert WORDS["start.going.heading"] in ready.page.locator("main").inner_text()


def test_what_is_kept_is_that_page_and_its_files_and_no_answer(ready: Tab) -> None:
    ready.answer("none")
    ready.open("/answers")
    kept = ready.page.evaluate(KEPT)
    pages = {path for path in kept if not path.startswith("/static/")}
    assert pages == {"/offline"}
    assert {path.rsplit(".", 1)[1] for path in kept if path not in pages} == {"css", "js", "svg"}
    assert not re.search(r"\b(?:checked|selected)[ >=]", kept["/offline"])


def test_where_a_check_begins_the_page_is_fetched_anew(ready: Tab) -> None:
    old = "async () => (await caches.open('offline')).put('/offline', new Response('old'))"
    ready.page.evaluate(old)
    ready.open("/")
    now = "async () => (await (await caches.match('/offline')).text()) !== 'old'"
    ready.page.wait_for_function(now)


def test_clearing_removes_it(ready: Tab) -> None:
    assert ready.page.evaluate(WORKERS) == 1
    ready.page.request.post(f"{ready.base}/clear")
    ready.open("/cleared")
    ready.page.wait_for_function("async () => (await caches.keys()).length === 0")
    assert ready.page.evaluate(WORKERS) == 0


@pytest.mark.parametrize("path", ["/", "/about", "/verify", "/learn"])
def test_nothing_is_kept_before_a_check_begins(tab: Tab, path: str) -> None:
    tab.open(path)
    tab.settled()
    assert (tab.page.evaluate(WORKERS), tab.page.evaluate(KEPT)) == (0, {})
