"""The pages to read: whole, linked, true to the wording, and with help in sight."""

import re

import pytest

from app.triage.learn import split_term_marks, strip_term_marks
from app.web.reading.learn import GROUPS, REMEDIES
from tests.visitor import Visitor

IDS = [page for pages in GROUPS.values() for page in pages]
NUMBERS = {"tel:999", "tel:911", "tel:112"}
SEPSIS = {"breath": ["breathing"]}

each_page = pytest.mark.parametrize("id_", IDS)


@pytest.fixture(scope="module")
def learn(app):
    return app.state.context.rulebook.learn["en"]


@pytest.fixture(scope="module")
def fill(app):
    words = app.state.context.page_wording
    return lambda text: words.fill_placeholders(text, words.regions["international"])


def section_html(page, id_):
    """The HTML of one section."""
    found = re.search(rf'<section id="{id_}".*?</section>', page.html, re.DOTALL)
    assert found, id_
    return found.group(0)


def test_the_list_of_pages_holds_each_page_once(learn, visitor):
    assert sorted(IDS) == sorted(page.id for page in learn.pages)
    links = [link for link in visitor.get("/learn").links if link.startswith("/learn/")]
    assert {f"/learn/{id_}" for id_ in [*IDS, "words"]} <= set(links)


@each_page
def test_a_page_says_all_that_stands_in_its_words(learn, fill, visitor, id_):
    wanted, page = learn.find_page(id_), visitor.get(f"/learn/{id_}")
    assert page.h1 == [fill(wanted.title)]
    spoken = re.sub(r"\s+(?=[.,;:)])|(?<=\()\s+", "", page.text)
    for text in [*wanted.markable_texts, *(fill(part.heading) for part in wanted.sections)]:
        shown = re.sub(
            r"\s+(?=[.,;:)])|(?<=\()\s+", "", " ".join(fill(strip_term_marks(text)).split())
        )
        assert shown in spoken, text
    assert "[[" not in page.html
    assert "{" not in page.text


@each_page
def test_every_mark_became_a_link_to_its_word(learn, fill, visitor, id_):
    wanted = [
        (f"/learn/words#{term}", fill(words))
        for text in learn.find_page(id_).markable_texts
        for words, term in split_term_marks(text)
        if term
    ]
    html = visitor.get(f"/learn/{id_}").html
    links = re.findall(r'<a href="(/learn/words#[^"]+)">([^<]+)</a>', html)
    assert sorted(links) == sorted((at, words.replace("'", "&#39;")) for at, words in wanted)


def test_every_word_of_the_glossary_is_an_anchor(learn, visitor):
    page = visitor.get("/learn/words")
    ids = {found["id"] for _, found in page.tags if "id" in found}
    assert set(learn.glossary) <= ids
    assert all(term.meaning in page.text for term in learn.glossary.values())


@each_page
def test_a_page_leads_on_to_others_and_to_the_questions(learn, visitor, id_):
    links = visitor.get(f"/learn/{id_}").links
    assert {f"/learn/{other}" for other in learn.find_page(id_).related} <= set(links)
    assert "/learn" in links
    assert links.count("/") >= 2, "the questions, beside the name in the header"


@each_page
def test_each_section_names_its_sources_by_their_number(app, learn, visitor, id_):
    page, wanted = visitor.get(f"/learn/{id_}"), learn.find_page(id_)
    listed = re.search(r'<ol class="numbered-sources">(.*?)</ol>', page.html, re.DOTALL).group(1)
    titles = [re.sub(r"<[^>]+>| \(\d{4}\)", "", one) for one in re.findall("<li>(.*)</li>", listed)]
    for part in wanted.sections:
        said = re.search(r"Sources?: ([\d, ]+)", section_html(page, part.id)).group(1)
        named = {titles[int(number) - 1] for number in said.split(", ")}
        known = {app.state.context.rulebook.sources[id_].title for id_ in part.sources}
        assert {one.replace("&amp;", "&").replace("&#39;", "'") for one in named} == known


@each_page
def test_a_page_says_when_it_is_due_and_that_nobody_has_checked_it(visitor, id_):
    text = visitor.get(f"/learn/{id_}").text
    assert "Next review: by 20 November 2027." in text
    assert "No clinician has checked this page yet." in text


# --- What can harm ---


