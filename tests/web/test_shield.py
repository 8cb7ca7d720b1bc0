"""Headers, same origin, size: what guards every request and every answer."""

import pytest

from app.main import create_app
from app.settings import Settings
from app.web.shield import MOST_BODY
from tests.visitor import Visitor

OWN = "http://testserver"


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": OWN}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, True),
        ({"Sec-Fetch-Site": "new-word"}, False),
        ({"Origin": OWN}, True),
        ({"Origin": "https://testserver"}, False),
        ({"Origin": "http://testserver:8000"}, False),
        ({"Origin": "http://testserver.evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({}, False),
    ],
)
@pytest.mark.parametrize("address", ["/start", "/check/age", "/clear", "/nothing"])
def test_only_our_own_pages_may_ask_for_a_change(visitor, address, headers, passes):
    response = visitor.client.post(address, content="region=uk", headers=headers)
    assert (response.status_code != 403) is passes
    if not passes:
        assert "It seems to come from another website" in response.text
        assert "set-cookie" not in response.headers


def test_the_refusal_is_a_page_with_the_emergency_box(visitor):
    page = visitor.post("/clear", status=403, **{"Sec-Fetch-Site": "cross-site"})
    assert page.level == "emergency"


def test_behind_a_proxy_the_public_address_is_the_own_one(tmp_path):
    app = create_app(Settings(var=tmp_path, trusted_origin="https://check.example"))
    visitor = Visitor(app, "http://10.0.0.5:8000")
    given = visitor.client.post(
        "/start", content="region=uk", headers={"Origin": "https://check.example"}
    )
    assert given.status_code == 303
    assert given.headers["set-cookie"].startswith("__Host-journey=")
    assert "strict-transport-security" in given.headers
    own = visitor.client.post("/start", content="x", headers={"Origin": "http://10.0.0.5:8000"})
    assert own.status_code == 403


@pytest.mark.parametrize("address", ["/start", "/check/age", "/clear", "/nothing", "/about"])
def test_a_body_that_is_too_long_is_refused(visitor, address):
    page = visitor.post(address, {"age": "x" * 1_000_000}, status=413)
    assert page.level == "emergency"


def test_a_body_without_a_declared_length_is_counted(visitor):
    visitor.start()

    def chunks():
        for _ in range(MOST_BODY // 1024 + 1):
            yield b"x" * 1024

    response = visitor.client.post(
        "/check/age", content=chunks(), headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert response.status_code == 413


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "1e9", "٣", "0x10"])
def test_a_strange_declared_length_is_no_fault_of_ours(visitor, length):
    response = visitor.client.post(
        "/start",
        content=b"region=uk",
        headers=[(b"sec-fetch-site", b"same-origin"), (b"content-length", length.encode())],
    )
    assert response.status_code < 500


def test_every_answer_has_its_own_nonce(visitor):
    policies = {visitor.get("/").headers["content-security-policy"] for _ in range(20)}
    assert len(policies) == 20


def test_over_https_browsers_are_told_to_stay_there(app):
    secure = Visitor(app, "https://testserver").get("/")
    assert "max-age=63072000" in secure.headers["strict-transport-security"]
    assert "strict-transport-security" not in Visitor(app).get("/").headers


def test_static_files_are_named_after_their_content_and_kept(visitor):
    page = visitor.get("/")
    addresses = [tag["href"] for tag in page.all("link")] + [page.all("script")[0]["src"]]
    for address in addresses:
        response = visitor.client.get(address)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "content-security-policy" in response.headers
        assert visitor.client.get(address.replace(".", ".0", 1)).status_code == 404


def test_static_files_come_compressed_or_plain_as_asked(visitor):
    address = visitor.get("/").all("script")[0]["src"]
    packed = visitor.client.get(address, headers={"Accept-Encoding": "gzip"})
    plain = visitor.client.get(address, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content


@pytest.mark.parametrize("path", ["/static/../app/main.py", "/static/%2e%2e/rules/x", "/static/"])
def test_nothing_but_the_named_files_is_served(visitor, path):
    assert visitor.client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"])
def test_no_page_is_made_by_the_framework(visitor, path):
    visitor.get(path, 404)


def test_all_pages_of_a_journey_are_kept_out_of_search(visitor):
    visitor.start()
    assert visitor.get("/check/age").headers["x-robots-tag"] == "noindex"
    assert "x-robots-tag" not in visitor.get("/").headers


def test_pages_come_compressed(visitor):
    response = visitor.client.get("/", headers={"Accept-Encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"


def test_the_api_reads_no_cookie_and_so_answers_any_origin(visitor):
    response = visitor.client.post(
        "/api/v1/assess", json={"answers": {}}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert response.status_code == 200
    assert "set-cookie" not in response.headers


def test_a_body_that_is_too_long_for_the_api_is_refused_in_json(visitor):
    response = visitor.client.post("/api/v1/assess", json={"answers": {"age": "x" * MOST_BODY}})
    assert response.status_code == 413
    assert set(response.json()) == {"error"}
