"""Browsers in which a nurse has signed in before: nobody elsewhere can use up her tries."""

import re
from datetime import timedelta

import pytest

from app.store.accounts import sessions, staff
from app.store.accounts.sessions import SignInRefused
from app.store.db import rate_limits
from app.store.db.rate_limits import RateLimitExceeded
from app.store.db.tables import Staff
from tests.store.kim import EMAIL, NOON, PASSWORD, Kim, invited
from tests.store.rows import read_columns

NEW = "seven quiet harbours"


def known(kim: Kim, marks: list[str]) -> bool:
    """Whether a browser that holds these is one of Kim's."""
    with kim.store.reading_scope("c1") as scope:
        return (
            sessions.find_device_token(kim.store.keyring, staff.find_staff(scope, kim.id), marks)
            != ""
        )


def besiege(kim: Kim) -> None:
    """Strangers who know her address use up all tries of her account, from 21 places."""
    for place in range(21):
        with pytest.raises((SignInRefused, RateLimitExceeded)):
            kim.half(NOON, "wrong password", address=f"10.1.0.{place}")
    with pytest.raises(RateLimitExceeded):
        kim.half(NOON, address="10.2.0.1")


def test_strangers_who_know_her_address_do_not_keep_a_nurse_out(kim: Kim) -> None:
    marks = kim.marks()
    besiege(kim)
    assert kim.half(NOON, address="10.2.0.1", marks=marks)


def test_neither_a_full_server_nor_her_own_network_keeps_a_known_browser_out(kim: Kim) -> None:
    marks = kim.marks()
    rate_limits.acquire_tokens(
        kim.store.engine, sessions.SERVER_LIMIT, "", NOON, tries=sessions.SERVER_LIMIT.capacity
    )
    rate_limits.acquire_tokens(
        kim.store.engine, sessions.ADDRESS_LIMIT, "10.0.0.1", NOON, sessions.ADDRESS_LIMIT.capacity
    )
    with pytest.raises(RateLimitExceeded):
        kim.half(NOON)
    assert kim.half(NOON, marks=marks)


def test_a_known_browser_has_no_more_tries_than_any_other(kim: Kim) -> None:
    marks = kim.marks()
    tries = (
        sessions.DEVICE_LIMIT.capacity + sessions.ADDRESS_LIMIT.capacity
    )  # its own, then those of its place
    for _ in range(tries):
        with pytest.raises(SignInRefused):
            kim.half(NOON, "wrong password", marks=marks)
    with pytest.raises(RateLimitExceeded):
        kim.half(NOON, marks=marks)
    assert kim.half(NOON + timedelta(seconds=30), marks=marks)


def test_a_browser_is_known_to_every_server_of_one_keyring_and_holds_nothing_readable(
    kim: Kim,
) -> None:
    (mark,) = kim.marks()
    assert known(kim, [mark])
    assert re.fullmatch("[0-9a-f]{64}", mark)  # so no name and no address
    for word in (kim.id, EMAIL, "c1"):
        assert word.encode().hex() not in mark
    assert kim.marks() != [mark]


@pytest.mark.parametrize("at", [0, 31, 32, 63])
def test_a_mark_that_was_changed_anywhere_counts_for_nothing(kim: Kim, at: int) -> None:
    (mark,) = kim.marks()
    other = "0" if mark[at] != "0" else "1"
    assert not known(kim, [mark[:at] + other + mark[at + 1 :]])


@pytest.mark.parametrize("junk", ["", "x", "0" * 64, "Z" * 64, "\ud800" * 64, "0" * 100_000])
def test_junk_is_no_mark_and_is_dropped(kim: Kim, junk: str) -> None:
    assert not known(kim, [junk])
    (own,) = kim.marks()
    assert set(kim.marks([junk, own])) <= {own, "0" * 64}
    assert kim.half(NOON, marks=[junk])


def test_a_mark_is_of_one_member_alone(kim: Kim) -> None:
    marks = kim.marks()
    invited(kim.store, "lee@hill.example")
    with kim.store.reading_scope("c1") as scope:
        (lee,) = (someone for someone in staff.list_staff(scope) if someone.id != kim.id)
        lee.password_hash = staff.find_staff(scope, kim.id).password_hash
        assert sessions.find_device_token(kim.store.keyring, lee, marks) == ""


def test_a_new_password_ends_it_and_so_does_being_disabled(kim: Kim) -> None:
    marks = kim.marks()
    staff.change_password(kim.store, "c1", kim.id, PASSWORD, NEW, NOON)
    assert not known(kim, marks)
    marks = kim.marks()
    with kim.store.writing_scope("c1", NOON, "command") as scope:
        staff.disable_staff(scope, kim.id)
    assert not known(kim, marks)
    with kim.store.writing_scope("c1", NOON, "command") as scope:
        link = staff.enable_staff(scope, kim.id)
    assert not known(kim, marks)
    kim.secret = staff.open_staff_invite(kim.store, link, NOON).secret
    staff.join_staff(kim.store, link, PASSWORD, kim.code(NOON), NOON)
    assert not known(kim, marks)


def test_several_who_share_a_browser_are_all_known_and_the_longest_away_goes_first(
    kim: Kim,
) -> None:
    own = kim.marks()
    with kim.store.writing_scope("c1", NOON, "command") as scope:
        kept = own
        for number in range(sessions.MAX_TOKENS_PER_BROWSER):
            assert own[0] in kept
            link = staff.invite_staff(
                scope, email=f"{number}@hill.example", name="Lee", role="nurse"
            )
            assert link
            newest = staff.list_staff(scope)[-1]
            other = Staff(**read_columns(newest) | {"id": f"s{number}", "password_hash": "x"})
            kept = sessions.add_device_token(scope, other, kept)
            assert sessions.find_device_token(scope.keyring, other, kept) == kept[0]
    assert len(kept) == sessions.MAX_TOKENS_PER_BROWSER
    assert own[0] not in kept


def test_signing_in_again_leaves_the_mark_as_it_is(kim: Kim) -> None:
    others = ["0" * 64, "1" * 64]
    first = kim.marks(others)
    assert kim.marks([*others, first[0]]) == first