def test_each_home_remedy_says_in_a_box_with_a_sign_when_it_is_dangerous(learn, visitor):
    page, boxed = visitor.get(f"/learn/{REMEDIES}"), 0
    for part in learn.find_page(REMEDIES).sections:
        html = section_html(page, part.id)
        if any(text.startswith("When it is dangerous: ") for text in part.text):
            boxed += 1
            box = html[html.index('<div class="danger">') :]
            assert "<strong>When it is dangerous:</strong>" in box
            assert "<svg" in box
            assert html.count("<strong>") == len(part.text) == 3
        else:
            assert 'class="danger"' not in html
    assert boxed == 12


def test_what_to_do_fast_stands_apart_on_every_page_about_a_place(visitor):
    for id_ in GROUPS["learn.group.place"][:-1]:
        assert 'class="urgent"' in section_html(visitor.get(f"/learn/{id_}"), "urgent")


def test_the_signs_of_an_emergency_are_a_card_and_it_leads(visitor):
    page = visitor.get("/learn/when-to-see-a-doctor")
    assert page.level == "emergency"
    assert "nhsuk-card--care--emergency" in section_html(page, "emergency")


@pytest.mark.parametrize("id_", ["types", "treatments", "look-alikes", "when-to-see-a-doctor"])
def test_tables_can_be_heard(learn, visitor, id_):
    page = visitor.get(f"/learn/{id_}")
    tables = [part.table for part in learn.find_page(id_).sections if part.table]
    assert page.html.count("<caption") == len(page.all("table")) == len(tables)
    assert len(page.all("th", scope="col")) == sum(len(table.columns) for table in tables)
    assert len(page.all("th", scope="row")) == sum(len(table.rows) for table in tables)


# --- Whom to call ---


@each_page
def test_who_has_not_said_where_they_are_gets_every_number(visitor, id_):
    assert set(visitor.get(f"/learn/{id_}").links) >= NUMBERS


@pytest.mark.parametrize(("region", "number"), [("uk", "tel:999"), ("us", "tel:911")])
@pytest.mark.parametrize("address", ["/learn", "/learn/fingers", "/learn/words"])
def test_on_a_journey_the_numbers_are_those_of_the_region(visitor, region, number, address):
    visitor.start(region)
    assert {link for link in visitor.get(address).links if link.startswith("tel:")} == {number}


def test_on_a_journey_the_words_are_those_of_the_region(visitor):
    visitor.start("uk")
    assert "go to A&E now" in visitor.get("/learn/fingers").text
    visitor.start("us")
    assert "go to the emergency room now" in visitor.get("/learn/fingers").text


@pytest.mark.parametrize("address", ["/learn", "/learn/fingers", "/learn/words"])
def test_after_a_sign_of_an_emergency_the_message_stays_in_sight(visitor, address):
    visitor.begin()
    visitor.answer("breath", *SEPSIS["breath"])
    page = visitor.get(address)
    assert "Your answers can be a sign of an emergency" in page.text
    assert "/emergency" in page.links
    assert "Your answers can be" not in Visitor(visitor.client.app).get(address).text
    visitor.answer("breath", "none")
    assert "Your answers can be" not in visitor.get(address).text


def test_a_cookie_that_cannot_be_read_does_no_harm(visitor):
    visitor.client.cookies.set("journey", "damaged")
    assert set(visitor.get("/learn/fingers").links) >= NUMBERS


def test_when_assessing_fails_a_page_can_still_be_read(app, visitor, monkeypatch):
    def planted(*_args):
        raise ValueError("planted")

    visitor.start("us")
    monkeypatch.setattr(app.state.context.rulebook.compiled_rules, "fired", planted)
    assert "tel:911" in visitor.get("/learn/fingers").links


@pytest.mark.parametrize(
    "address", ["/learn/nothing", "/learn/", "/learn/types/", "/learn/words/x"]
)
def test_a_page_that_does_not_exist_is_said_so_with_the_emergency_box(visitor, address):
    assert visitor.get(address, 404).level == "emergency"


# --- The way from a result ---


def test_each_place_on_the_body_leads_to_a_page(app, learn):
    component = app.state.context.environment.get_template("components/learn_link.html").module
    places = app.state.context.rulebook.questionnaire["place"].option_ids
    assert set(component.by_place) <= set(places)
    words = app.state.context.page_wording

    def say(key, **more):
        return words.fill_placeholders(words.pages[key], {}, **more)

    html = component.learn_places(places, learn=learn, t=say)
    led = re.findall(r'href="/learn/([^"]+)"', str(html))
    assert sorted(led) == sorted(GROUPS["learn.group.place"])
    assert "learn" not in component.learn_places(["nowhere", "not_sure"], learn=learn, t=say)
