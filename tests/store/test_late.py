"""The store that comes later: what may pass is tried again, what will not is told at once."""

from __future__ import annotations

from pathlib import Path
from threading import enumerate as threads

import pytest

from app.store.db.database import BadDatabase, DeferredStore, StoreUnavailable, open_deferred_store
from app.store.db.scope import Store
from tests.faults.stores import held, within
from tests.store.kim import NOON


def opening(folder: Path, patience: float = 30, first: list[Store] | None = None) -> DeferredStore:
    done = [] if first is None else first
    url = f"sqlite:///{folder / 'calcinosis.db'}"
    return open_deferred_store(url, folder / "master.key", done.append, patience)


def still_trying() -> bool:
    return any(thread.name == "opening" for thread in threads())


def test_a_store_that_is_not_open_raises_one_thing_whatever_is_asked() -> None:
    store = DeferredStore()
    for ask in (store.list_clinic_ids, lambda: store.engine, lambda: store.keyring):
        with pytest.raises(StoreUnavailable):
            ask()
    with pytest.raises(StoreUnavailable), store.writing_scope("c1", NOON, "kim"):
        pass
    assert not store.is_open


def test_an_open_store_is_like_any_other(tmp_path: Path) -> None:
    store = opening(tmp_path)
    assert store.is_open
    assert store.list_clinic_ids() == []
    store.close()
    assert within(10, lambda: not still_trying())


def test_a_locked_database_is_opened_as_soon_as_it_is_let_go(tmp_path: Path) -> None:
    opening(tmp_path).close()
    first: list[Store] = []
    with held(tmp_path / "calcinosis.db"):
        store = opening(tmp_path, 0.1, first)
        assert not store.is_open
    assert within(30, lambda: store.is_open)
    assert [done.engine for done in first] == [store.engine]
    store.close()


def test_a_damaged_database_is_refused_where_somebody_waits_to_hear_it(tmp_path: Path) -> None:
    (tmp_path / "calcinosis.db").write_bytes(b"no database" * 99)
    with pytest.raises(BadDatabase, match="damaged"):
        opening(tmp_path)
    assert within(10, lambda: not still_trying())


def test_what_is_found_too_late_is_logged_and_tried_until_it_is_mended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "calcinosis.db"
    opening(tmp_path).close()
    with held(file):
        store = opening(tmp_path, 0.1)
        file.write_bytes(b"no database" * 999)
    assert within(30, lambda: "the database is damaged" in caplog.text)
    assert not store.is_open
    file.unlink()
    assert within(30, lambda: store.is_open)
    assert "clinics' pages work" in caplog.text
    assert caplog.text.count("the database is damaged") == 1
    store.close()


def test_who_closes_it_ends_the_trying(tmp_path: Path) -> None:
    opening(tmp_path).close()
    with held(tmp_path / "calcinosis.db"):
        store = opening(tmp_path, 0.1)
        store.close()
    assert within(30, lambda: not still_trying())
