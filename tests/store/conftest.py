"""Databases for the store's tests: an SQLite file, and a PostgreSQL started for these tests."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine

from app.store import passwords
from app.store.database import open_database, upgrade
from app.store.scope import Store
from app.store.tables import Clinic
from tests.store.kim import QUICK, Kim
from tests.store.rows import A_ROW_OF, KEYRING


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables, once of each kind."""
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{tmp_path / 'new' / 'store.db'}")
    else:
        engine = open_database(_new_database(request.getfixturevalue("cluster")))
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
        engine = open_database(_new_database(cluster, template))
    yield engine
    engine.dispose()


@pytest.fixture
def store(database: Engine) -> Store:
    """A database with two clinics, c1 and c2, in which nobody works yet."""
    store = Store(database, KEYRING)
    for clinic in ("c1", "c2"):
        with store.writing(clinic) as scope:
            scope.add(Clinic, **{**A_ROW_OF["clinic"], "name": f"Clinic {clinic}"})
    return store


@pytest.fixture
def kim(store: Store, _quick_hashes: None) -> Kim:
    """A nurse who has joined clinic c1."""
    return Kim(store)


@pytest.fixture
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords are hashed in no time."""
    monkeypatch.setattr(passwords, "_HASHER", QUICK)
    passwords._decoy.cache_clear()
    yield
    passwords._decoy.cache_clear()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with today's tables and no rows, to be copied."""
    file = tmp_path_factory.mktemp("template") / "store.db"
    engine = open_database(f"sqlite:///{file}")
    upgrade(engine)
    with engine.connect() as connection:
        # Nothing may stay behind in a log beside the file.
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def postgresql_template(cluster: str) -> str:
    """The name of a PostgreSQL database with today's tables and no rows, to be copied."""
    engine = open_database(_new_database(cluster))
    upgrade(engine)
    engine.dispose()
    assert engine.url.database is not None
    return engine.url.database


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The address of a PostgreSQL server, up for as long as the tests run."""
    programs = _postgresql_programs()
    if programs is None:
        # A build machine must prove both databases; a laptop may do without one.
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("PostgreSQL is not installed; `make postgres` brings it")
    folder = Path(tempfile.mkdtemp(prefix="calcinosis-postgresql-"))
    as_owner = _as_owner(folder)
    port = _free_port()
    new = [programs / "initdb", "-D", folder / "db", "-U", "tests", "-A", "trust", "--no-sync"]
    subprocess.run([*as_owner, *new], check=True, capture_output=True, cwd="/")
    settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off"]
    options = [word for setting in settings for word in ("-c", setting)]
    start = [programs / "postgres", "-D", folder / "db", "-p", str(port), *options]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*as_owner, *start], stdout=log, stderr=log, cwd="/")
    try:
        url = f"postgresql://tests@127.0.0.1:{port}/postgres"
        _wait_for(url, server, folder / "log")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)
        shutil.rmtree(folder)


def _postgresql_programs() -> Path | None:
    """The folder of initdb and postgres; Debian keeps it off the path, by version."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def _as_owner(folder: Path) -> list[str]:
    """The start of a command that runs as someone PostgreSQL accepts: it refuses root."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres")
    # setpriv becomes the command itself, so that ending it ends the server.
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PostgreSQL does not answer:\n{log.read_text()}")


def _new_database(url: str, template: str = "template1") -> str:
    name = f"t{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    return url.removesuffix("postgres") + name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
