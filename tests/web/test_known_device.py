"""The cookie of a browser in which staff signed in before."""

from __future__ import annotations

from contextlib import suppress

import pytest

from app.store.accounts import sessions
from app.store.db import rate_limits, server_records
from app.web.wire import LONGEST_LIFETIME
from tests.visitor import Visitor
from tests.web.desk import PASSWORD, SECURE, House, Member

NAME = "__Host-device"


def besiege(house: House, member: Member) -> None:
    """Nobody whose browser is not known can try this member's password now."""
    account = server_records.hash_word(house.store, "staff", member.email)
    with suppress(rate_limits.RateLimitExceeded):
        for _ in range(sessions.ACCOUNT_LIMIT.capacity):
            rate_limits.acquire_tokens(
                house.store.engine, sessions.ACCOUNT_LIMIT, account, house.now
            )
    typed = {"email": member.email, "password": PASSWORD}
    assert Visitor(house.app, SECURE).send("/sign-in", typed).status_code == 429


def signs_in(member: Member) -> bool:
    typed = {"email": member.email, "password": PASSWORD}
    return member.send("/sign-in", typed).status_code == 303


def test_a_full_sign_in_makes_the_browser_known_and_a_password_alone_does_not(
    house: House,
) -> None:
    known = Member(house, "nurse", "Hill", "Kim")
    known.client.cookies.clear()
    known.wait(600)
    given = known.send("/sign-in", {"email": known.email, "password": PASSWORD})
    assert NAME not in given.headers["set-cookie"]
    proved = known.send("/sign-in/code", {"code": known.code})
    (cookie,) = (c for c in proved.headers.get_list("set-cookie") if c.startswith(NAME))
    value, *attributes = cookie.removeprefix(f"{NAME}=").split("; ")
    assert set(attributes) == {
        *("Path=/", "HttpOnly", "SameSite=Strict", "Secure", f"Max-Age={LONGEST_LIFETIME}")
    }
    for word in (known.email, known.id, known.clinic):
        assert word not in value


def test_signing_out_does_not_make_it_unknown(house: House) -> None:
    known = house.member()
    known.send("/sign-out")
    besiege(house, known)
    assert signs_in(known)


def test_who_changes_the_password_can_sign_in_with_the_new_one_at_once(house: House) -> None:
    known, new = house.member(), "seven quiet harbours"
    known.post("/account/password", {"old": PASSWORD, "new": new})
    besiege(house, known)
    assert known.sign_in(new).url == "/worklist"


def test_a_new_link_lets_someone_in_whose_browser_was_never_known(house: House) -> None:
    newcomer = Member(house, "nurse", "Hill", "Kim")
    besiege(house, newcomer)
    assert signs_in(newcomer)


def test_the_mark_of_one_member_does_not_help_to_try_anothers_password(house: House) -> None:
    known, victim = house.member(), house.member()
    besiege(house, victim)
    typed = {"email": victim.email, "password": PASSWORD}
    assert known.send("/sign-in", typed).status_code == 429


def test_two_who_share_a_browser_are_both_known(house: House) -> None:
    one, other = house.member(), house.member()
    other.client.cookies = one.client.cookies
    other.sign_in()
    one.client.cookies = other.client.cookies
    for member in (one, other):
        besiege(house, member)
        assert signs_in(member)


@pytest.mark.parametrize("junk", ["x", "." * 3000, "%00", '"'])
def test_a_browser_that_sends_junk_is_like_any_other(house: House, junk: str) -> None:
    house.clock.seconds += 600
    stranger = Visitor(house.app, SECURE)
    stranger.client.cookies.set(NAME, junk)
    refused = stranger.send("/sign-in", {"email": "nobody@example.org", "password": "x"})
    assert refused.status_code == 422
