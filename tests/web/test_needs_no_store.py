"""What is not a clinic's asks the database for nothing: not in a request, and not in a thread."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI

from app.main import create_app
from app.settings import Settings
from app.store.db.database import DeferredStore
from tests.conftest import Clock
from tests.web.everyones import OF_A_CLINIC, PEOPLE, address, everyones, visitor

NEEDS_NONE = [f"{m} {p}" for m, p in everyones() if f"{m} {p}" not in OF_A_CLINIC]


class Watched(DeferredStore):
    """A store that never opens, and notes who asks it."""

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "asked", [])

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return super().__getattr__(name)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """An application with a clinic, as far as it knows, whose database is away."""
    app = create_app(Settings(var=tmp_path_factory.mktemp("closed")), clock=Clock())
    app.state.context.store.close()
    app.state.context = replace(app.state.context, store=Watched())
    app.state.clinic_presence.any = True
    return app


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("page", NEEDS_NONE)
def test_a_page_that_is_no_clinics_asks_the_store_for_nothing(
    closed: FastAPI, page: str, person: str
) -> None:
    method, _, path = page.partition(" ")
    someone = visitor(closed, person)
    if method == "GET":
        response = someone.client.get(address(path))
    else:
        response = someone.send(address(path), {"breath": "none", "region": "uk"})
    assert response.status_code < 500
    assert closed.state.context.store.asked == []


@pytest.mark.parametrize("page", sorted(OF_A_CLINIC))
def test_a_page_of_a_clinic_says_that_it_comes_back_soon(closed: FastAPI, page: str) -> None:
    method, _, path = page.partition(" ")
    someone = visitor(closed, "at the end")
    closed.state.context.store.asked.clear()
    where = address(path)
    response = someone.client.get(where) if method == "GET" else someone.send(where)
    if closed.state.context.store.asked:
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        assert "tel:999" in response.text
    else:
        assert response.status_code == 303  # nothing to send or to show yet
    closed.state.context.store.asked.clear()
