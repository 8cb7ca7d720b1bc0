"""What holds for all pages together: no link is broken, none is heavy, all are easy to read.

The pages are found by following every link from the start, before, during and after a self-check.
"""

import gzip
import re
from dataclasses import replace
from html.parser import HTMLParser
from statistics import median

import pytest
from starlette.routing import Route

from app.assurance.readability import (
    build_term_pattern,
    coleman_liau_grade,
    flesch_kincaid_grade,
    mask_terms,
    split_sentences,
    split_words,
)
from app.web import page_cache
from app.web.access import ANYONE
from app.web.errors import MACHINE_PATHS
from app.web.page_cache import TICK_HOLE, PageKey, find_or_render, split_page
from tests.builders import rulebook
from tests.visitor import AT_THE_DOOR, Visitor
from tests.web.route_table import PERMISSIONS_BY_ROUTE
from tests.web.test_journeys import AT_RISK, QUIET

FOR_CHECKING = {f"/rules{page}" for page in ("", "/types", "/evidence", "/look-alikes", "/sources")}
"""Pages for whoever checks us; they hold every rule and need not be easy."""
MOST_BYTES = 14 * 1024
MOST_WITH_STYLES = MOST_BYTES + 9 * 1024
MOST_OF_HAZARDS = 48 * 1024  # the whole log with its proofs; it grows with what clinics can do
MOST_FOR_CHECKING = 30 * 1024  # they grow with the rules and sources, and nobody waits for them
ROUTES_WITHOUT_PAGE = {
    "/healthz",
    "/readyz",
    "/static/{path:path}",
    "/worker.js",
    "/start",
    "/send",
    "/share/back",
}
NO_PAGES = (".svg", ".pdf", ".txt")
FOR_CLINICS = {
    path
    for key, needed in PERMISSIONS_BY_ROUTE.items()
    for path in [key.split(" ")[1]]
    if needed != ANYONE
    or path in {"/i", "/share", "/share/news", "/emergency/clinic"}
    or path.startswith((*AT_THE_DOOR, "/i/"))
}
"""No page for everyone leads there; tests of their own look at them."""
ANSWERED = {
    "quiet": QUIET,
    "emergency": QUIET | {"skin": ["dead_skin"]},
    "today": QUIET | AT_RISK | {"skin": ["pus"]},
    "child": QUIET | {"age": ["child"], "change": ["grown"]},
    "unsure": {},
}


class Blocks(HTMLParser):
    """The texts of a page's main part as its paragraphs, lines of lists, headings and cells."""

    BLOCK = re.compile(
        r"p|li|dt|dd|h\d|t[hdr]|caption|legend|label|summary|button|div|section|ul|ol"
    )
    LEFT_OUT = ("source", "numbered-sources", "receipt", "text-box", "body-map")

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.texts, self.part, self.deep, self.hidden = [], "", 0, 0
        self.feed(html[html.index("<main") : html.index("</main>")])
        self._end()

    def handle_starttag(self, tag, attrs):
        if tag in {"input", "br", "hr", "img"}:
            return
        self.deep += 1
        classes = (dict(attrs).get("class") or "").split()
        if not self.hidden and (tag == "svg" or set(classes) & set(self.LEFT_OUT)):
            self.hidden = self.deep
        if self.BLOCK.fullmatch(tag):
            self._end()

    def handle_endtag(self, tag):
        if self.hidden == self.deep:
            self.hidden = 0
        self.deep -= 1
        if self.BLOCK.fullmatch(tag):
            self._end()

    def handle_data(self, text):
        if not self.hidden:
            self.part += text

    def _end(self):
        if text := " ".join(self.part.split()):
            self.texts.append(text)
        self.part = ""


def crawl(visitor, begin):
    """Every page that links lead to from these addresses, each fetched and checked once."""
    found, waiting = {}, list(begin)
    while waiting:
        address = waiting.pop()
        if address in found:
            continue
        if address.endswith(NO_PAGES):
            assert visitor.client.get(address).status_code == 200
            continue
        found[address] = page = visitor.get(address)
        waiting += [link.partition("#")[0] for link in page.links if link.startswith("/")]
    return found


