"""What the pages weigh on the wire, headers too, as a browser with an empty cache counts it.

A phone in a village gets about 14 kB before the server has to wait for it the first time.
"""

import gzip
import html
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
import pytest

from app.presentation.question import list_emergency_signs
from app.triage.rules import assess_answers
from app.web.journey import Journey, seal_journey
from tests.builders import KNOWN, answers, rulebook
from tests.documents.test_receipt import published_cases
from tests.visitor import OWN
from tests.web.test_every_page import NO_PAGES

START = 50_000
"""It holds its first styles itself, and the whole sheet comes behind it."""
FIRST_QUESTION = 40_000
RESULT = 60_000
EVERY_BOX = 70_000
"""A result of someone who ticks every box there is: nobody, but the bound holds."""
ANY_HTML = 14_000
FIRST_BYTES = 14_000
"""The emergency box must be among these."""
HEAVY = {
    "/result": "here of someone who ticks every box there is; real people's are measured below",
    "/rules/flow.svg": "a picture of all rules, for whoever checks us",
    "/rules": "all rules in words, for whoever checks us; it grows with them",
    "/rules/evidence": "all lines of evidence, for whoever checks us; it grows with them",
    "/rules/sources": "all sources; it grows with them",
    "/safety/hazards": "the whole log of hazards with its proofs; it grows with them",
}
"""Pages whose HTML may be longer than that, and why."""
PARTS = ["Document", "Stylesheet", "Script", "Image", "Other"]
LEVELS = {
    "emergency": {"breath": "confused"},
    "same_day": {"skin": "pus"},
    "soon": {"change": "grown"},
    "routine": {},
    "self_care": KNOWN,
}
EVERYTHING = {
    question.id: frozenset(question.option_ids) - {question.none, question.unsure}
    for question in rulebook().questionnaire
    if question.kind == "many"
}


@dataclass
class Load:
    """All that came over the wire for one page: bytes by kind of file."""

    bytes: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)  # by request
    urls: set[str] = field(default_factory=set)

    @property
    def total(self) -> int:
        """All bytes."""
        return sum(self.bytes.values())

    def started(self, event: dict) -> None:
        """A request, or the next one of a redirect."""
        self.urls.add(event["request"]["url"])
        self.kinds[event["requestId"]] = event.get("type", "Other")
        self._add("Other", event.get("redirectResponse", {}).get("encodedDataLength", 0))

    def finished(self, event: dict) -> None:
        """A response that came to its end."""
        self._add(self.kinds[event["requestId"]], event["encodedDataLength"])

    def _add(self, kind: str, count: int) -> None:
        kind = kind if kind in PARTS else "Other"
        self.bytes[kind] = self.bytes.get(kind, 0) + int(count)


def load(context, url: str) -> Load:
    """Load a page in a browser that has loaded nothing before."""
    page, found = context.new_page(), Load()
    wire = context.new_cdp_session(page)
    wire.on("Network.requestWillBeSent", found.started)
    wire.on("Network.loadingFinished", found.finished)
    wire.send("Network.enable")
    page.goto(url, wait_until="networkidle")
    if not any("/icon." in url for url in found.urls):
        # Not every browser without a window loads the icon; one with a window does.
        page.evaluate("() => fetch(document.querySelector('link[rel=icon]').href)")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("() => Boolean(window.htmx)"), "the script came too"
    page.close()
    return found


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[dict[str, Load]]:
    """The weights that were measured, told when all are known."""
    loads: dict[str, Load] = {}
    yield loads
    lines = ["", "".join(f"{name:>12}" for name in ("bytes", "in all", *PARTS))]
    for name, found in loads.items():
        counts = [found.total, *(found.bytes.get(part, 0) for part in PARTS)]
        lines.append(f"{name:>12}" + "".join(f"{count:>12,}" for count in counts))
    plugins = request.config.pluginmanager
    with plugins.getplugin("capturemanager").global_and_fixture_disabled():
        plugins.getplugin("terminalreporter").write_line("\n".join(lines))


