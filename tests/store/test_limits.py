"""Limits: exact under concurrency, filling up evenly, keys hashed."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from app.settings import ROOT
from app.store.db.rate_limits import (
    RateLimit,
    RateLimitExceeded,
    acquire_from_buckets,
    acquire_tokens,
    delete_full_buckets,
    reset_bucket,
)

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TEN = RateLimit("sign-in", 10, timedelta(minutes=5))


def passes(database: Engine, key: str, at: datetime = NOON, limit: RateLimit = TEN) -> bool:
    try:
        acquire_tokens(database, limit, key, at)
    except RateLimitExceeded:
        return False
    return True


def test_of_two_hundred_tries_at_once_exactly_ten_pass(database: Engine) -> None:
    with ThreadPoolExecutor(20) as crowd:
        passed = list(crowd.map(lambda _: passes(database, "kim"), range(200)))
    assert sum(passed) == 10


def test_the_limit_holds_across_processes(database: Engine) -> None:
    program = (
        "import sys; from tests.store.test_limits import *\n"
        "from app.store.db.database import open_database\n"
        "base = open_database(sys.argv[1])\n"
        "print(sum(passes(base, 'kim') for _ in range(20)))"
    )
    address = database.url.render_as_string(hide_password=False)
    start = [sys.executable, "-c", program, address]
    tries = [subprocess.Popen(start, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sum(int(one.communicate()[0]) for one in tries) == 10


def test_a_key_does_not_use_up_the_tries_of_another(database: Engine) -> None:
    assert [passes(database, "kim") for _ in range(11)] == [True] * 10 + [False]
    assert passes(database, "lee")
    assert passes(database, "kim", limit=RateLimit("codes", 10, TEN.period))


def test_several_tries_are_taken_together_or_not_at_all(database: Engine) -> None:
    acquire_tokens(database, TEN, "kim", NOON, tries=7)
    with pytest.raises(RateLimitExceeded) as many:
        acquire_tokens(database, TEN, "kim", NOON, tries=4)
    assert many.value.wait == timedelta(seconds=30)
    acquire_tokens(database, TEN, "kim", NOON, tries=3)
    assert not passes(database, "kim")


def test_the_bucket_that_refuses_costs_those_after_it_nothing(database: Engine) -> None:
    two, many = RateLimit("two", 2, TEN.period), RateLimit("many", 2, TEN.period)
    acquire_tokens(database, two, "kim", NOON, tries=2)
    with pytest.raises(RateLimitExceeded) as refused:
        acquire_from_buckets(database, [(TEN, "kim"), (two, "kim"), (many, "")], NOON)
    assert refused.value.wait == two.period / 2
    acquire_tokens(database, many, "", NOON, tries=2)
    acquire_tokens(database, TEN, "kim", NOON, tries=9)
    assert not passes(database, "kim")


def test_those_who_take_from_several_buckets_at_once_never_block_each_other(
    database: Engine,
) -> None:
    homes, all_ = RateLimit("home", 100, TEN.period), RateLimit("all", 100, TEN.period)

    def try_one(number: int) -> bool:
        buckets = [(homes, f"{number % 4}"), (TEN, f"{number % 3}"), (all_, "")]
        try:
            acquire_from_buckets(database, buckets, NOON)
        except RateLimitExceeded:
            return False
        return True

    with ThreadPoolExecutor(20) as crowd:
        assert sum(crowd.map(try_one, range(200))) == 30


def test_tries_come_back_one_by_one(database: Engine) -> None:
    for _ in range(10):
        acquire_tokens(database, TEN, "kim", NOON)
    almost, then = NOON + timedelta(seconds=29.9), NOON + timedelta(seconds=30)
    assert not passes(database, "kim", almost)
    assert passes(database, "kim", then)
    assert not passes(database, "kim", then)


def test_a_long_rest_gives_no_more_than_the_full_bucket(database: Engine) -> None:
    acquire_tokens(database, TEN, "kim", NOON)
    later = NOON + timedelta(days=30)
    assert sum(passes(database, "kim", later) for _ in range(30)) == 10


def test_who_is_refused_learns_for_how_long_and_is_not_set_back(database: Engine) -> None:
    for _ in range(10):
        acquire_tokens(database, TEN, "kim", NOON)
    for _ in range(3):
        with pytest.raises(RateLimitExceeded) as refused:
            acquire_tokens(database, TEN, "kim", NOON + timedelta(seconds=10))
        assert refused.value.wait == timedelta(seconds=20)


def test_a_clock_that_jumps_back_gives_no_tries(database: Engine) -> None:
    for _ in range(10):
        acquire_tokens(database, TEN, "kim", NOON)
    assert not passes(database, "kim", NOON - timedelta(hours=1))


def test_a_bucket_can_be_given_back(database: Engine) -> None:
    for _ in range(10):
        acquire_tokens(database, TEN, "kim", NOON)
    reset_bucket(database, TEN, "kim")
    assert passes(database, "kim")


def test_full_buckets_are_swept_and_others_stay(database: Engine) -> None:
    acquire_tokens(database, TEN, "kim", NOON)
    acquire_tokens(database, TEN, "lee", NOON + timedelta(minutes=1))
    assert delete_full_buckets(database, NOON + timedelta(seconds=30)) == 1
    assert delete_full_buckets(database, NOON + timedelta(seconds=31)) == 0


def test_no_key_stands_in_the_database(database: Engine) -> None:
    acquire_tokens(database, TEN, "kim@hill.example", NOON)
    with database.connect() as connection:
        rows = str(connection.execute(text("SELECT * FROM bucket")).all())
    assert "kim" not in rows
