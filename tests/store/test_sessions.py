"""Signing in and staying signed in: each step, each limit, each refusal."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest

from app.store.accounts import factors, sessions, staff
from app.store.accounts.sessions import NotSignedIn, SignInRefused
from app.store.db import audit, rate_limits
from app.store.db.rate_limits import RateLimitExceeded
from tests.store.kim import EMAIL, NEXT, NOON, PASSWORD, Kim, actions, invited


def test_a_password_alone_reaches_nothing_but_the_second_factor(kim: Kim) -> None:
    with pytest.raises(NotSignedIn):
        sessions.require_session(kim.store, kim.half(NOON + NEXT), NOON + NEXT)


def test_password_and_code_sign_in(kim: Kim) -> None:
    now = NOON + NEXT
    who = sessions.require_session(kim.store, kim.sign_in(now), now)
    assert (who.clinic, who.staff, who.role) == ("c1", kim.id, "nurse")
    assert who.has_permission("review")
    assert not who.has_permission("see_audit")
    assert who.ends_at == now + sessions.IDLE_TIMEOUT
    assert actions(kim.store)[-2:] == ["password_given", "signed_in"]


def test_the_session_has_a_new_id_after_each_factor(kim: Kim) -> None:
    half = kim.half(NOON + NEXT)
    whole = kim.prove(half, kim.code(NOON + NEXT), NOON + NEXT)
    later = NOON + timedelta(minutes=6)
    assert not sessions.require_session(kim.store, whole, later).proved_recently(later)
    again = kim.prove(whole, kim.code(later), later)
    for dead in (half, whole):
        with pytest.raises(NotSignedIn):
            sessions.require_session(kim.store, dead, later)
        with pytest.raises(NotSignedIn):
            kim.prove(dead, kim.code(later + NEXT), later + NEXT)
    assert sessions.require_session(kim.store, again, later).proved_recently(later)


def test_every_refusal_is_the_same(kim: Kim) -> None:
    invited(kim.store, "new@hill.example")
    refused = []
    for password, email in (
        ("wrong password", EMAIL),
        (PASSWORD, "nobody@hill.example"),
        (PASSWORD, "new@hill.example"),
        ("", ""),
        ("\x00\ud800", "\x00\ud800"),
    ):
        with pytest.raises(SignInRefused) as problem:
            kim.half(NOON, password, email)
        refused.append(str(problem.value))
    with kim.store.writing_scope("c1", NOON, "command") as scope:
        staff.disable_staff(scope, kim.id)
    with pytest.raises(SignInRefused) as problem:
        kim.half(NOON)
    assert set(refused) == {str(problem.value)}
    assert actions(kim.store, audit.SERVER_CHAIN) == ["sign_in_refused"] * 3


def test_the_address_is_known_by_any_capitals(kim: Kim) -> None:
    assert kim.half(NOON, email=" KIM@hill.EXAMPLE")


def test_a_code_counts_once_and_only_near_its_time(kim: Kim) -> None:
    now = NOON + timedelta(minutes=10)
    token = kim.sign_in(now)
    for code in (kim.code(now), kim.code(now - NEXT), kim.code(now + 2 * NEXT), ""):
        with pytest.raises(SignInRefused):
            kim.prove(token, code, now)
    token = kim.prove(token, kim.code(now + NEXT), now)
    later = now + timedelta(minutes=10)
    spaced = kim.code(later - NEXT)
    assert kim.prove(token, f" {spaced[:3]} {spaced[3:]} ", later)


def test_a_clock_may_be_half_a_minute_off_and_no_more() -> None:
    secret = pyotp.random_base32()
    accepted = [
        shift
        for shift in range(-3, 4)
        if factors.match_totp_step(secret, pyotp.TOTP(secret).at(NOON + shift * NEXT), NOON)
        is not None
    ]
    assert accepted == [-1, 0, 1]


@pytest.mark.parametrize(
    ("steps", "minutes"),
    [(-21, 0), (-20, -10), (-2, -1), (-1, 0), (1, 0), (2, 1), (20, 10), (21, 0)],
)
def test_a_clock_is_measured_up_to_ten_minutes_off(steps: int, minutes: int) -> None:
    secret = pyotp.random_base32()
    code = pyotp.TOTP(secret).at(NOON + steps * NEXT)
    assert factors.measure_clock_error(secret, code, NOON) == minutes


def test_a_wrong_clock_is_said_of_a_newer_code_alone(kim: Kim) -> None:
    now = NOON + timedelta(minutes=8)
    for code, minutes in (
        (kim.code(NOON), 0),  # that of joining, typed again
        (kim.code(now - timedelta(minutes=5)), -5),
        (kim.code(now + timedelta(minutes=5)), 5),
        ("nonsense", 0),
    ):
        with pytest.raises(SignInRefused) as refused:
            kim.prove(kim.half(now), code, now)
        assert refused.value.clock_error == minutes


def test_a_code_that_came_too_early_does_not_count_when_its_time_comes(kim: Kim) -> None:
    later = NOON + timedelta(minutes=5)
    early = kim.code(later)
    wide = early.translate({ord(digit): 0xFF10 + int(digit) for digit in "0123456789"})
    with pytest.raises(SignInRefused):
        kim.prove(kim.half(NOON), early, NOON)
    for again in (early, f" {early[:3]} {early[3:]}", wide):
        with pytest.raises(SignInRefused):
            kim.prove(kim.half(later), again, later)
    assert kim.prove(kim.half(later), kim.code(later + NEXT), later)


def test_a_code_is_read_in_the_digits_of_any_keyboard() -> None:
    secret = pyotp.random_base32()
    code = pyotp.TOTP(secret).at(NOON)
    wide = code.translate({ord(digit): 0xFF10 + int(digit) for digit in "0123456789"})
    assert factors.match_totp_step(secret, wide, NOON) is not None


def test_a_code_used_twice_at_once_counts_once(kim: Kim) -> None:
    now = NOON + NEXT
    halves = [kim.half(now) for _ in range(4)]

    def passes(token: str) -> bool:
        try:
            kim.prove(token, kim.code(now), now)
        except SignInRefused:
            return False
        return True

    with ThreadPoolExecutor(4) as crowd:
        assert sum(crowd.map(passes, halves)) == 1


def test_each_recovery_code_counts_once(kim: Kim) -> None:
    token = kim.prove(kim.half(NOON), kim.paper[0].lower(), NOON)
    with pytest.raises(SignInRefused):
        kim.prove(token, kim.paper[0], NOON)
    kim.prove(token, kim.paper[1].replace("-", " "), NOON)
    with kim.store.reading_scope("c1") as scope:
        assert factors.count_recovery_codes(scope, kim.id) == 8


def outcome(kim: Kim, address: str) -> type[Exception]:
    """Why a wrong password from this address is refused."""
    with pytest.raises((SignInRefused, RateLimitExceeded)) as refused:
        kim.half(NOON, "wrong password", address=address)
    return refused.type


def test_tries_from_one_address_are_limited_and_come_back(kim: Kim) -> None:
    assert {outcome(kim, f"2001:db8::{n}") for n in range(10)} == {SignInRefused}
    with pytest.raises(RateLimitExceeded) as limited:
        kim.half(NOON, address="2001:db8::a:b:c:d")
    assert limited.value.wait == timedelta(seconds=30)
    with pytest.raises(RateLimitExceeded):
        kim.half(NOON, email="nobody@hill.example", address="2001:db8::1")
    assert kim.half(NOON + limited.value.wait, address="2001:db8::1")


def test_tries_of_one_account_are_limited_and_come_back(kim: Kim) -> None:
    outcomes = [outcome(kim, f"10.1.0.{n}") for n in range(sessions.ACCOUNT_LIMIT.capacity + 1)]
    assert outcomes == [SignInRefused] * sessions.ACCOUNT_LIMIT.capacity + [RateLimitExceeded]
    with pytest.raises(RateLimitExceeded) as limited:
        kim.half(NOON)
    assert limited.value.wait == timedelta(seconds=15)
    assert kim.half(NOON + limited.value.wait)


def test_thousands_of_refused_tries_of_one_address_keep_nobody_else_out(kim: Kim) -> None:
    outcomes = Counter(outcome(kim, "6.6.6.6") for _ in range(1001))
    assert outcomes == {
        SignInRefused: sessions.ADDRESS_LIMIT.capacity,
        RateLimitExceeded: 1001 - sessions.ADDRESS_LIMIT.capacity,
    }
    assert kim.half(NOON, address="5.5.5.5")
    left = sessions.SERVER_LIMIT.capacity - sessions.ADDRESS_LIMIT.capacity - 1
    rate_limits.acquire_tokens(kim.store.engine, sessions.SERVER_LIMIT, "", NOON, tries=left)


def test_tries_that_an_account_refuses_cost_the_server_none(kim: Kim) -> None:
    tries = sessions.ACCOUNT_LIMIT.capacity
    outcomes = Counter(outcome(kim, f"10.1.0.{n}") for n in range(tries + 11))
    assert outcomes == {SignInRefused: tries, RateLimitExceeded: 11}
    left = sessions.SERVER_LIMIT.capacity - tries
    rate_limits.acquire_tokens(kim.store.engine, sessions.SERVER_LIMIT, "", NOON, tries=left)


def test_codes_are_limited(kim: Kim) -> None:
    token = kim.half(NOON)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            kim.prove(token, "x", NOON)
    with pytest.raises(RateLimitExceeded):
        kim.prove(token, kim.paper[0], NOON)
    assert kim.prove(token, kim.paper[0], NOON + timedelta(minutes=1))


def test_a_session_ends_after_a_quarter_of_an_hour_without_use(kim: Kim) -> None:
    now = NOON + NEXT
    token = kim.sign_in(now)
    for minutes in (14, 28, 42):
        sessions.require_session(kim.store, token, now + timedelta(minutes=minutes))
    with pytest.raises(NotSignedIn):
        sessions.require_session(kim.store, token, now + timedelta(minutes=57))


def test_an_open_stream_does_not_keep_a_session_alive(kim: Kim) -> None:
    now = NOON + NEXT
    token = kim.sign_in(now)
    for minutes in (5, 10, 14):
        sessions.require_session(kim.store, token, now + timedelta(minutes=minutes), active=False)
    with pytest.raises(NotSignedIn):
        sessions.require_session(kim.store, token, now + timedelta(minutes=15), active=False)


def test_a_session_ends_after_half_a_day_whatever_happens(kim: Kim) -> None:
    now = NOON + NEXT
    token, end = kim.sign_in(now), now + timedelta(hours=12)
    at = now
    while at < end - timedelta(minutes=10):
        at += timedelta(minutes=10)
        who = sessions.require_session(kim.store, token, at)
    assert who.ends_at == end
    token = kim.prove(token, kim.code(at), at)
    with pytest.raises(NotSignedIn):
        sessions.require_session(kim.store, token, end)


def test_signing_out_ends_one_session(kim: Kim) -> None:
    one, two = kim.sign_in(NOON + NEXT), kim.sign_in(NOON + 2 * NEXT)
    sessions.sign_out(kim.store, one, NOON + 2 * NEXT)
    sessions.sign_out(kim.store, "no session", NOON + 2 * NEXT)
    with pytest.raises(NotSignedIn):
        sessions.require_session(kim.store, one, NOON + 2 * NEXT)
    assert sessions.require_session(kim.store, two, NOON + 2 * NEXT)


def test_one_sees_and_ends_ones_own_sessions(kim: Kim) -> None:
    kim.sign_in(NOON + NEXT)
    with kim.store.writing_scope("c1", NOON, "kim") as scope:
        (session,) = sessions.list_sessions(scope, kim.id)
        assert session.browser == "Firefox"
        assert not sessions.end_one_session(scope, "someone else", session.token_hash)
        assert sessions.end_one_session(scope, kim.id, session.token_hash)
        assert sessions.list_sessions(scope, kim.id) == []


def test_sessions_that_are_over_are_swept(kim: Kim) -> None:
    kim.sign_in(NOON + NEXT)
    with kim.store.writing_scope("c1", NOON + NEXT, "kim") as scope:
        assert sessions.delete_expired_sessions(scope) == 0
        later = scope.act_as("kim", scope.now + sessions.IDLE_TIMEOUT)
        assert sessions.delete_expired_sessions(later) == 1