@pytest.fixture(scope="module")
def pages(app):
    """All pages as (what was answered, address) -> page."""
    found = {
        ("nothing", at): page
        for at, page in crawl(Visitor(app), ["/", "/cleared", "/offline"]).items()
    }
    for name, answers in ANSWERED.items():
        visitor = Visitor(app)
        visitor.walk(answers)
        begin = [
            "/",
            "/answers",
            "/result",
            "/changed/breath",
            *(["/emergency"] if name == "emergency" else []),
        ]
        found |= {(name, at): page for at, page in crawl(visitor, begin).items()}
    refused = Visitor(app)
    found["nothing", "no journey"] = refused.get("/check/age")
    found["nothing", "not found"] = refused.get("/nothing", 404)
    found["nothing", "refused"] = refused.start() and refused.answer("age", status=422)
    refused.answer("age", "adult")
    found["nothing", "signs refused"] = refused.answer("breath", status=422)
    found["nothing", "asked back"] = refused.answer("breath", "fit", "none", status=422)
    found["nothing", "how to find out"] = refused.answer("breath", "not_sure")
    return found


@pytest.fixture(scope="module")
def terms(app):
    """Finds every medical word that the glossary explains."""
    glossary = app.state.context.rulebook.learn["en"].glossary.values()
    return build_term_pattern(form for term in glossary for form in (term.name, *term.also))


def test_every_page_that_there_is_can_be_reached(app, pages):
    routes = [
        route
        for route in app.router.routes
        if isinstance(route, Route)
        and "GET" in route.methods
        and not route.path.startswith(MACHINE_PATHS)
        and not route.path.endswith(NO_PAGES)
        and route.path not in ROUTES_WITHOUT_PAGE | FOR_CLINICS
    ]
    reached = {at for _, at in pages}
    assert [r.path for r in routes if not any(r.path_regex.match(at) for at in reached)] == []


def test_no_link_within_the_pages_is_broken(pages):
    ids = {
        (name, at): {found["id"] for _, found in page.tags if "id" in found}
        for (name, at), page in pages.items()
    }
    broken = [
        (at, link)
        for (name, at), page in pages.items()
        for link in page.links
        if "#" in link and not link.startswith("http")
        for address, _, anchor in [link.partition("#")]
        if anchor not in ids[name, address or at]
    ]
    assert broken == []


def test_every_page_is_light(pages, record_property):
    sizes = {}
    assert all("gzip" in page.headers["content-encoding"] for page in pages.values())
    for (name, at), page in pages.items():
        sizes[at] = max(sizes.get(at, 0), int(page.headers["content-length"]))
        record_property(f"{name} {at}", sizes[at])
    most = {at: MOST_FOR_CHECKING if at in FOR_CHECKING else MOST_BYTES for at in sizes}
    most["/safety/hazards"] = MOST_OF_HAZARDS
    # In place of a second file that the first sight of it would wait for.
    most |= {at: MOST_WITH_STYLES for at in sizes if at.startswith("/learn")}
    assert {at: n for at, n in sizes.items() if n > most[at]} == {}


def test_every_page_says_that_no_clinician_has_approved_it(pages):
    """Until rulebook.yaml names one; tests/web/test_safety_page.py shows what happens then."""
    silent = [key for key, page in pages.items() if "No clinician has approved it" not in page.text]
    assert silent == []


def spoken(page, terms):
    """(All texts of a page, its whole sentences alone), the medical words masked."""
    texts = [mask_terms(text, terms) for text in Blocks(page.html).texts]
    return texts, [text for text in texts if text.endswith((".", "?", "!"))]


def test_every_page_is_easy_to_read(pages, terms):
    hard, grades = {}, []
    for key, page in pages.items():
        if key[1] in FOR_CHECKING:
            continue
        found = max(flesch_kincaid_grade(texts) for texts in spoken(page, terms))
        if found > (8 if key[1].startswith("/learn") else 6):
            hard[key] = found
        if not key[1].startswith("/learn"):
            grades.append(found)
    assert hard == {}
    assert median(grades) <= 4


def test_the_second_measure_of_reading_agrees(pages, terms):
    grades = {
        key: max(coleman_liau_grade(texts) for texts in spoken(page, terms))
        for key, page in pages.items()
        if key[1] not in FOR_CHECKING
    }
    assert {key: grade for key, grade in grades.items() if grade > 8} == {}


def test_no_sentence_is_long(pages):
    long = {
        sentence
        for (_, at), page in pages.items()
        if at not in FOR_CHECKING
        for sentence in split_sentences(Blocks(page.html).texts)
        if len(split_words(sentence)) > 25
    }
    assert long == set()


