"""Databases for the store's tests: an SQLite file, and one on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.store.database import open_database, upgrade
from tests.postgresql import new_database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables, once of each kind."""
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{tmp_path / 'new' / 'store.db'}")
    else:
        engine = open_database(new_database(request.getfixturevalue("cluster")))
    yield engine
    engine.dispose()


@pytest.fixture
def database(empty_database: Engine) -> Engine:
    """A database with today's tables."""
    upgrade(empty_database)
    return empty_database
