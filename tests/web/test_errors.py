"""Every failure is a page of ours with the emergency box, and never repeats what was sent."""

import logging

import pytest
from starlette.exceptions import HTTPException
from starlette.routing import Route

from app.main import create_app
from tests.visitor import Visitor

CANARY = "canary-9f3a7c"


async def refuse(request):
    raise HTTPException(int(request.path_params["status"]))


async def fall_over(_request):
    raise RuntimeError(CANARY)


@pytest.fixture(scope="module")
def faulty(settings):
    """An application with two routes that fail."""
    app = create_app(settings)
    app.router.routes.append(Route("/refuse/{status}", refuse))
    app.router.routes.append(Route("/fall-over", fall_over))
    return app


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 418, 422, 429, 500, 503])
def test_every_refusal_is_a_page_with_the_emergency_box(faulty, status):
    page = Visitor(faulty).get(f"/refuse/{status}", status)
    assert page.level == "emergency"
    assert {"tel:999", "tel:911", "tel:112"} <= set(page.links)


def test_a_failure_of_ours_is_a_page_too(faulty, caplog):
    with caplog.at_level(logging.DEBUG):
        page = Visitor(faulty).get("/fall-over", 500)
    assert page.level == "emergency"
    assert CANARY not in page.html


def test_a_failure_of_ours_is_noted_without_what_was_said(faulty, caplog):
    with caplog.at_level(logging.DEBUG):
        Visitor(faulty).get("/fall-over", 500)
    assert "RuntimeError" in caplog.text
    assert "fall_over" in caplog.text
    assert CANARY not in caplog.text


def test_a_method_that_a_page_does_not_know_is_refused_and_the_known_ones_named(visitor):
    response = visitor.client.put("/about", headers={"Sec-Fetch-Site": "same-origin"})
    assert response.status_code == 405
    assert "GET" in response.headers["allow"]


def test_a_trailing_slash_is_no_way_to_another_host(visitor):
    assert visitor.get("/about/", 404, host="evil.example").status == 404


@pytest.fixture
def break_engine(app, monkeypatch):
    """From this call on the rules raise, whatever is asked of them."""

    def planted(*_args):
        raise ValueError(CANARY)

    return lambda: monkeypatch.setattr(app.state.context.rulebook.compiled_rules, "fired", planted)


def test_when_assessing_fails_the_advice_is_careful(visitor, break_engine, caplog):
    visitor.start("uk")
    break_engine()
    with caplog.at_level(logging.DEBUG):
        page = visitor.answer("age", "adult", status=500)
    assert page.h1 == ["We cannot work this out safely"]
    assert page.level == "cannot_work_out"
    assert "today" in page.text
    assert "Newly confused, a drooping face, slurred speech" in page.text
    assert "tel:111" in page.links
    assert CANARY not in page.html + caplog.text


@pytest.mark.parametrize("address", ["/check/age", "/answers", "/emergency"])
def test_when_assessing_fails_no_page_is_without_advice(visitor, break_engine, address):
    visitor.start("us")
    break_engine()
    page = visitor.get(address, 500)
    assert page.level == "cannot_work_out"
    assert "tel:911" in page.links


def test_below_the_api_a_failure_is_json(faulty):
    visitor = Visitor(faulty)
    response = visitor.client.get("/api/nothing")
    assert response.status_code == 404
    assert response.json() == {"error": "Not Found"}


def test_the_status_page_says_which_rulebook_is_served(app, visitor):
    answer = visitor.client.get("/healthz").json()
    assert answer["status"] == "up"
    assert answer["rulebook"]["sha256"] == app.state.context.rulebook.sha256


def test_when_assessing_fails_the_start_page_still_opens(visitor, break_engine):
    visitor.start("us")
    break_engine()
    assert visitor.get("/").level == "emergency"
