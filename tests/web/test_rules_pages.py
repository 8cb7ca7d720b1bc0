"""Every rule, line of evidence and source is shown as it runs; the statement on accessibility."""

import gzip
import re
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from app.documents.drawing import draw_flowchart
from app.triage.terms import NOT_CALCINOSIS, TYPES
from app.triage.wording import describe_condition
from app.web.reading.trust import STRENGTHS, nest_lines


@pytest.fixture(scope="module")
def rulebook(app):
    return app.state.context.rulebook


def article(page, id_):
    """The HTML of one rule, and its text."""
    found = re.search(rf'<article class="rule" id="{re.escape(id_)}".*?</article>', page.html, re.S)
    assert found, id_
    text = re.sub(r"<[^>]+>", " ", found.group(0)).replace("&#39;", "'").replace("&amp;", "&")
    return found.group(0), " ".join(text.split())


def anchor(line):
    """Where a line of evidence stands on its page."""
    return f"alike-{line.look_alike}" if line.look_alike else line.id


def said(condition, words):
    """A condition as the page says it, line after line."""
    return " ".join(
        words.fill_placeholders(t, words.regions["international"])
        for _, t in describe_condition(condition, words)
    )


def test_every_rule_is_shown_as_it_runs(app, rulebook, visitor):
    page, words = visitor.get("/rules"), app.state.context.page_wording
    for rule in rulebook.rules:
        html, text = article(page, rule.id)
        assert f"level--{rule.urgency.name}" in html
        assert words.rules[rule.id].reason in text
        assert said(rule.when, words) in text
        assert re.findall(r'href="/rules/sources#([^"]+)"', html) == list(rule.sources)
        due = date.fromisoformat(rule.review_by)
        assert f"Next review: by {due.day} {due:%B %Y}." in text
        unsure = rule.if_unsure and f"“I'm not sure”: {words.levels[rule.if_unsure.name].badge}."
        assert (unsure or "It fits when") in text
        if rule.only_with is not None:
            assert said(rule.only_with, words) in text


def test_no_rule_is_shown_that_does_not_run(rulebook, visitor):
    shown = [found["id"] for found in visitor.get("/rules").all("article")]
    assert sorted(shown) == sorted(rule.id for rule in rulebook.rules)


def test_the_rules_stand_by_level_the_most_urgent_first(rulebook, visitor):
    urgency = {rule.id: rule.urgency for rule in rulebook.rules}
    shown = [urgency[found["id"]] for found in visitor.get("/rules").all("article")]
    assert shown == sorted(shown, reverse=True)
    page = visitor.get("/rules")
    for level in ["emergency", "same_day", "soon", "routine", "self_care"]:
        assert f"#level-{level}" in page.links


def test_a_shorter_time_is_said_on_the_badge(visitor):
    assert "Within 48 hours" in article(visitor.get("/rules"), "U15")[1]


def test_every_line_of_evidence_is_shown_with_what_it_speaks_for(app, rulebook, visitor):
    words, lines = app.state.context.page_wording, visitor.get("/rules/evidence")
    alikes = visitor.get("/rules/look-alikes")
    for line in rulebook.evidence:
        html, text = article(alikes if line.look_alike else lines, anchor(line))
        assert said(line.when, words) in text
        assert set(line.sources) <= set(re.findall(r'href="/rules/sources#([^"]+)"', html))
        for kind, weight in line.weights.items():
            strength = ["weak", "medium", "strong"][abs(weight) - 1]
            if line.look_alike and kind == "not_calcinosis":
                assert f"It speaks for this in a {strength} way when:" in text
            else:
                side = "For" if weight > 0 else "Against"
                assert f"{side} {words.types[kind].name}: {strength}" in text


def test_a_look_alike_always_speaks_for_itself(rulebook):
    assert all(line.weights["not_calcinosis"] > 0 for line in rulebook.evidence if line.look_alike)


def test_each_type_lists_all_lines_for_and_against_it_the_strongest_first(rulebook, visitor):
    html = visitor.get("/rules/types").html
    for kind in [*TYPES, NOT_CALCINOSIS]:
        part = re.search(rf'<section aria-labelledby="type-{kind}">.*?</section>', html, re.S)
        lists = re.findall(r"<ul.*?</ul>", part.group(0), re.S)
        for side, shown in zip((1, -1), lists, strict=True):
            mine = [x for x in rulebook.evidence if x.weights.get(kind, 0) * side > 0]
            linked = re.findall(r'href="/rules/(?:evidence|look-alikes)#([^"]+)"', shown)
            assert sorted(linked) == sorted(anchor(line) for line in mine)
            strengths = re.findall(r"\((weak|medium|strong)\)", shown)
            order = ["strong", "medium", "weak"]
            assert strengths == sorted(strengths, key=order.index)