# --- Pages that never change ---


@pytest.mark.parametrize("lines", [300, 0], ids=["ticks", "the nonce alone"])
def test_a_page_that_is_kept_is_the_same_compressed_or_plain(lines):
    line = f"<p>text</p><i{TICK_HOLE}>"
    page = split_page("<a>é\0</a>" + line * lines + "<p>text</p>" * 300 + "\0<b>\0")
    assert bool(page.packed) is not bool(lines)
    for nonce in (b"0123456789abcdefghij-_", b"<p>text</p><i><p>text<"):
        for ticks in ([True] * lines, [False] * lines, [n % 3 == 0 for n in range(lines)]):
            plain = page.plain_bytes(nonce, ticks)
            assert plain.count(nonce) >= 3
            assert plain.count(b"<i checked>") == sum(ticks)
            assert b"\0" not in plain
            assert b"\1" not in plain
            assert gzip.decompress(page.gzipped_bytes(nonce, ticks)) == plain


def test_a_kept_page_refers_back_beyond_its_holes():
    text = "".join(f"<p>{number}</p>" for number in range(400))
    once, twice = split_page(text), split_page(f"{text}\0{text}")
    assert len(twice.gzipped_bytes(b"n" * 22)) < len(once.gzipped_bytes()) + 200


def test_a_kept_question_shows_just_what_this_person_ticked(visitor):
    visitor.walk(ANSWERED["quiet"])
    for question in rulebook().questionnaire:
        if question.id not in QUIET:
            continue
        pressed = {question.none, question.unsure} if question.kind == "many" else set()
        for option in question.option_ids:
            visitor.answer(question.id, option)
            for asked in ("gzip", "identity"):
                page = visitor.get(f"/check/{question.id}", **{"Accept-Encoding": asked})
                assert page.ticked == {option} - pressed
                assert ("Your last answer was" in page.text) == (option in pressed)
        visitor.answer(question.id, *QUIET[question.id])


def test_only_so_many_pages_are_kept(app, monkeypatch):
    context = replace(app.state.context, cached_pages={})
    monkeypatch.setattr(page_cache, "MOST_KEPT", 3)
    for number in range(5):
        find_or_render(context, PageKey("template", "en", "uk", (number,)), lambda: "<p>")
    assert [key.variant for key in context.cached_pages] == [(2,), (3,), (4,)]


def test_a_page_that_never_changes_has_no_place_for_a_nonce():
    picture = split_page("<svg/>")
    assert (
        picture.plain_bytes(b"unused")
        == gzip.decompress(picture.gzipped_bytes(b"unused"))
        == b"<svg/>"
    )


@pytest.mark.parametrize(
    "address", ["/", "/about", "/privacy", "/cleared", "/learn/types", "/rules"]
)
def test_a_kept_page_carries_the_nonce_of_its_own_answer_and_of_no_other(visitor, address):
    seen = set()
    for asked in ("gzip", "identity"):
        response = visitor.client.get(address, headers={"Accept-Encoding": asked})
        nonce = re.search(r"'nonce-([^']+)'", response.headers["content-security-policy"]).group(1)
        assert response.text.count(f'nonce="{nonce}"') == response.text.count('nonce="') >= 3
        assert (response.headers.get("content-encoding") == "gzip") is (asked == "gzip")
        assert response.headers["vary"] == "Accept-Encoding"
        seen.add(response.text.replace(nonce, ""))
        assert nonce not in seen
    assert len(seen) == 1


def test_what_is_kept_grows_with_no_visit(app, visitor):
    for _ in range(2):
        crawl(visitor, ["/"])
        visitor.get("/learn/nothing", 404)
        before, visitor = len(app.state.context.cached_pages), Visitor(app)
    crawl(visitor, ["/"])
    assert len(app.state.context.cached_pages) == before


def test_no_answer_is_kept(app, visitor):
    visitor.walk(ANSWERED["quiet"])
    crawl(visitor, ["/result"])
    stills = app.state.context.cached_pages
    pages = "".join(part.decode() for page in stills.values() for part in page.parts)
    assert 'action="/check/pain"' in pages
    assert not re.search("<input[^>]* checked", pages)
    personal = {"patient/result.html", "patient/answers.html", "patient/emergency.html"}
    assert personal & {template for template, *_ in stills} == set()