def cookie(app, clock, given) -> str:
    """The cookie of someone who has given these answers."""
    return seal_journey(
        app.state.context.keys,
        Journey("international", int(clock()), given, edition=app.state.context.rulebook.version),
    )


def carry(context, address, app, clock, given) -> None:
    """Give the browser these answers, as if it had been asked."""
    sealed = cookie(app, clock, given)
    context.add_cookies([{"name": "journey", "value": sealed, "url": address}])


def test_the_start_page_weighs_little(context, address, table) -> None:
    table["start"] = load(context, f"{address}/")
    assert table["start"].total <= START


def test_the_first_question_weighs_little(context, address, app, clock, table) -> None:
    carry(context, address, app, clock, {})
    table["question"] = load(context, f"{address}/check/age")
    assert table["question"].total <= FIRST_QUESTION


@pytest.mark.parametrize("level", LEVELS)
def test_the_result_weighs_little(level, context, address, app, clock, table) -> None:
    given = answers(LEVELS[level])
    assert assess_answers(rulebook(), given).urgency.name == level
    carry(context, address, app, clock, given)
    table[level] = load(context, f"{address}/result")
    assert table[level].total <= RESULT


def test_the_longest_result_there_can_be_is_still_no_heavier_than_a_photograph(
    context, address, app, clock, table
) -> None:
    carry(context, address, app, clock, answers(EVERYTHING))
    table["all ticked"] = load(context, f"{address}/result")
    assert table["all ticked"].total <= EVERY_BOX


@pytest.fixture
def client(address) -> Iterator[httpx2.Client]:
    """A client that shows each answer as it came over the wire."""
    with httpx2.Client(base_url=address, headers={"Accept-Encoding": "gzip"}) as client:
        yield client


def on_the_wire(client, method: str, path: str, **how) -> bytes:
    """The body of an answer, still compressed."""
    with client.stream(method, path, **how) as response:
        assert response.headers["content-encoding"] == "gzip", path
        return b"".join(response.iter_raw())


def test_the_emergency_box_is_among_the_first_bytes(client) -> None:
    packed = on_the_wire(client, "GET", "/")
    first = zlib.decompressobj(wbits=31).decompress(packed[:FIRST_BYTES]).decode()
    box = html.unescape(first[first.index("nhsuk-card--care--emergency") :])
    for region in rulebook().regions.values():
        assert f'href="tel:{region.emergency_number}"' in box
    words = rulebook().wording["en"]
    for group in list_emergency_signs(rulebook().questionnaire, words):
        assert all(f"<li>{line}</li>" in box for line in group.lines)


def test_no_page_is_long(client, app, clock) -> None:
    """Every page that a link leads to, and every question as it is after a mistake."""
    client.cookies.set("journey", cookie(app, clock, answers(EVERYTHING)))
    sizes = {}
    waiting = ["/", "/nothing", *(f"/check/{q.id}" for q in rulebook().questionnaire)]
    while waiting:
        path = waiting.pop()
        packed = on_the_wire(client, "GET", path, follow_redirects=True)
        sizes[path] = len(packed)
        found = re.findall(r'<a [^>]*href="(/[^"#?]*)', gzip.decompress(packed).decode())
        pages = {link for link in found if not link.endswith(NO_PAGES)}
        waiting += pages - sizes.keys() - set(waiting)
    for question in rulebook().questionnaire:
        path = f"/check/{question.id}"
        wrong = on_the_wire(client, "POST", path, content="x=y", headers=OWN, follow_redirects=True)
        sizes[f"{path}, wrong"] = len(wrong)
    assert len(sizes) > 2 * len(list(rulebook().questionnaire))
    assert {path: n for path, n in sizes.items() if n > ANY_HTML and path not in HEAVY} == {}


def test_no_result_of_a_published_case_is_long(client, app, clock) -> None:
    sizes = {}
    for case in published_cases():
        client.cookies.set("journey", cookie(app, clock, case.answers))
        for path in ("/result", "/answers", "/emergency"):
            packed = on_the_wire(client, "GET", path, follow_redirects=True)
            sizes[case.entry.id, path] = len(packed)
    assert {name: size for name, size in sizes.items() if size > ANY_HTML} == {}
