"""The pages that patients and visitors may meet, out of the table of all pages, and who they are.

A new page for anyone is among them as soon as it is in the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from fastapi import FastAPI

from app.web.access import ANYONE
from tests.visitor import Visitor
from tests.web.desk import SECURE
from tests.web.route_table import PERMISSIONS_BY_ROUTE
from tests.web.test_journeys import QUIET

AT_STAFFS_DOOR = frozenset(
    {
        *("GET /join/{token}", "POST /join/{token}", "GET /sign-in", "POST /sign-in"),
        *("GET /sign-in/code", "POST /sign-in/code", "POST /sign-out", "GET /signed-out"),
        *("GET /sign-in/with/{clinic}", "GET /sign-in/return"),
    }
)
OF_A_CLINIC = frozenset(
    {
        *("POST /i", "GET /i/{token}", "POST /i/{token}", "POST /send"),
        *("GET /i/{token}/answers", "POST /i/{token}/answers"),
        *("GET /emergency/clinic", "POST /emergency/clinic"),
        *("GET /share", "GET /share/news", "POST /share", "POST /share/back"),
    }
)
"""What cannot be done without the database: it is about what a clinic has, or gets."""
NO_PAGES = frozenset(
    {
        *(
            "/healthz",
            "/readyz",
            "/static/{path:path}",
            "/worker.js",
            "/share/news",
            "/rules/flow.svg",
        ),
        *("/result/sheet.pdf", "/result/sheet.txt"),
    }
)
PLACES = {"question": "age", "page": "types", "token": "c1.nothing"} | {"path:path": "icon.svg"}
"""What stands in an address for each of its parts."""

Person = Callable[[Visitor], object]
PEOPLE: Mapping[str, Person] = {
    "nobody yet": lambda _: None,
    "under way": lambda visitor: (visitor.begin(), visitor.answer("breath", "none")),
    "at the end": lambda visitor: visitor.walk(QUIET),
    "in danger": lambda visitor: (visitor.begin(), visitor.answer("breath", "breathing")),
    "in a second look": lambda visitor: (
        visitor.walk(QUIET),
        visitor.post("/changed"),
        visitor.post("/changed/breath", {"breath": "none"}),
    ),
}
"""What each did before they come to a page."""


def everyones() -> list[tuple[str, str]]:
    """(Method, path) of everything that is not staff's."""
    keys = [
        key
        for key, who in PERMISSIONS_BY_ROUTE.items()
        if who == ANYONE and key not in AT_STAFFS_DOOR
    ]
    return [(key.partition(" ")[0], key.partition(" ")[2]) for key in keys]


def address(path: str) -> str:
    """The path with a value for each of its parts."""
    return re.sub(r"\{([^}]+)\}", lambda part: PLACES[part[1]], path)


def visitor(app: FastAPI, person: str) -> Visitor:
    """A fresh browser of one of these people."""
    someone = Visitor(app, SECURE)
    PEOPLE[person](someone)
    return someone
