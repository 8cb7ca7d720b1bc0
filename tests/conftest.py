"""What many tests start from: settings of their own folder, one application, one visitor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI

from app.settings import Settings
from tests.kept_proofs import sum_counts
from tests.postgresql import running_postgresql
from tests.visitor import Visitor

if TYPE_CHECKING:
    from tests.web.desk import House


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An application of its own in which clinics can be added, for a file of tests.

    Where there is a clinic, patients' pages speak of it too. Passwords are hashed in no time.
    """
    # Here, so that a lower floor's tests run without these.
    from app.main import create_app
    from app.store.accounts import passwords
    from tests.store.kim import QUICK
    from tests.web.desk import House

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", QUICK)
        passwords._decoy_hash.cache_clear()
        clock = Clock()
        app = create_app(Settings(var=tmp_path_factory.mktemp("house")), clock=clock)
        yield House(app, clock)
        app.state.context.store.engine.dispose()
    passwords._decoy_hash.cache_clear()


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The address of a PostgreSQL server, up for as long as the tests run."""
    with running_postgresql() as address:
        yield address


@pytest.fixture(scope="session")
def clock() -> Clock:
    """The clock of the application under test."""
    return Clock()


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a server that keeps its things in a folder of its own."""
    return Settings(var=tmp_path_factory.mktemp("var"))


@pytest.fixture(scope="session")
def app(settings: Settings, clock: Clock) -> FastAPI:
    """One application for all tests: it holds no state of any person."""
    from app.main import create_app  # here, so that a lower floor's tests run without this one

    return create_app(settings, clock=clock)


@pytest.fixture
def visitor(app: FastAPI) -> Visitor:
    """A person with a fresh browser."""
    return Visitor(app)


@pytest.fixture
def pem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The certificate of other sides on this machine, which are reached from here."""
    from app.web import outgoing_messages
    from tests.far_ends import certificate

    file = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setattr(outgoing_messages, "is_public_address", lambda _: True)
    return file


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was proved and tried, counted over all tests."""
    for name, count in sorted(sum_counts(terminalreporter.getreports("passed")).items()):
        terminalreporter.write_line(f"{count:>8,} {name}")
