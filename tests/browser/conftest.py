"""A real server on a real socket, and a real browser that reports whatever goes wrong in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    Playwright,
    Request,
    expect,
    sync_playwright,
)

if TYPE_CHECKING:
    from tests.browser.states import States

CHROMIUM = Path("/usr/bin/chromium")
HEADLESS = Path("/usr/bin/chromium-headless-shell")
"""The same browser without windows: it opens a profile in a quarter of the time."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
PATIENCE = 30_000
"""Milliseconds for what must come, on a machine with other work too; what is there costs none."""
expect.set_options(timeout=PATIENCE)
TWO_FRAMES = "() => new Promise((on) => requestAnimationFrame(() => requestAnimationFrame(on)))"
# A refused answer, a missing page and a worker that a test keeps away are told by the browser too.
EXPECTED = (
    "the server responded with a status of 4",
    "Service Worker registration blocked by Playwright",
)


@pytest.fixture(scope="session")
def address(app) -> Iterator[str]:
    """The address of the running server, which has no clinic."""
    with up(app) as address:
        yield address


@contextmanager
def up(app: FastAPI) -> Iterator[str]:
    """The application served until the end of the block; its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", server_header=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What starts browsers."""
    with sync_playwright() as playwright:
        yield playwright


def launch(playwright: Playwright, *more: str) -> Browser:
    """Debian's browser where it is there, else the one that playwright brought."""
    own = next((browser for browser in (HEADLESS, CHROMIUM) if browser.exists()), None)
    return playwright.chromium.launch(args=[*ARGUMENTS, *more], executable_path=own)


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser on this machine."""
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture
def browser_over_lan(playwright: Playwright) -> Iterator[Browser]:
    """A browser that meets the server under a name, so that http is not trusted as localhost is."""
    browser = launch(playwright, "--host-resolver-rules=MAP check.clinic.test 127.0.0.1")
    yield browser
    browser.close()


@dataclass
class Tab:
    """One page of the browser, and what it complained about and asked for."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    under_way: set[Request] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._console)
        self.page.on("pageerror", self._error)
        self.page.on("request", self._asked)
        self.page.on("requestfinished", self._over)
        self.page.on("requestfailed", self._over)

    def leave(self) -> None:
        """Hear no more of the page, which goes on to another tab."""
        self.page.remove_listener("console", self._console)
        self.page.remove_listener("pageerror", self._error)
        self.page.remove_listener("request", self._asked)
        self.page.remove_listener("requestfinished", self._over)
        self.page.remove_listener("requestfailed", self._over)

    def _console(self, message) -> None:
        if message.type in {"error", "warning"} and not any(e in message.text for e in EXPECTED):
            self.complaints.append(message.text)

    def _error(self, error) -> None:
        self.complaints.append(str(error))

    def _asked(self, request) -> None:
        self.requests.append(request.url)
        self.under_way.add(request)

    def _over(self, request) -> None:
        self.under_way.discard(request)

    def open(self, path: str) -> None:
        """Load a page."""
        self.page.goto(self.base + path)

    def at(self, path: str) -> None:
        """Wait until this is the page."""
        self.page.wait_for_url(self.base + path)

    def settled(self) -> None:
        """Wait until nothing is under way, not even two frames after the last thing came."""
        until, quiet = time.monotonic() + PATIENCE / 1000, 0
        while quiet < 2:
            assert time.monotonic() < until, f"{self.path} never settles"
            seen = False
            with suppress(Error):  # the page was just being left
                self.page.evaluate(TWO_FRAMES)
                seen = not self.under_way
            quiet = quiet + 1 if seen else 0

    @property
    def path(self) -> str:
        """Where the tab is."""
        return self.page.url.removeprefix(self.base)

    @property
    def heading(self) -> str:
        """The page's heading."""
        return self.page.locator("main h1").inner_text()

    @property
    def focused(self) -> str:
        """The focused element: its tag, and its id or name."""
        return self.page.evaluate(
            "() => [document.activeElement].map((e) => `${e.tagName}#${e.id || e.name || ''}`)[0]"
        )

    def start(self, region: str = "uk") -> None:
        """Begin a self-check."""
        self.open("/")
        self.page.select_option("#region", region)
        self.page.click("main form button")
        self.at("/check/age")

    def answer(self, *options: str) -> None:
        """Tick and go on; what is a button of its own is pressed."""
        before = self.page.locator("main h1").inner_text()
        self.page.click(self.tick(*options))
        self.page.wait_for_function(
            "text => document.querySelector('main h1')?.innerText !== text", arg=before
        )

    def tick(self, *options: str) -> str:
        """Tick these of the question on the page; the button that sends it then."""
        question, send = self.path.rsplit("/", 1)[1], "main form button"
        for option in options:
            line = f"#{question}-{option}"
            if self.page.locator(f"button{line}").count():
                send = line
            else:
                self.page.check(line)
        return send

    def walk(self, answers: dict[str, list[str]]) -> None:
        """Answer until the list of answers is there; what is not said is not sure."""
        while self.path.startswith("/check/"):
            self.answer(*answers.get(self.path.rsplit("/", 1)[1], ["not_sure"]))
            if self.path == "/emergency":
                self.page.click("main a.nhsuk-button--secondary")
                self.page.wait_for_url(lambda url: not url.endswith("/emergency"))


@pytest.fixture
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser profile that nobody has used; parametrise indirectly to set its options."""
    context = browser.new_context(**getattr(request, "param", {}))
    yield context
    context.close()


@pytest.fixture
def tab(context: BrowserContext, address: str) -> Iterator[Tab]:
    """A tab that must end without a complaint and without a request to anyone else."""
    tab = Tab(context.new_page(), address)
    yield tab
    tab.leave()
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith((address, "data:"))] == []


@pytest.fixture(scope="session")
def every(app: FastAPI) -> States:
    """Every page in every state, found once for all tests."""
    from tests.browser.states import States  # here, as these states open tabs

    return States(app)


AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker's source."""
    assert AXE.exists(), "axe-core is missing: run `make setup`"
    return AXE.read_text()
