"""Keys of records beside what they seal, doorbells and signposts: small things kept by clinic."""

from contextlib import suppress
from pathlib import Path

import pytest

from app.store.ground import doorbell, keys, signposts
from app.store.ground.scope import Store
from app.store.ground.sealing import WillNotOpen, add_master_key, drop_old_master_keys, load_keyring


def test_a_record_is_read_with_its_own_key(store: Store) -> None:
    with store.writing("c1") as scope:
        sealed = keys.make(scope, "r1").seal("person", "p1", "name", "Ada")
        keys.make(scope, "r2")
    with store.reading("c1") as scope:
        assert keys.of(scope, "r1").open("person", "p1", "name", sealed) == "Ada"
        other = keys.several(scope, ["r1", "r2", "r3"])
    assert set(other) == {"r1", "r2"}
    with pytest.raises(WillNotOpen):
        other["r2"].open("person", "p1", "name", sealed)


def test_a_record_without_its_key_is_forgotten(store: Store) -> None:
    with store.writing("c1") as scope:
        keys.make(scope, "r1")
    with store.writing("c2") as scope:
        assert not keys.destroy(scope, "r1")
    with store.writing("c1") as scope:
        assert keys.destroy(scope, "r1")
        with pytest.raises(keys.Forgotten):
            keys.of(scope, "r1")


def test_all_keys_are_wrapped_anew_and_open_what_they_sealed(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    old = Store(store.engine, load_keyring(file))
    sealed = {}
    for clinic in ("c1", "c2"):
        with old.writing(clinic) as scope:
            for number in range(3):
                key = keys.make(scope, f"r{number}")
                sealed[clinic, number] = key.seal("person", "p1", "name", f"Ada {number}")
    new = Store(store.engine, add_master_key(file))
    assert sum(keys.rewrap(new)) == 6
    assert sum(keys.rewrap(new)) == 0
    last = Store(store.engine, drop_old_master_keys(file))
    for (clinic, number), box in sealed.items():
        with last.reading(clinic) as scope:
            name = keys.of(scope, f"r{number}").open("person", "p1", "name", box)
        assert name == f"Ada {number}"


def test_more_keys_than_one_step_are_all_wrapped_anew(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "_AT_ONCE", 2)
    file = tmp_path / "master.key"
    with Store(store.engine, load_keyring(file)).writing("c1") as scope:
        for number in range(5):
            keys.make(scope, f"r{number}")
    assert sum(keys.rewrap(Store(store.engine, add_master_key(file)))) == 5


def test_the_doorbell_rings_for_its_own_clinic_and_only_for_what_is_kept(store: Store) -> None:
    for _ in range(2):
        with store.writing("c1") as scope:
            doorbell.ring(scope)
    with suppress(LookupError), store.writing("c1") as scope:
        doorbell.ring(scope)
        raise LookupError
    counts = []
    for clinic in ("c1", "c2"):
        with store.reading(clinic) as scope:
            counts.append(doorbell.rung(scope))
    assert counts == [2, 0]


def test_a_word_leads_to_its_record_until_it_is_taken_down(store: Store) -> None:
    with store.writing("c1") as scope:
        assert signposts.put_up(scope, "code", "ABCD-EFGH", "i1")
    assert signposts.follow(store, "code", "ABCD-EFGH") == ("c1", "i1")
    assert signposts.follow(store, "staff", "ABCD-EFGH") is None
    with store.writing("c2") as scope:
        assert not signposts.put_up(scope, "code", "ABCD-EFGH", "i2")
        assert signposts.take_down(scope, "code", "i1") == 0
    with store.writing("c1") as scope:
        assert signposts.take_down(scope, "code", "i1") == 1
    assert signposts.follow(store, "code", "ABCD-EFGH") is None
