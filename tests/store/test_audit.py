"""The audit: what is added, what is found out, and where the chain says it was touched."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from app.store.db import audit
from app.store.db.audit import AuditAnchor, ChainFault
from app.store.db.encryption import KeyEncryptionKeys
from app.store.db.scope import Store
from app.store.db.tables import AuditEntry
from migrations.append_only import allow_changes
from tests.store.rows import KEYRING

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EVERY = 1 if os.environ.get("CALCINOSIS_SOAK") else 17  # which letters are tried
COLUMNS = ("at", "actor", "action", "subject_kind", "subject_id", "place", "facts", "mac")


@pytest.fixture
def written(store: Store) -> Store:
    """Five entries here and one in another clinic, no longer guarded."""
    for number in range(1, 6):
        with store.writing_scope("c1", NOON + timedelta(minutes=number), "kim") as scope:
            subject = ("submission", f"u{number}")
            assert audit.record_event(scope, "view", subject, "10.0.0.1", page=number) == number
    with store.writing_scope("c2", NOON, "lee") as scope:
        audit.record_event(scope, "sign_in")
    with store.engine.begin() as connection:
        allow_changes(connection, "audit_entry")
    return store


def fault(
    store: Store, anchors: tuple[AuditAnchor, ...] = (), clinic: str = "c1"
) -> ChainFault | None:
    return audit.verify_chain(store, clinic, anchors)


def tamper(store: Store, *statements: str) -> None:
    """Change the audit as someone would who owns the database: past its guards."""
    with store.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_an_audit_as_it_was_written_has_no_fault(written: Store) -> None:
    assert fault(written) is None
    assert fault(written, clinic="c2") is None


@pytest.mark.parametrize("number", [1, 3, 5])
@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_letter_is_found_in_any_column_and_its_row_named(
    written: Store, number: int, column: str
) -> None:
    was = f"SELECT {column} FROM audit_entry WHERE clinic_id='c1' AND number={number}"
    with written.engine.connect() as connection:
        value = str(connection.execute(text(was)).scalar_one())
    for place in range(0, len(value), EVERY):
        letter = chr(ord(value[place]) ^ 1)
        changed = (value[:place] + letter + value[place + 1 :]).replace("'", "''")
        _swap_value(written, number, column, changed.replace(":", "\\:"))
        assert fault(written) == ChainFault(number, "changed"), changed
        _swap_value(written, number, column, value.replace("'", "''").replace(":", "\\:"))
    assert fault(written) is None


def test_bytes_that_are_no_text_are_found_too(written: Store) -> None:
    if written.engine.dialect.name == "postgresql":
        pytest.skip("PostgreSQL keeps no bytes that are no text")
    tamper(written, "UPDATE audit_entry SET actor = CAST(x'ff' AS TEXT) WHERE number = 2")
    assert fault(written) == ChainFault(2, "changed")


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["DELETE FROM audit_entry WHERE clinic_id='c1' AND number=1"], ChainFault(1, "missing")),
        (["DELETE FROM audit_entry WHERE clinic_id='c1' AND number=3"], ChainFault(3, "missing")),
        (["DELETE FROM audit_entry WHERE clinic_id='c1' AND number=5"], ChainFault(5, "missing")),
        (["DELETE FROM audit_entry WHERE clinic_id='c1' AND number>2"], ChainFault(3, "missing")),
        (["DELETE FROM audit_entry"], ChainFault(1, "missing")),
        (
            [
                "UPDATE audit_entry SET number=9 WHERE clinic_id='c1' AND number=2",
                "UPDATE audit_entry SET number=2 WHERE clinic_id='c1' AND number=3",
                "UPDATE audit_entry SET number=3 WHERE clinic_id='c1' AND number=9",
            ],
            ChainFault(2, "changed"),
        ),
        (
            [
                "DELETE FROM audit_entry WHERE clinic_id='c1' AND number=1",
                "UPDATE audit_entry SET number=number-1 WHERE clinic_id='c1' AND number=2",
            ],
            ChainFault(1, "changed"),
        ),
        (
            [
                "DELETE FROM audit_entry WHERE clinic_id='c1'",
                "UPDATE audit_entry SET clinic_id='c1' WHERE clinic_id='c2'",
            ],
            ChainFault(1, "changed"),
        ),
        (
            [
                "DELETE FROM audit_entry WHERE clinic_id='c1' AND number=5",
                "UPDATE audit_head SET number=4 WHERE clinic_id='c1'",
            ],
            ChainFault(4, "head"),
        ),
        (
            [
                "DELETE FROM audit_entry WHERE clinic_id='c1' AND number=5",
                "UPDATE audit_head SET number=4, mac=(SELECT mac FROM audit_entry"
                " WHERE clinic_id='c1' AND number=4) WHERE clinic_id='c1'",
            ],
            ChainFault(4, "head"),
        ),
        (["DELETE FROM audit_head WHERE clinic_id='c1'"], ChainFault(5, "head")),
        (["DELETE FROM audit_head", "DELETE FROM audit_entry"], ChainFault(0, "head")),
        (
            [
                "INSERT INTO audit_entry SELECT clinic_id, 6, at, actor, action, subject_kind,"
                " subject_id, place, facts, mac FROM audit_entry"
                " WHERE clinic_id='c1' AND number=5"
            ],
            ChainFault(6, "changed"),
        ),
    ],
)
def test_what_was_deleted_moved_or_cut_off_is_found_and_named(
    written: Store, statements: list[str], found: ChainFault
) -> None:
    tamper(written, *statements)
    assert fault(written) == found


def test_an_old_head_put_back_is_found_by_what_was_noted_elsewhere(written: Store) -> None:
    with written.reading_scope("c1") as scope:
        old = audit.read_head(scope)
        row = scope.find_one(audit.AuditHead)
    with written.writing_scope("c1", NOON, "kim") as scope:
        audit.record_event(scope, "lower")
        noted = audit.read_head(scope)
    assert old is not None
    assert noted is not None
    assert row is not None
    tamper(
        written,
        "DELETE FROM audit_entry WHERE clinic_id='c1' AND number=6",
        f"UPDATE audit_head SET number=5, mac='{old.mac}', seal='{row.seal}' WHERE clinic_id='c1'",
    )
    assert fault(written) is None
    assert fault(written, (old,)) is None
    assert fault(written, (old, noted)) == ChainFault(6, "missing")


def test_a_chain_written_anew_needs_the_key(written: Store) -> None:
    forger = Store(written.engine, KeyEncryptionKeys(KEYRING.masters, KEYRING.search, b"f" * 32))
    tamper(written, "DELETE FROM audit_entry", "DELETE FROM audit_head")
    with forger.writing_scope("c1", NOON, "kim") as scope:
        audit.record_event(scope, "view")
    assert fault(written) == ChainFault(1, "changed")


def test_entries_written_at_once_form_one_chain(store: Store) -> None:
    def write(number: int) -> None:
        with store.writing_scope("c1", NOON, f"nurse {number}") as scope:
            audit.record_event(scope, "view")

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(write, range(24)))
    with store.reading_scope("c1") as scope:
        assert scope.count_rows(AuditEntry) == 24
    assert fault(store) is None


def test_an_entry_is_kept_only_with_what_it_tells_of(written: Store) -> None:
    with suppress(LookupError), written.writing_scope("c1", NOON, "kim") as scope:
        audit.record_event(scope, "view")
        raise LookupError
    with written.reading_scope("c1") as scope:
        assert scope.count_rows(AuditEntry) == 5


def test_who_looked_at_a_submission_can_be_asked_page_by_page(written: Store) -> None:
    with written.reading_scope("c1") as scope:
        assert [
            e.number for e in audit.list_audit_entries(scope, subject=("submission", "u2"))
        ] == [2]
        assert [e.number for e in audit.list_audit_entries(scope, actor="kim", limit=2)] == [5, 4]
        assert [e.number for e in audit.list_audit_entries(scope, before=4, limit=2)] == [3, 2]
        assert audit.list_audit_entries(scope, actor="lee") == []


def test_times_are_kept_in_utc(written: Store) -> None:
    with written.writing_scope("c2", NOON.astimezone(timezone(timedelta(hours=5))), "lee") as scope:
        audit.record_event(scope, "view")
        assert audit.list_audit_entries(scope)[0].at == "2026-03-01T12:00:00.000000+00:00"


def test_a_long_audit_tells_how_far_it_is(written: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_AT_ONCE", 2)
    progress_reports: list[int] = []
    assert audit.verify_chain(written, "c1", progress=progress_reports.append) is None
    assert progress_reports == [2, 4]


def _swap_value(store: Store, number: int, column: str, value: str) -> None:
    tamper(
        store,
        f"UPDATE audit_entry SET {column}='{value}' WHERE clinic_id='c1' AND number={number}",
    )
