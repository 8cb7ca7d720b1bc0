"""How fast the pages are for a person: first sight on a slow phone, and from Continue to the next.

First sight is taken as Lighthouse's authors slow a phone down by hand (slow 4G, CPU four times
slower): of a page to which links from outside lead, with nothing in the cache; of a page that comes
after it, with the files that the browser has kept from there. Continue is taken in a local browser
that nothing slows. Beside both stands a bare page in the same run, so that figures of two machines
can be compared. `tests/browser/test_speed.py` holds the aims. It knows addresses and headings, and
no question.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, Page, Playwright, StorageState, sync_playwright

from tests.running import serving

PAGES = {
    "start": "/",
    "first question": "/check/now",
    "body map": "/check/place",
    "result": "/result",
    "learn page": "/learn/home-remedies",
}
LANDINGS = ("start", "learn page")  # the others are reached from the start page
LOADS, WALKS = 5, 2  # of each page; through the whole questionnaire
LCP_AIM, CONTINUE_AIM = 1200, 30  # milliseconds
SETTLING = 400  # milliseconds after the load in which nothing may move
PATIENCE = 10_000  # milliseconds that a step may take before it counts as lost
ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = Path("/usr/bin/chromium")
CPU_SLOWDOWN = 4
# 150 ms there and back, 1.6 Mbit/s down, 750 kbit/s up. The browser slows requests and not
# packets, so it takes 3.75 round trips for each and nine tenths of the speed, as Lighthouse does.
SLOW_4G = {
    "offline": False,
    "latency": 150 * 3.75,
    "downloadThroughput": 1_600_000 / 8 * 0.9,
    "uploadThroughput": 750_000 / 8 * 0.9,
}
WATCH = """() => {
  window.seen = { lcp: 0, shift: 0 };
  const watch = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take))
    .observe({ type, buffered: true });
  watch("largest-contentful-paint", (entry) => { window.seen.lcp = entry.startTime; });
  watch("layout-shift", (entry) => { window.seen.shift += entry.value; });
}"""
# From the moment of the click itself: what waits before the first script counts too.
TIME_CONTINUE = """() => {
  window.step = null;
  document.addEventListener("click", ({ timeStamp }) => {
    const before = document.querySelector("main h1");
    const arrive = ({ target }) => {
      if (target === before || !target.matches("main h1")) return;
      document.removeEventListener("focusin", arrive);
      const arrived = performance.now() - timeStamp;
      requestAnimationFrame(() => { window.step = [arrived, performance.now() - timeStamp]; });
    };
    document.addEventListener("focusin", arrive);
  }, { capture: true, once: true });
}"""
BARE = b"""<!doctype html><html lang="en"><title>Bare</title><main><h1>Bare</h1></main>
<button>Continue</button>
<script>
document.querySelector("button").addEventListener("click", async () => {
  const text = await (await fetch(location.href)).text();
  const fresh = new DOMParser().parseFromString(text, "text/html");
  document.querySelector("main").replaceWith(fresh.querySelector("main"));
  const heading = document.querySelector("h1");
  heading.tabIndex = -1;
  heading.focus();
});
</script>"""


@dataclass(frozen=True)
class Sight:
    """What a person sees of a page that loads."""

    lcp: float  # milliseconds until the largest part is painted
    shift: float  # how far what was painted moved: Cumulative Layout Shift
    sent: int  # bytes over the wire, nothing cached


@dataclass(frozen=True)
class Step:
    """Milliseconds from the click on Continue."""

    arrived: float  # until the next heading is in the page and has the focus
    framed: float  # until the frame that shows it


def main() -> None:
    """Print a line for each page and each kind of step."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch_browser(playwright)
        with serving(Path(folder)) as ours, serving_bare(BARE) as bare:
            _compare_steps(browser, ours.base, bare)
            _compare_sights(browser, ours.base, bare)
        browser.close()


def launch_browser(playwright: Playwright) -> Browser:
    """Debian's Chromium where it is there, else the one that playwright brought."""
    own = CHROMIUM if CHROMIUM.exists() else None
    return playwright.chromium.launch(args=["--no-sandbox", "--disable-gpu"], executable_path=own)


