"""Keys of records beside what they seal, doorbells and signposts: small things kept by clinic."""

from contextlib import suppress
from pathlib import Path

import pytest

from app.store.db import change_notifications, record_keys, server_records
from app.store.db.encryption import (
    DecryptionFailed,
    add_master_key,
    drop_old_master_keys,
    load_keyring,
)
from app.store.db.scope import Store
from tests.store.kim import NOON, times_rung


def test_a_record_is_read_with_its_own_key(store: Store) -> None:
    with store.writing_scope("c1", NOON, "kim") as scope:
        sealed = record_keys.create_data_key(scope, "r1").seal_field("person", "p1", "name", "Ada")
        record_keys.create_data_key(scope, "r2")
    with store.reading_scope("c1") as scope:
        assert (
            record_keys.load_data_key(scope, "r1").open_field("person", "p1", "name", sealed)
            == "Ada"
        )
        other = record_keys.load_data_keys(scope, ["r1", "r2", "r3"])
    assert set(other) == {"r1", "r2"}
    with pytest.raises(DecryptionFailed):
        other["r2"].open_field("person", "p1", "name", sealed)


def test_a_record_without_its_key_is_forgotten(store: Store) -> None:
    with store.writing_scope("c1", NOON, "kim") as scope:
        record_keys.create_data_key(scope, "r1")
    with store.writing_scope("c2", NOON, "kim") as scope:
        assert not record_keys.destroy_data_keys(scope, ["r1"])
    with store.writing_scope("c1", NOON, "kim") as scope:
        assert record_keys.destroy_data_keys(scope, ["r1"])
        with pytest.raises(record_keys.KeyDestroyed):
            record_keys.load_data_key(scope, "r1")


def test_all_keys_are_wrapped_anew_and_open_what_they_sealed(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    old = Store(store.engine, load_keyring(file))
    sealed = {}
    for clinic in ("c1", "c2"):
        with old.writing_scope(clinic, NOON, "kim") as scope:
            for number in range(3):
                key = record_keys.create_data_key(scope, f"r{number}")
                sealed[clinic, number] = key.seal_field("person", "p1", "name", f"Ada {number}")
    new = Store(store.engine, add_master_key(file))
    assert sum(record_keys.rewrap_data_keys(new, NOON)) == 6
    assert sum(record_keys.rewrap_data_keys(new, NOON)) == 0
    last = Store(store.engine, drop_old_master_keys(file))
    for (clinic, number), box in sealed.items():
        with last.reading_scope(clinic) as scope:
            name = record_keys.load_data_key(scope, f"r{number}").open_field(
                "person", "p1", "name", box
            )
        assert name == f"Ada {number}"


def test_more_keys_than_one_step_are_all_wrapped_anew(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_keys, "_AT_ONCE", 2)
    file = tmp_path / "master.key"
    with Store(store.engine, load_keyring(file)).writing_scope("c1", NOON, "kim") as scope:
        for number in range(5):
            record_keys.create_data_key(scope, f"r{number}")
    assert sum(record_keys.rewrap_data_keys(Store(store.engine, add_master_key(file)), NOON)) == 5


def test_the_doorbell_rings_for_its_own_clinic_and_only_for_what_is_kept(store: Store) -> None:
    for _ in range(2):
        with store.writing_scope("c1", NOON, "kim") as scope:
            change_notifications.notify_change(scope)
    with suppress(LookupError), store.writing_scope("c1", NOON, "kim") as scope:
        change_notifications.notify_change(scope)
        raise LookupError
    counts = []
    for clinic in ("c1", "c2"):
        with store.reading_scope(clinic) as scope:
            counts.append(times_rung(scope))
    assert counts == [2, 0]


def test_a_word_leads_to_its_record_until_it_is_taken_down(store: Store) -> None:
    with store.writing_scope("c1", NOON, "kim") as scope:
        assert server_records.index_word(scope, "code", "ABCD-EFGH", "i1")
    assert server_records.resolve_word(store, "code", "ABCD-EFGH") == ("c1", "i1")
    assert server_records.resolve_word(store, "staff", "ABCD-EFGH") is None
    with store.writing_scope("c2", NOON, "kim") as scope:
        assert not server_records.index_word(scope, "code", "ABCD-EFGH", "i2")
        assert server_records.unindex_records(scope, "code", "i1") == 0
    with store.writing_scope("c1", NOON, "kim") as scope:
        assert server_records.unindex_records(scope, "code", "i1") == 1
    assert server_records.resolve_word(store, "code", "ABCD-EFGH") is None
