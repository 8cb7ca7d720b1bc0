"""Databases for the store's tests: an SQLite file, and one on a real PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.store.accounts import passwords
from app.store.db.database import open_database, upgrade_schema
from app.store.db.scope import Store
from app.store.db.tables import Clinic
from tests.postgresql import new_database
from tests.store.kim import NOON, QUICK, Kim
from tests.store.rows import A_ROW_OF, KEYRING


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables, once of each kind."""
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{tmp_path / 'new' / 'store.db'}")
    else:
        engine = open_database(new_database(request.getfixturevalue("cluster")))
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database with today's tables, once of each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "store.db")
        engine = open_database(f"sqlite:///{tmp_path / 'store.db'}")
    else:
        cluster = request.getfixturevalue("cluster")
        template = request.getfixturevalue("postgresql_template")
        engine = open_database(new_database(cluster, template))
    yield engine
    engine.dispose()


@pytest.fixture
def store(database: Engine) -> Store:
    """A database with two clinics, c1 and c2, in which nobody works yet."""
    store = Store(database, KEYRING)
    for clinic in ("c1", "c2"):
        with store.writing_scope(clinic, NOON, "kim") as scope:
            scope.add_row(Clinic, **{**A_ROW_OF["clinic"], "name": f"Clinic {clinic}"})
    return store


@pytest.fixture
def kim(store: Store, _quick_hashes: None) -> Kim:
    """A nurse who has joined clinic c1."""
    return Kim(store)


@pytest.fixture
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords are hashed in no time."""
    monkeypatch.setattr(passwords, "_HASHER", QUICK)
    passwords._decoy_hash.cache_clear()
    yield
    passwords._decoy_hash.cache_clear()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with today's tables and no rows, to be copied."""
    file = tmp_path_factory.mktemp("template") / "store.db"
    engine = open_database(f"sqlite:///{file}")
    upgrade_schema(engine)
    with engine.connect() as connection:
        # Nothing may stay behind in a log beside the file.
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def postgresql_template(cluster: str) -> str:
    """The name of a PostgreSQL database with today's tables and no rows, to be copied."""
    engine = open_database(new_database(cluster))
    upgrade_schema(engine)
    engine.dispose()
    assert engine.url.database is not None
    return engine.url.database