def _compare_steps(browser: Browser, ours: str, bare: str) -> None:
    mine = [step for _ in range(WALKS) for step in walk(browser, ours)[0]]
    theirs = bare_steps(browser, bare, len(mine))
    print(f"{'ms from Continue':<18}{'median':>8}{'p95':>8}{'bare':>8}{'ratio':>8}  aim")
    for name in ("arrived", "framed"):
        values = [getattr(step, name) for step in mine]
        floor = middle(getattr(step, name) for step in theirs)
        print(
            f"{name:<18}{middle(values):>8.1f}{most(values):>8.1f}{floor:>8.1f}"
            f"{middle(values) / floor:>8.1f}  {CONTINUE_AIM}"
        )


def _compare_sights(browser: Browser, ours: str, bare: str) -> None:
    _, answers = walk(browser, ours)
    floor = middle(look(browser, bare, None).lcp for _ in range(LOADS))
    print(
        f"{'slow 4G, CPU / 4':<18}{'LCP ms':>8}{'best':>8}{'bare':>8}{'ratio':>8}{'shift':>8}"
        f"{'bytes':>8}  aim"
    )
    for name, path in PAGES.items():
        seen = [look(browser, ours + path, kept_for(name, answers)) for _ in range(LOADS)]
        lcp, shift = middle(sight.lcp for sight in seen), max(sight.shift for sight in seen)
        print(
            f"{name:<18}{lcp:>8.0f}{min(sight.lcp for sight in seen):>8.0f}{floor:>8.0f}"
            f"{lcp / floor:>8.1f}{shift:>8.3f}{seen[0].sent:>8}  {LCP_AIM}"
        )


def walk(browser: Browser, base: str) -> tuple[list[Step], StorageState]:
    """Every step of someone who is sure of nothing, and what the browser keeps of them."""
    context, steps = browser.new_context(), []
    page = context.new_page()
    page.goto(base)
    page.select_option("#region", "uk")
    page.click("main form button")
    page.wait_for_url("**/check/*")
    while "/check/" in page.url:
        unsure, before = f"#{page.url.rsplit('/', 1)[1]}-not_sure", page.url
        if page.locator(f"button{unsure}").count():
            # A screen of emergency signs shows how to find out, on the same address, before it
            # takes a doubt.
            steps.append(timed_step(page, unsure))
            if page.url == before:
                steps.append(timed_step(page, unsure))
        else:
            page.check(unsure)
            steps.append(timed_step(page, "main form button"))
    kept = context.storage_state()
    context.close()
    return steps, kept


def timed_step(page: Page, button: str) -> Step:
    """Click, and time the next page's heading."""
    page.evaluate(TIME_CONTINUE)
    page.click(button)
    # Not a promise to wait for: a heading that never gets the focus must end in an error.
    return Step(*page.wait_for_function("() => window.step", timeout=PATIENCE).json_value())


def bare_steps(browser: Browser, url: str, count: int) -> list[Step]:
    """The same from a bare page to itself, by the least script that can do it."""
    page = browser.new_page()
    page.goto(url)
    steps = [timed_step(page, "button") for _ in range(count)]
    page.close()
    return steps


def look(browser: Browser, url: str, kept: StorageState | None = None) -> Sight:
    """Load one page on a slow phone.

    `kept`: what the browser holds of someone who came to it from the start page; None for a
    browser that has loaded nothing before.
    """
    context = browser.new_context(storage_state=kept, viewport={"width": 412, "height": 823})
    if kept:
        context.new_page().goto(urljoin(url, "/"))
    page, sent = context.new_page(), []
    devtools = context.new_cdp_session(page)
    devtools.on("Network.loadingFinished", lambda event: sent.append(event["encodedDataLength"]))
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", SLOW_4G)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
    page.goto(url)
    assert page.url.rstrip("/") == url.rstrip("/"), f"{url} led to {page.url}"
    page.evaluate(WATCH)
    page.wait_for_timeout(SETTLING)
    seen = page.evaluate("() => window.seen")
    context.close()
    return Sight(seen["lcp"], seen["shift"], int(sum(sent)))


def kept_for(name: str, answers: StorageState) -> StorageState | None:
    """What a browser holds that comes to this page: nothing, or these answers."""
    return None if name in LANDINGS else answers


def middle(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)


def most(values: Iterable[float]) -> float:
    """What 95 of 100 stay under."""
    return statistics.quantiles(values, n=20)[-1]


@contextmanager
def serving_bare(html: bytes) -> Iterator[str]:
    """The address of a server that has one page and nothing else to do."""

    class OnePage(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(html)))
            self.end_headers()
            self.wfile.write(html)

        def log_message(self, *_: object) -> None:
            """It says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), OnePage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main()
