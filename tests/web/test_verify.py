"""Take it with you: what the result page holds for it, a receipt checked, and wrong advice."""

import html
import logging
import re
import shutil
from dataclasses import replace

import pytest
import yaml

from app.documents.receipt import write_receipt
from app.main import create_app
from app.rulebook.load import load_rulebook_folder
from app.settings import Settings
from app.triage.rules import assess_answers
from tests.builders import RULES, SOAK, answers, rulebook
from tests.documents.test_receipt import copied, forged, published_cases, receipt_of
from tests.visitor import Visitor
from tests.web.test_journeys import QUIET

CANARY = "canary-7f3a"


def chosen(given):
    return {question: frozenset(options) for question, options in given.items()}


def receipt_on(page):
    return re.search(r'id="receipt">([^<]+)<', page.html).group(1)


@pytest.mark.parametrize(
    "changes", [{}, {"skin": ["pus"]}, {"breath": ["confused"]}, {"reason": ["calcinosis"]}]
)
def test_the_receipt_of_a_result_gives_the_same_result_again(visitor, changes):
    visitor.walk(QUIET | changes)
    result = visitor.get("/result")
    receipt = receipt_on(visitor.get("/result/sheet"))
    assert receipt == receipt_of(chosen(QUIET | changes), "uk")
    page = visitor.post("/verify", {"receipt": receipt})
    assert page.level == result.level
    assert page.all("section", **{"data-same": "yes"})
    assert page.all(
        "p", **{"data-likely": assess_answers(rulebook(), chosen(QUIET | changes)).likely_type}
    )
    for _, tag in [t for t in page.tags if "data-level" in t[1]]:
        assert tag["data-level"] == result.level


def test_a_receipt_needs_no_journey_and_leaves_nothing(app):
    stranger = Visitor(app)
    page = stranger.post("/verify", {"receipt": receipt_of(answers(skin=["pus"]))})
    assert page.level == "same_day"
    assert "Pus" in page.text
    assert not stranger.client.cookies
    assert "set-cookie" not in page.headers


def test_every_published_case_shows_its_level_again(app):
    stranger = Visitor(app)
    for case in published_cases()[:: 1 if SOAK else 8]:
        page = stranger.post("/verify", {"receipt": receipt_of(case.answers)})
        assert page.level == assess_answers(rulebook(), case.answers).urgency.name, case.entry.id
        assert page.all("section", **{"data-same": "yes"}), case.entry.id


def test_a_receipt_without_a_region_names_every_number_and_asks_where_the_person_is(visitor):
    receipt = receipt_of(answers(breath=["confused"]))
    page = visitor.post("/verify", {"receipt": receipt})
    assert page.level == "emergency"
    assert {"tel:999", "tel:911", "tel:112"} <= set(page.links)
    assert page.all("select", name="region")
    assert [tag["value"] for tag in page.all("option")] == list(rulebook().regions)
    assert page.all("input", type="hidden", name="receipt")[0]["value"] == receipt
    assert page.all("option", value="international", selected=""), "no place is taken for granted"
    there = visitor.post("/verify", {"receipt": receipt, "region": "us"})
    assert {link for link in there.links if link.startswith("tel:")} == {"tel:911"}
    assert "Call 911" in there.text
    assert there.all("option", value="us", selected="")
    elsewhere = visitor.post("/verify", {"receipt": receipt, "region": CANARY})
    assert {"tel:999", "tel:911", "tel:112"} <= set(elsewhere.links)
    assert CANARY not in elsewhere.html


@pytest.mark.parametrize(("region", "number"), [("uk", "999"), ("us", "911")])
def test_a_receipt_with_a_region_speaks_of_that_place_and_asks_nothing(visitor, region, number):
    receipt = receipt_of(answers(breath=["confused"]), region)
    page = visitor.post("/verify", {"receipt": receipt})
    assert {link for link in page.links if link.startswith("tel:")} == {f"tel:{number}"}
    assert not page.all("select")
    assert visitor.post("/verify", {"receipt": receipt, "then": "changed"}).url == "/changed"
    assert {link for link in visitor.get("/result").links if "tel:" in link} == {f"tel:{number}"}


