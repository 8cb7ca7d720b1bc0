"""Sealed fields: what opens, what does not, and how the keys are kept and changed."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings import ROOT
from app.store.db.encryption import (
    BadKeyring,
    DataKey,
    DecryptionFailed,
    KeyEncryptionKeys,
    add_master_key,
    drop_old_master_keys,
    load_keyring,
)

KEYRING = KeyEncryptionKeys({b"now.": bytes(range(32))}, b"s" * 32, b"a" * 32)
KEY, WRAPPED = KEYRING.make_data_key("here", "r1")
SEALED = KEY.seal_field("person", "p1", "name", "Ada")


@given(st.text())
def test_a_sealed_text_comes_back_whole_and_never_looks_the_same_twice(text: str) -> None:
    once, again = (KEY.seal_field("person", "p1", "name", text) for _ in range(2))
    assert KEY.open_field("person", "p1", "name", once) == text
    assert once != again


def test_a_sealed_text_does_not_show_the_text() -> None:
    assert b"Ada" not in SEALED


@pytest.mark.parametrize(
    ("table", "row", "name"),
    [("staff", "p1", "name"), ("person", "p2", "name"), ("person", "p1", "note")],
)
def test_a_sealed_text_that_is_moved_does_not_open(table: str, row: str, name: str) -> None:
    with pytest.raises(DecryptionFailed):
        KEY.open_field(table, row, name, SEALED)


@pytest.mark.parametrize(("clinic", "record"), [("there", "r1"), ("here", "r2")])
def test_a_wrapped_key_that_is_moved_does_not_open(clinic: str, record: str) -> None:
    with pytest.raises(DecryptionFailed):
        KEYRING.unwrap_key(clinic, record, WRAPPED)


def test_the_bounds_between_words_count() -> None:
    sealed = KEY.seal_field("ab", "c", "d", "x")
    with pytest.raises(DecryptionFailed):
        KEY.open_field("a", "bc", "d", sealed)


def test_no_byte_can_be_changed_or_cut_off() -> None:
    for place in range(len(SEALED)):
        changed = bytearray(SEALED)
        changed[place] ^= 1
        for spoilt in (bytes(changed), SEALED[:place]):
            with pytest.raises(DecryptionFailed):
                KEY.open_field("person", "p1", "name", spoilt)


def test_a_key_of_another_record_opens_nothing() -> None:
    other, _ = KEYRING.make_data_key("here", "r1")
    with pytest.raises(DecryptionFailed):
        other.open_field("person", "p1", "name", SEALED)


def test_no_key_is_shown_by_accident() -> None:
    shown = repr(KEYRING) + repr(KEY)
    assert "ssss" not in shown
    assert "\\x" not in shown


def test_a_fingerprint_finds_the_same_words_and_needs_the_key() -> None:
    other = KeyEncryptionKeys(KEYRING.masters, b"o" * 32, b"a" * 32)
    print_ = KEYRING.keyed_hash("here", "reference", "A1")
    assert print_ == KEYRING.keyed_hash("here", "reference", "A1")
    assert (
        len(
            {
                print_,
                KEYRING.keyed_hash("there", "reference", "A1"),
                KEYRING.keyed_hash("here", "referenceA", "1"),
                other.keyed_hash("here", "reference", "A1"),
            }
        )
        == 4
    )


def test_the_keyring_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "var" / "master.key"
    made = load_keyring(file)
    assert load_keyring(file) == made
    assert file.stat().st_mode & 0o777 == 0o600
    assert len({*made.masters.values(), made.search, made.audit}) == 3


def test_servers_that_start_at_once_use_the_same_keys(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from app.store.db.encryption import load_keyring\n"
        "print(load_keyring(Path(sys.argv[1])).search.hex())"
    )
    start = [sys.executable, "-c", program, str(tmp_path / "master.key")]
    servers = [
        subprocess.Popen(start, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    printed = {server.communicate()[0] for server in servers}
    assert len(printed) == 1
    assert len(printed.pop().strip()) == 64


def test_a_new_master_key_opens_the_old_and_wraps_the_new(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    old = load_keyring(file)
    key, wrapped = old.make_data_key("here", "r1")
    sealed = key.seal_field("person", "p1", "name", "Ada")

    new = add_master_key(file)
    assert (new.search, new.audit) == (old.search, old.audit)
    assert not new.has_newest_wrapping(wrapped)
    rewrapped = new.rewrap_key("here", "r1", wrapped)
    assert new.has_newest_wrapping(rewrapped)
    # A server that runs since before the change finds the new key too.
    assert _name(old.unwrap_key("here", "r1", rewrapped), sealed) == "Ada"

    last = drop_old_master_keys(file)
    assert list(last.masters) == [new.newest_key_name]
    assert _name(last.unwrap_key("here", "r1", rewrapped), sealed) == "Ada"
    with pytest.raises(DecryptionFailed, match="master key"):
        last.unwrap_key("here", "r1", wrapped)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "are needed"),
        ("master 00000001 " + "0" * 64 + "\n", "no key"),
        ("master 00000001 abcd\n", "no key"),
        ("master\n", "a line is"),
        ("other 00000001 " + bytes(range(32)).hex() + "\n", "'other'"),
        ("audit 00000001 " + bytes(range(32)).hex() + "\n", "are needed"),
        (("audit 00000001 " + bytes(range(32)).hex() + "\n") * 2, "'audit'"),
    ],
)
def test_a_file_that_holds_no_good_keys_is_refused_without_showing_it(
    tmp_path: Path, text: str, problem: str
) -> None:
    file = tmp_path / "master.key"
    file.touch(0o600)
    file.write_text(text)
    with pytest.raises(BadKeyring, match=problem) as refused:
        load_keyring(file)
    assert bytes(range(32)).hex() not in str(refused.value)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    load_keyring(file)
    file.chmod(0o640)
    with pytest.raises(BadKeyring, match="chmod 600"):
        load_keyring(file)


def _name(key: DataKey, sealed: bytes) -> str:
    return key.open_field("person", "p1", "name", sealed)
