"""How databases are opened, and what is refused."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from app.store.db.database import open_database
from app.store.db.sqlite import ONLY_READS, journal_mode
from tests.postgresql import new_database

pytestmark = pytest.mark.alone


def test_pages_wait_for_the_lock_of_another_process_for_seconds_only(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'store.db'}", hurried=True)
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA busy_timeout")) == 5_000
    engine.dispose()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", journal_mode(sqlite3.sqlite_version_info).lower()),
        ("synchronous", 2),
        ("recursive_triggers", 1),
        ("foreign_keys", 1),
        ("busy_timeout", 60_000),
        ("trusted_schema", 0),
    ],
)
def test_an_sqlite_database_is_durable_and_strict(
    tmp_path: Path, pragma: str, value: str | int
) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'store.db'}")
    with engine.connect() as connection:
        assert connection.execute(text(f"PRAGMA {pragma}")).scalar_one() == value
    engine.dispose()


def test_a_reader_that_goes_on_to_write_waits_for_its_turn(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'store.db'}")
    with engine.begin() as first:
        assert first.connection.driver_connection is not None
        first.execute(text("SELECT 1"))
        assert first.connection.driver_connection.in_transaction
    engine.dispose()


@pytest.mark.parametrize(
    ("version", "mode"),
    [((3, 40, 1), "DELETE"), ((3, 51, 2), "DELETE"), ((3, 51, 3), "WAL"), ((3, 60, 0), "WAL")],
)
def test_the_write_ahead_log_is_used_only_where_it_loses_nothing(
    version: tuple[int, ...], mode: str
) -> None:
    assert journal_mode(version) == mode


def test_those_who_only_read_do_not_wait_for_each_other(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'store.db'}")
    reading = engine.execution_options(**{ONLY_READS: True})
    with reading.begin() as first, reading.begin() as second:
        assert [c.execute(text("SELECT 1")).scalar_one() for c in (first, second)] == [1, 1]
    engine.dispose()


def test_the_folder_of_an_sqlite_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path / 'var' / 'store.db'}").dispose()
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("url", ["mysql://name@host/db", "oracle://name@host/db"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite, postgresql"):
        open_database(url)


@pytest.mark.parametrize("url", ["postgresql://h/d", "postgresql+psycopg://h/d"])
def test_both_spellings_of_a_postgresql_address_work(url: str) -> None:
    assert open_database(url).url.drivername == "postgresql+psycopg"


@pytest.fixture
def hurried(cluster: str) -> Iterator[Engine]:
    """A database on PostgreSQL as the pages reach it."""
    engine = open_database(new_database(cluster), hurried=True)
    yield engine
    engine.dispose()


def test_no_statement_keeps_a_person_waiting_for_long_and_a_command_takes_its_time(
    hurried: Engine,
) -> None:
    begun = time.monotonic()
    with hurried.connect() as connection, pytest.raises(OperationalError, match="timeout"):
        connection.execute(text("SELECT pg_sleep(30)"))
    assert time.monotonic() - begun < 4
    patient = open_database(hurried.url.render_as_string(hide_password=False))
    with patient.connect() as connection:
        connection.execute(text("SELECT pg_sleep(3.5)"))
    patient.dispose()


def test_nobody_waits_for_long_for_those_who_write_before_them(hurried: Engine) -> None:
    turn = text("SELECT pg_advisory_xact_lock(7)")
    with hurried.begin() as first, hurried.connect() as second:
        first.execute(turn)
        begun = time.monotonic()
        with pytest.raises(OperationalError, match="lock timeout"):
            second.execute(turn)
        assert time.monotonic() - begun < 3


def test_a_transaction_that_was_left_open_holds_up_no_other_for_ever(hurried: Engine) -> None:
    with hurried.connect() as connection:
        ends = connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one()
    assert ends == "10s"