def test_a_receipt_shows_its_answers_and_the_words_for_a_child(visitor):
    page = visitor.post("/verify", {"receipt": receipt_of(answers(age="child"))})
    assert "1 to 15 years" in page.text
    assert "your child" in page.text
    assert "This is about a child" in page.text


def test_an_unfinished_receipt_says_so(visitor):
    page = visitor.post("/verify", {"receipt": forged([("age", "adult")])})
    assert "Some questions were still open" in page.text


def typed(page):
    """What stands in the box; the page without it."""
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page.html, re.DOTALL)
    return html.unescape(found.group(1)), page.html.replace(found.group(0), "")


@pytest.mark.parametrize(
    "sent",
    ["", CANARY, f"<script>{CANARY}</script>", f"</textarea>{CANARY}", "\n\nCALCINOSIS-CHECK/1/"],
)
def test_what_is_no_receipt_is_told_kindly_and_stays_in_its_box_alone(visitor, sent):
    page = visitor.post("/verify", {"receipt": sent}, status=422)
    summary = page.all("div", id="problem")
    assert summary
    assert "autofocus" in summary[0]
    assert "#receipt" in page.links
    box = page.all("textarea")[0]
    assert box["id"] == "receipt"
    assert "receipt-error" in box["aria-describedby"]
    assert page.title.startswith("Error: ")
    box, rest = typed(page)
    assert box == sent
    assert CANARY not in rest


def test_a_form_without_a_receipt_or_with_too_much_is_refused(visitor):
    visitor.post("/verify", {}, status=422)
    visitor.post("/verify", {"other": "x"}, status=422)
    visitor.post("/verify", {"receipt": "A" * 60_000}, status=422)
    visitor.post("/verify", {"receipt": "A" * 70_000}, status=413)
    visitor.post(
        "/verify", {"receipt": receipt_of(answers())}, 403, **{"Sec-Fetch-Site": "cross-site"}
    )


@pytest.mark.parametrize(
    ("receipt", "message"),
    [
        (receipt_of(answers())[:-1], "wrong or missing"),
        (forged([("age", "adult"), ("age", "older")]), "does not know"),
    ],
)
def test_each_fault_of_a_receipt_has_its_own_words(visitor, receipt, message):
    page = visitor.post("/verify", {"receipt": receipt}, status=422)
    assert message in page.text
    box, rest = typed(page)
    assert box == receipt
    assert receipt not in rest


def test_a_wrong_letter_is_told_by_the_few_letters_among_which_it_is(visitor):
    right = receipt_of(answers(), "uk")
    code = right.split("/")[7]
    wrong = right.replace(code, code[:15] + ("Z" if code[15] != "Z" else "Y") + code[16:])
    page = visitor.post("/verify", {"receipt": wrong}, status=422)
    part = wrong.split("/")[7][14:21]
    assert f"letter by letter: {part}" in page.text
    assert page.all("a", href="#receipt")


def test_a_receipt_of_a_rulebook_that_is_not_here_names_it(visitor):
    other = replace(rulebook(), version="2031.1.1", sha256="ab" * 32)
    receipt = write_receipt(other, answers(), assess_answers(other, answers()))
    page = visitor.post("/verify", {"receipt": receipt}, status=422)
    assert "2031.1.1" in page.text
    assert "abababababababab" in page.text


def test_a_receipt_that_claims_too_little_is_not_believed(visitor):
    receipt = forged([("age", "adult"), ("breath", "confused")], "SELF-CARE")
    page = visitor.post("/verify", {"receipt": receipt})
    assert page.level == "emergency"
    assert page.all("section", **{"data-same": "no"})
    assert "do not say the same" in page.text
    assert "The receipt says: Care at home." in page.text
    assert "The rules say: Emergency." in page.text


