"""Nothing that can be sent makes the pages fail: random and hostile requests, by the thousand."""

import os
from urllib.parse import urlencode

from app.web.journey import Journey, seal_journey
from tests.builders import seeded
from tests.visitor import Visitor

REQUESTS = 20_000 if os.environ.get("CALCINOSIS_SOAK") else 2_000
NASTY = [
    "",
    " ",
    "none",
    "not_sure",
    "\x00",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "{emergency_number}",
    "../../etc/passwd",
    "%2e%2e",
    "é" * 300,
    "A" * 5000,
    "٣",
    "\r\nSet-Cookie: x=y",
    "on",
    "true",
    "[]",
    "-1",
]
METHODS = ["GET"] * 6 + ["POST"] * 10 + ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"]


def test_no_request_makes_a_page_fail(app):
    chance = seeded(20261121)
    visitor = Visitor(app)
    visitor.start()
    for _ in range(REQUESTS):
        send_something(chance, app, visitor)


def test_no_set_of_answers_makes_the_result_fail(app):
    """Every rule, type, look-alike and piece of advice that can be reached has its words."""
    chance = seeded(7)
    visitor, floor = Visitor(app), app.state.context
    today = floor.rulebook.version
    for _ in range(REQUESTS // 10):
        given = {q.id: some_ticks(chance, q) for q in floor.rulebook.questionnaire}
        region = chance.choice(list(floor.rulebook.regions))
        visitor.client.cookies.clear()
        journey = Journey(region, floor.unix_time, given, edition=today)
        visitor.client.cookies.set("journey", seal_journey(floor.keys, journey))
        assert visitor.get("/result").url == "/result"
        assert visitor.get("/answers").url == "/answers"


def some_ticks(chance, question):
    options = [o for o in question.option_ids if o not in (question.none, question.unsure)]
    if question.kind == "one" or chance.random() < 0.3:
        return frozenset([chance.choice(question.option_ids)])
    return frozenset(chance.sample(options, chance.randrange(1, len(options) + 1)))


def send_something(chance, app, visitor):
    if chance.random() < 0.05:
        visitor.client.cookies.clear()
        visitor.start(chance.choice(["uk", "us", "international"]))
    if chance.random() < 0.03:
        spoil_cookie(chance, visitor)
    method, address = chance.choice(METHODS), some_address(chance, app)
    response = visitor.client.request(
        method, address, content=some_body(chance, app), headers=some_headers(chance)
    )
    assert response.status_code < 500, (method, address, response.status_code)
    assert response.headers["cache-control"] == "no-store"
    assert "<script>alert" not in response.text
    assert "49" not in response.headers.get("location", "")


def spoil_cookie(chance, visitor):
    cookie = next((c.value for c in visitor.client.cookies.jar), "A" * 60)
    place = chance.randrange(len(cookie))
    visitor.client.cookies.clear()
    visitor.client.cookies.set("journey", cookie[:place] + chance.choice("Aa_-9") + cookie[place:])


def some_address(chance, app):
    questions = [q.id for q in app.state.context.rulebook.questionnaire]
    return chance.choice(
        [
            "/",
            "/start",
            "/answers",
            "/emergency",
            "/result",
            "/cleared",
            "/about",
            "/clear",
            *[f"/check/{question}" for question in questions],
            "/check/" + urlencode({"x": chance.choice(NASTY)}),
            "/" + urlencode({"x": chance.choice(NASTY)}),
            f"/check/{chance.choice(questions)}?" + urlencode({"x": chance.choice(NASTY)}),
        ]
    )


def some_body(chance, app):
    kind = chance.random()
    if kind < 0.1:
        return chance.randbytes(chance.randrange(400))
    if kind < 0.12:
        return b"x=1&" * chance.randrange(30_000)
    fields = []
    for question in chance.sample(list(app.state.context.rulebook.questionnaire), 3):
        honest = chance.random() < 0.7
        pool = question.option_ids if honest else NASTY
        fields += [
            (question.id, chance.choice(pool)) for _ in range(chance.choice([1, 1, 1, 2, 5]))
        ]
    fields.append(("region", chance.choice(["uk", "us", *NASTY])))
    return urlencode(fields, errors="replace").encode()


def some_headers(chance):
    headers = {"Sec-Fetch-Site": "same-origin"} if chance.random() < 0.9 else {}
    if chance.random() < 0.1:
        headers["Content-Type"] = chance.choice(
            ["text/plain", "application/json", "multipart/x; y"]
        )
    if chance.random() < 0.05:
        headers["Accept-Encoding"] = chance.choice(["gzip", "br", "*;q=0", ""])
    return headers
