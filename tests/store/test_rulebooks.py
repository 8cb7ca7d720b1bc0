"""Which rulebooks the server has answered with."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import StatementError

from app.store.db.server_records import list_served_rulebooks, record_served_rulebook

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ONE, OTHER = "1" * 64, "2" * 64


def test_a_new_database_has_served_no_rulebook(database: Engine) -> None:
    assert list_served_rulebooks(database) == ()


def test_a_rulebook_keeps_the_time_it_was_first_served(database: Engine) -> None:
    record_served_rulebook(database, "1.0.0", ONE, NOON)
    record_served_rulebook(database, "1.0.0", ONE, NOON + timedelta(days=1))
    assert [
        (row.version, row.sha256, row.first_served_at) for row in list_served_rulebooks(database)
    ] == [("1.0.0", ONE, NOON)]


def test_a_rulebook_changed_without_a_new_version_is_another_rulebook(database: Engine) -> None:
    record_served_rulebook(database, "1.0.0", ONE, NOON)
    record_served_rulebook(database, "1.0.0", OTHER, NOON)
    assert {row.sha256 for row in list_served_rulebooks(database)} == {ONE, OTHER}


def test_rulebooks_come_in_the_order_they_were_first_served(database: Engine) -> None:
    record_served_rulebook(database, "1.1.0", OTHER, NOON + timedelta(hours=1))
    record_served_rulebook(database, "1.0.0", ONE, NOON)
    assert [row.version for row in list_served_rulebooks(database)] == ["1.0.0", "1.1.0"]


def test_a_time_comes_back_in_utc_whatever_zone_it_went_in_with(database: Engine) -> None:
    record_served_rulebook(database, "1.0.0", ONE, NOON.astimezone(timezone(timedelta(hours=5))))
    (row,) = list_served_rulebooks(database)
    assert row.first_served_at == NOON
    assert row.first_served_at.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(database: Engine) -> None:
    with pytest.raises(StatementError):
        record_served_rulebook(database, "1.0.0", ONE, NOON.replace(tzinfo=None))
    assert list_served_rulebooks(database) == ()