def test_the_conflicts_stand_in_the_order_in_which_they_are_tried(app, rulebook, visitor):
    page, words = visitor.get("/rules/types"), app.state.context.page_wording
    known = [conflict.id for conflict in rulebook.conflicts]
    shown = [found["id"] for found in page.all("article") if found["id"] in known]
    assert shown == known
    for conflict in rulebook.conflicts:
        text = article(page, conflict.id)[1]
        assert said(conflict.when, words) in text
        if conflict.lead:
            assert f"Then we name: {words.types[conflict.lead].name}." in text
        for kind in conflict.only_before:
            assert words.types[kind].name in text
        for kind, most in (conflict.cap or {}).items():
            assert f"Then {words.types[kind].name} is at most: {most}." in text


def test_every_source_is_shown_with_its_kind_and_its_days(rulebook, visitor):
    page = visitor.get("/rules/sources")
    ids = {found["id"] for tag, found in page.tags if tag == "li" and "id" in found}
    assert ids == set(rulebook.sources)
    assert {source.link for source in rulebook.sources.values()} - {"none"} <= set(page.links)
    assert {source.strength for source in rulebook.sources.values()} <= set(STRENGTHS)
    text = page.text
    for source in rulebook.sources.values():
        assert " ".join(source.title.split()) in text
        assert source.note is None or " ".join(source.note.split()) in text
        assert source.year == "undated" or f"From {source.year}." in text


@pytest.mark.parametrize(
    "address",
    ["/rules", "/rules/types", "/rules/evidence", "/rules/look-alikes", "/rules/sources"],
)
def test_that_no_clinician_has_approved_stands_on_every_page_of_the_rules(visitor, address):
    text = visitor.get(address).text
    assert "No clinician has approved this rulebook yet." in text
    assert "This is not a registered medical device." in text


def test_other_sites_are_not_told_where_someone_comes_from(visitor):
    for found in visitor.get("/rules/sources").all("a"):
        assert found["href"].startswith(("/", "#", "tel:")) or found["rel"] == "noreferrer"


# --- The drawing ---


def test_the_drawing_is_that_of_the_rulebook(rulebook, visitor):
    response = visitor.client.get("/rules/flow.svg")
    assert response.headers["content-type"] == "image/svg+xml"
    assert response.text == draw_flowchart(rulebook)
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_the_drawing_needs_no_style_that_the_policy_would_stop(visitor):
    picture = ET.fromstring(visitor.client.get("/rules/flow.svg").text)
    for node in picture.iter():
        assert not node.tag.endswith(("style", "script"))
        assert not {"style", "class"} & set(node.keys())


def test_the_drawing_is_sent_again_only_when_the_rules_have_changed(visitor):
    first = visitor.client.get("/rules/flow.svg")
    again = visitor.client.get("/rules/flow.svg", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = visitor.client.get("/rules/flow.svg", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_the_drawing_stands_on_the_page_with_words_for_who_cannot_see_it(visitor):
    page = visitor.get("/rules")
    assert page.all("img", src="/rules/flow.svg")[0]["alt"]
    assert "/rules/flow.svg" in page.links


def test_lines_of_a_condition_become_lists_in_lists():
    tree = nest_lines([(0, "all"), (1, "a"), (1, "any"), (2, "b"), (2, "c"), (1, "d")])
    assert [line.text for line in tree] == ["all"]
    assert [line.text for line in tree[0].below] == ["a", "any", "d"]
    assert [line.text for line in tree[0].below[1].below] == ["b", "c"]


# --- Accessibility ---


def test_the_statement_says_what_was_not_tested_and_how_to_complain(visitor):
    page = visitor.get("/accessibility")
    assert "No person with a disability has tested these pages yet." in page.text
    assert "/wrong-advice" in page.links
    assert re.search(r"We wrote this on \d+ \w+ 2026", page.text)


def test_the_footer_is_the_same_on_every_page(visitor):
    wanted = ["/about", "/learn", "/rules", "/safety", "/privacy", "/accessibility", "/verify"]
    wanted.append("/wrong-advice")
    for address in ["/", "/learn/types", "/rules", "/accessibility", "/verify"]:
        assert visitor.get(address).links[-8:] == wanted
    assert visitor.get("/nothing", 404).links[-8:] == wanted
    assert visitor.start().links[-8:] == wanted


def test_the_drawing_comes_compressed_or_plain_as_asked(visitor):
    packed = visitor.client.get("/rules/flow.svg", headers={"Accept-Encoding": "gzip"})
    plain = visitor.client.get("/rules/flow.svg", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(gzip.compress(plain.content)) * 1.1
    assert packed.content == plain.content
