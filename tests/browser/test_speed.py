"""How fast the pages are for a person, measured as `benchmarks/browsing.py` does it.

Work beside a measurement only ever adds to it: so the better of a few counts, and a page that has
become slow has no better one. A usual run allows for a busy machine. A soak holds the aims; on a
machine whose processors are all taken, no page can reach that of the slowed processor.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import TimeoutError as NeverCame

from benchmarks import browsing
from benchmarks.browsing import (
    BARE,
    CONTINUE_AIM,
    LCP_AIM,
    PAGES,
    Sight,
    bare_steps,
    kept_for,
    look,
    middle,
    serving_bare,
    walk,
)
from tests.builders import SOAK
from tests.running import Running, serving

pytestmark = pytest.mark.alone

CONTINUE_MOST = CONTINUE_AIM if SOAK else 75
TIMES = 7 if SOAK else 3
LOOKED_AT = [*PAGES] if SOAK else ["start", "body map", "result"]
HEAVY = (
    b"<!doctype html><html><main><!--" + bytes(range(33, 45)) * 25_000 + b"--><h1>Late</h1></main>"
)
# It moves again and again: a first move may come before anything was painted, and would not count.
MOVING = b"""<!doctype html><html><main><p>Above</p><h1>Below</h1></main><script>
const above = document.querySelector("p").style;
setInterval(() => { above.height = above.height ? "" : "300px"; }, 100);
</script>"""
LATE = BARE.replace(b"heading.focus()", b"setTimeout(() => heading.focus(), 150)")
UNFOCUSED = BARE.replace(b"heading.focus()", b"")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server in a process of its own, as people run it."""
    with serving(tmp_path_factory.mktemp("timed") / "server") as server:
        yield server


def test_the_next_question_is_there_at_once(browser: Browser, server: Running) -> None:
    runs: list[list[float]] = []
    while len(runs) < TIMES and not (runs and at_once(runs)):
        runs.append([step.arrived for step in walk(browser, server.base)[0]])
    assert at_once(runs), runs


def at_once(runs: list[list[float]]) -> bool:
    """Whether the steps, each at its best, are soon there: most of them, and none far behind."""
    steps = [min(step) for step in zip(*runs, strict=True)]
    return middle(steps) < CONTINUE_MOST and max(steps) < 2 * CONTINUE_MOST


def test_a_slow_phone_shows_a_page_soon_and_nothing_moves(
    browser: Browser, server: Running
) -> None:
    most = lcp_most()
    _, answers = walk(browser, server.base)
    seen: dict[str, list[Sight]] = {}
    for name in LOOKED_AT:
        looks = seen[name] = []
        while len(looks) < TIMES and not (looks and looks[-1].lcp < most):
            looks.append(look(browser, server.base + PAGES[name], kept_for(name, answers)))
    assert {name: best(looks) for name, looks in seen.items() if best(looks) >= most} == {}
    assert {look.shift for looks in seen.values() for look in looks} == {0}


def lcp_most() -> float:
    """Milliseconds in which a slow phone must show a page."""
    busy = os.getloadavg()[0] > (os.cpu_count() or 1)
    return LCP_AIM if SOAK and not busy else 2500


def best(looks: list[Sight]) -> float:
    """The soonest of several."""
    return min(look.lcp for look in looks)


# --- The checks can fail ---


def test_a_page_that_comes_late_or_moves_is_found(browser: Browser) -> None:
    with serving_bare(HEAVY) as url:
        assert look(browser, url).lcp > LCP_AIM
    with serving_bare(MOVING) as url:
        assert look(browser, url).shift > 0.01


def test_a_step_that_comes_late_is_found(browser: Browser) -> None:
    with serving_bare(LATE) as url:
        assert all(step.arrived > 75 for step in bare_steps(browser, url, 2))


def test_one_question_that_is_slow_is_found() -> None:
    assert at_once([[1, 1, 1]])
    assert not at_once([[1, 1, 1, 2 * CONTINUE_MOST]] * 3)


def test_a_step_without_focus_is_found(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "PATIENCE", 800)
    with serving_bare(UNFOCUSED) as url, pytest.raises(NeverCame):
        bare_steps(browser, url, 1)
