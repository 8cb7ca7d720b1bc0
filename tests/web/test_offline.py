"""The page for no network and its service worker, as the server gives them out."""

from tests.builders import rulebook
from tests.visitor import Visitor, check_page
from tests.web.test_journeys import QUIET


def test_who_brings_no_cookie_gets_every_number_and_every_sign(visitor: Visitor) -> None:
    page = visitor.get("/offline")
    check_page(page)
    calls = {link for link in page.links if link.startswith("tel:")}
    assert calls == {f"tel:{region.emergency_number}" for region in rulebook().regions.values()}
    for line in rulebook().wording["en"].any_age_box:
        assert line in page.text


def test_it_says_nothing_of_answers_even_to_who_brings_them(visitor: Visitor) -> None:
    visitor.walk(QUIET)
    page = visitor.get("/offline")
    assert not page.all("input")
    assert 'data-level="routine"' not in page.html


def test_the_worker_stands_at_the_root_and_is_never_taken_from_a_cache(visitor: Visitor) -> None:
    reply = visitor.client.get("/worker.js")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
    assert reply.headers["cache-control"] == "no-store"


def test_only_our_own_worker_may_run_and_one_policy_gives_its_address(visitor: Visitor) -> None:
    policy = visitor.get("/").headers["content-security-policy"]
    assert "worker-src 'self'" in policy
    assert "trusted-types htmx worker;" in f"{policy};"
