"""A database that does not do its part: 503, what that means for what was sent, nothing private."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as TookTooLong
from starlette.routing import Route

from app.main import create_app
from app.settings import Settings
from app.store.accounts import passwords
from app.store.db import sqlite
from tests.conftest import Clock
from tests.store.kim import QUICK
from tests.visitor import Page, Visitor
from tests.web.desk import SECURE, TODAY, House, Member, Patient
from tests.web.route_table import PERMISSIONS_BY_ROUTE

CANARY = "canary-9f3a7c"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house of its own, whose database a test may break; nobody waits long there."""
    monkeypatch.setattr(passwords, "_HASHER", QUICK)
    passwords._decoy_hash.cache_clear()
    monkeypatch.setattr(sqlite, "LOCKED", 0.1)
    clock = Clock()
    app = create_app(Settings(var=tmp_path), clock=clock)
    yield House(app, clock)
    app.state.context.store.engine.dispose()
    passwords._decoy_hash.cache_clear()


def file_of(house: House) -> Path:
    return Path(house.store.engine.url.database or "")


@contextmanager
def locked(house: House) -> Iterator[None]:
    """Another program, as for a copy, holds the file."""
    other = sqlite3.connect(file_of(house), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    yield
    other.close()


@contextmanager
def broken(house: House) -> Iterator[None]:
    """The file is no database any more; afterwards it is the old one again."""
    house.store.engine.dispose()
    whole = file_of(house).read_bytes()
    file_of(house).write_bytes(b"no database " * 1000)
    yield
    house.store.engine.dispose()
    file_of(house).write_bytes(whole)


@contextmanager
def gone(house: House) -> Iterator[None]:
    """The file is not there."""
    house.store.engine.dispose()
    aside = file_of(house).rename(file_of(house).with_suffix(".aside"))
    yield
    house.store.engine.dispose()
    aside.rename(file_of(house))


FAULTS = {"locked": locked, "broken": broken, "gone": gone}


def unavailable(page: Page) -> Page:
    """It is the page of such a fault, whole."""
    assert page.headers["retry-after"] == "5"
    assert page.level == "emergency"
    assert "tel:999" in page.links
    return page


@pytest.mark.parametrize("fault", FAULTS)
def test_what_could_not_be_sent_is_sent_by_the_same_button_once_it_can(
    house: House, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    patient = Patient(house, house.member())
    patient.answer_all(TODAY)
    with caplog.at_level(logging.DEBUG), FAULTS[fault](house):
        page = unavailable(patient.post("/send", status=503))
        assert "Nothing is lost" in page.text
        assert page.all("form", action="/send")
    assert page.h1 == ["This has not been saved yet"]
    assert "does not do its part" in caplog.text
    assert "Traceback" not in caplog.text
    assert patient.post("/send").status == 200
    assert house.actions().count("submission_arrived") == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_no_page_of_staff_fails_in_any_other_way(house: House, fault: str) -> None:
    nurse = house.member()
    nurse.get("/worklist")
    with FAULTS[fault](house):
        for key in PERMISSIONS_BY_ROUTE:
            method, path = key.split(" ")
            address = re.sub(r"\{[^}]+\}", "x", path)
            response = nurse.send(address) if method == "POST" else nurse.client.get(address)
            assert response.status_code != 500, key
            if response.status_code == 503:
                assert response.headers["retry-after"] == "5", key
        unavailable(nurse.get("/worklist", 503))
    assert nurse.get("/worklist").status == 200


def test_each_is_told_what_it_means_for_them(house: House) -> None:
    nurse = house.member()
    with broken(house):
        looks = unavailable(nurse.get("/worklist", 503))
        again = unavailable(nurse.post("/submissions/x/note", {"words": CANARY}, 503))
        once = unavailable(nurse.post("/account/password", {"old": CANARY, "new": CANARY}, 503))
    assert looks.h1 == ["We cannot open this page right now"]
    assert again.h1 == ["This has not been saved yet"]
    assert once.h1 == ["This may not have been saved"]
    assert "It counts once" in again.text
    assert "Nothing is lost" not in again.text + once.text  # what was typed may be
    assert "It counts once" not in once.text
    assert CANARY not in looks.html + again.html + once.html


KINDS = {
    503: (OperationalError, DatabaseError, InterfaceError, InternalError, TookTooLong),
    500: (IntegrityError, DataError, ProgrammingError),
}


@pytest.mark.parametrize(
    ("status", "kind"), [(status, kind) for status, kinds in KINDS.items() for kind in kinds]
)
@pytest.mark.parametrize("where", ["/fails", "/api/fails", "/fails-behind"])
def test_what_the_database_refuses_because_of_us_is_a_fault_of_ours(
    house: House, status: int, kind: type[Exception], where: str, caplog: pytest.LogCaptureFixture
) -> None:
    problem = TookTooLong(CANARY) if kind is TookTooLong else kind(CANARY, CANARY, Exception())

    async def fails(*_request: object) -> None:
        raise problem

    async def is_refused(_request: object) -> None:
        raise LookupError

    app = house.app
    app.add_exception_handler(LookupError, fails)  # the page of another fault needs the store
    app.router.routes += [Route(at, fails) for at in ("/fails", "/api/fails")]
    app.router.routes.append(Route("/fails-behind", is_refused))
    with caplog.at_level(logging.DEBUG):
        response = Visitor(app, SECURE).client.get(where)
    assert response.status_code == status
    assert response.headers.get("retry-after") == ("5" if status == 503 else None)
    assert CANARY not in response.text + caplog.text
    if where.startswith("/api/"):
        assert set(response.json()) == {"error"}


def test_those_at_the_door_are_told_too(house: House) -> None:
    member = Member(house, "nurse", "Hill", "Kim")
    with broken(house):
        unavailable(member.post("/sign-in", {"email": "x@y", "password": "z"}, 503))
        unavailable(member.post("/i", {"code": "23456789"}, 503))