def test_what_does_not_agree_is_told_before_the_card_and_what_agrees_after_it(visitor, clinic):
    app, old = clinic
    given = answers(skin=["hot"])
    older = write_receipt(old, given, assess_answers(old, given))
    for who, receipt, first in [
        (visitor, receipt_of(given), "data-level"),
        (visitor, forged([("age", "adult"), ("breath", "confused")], "SELF-CARE"), "data-same"),
        (Visitor(app), older, "data-same"),
    ]:
        page = who.post("/verify", {"receipt": receipt})
        order = [n for _, tag in page.tags for n in tag if n in ("data-level", "data-same")]
        assert order[0] == first
        assert sorted(order) == ["data-level", "data-same"]


def test_the_shorter_time_of_a_rule_is_told_on_both_sides(visitor):
    found = [c for c in published_cases() if assess_answers(rulebook(), c.answers).within]
    page = visitor.post("/verify", {"receipt": receipt_of(found[0].answers)})
    assert page.text.count("Within 48 hours.") == 2


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """A server with today's rules and an older, published rulebook, for which heat could wait."""
    folder = tmp_path_factory.mktemp("clinic")
    shutil.copytree(RULES, folder / "rules", ignore=shutil.ignore_patterns("cases"))
    old = copied(folder / "rules" / "published" / "2025.1.1")
    skin = old / "urgency" / "skin.yaml"
    before, hot, after = skin.read_text().partition("- id: U1\n")
    skin.write_text(before + hot + after.replace("urgency: same_day", "urgency: soon", 1))
    head = old / "rulebook.yaml"
    raw = yaml.safe_load(head.read_text())
    head.write_text(head.read_text().replace(f'date: "{raw["date"]}"', 'date: "2025-01-31"'))
    return create_app(Settings(rules=folder / "rules", var=folder / "var")), load_rulebook_folder(
        old
    )


def test_an_older_receipt_is_shown_by_its_own_rules_beside_those_of_today(clinic):
    app, old = clinic
    given = answers(skin=["hot"])
    page = Visitor(app).post(
        "/verify", {"receipt": write_receipt(old, given, assess_answers(old, given))}
    )
    assert page.level == "soon"
    assert page.all("section", **{"data-same": "yes"})
    assert "rules of 2025-01-31 (rulebook 2025.1.1)" in page.text
    assert "The rules of today say: Today." in page.text
    assert "Go by the more urgent of the two." in page.text


def test_an_older_receipt_with_the_same_result_today_needs_no_warning(clinic):
    app, old = clinic
    page = Visitor(app).post(
        "/verify", {"receipt": write_receipt(old, answers(), assess_answers(old, answers()))}
    )
    assert "The rules of today say:" in page.text
    assert "Go by the more urgent" not in page.text


def test_what_was_typed_stays_in_no_memory_of_words(app, visitor):
    wrong = receipt_of(answers(), "uk").replace("/ROUTINE/", f"/{CANARY.upper()}/")
    assert CANARY.upper() in visitor.post("/verify", {"receipt": wrong}, status=422).text
    context = app.state.context
    for translators in context.translators.values():
        assert all(one.cache_info().currsize < one.cache_info().maxsize for one in translators)
    before = sum(t.cache_info().currsize for pair in context.translators.values() for t in pair)
    for wild in ("CANARY-A", "CANARY-B", "CANARY-C"):
        other = wrong.replace(CANARY.upper(), wild)
        visitor.post("/verify", {"receipt": other}, status=422)
    after = sum(t.cache_info().currsize for pair in context.translators.values() for t in pair)
    assert after == before


def test_checking_a_receipt_writes_nothing_to_the_log(visitor, caplog):
    receipt = receipt_of(answers(breath=["confused"]))
    with caplog.at_level(logging.DEBUG):
        visitor.post("/verify", {"receipt": receipt})
        visitor.post("/verify", {"receipt": receipt[:-1] + CANARY}, status=422)
    assert receipt[-20:] not in caplog.text
    assert CANARY not in caplog.text


def test_wrong_advice_can_be_told_without_sending_anything(visitor):
    page = visitor.get("/wrong-advice")
    assert not page.all("form")
    assert not page.all("textarea")
    assert "get help now" in page.text


def test_the_result_leads_to_wrong_advice_and_to_the_sheet(visitor):
    visitor.walk(QUIET)
    links = visitor.get("/result").links
    assert {"/wrong-advice", "/verify", "/result/sheet"} <= set(links)
