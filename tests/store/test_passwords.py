"""Passwords: what is good enough, how they are kept, and how many at a time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.store.accounts import passwords
from app.store.accounts.passwords import (
    PasswordQueueFull,
    find_password_problem,
    hash_password,
    verify_password,
)
from tests.store.kim import QUICK

pytestmark = pytest.mark.alone

CONTEXT = ["Hill Clinic", "Kim Lee", "kim.lee@hill.example"]


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("eleven char", "short"),
        ("elf Zeichen", "short"),
        ("x y" * 43, "long"),
        ("passwordpassword", "common"),
        ("123456789012", "common"),
        ("qwertyuiop123", "common"),
        ("aaaaaaaaaaaaaaaaaaaa", "common"),
        ("Calcinosis2026!", "common"),
        ("hill clinic 2026", "common"),
        ("kim.lee@hill.example", "common"),
        ("purple kettle walks", None),
        ("żółć gęślą jaźń", None),
        ("👩‍⚕️ 🫖 🧦 🪁 🦔 ✂️ 🥔", None),
        ("    spaces count    twice", None),
    ],
)
def test_a_new_password_must_be_long_and_not_easily_guessed(
    password: str, wrong: str | None
) -> None:
    assert find_password_problem(password, CONTEXT) == wrong


def test_a_password_is_kept_as_argon2id_with_64_mebibytes() -> None:
    kept = hash_password("purple kettle walks")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert verify_password("purple kettle walks", kept) == kept
    assert verify_password("purple kettle walk", kept) is None


def test_a_password_kept_in_a_weaker_form_is_kept_anew() -> None:
    weak = QUICK.hash("purple kettle walks")
    renewed = verify_password("purple kettle walks", weak)
    assert renewed is not None
    assert "m=65536" in renewed


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=passwords.MAX_PASSWORD_LENGTH))
def test_any_characters_make_a_password(password: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", QUICK)
        assert verify_password(password, hash_password(password)) is not None
        assert verify_password(password + "x", hash_password(password)) is None


@pytest.mark.usefixtures("_quick_hashes")
def test_a_letter_typed_in_another_way_is_the_same_letter() -> None:
    assert (
        verify_password("cafe\u0301 au lait, chaud", hash_password("caf\u00e9 au lait, chaud"))
        is not None
    )


@pytest.mark.usefixtures("_quick_hashes")
def test_no_letter_of_a_long_password_is_left_out() -> None:
    longest = "ab" * (passwords.MAX_PASSWORD_LENGTH // 2)
    kept = hash_password(longest)
    assert verify_password(longest, kept) is not None
    assert verify_password(longest[:-1] + "x", kept) is None
    assert verify_password(longest + "x", kept) is None


def test_a_name_that_nobody_has_takes_as_long_as_a_wrong_password() -> None:
    kept = hash_password("purple kettle walks")
    passwords._decoy_hash.cache_clear()
    verify_password("first", None)
    ways: dict[str | None, list[float]] = {kept: [], None: []}
    for _ in range(7):
        for way, times in ways.items():
            begun = time.perf_counter()
            assert verify_password("another password", way) is None
            times.append(time.perf_counter() - begun)
    known, unknown = (min(times) for times in ways.values())
    assert known > 0.02
    assert unknown == pytest.approx(known, rel=0.5)


def test_only_as_many_are_hashed_at_once_as_there_are_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy, most, lock = 0, 0, threading.Lock()

    class Slow:
        def hash(self, _password: bytes) -> str:
            nonlocal busy, most
            with lock:
                busy += 1
                most = max(most, busy)
            time.sleep(0.05)
            with lock:
                busy -= 1
            return ""

    monkeypatch.setattr(passwords, "_HASHER", Slow())
    with ThreadPoolExecutor(12) as crowd:
        list(crowd.map(hash_password, ["x"] * 12))
    assert most == passwords._CPU_COUNT


def test_whoever_finds_all_places_taken_is_turned_away_at_once() -> None:
    with ExitStack() as taken:
        for _ in range(passwords.MAX_WAITING_PASSWORDS):
            taken.enter_context(passwords.reserve_hash_slot())
        with pytest.raises(PasswordQueueFull), passwords.reserve_hash_slot():
            pass
    with passwords.reserve_hash_slot():
        pass
