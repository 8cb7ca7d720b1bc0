"""/readyz: 503 within seconds of each thing that keeps a server from its work, and back again."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.store.db.server_records import record_served_rulebook
from app.web import readiness
from tests.postgresql import running_cluster

SOON = 20.0
"""Seconds that a busy machine may need; the look itself is given up after less than two."""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    app = create_app(Settings(var=tmp_path))
    yield app
    app.state.context.store.close()


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, client=("127.0.0.1", 50_000)) as client:
        yield client


def failing(client: TestClient) -> list[str]:
    """What it says once what was found before holds no more."""
    time.sleep(readiness.HOLDS)
    answer = client.get("/readyz")
    found: list[str] = answer.json()["failing"]
    assert answer.status_code == (503 if found else 200)
    assert answer.json()["ready"] == (not found)
    return found


def becomes(client: TestClient, wanted: list[str]) -> bool:
    began = time.monotonic()
    while time.monotonic() - began < SOON:
        if failing(client) == wanted:
            return True
    return False


def test_a_server_that_can_work_is_ready(client: TestClient) -> None:
    assert failing(client) == []
    assert client.head("/readyz").status_code == 200


def test_a_stranger_learns_no_detail(app: FastAPI) -> None:
    answer = TestClient(app, client=("203.0.113.7", 50_000)).get("/readyz")
    assert answer.json() == {"ready": True}


def test_who_drains_is_not_ready(app: FastAPI, client: TestClient) -> None:
    app.state.draining = True
    assert failing(client) == ["draining"]
    app.state.draining = False
    assert failing(client) == []


def test_a_full_disk_is_not_ready(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    full = SimpleNamespace(total=100, free=4)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    assert failing(client) == ["disk"]
    monkeypatch.undo()
    assert failing(client) == []


def test_a_locked_database_is_not_ready_until_it_is_let_go(
    client: TestClient, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "calcinosis.db", isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert failing(client) == ["database"]
        holder.execute("ROLLBACK")
    assert becomes(client, [])


def test_a_database_without_its_tables_is_not_ready(client: TestClient, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "calcinosis.db")) as other, other:
        other.execute("UPDATE alembic_version SET version_num = '0001'")
    assert failing(client) == ["tables"]
    with closing(sqlite3.connect(tmp_path / "calcinosis.db")) as other, other:
        other.execute("ALTER TABLE served_rulebook RENAME TO away")
    assert failing(client) == ["database"]


def test_a_rulebook_that_is_not_the_recorded_one_is_not_ready(
    app: FastAPI, client: TestClient, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "calcinosis.db")) as other, other:
        other.execute("DELETE FROM served_rulebook")
    assert failing(client) == ["rulebook"]
    context = app.state.context
    book = context.rulebook
    record_served_rulebook(context.store.engine, book.version, book.sha256, context.now)
    assert failing(client) == []


def test_a_postgresql_that_stops_is_noticed_and_its_return_too(tmp_path: Path) -> None:
    with running_cluster() as cluster:
        app = create_app(Settings(var=tmp_path, database_url=cluster.address))
        with TestClient(app, client=("127.0.0.1", 50_000)) as client:
            assert failing(client) == []
            cluster.stop()
            assert failing(client) == ["database"]
            assert client.get("/healthz").status_code == 200
            cluster.start()
            assert becomes(client, [])
