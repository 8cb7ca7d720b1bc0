"""Recurring jobs: each round once, whoever tries, and again when its time has come."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from app.store.db.scope import Store
from app.store.db.server_records import Job, run_if_due
from tests.store.kim import NOON
from tests.store.rows import KEYRING

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


class Done:
    """A job that counts its rounds."""

    def __init__(self, name: str = "count") -> None:
        self.rounds: list[datetime] = []
        self.job = Job(name, HOUR, self.do)

    def do(self, _store: Store, now: datetime) -> None:
        self.rounds.append(now)


def test_a_round_is_done_once_however_many_servers_try_at_once(store: Store) -> None:
    done, start = Done(), threading.Barrier(8)

    def server(number: int) -> None:
        start.wait()
        run_if_due(store, done.job, f"server {number}", NOON)

    threads = [threading.Thread(target=server, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done.rounds == [NOON]


def test_the_next_round_comes_when_its_time_has_come(store: Store) -> None:
    done = Done()
    for later in (timedelta(), HOUR - SECOND, HOUR, 2 * HOUR - SECOND, 2 * HOUR):
        run_if_due(store, done.job, "one", NOON + later)
    assert done.rounds == [NOON, NOON + HOUR, NOON + 2 * HOUR]


def test_each_job_has_rounds_of_its_own(store: Store) -> None:
    first, second = Done("first"), Done("second")
    assert run_if_due(store, first.job, "one", NOON)
    assert run_if_due(store, second.job, "one", NOON)
    assert not run_if_due(store, first.job, "two", NOON)


def test_a_round_that_fails_comes_again_at_its_time(store: Store) -> None:
    def fail(_store: Store, _now: datetime) -> None:
        raise RuntimeError

    failing = Job("failing", HOUR, fail)
    with pytest.raises(RuntimeError):
        run_if_due(store, failing, "one", NOON)
    assert not run_if_due(store, failing, "two", NOON + HOUR - SECOND)
    with pytest.raises(RuntimeError):
        run_if_due(store, failing, "two", NOON + HOUR)


def test_a_server_without_clinics_does_nothing(database: Engine) -> None:
    done = Done()
    assert not run_if_due(Store(database, KEYRING), done.job, "one", NOON)
    assert done.rounds == []
