"""Those who write to an SQLite file take turns in the order in which they came."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as TookTooLong

from app.store.db import sqlite
from app.store.db.database import open_database
from app.store.db.sqlite import (
    ONLY_READS,
    FairQueue,
    NestedTransaction,
    QueueTimeout,
    ReadWriteLock,
)

pytestmark = pytest.mark.alone


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Engine]:
    """An SQLite file with one table."""
    engine = open_database(f"sqlite:///{tmp_path / 'store.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (word TEXT NOT NULL)"))
    yield engine
    engine.dispose()


def write(engine: Engine, word: str | None = "x") -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO note VALUES (:word)"), {"word": word})


def notes(engine: Engine) -> list[str]:
    with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        return list(connection.scalars(text("SELECT word FROM note ORDER BY rowid")))


def test_turns_come_in_the_order_of_asking() -> None:
    turns, order, crowd = FairQueue(), [], []

    def take(number: int) -> None:
        turns.acquire_turn(30)
        order.append(number)
        turns.pass_turn()

    turns.acquire_turn(30)
    for number in range(20):
        crowd.append(threading.Thread(target=take, args=[number]))
        crowd[-1].start()
        while len(turns._queue) < number + 2:
            time.sleep(0.001)
    turns.pass_turn()
    for one in crowd:
        one.join()
    assert order == list(range(20))


def test_who_waits_too_long_leaves_the_queue_and_the_others_go_on() -> None:
    turns = FairQueue()
    turns.acquire_turn(1)
    with ThreadPoolExecutor(2) as crowd:
        short, long = crowd.submit(turns.acquire_turn, 0.1), crowd.submit(turns.acquire_turn, 30)
        with pytest.raises(QueueTimeout):
            short.result()
        turns.pass_turn()
        assert long.result() is None
    turns.pass_turn()
    turns.acquire_turn(0)


def test_a_turn_inside_a_turn_is_refused_in_words_and_not_waited_for() -> None:
    turns = FairQueue()
    turns.acquire_turn(1)
    with pytest.raises(NestedTransaction, match="begun inside another one"):
        turns.acquire_turn(30)
    turns.pass_turn()


def test_one_alone_waits_for_those_inside_and_lets_in_those_who_came_meanwhile() -> None:
    gate, order = ReadWriteLock(), []
    inside = gate.acquire_shared(1)

    def keep(number: int) -> None:
        with gate.hold_exclusive(30):
            order.append(f"alone {number}")

    def read() -> None:
        ticket = gate.acquire_shared(30)
        order.append("read")
        gate.release_shared(ticket)

    with ThreadPoolExecutor(2) as crowd:
        keeps = crowd.submit(keep, 1)
        while not gate._closed:
            time.sleep(0.001)
        reads = crowd.submit(read)
        while not gate._before:
            time.sleep(0.001)
        assert gate.acquire_shared(0) == inside  # who is inside may go in once more
        gate.release_shared(inside)
        assert order == []
        gate.release_shared(inside)
        keeps.result()
        keep(2)
        reads.result()
    assert order == ["alone 1", "read", "alone 2"]


def test_forty_who_write_at_once_are_all_served_and_nobody_waits_twice_as_long(
    file: Engine,
) -> None:
    rounds, slowest = 5, [0.0] * 40

    def work(number: int) -> None:
        for _ in range(rounds):
            begun = time.perf_counter()
            write(file, str(number))
            slowest[number] = max(slowest[number], time.perf_counter() - begun)

    begun = time.perf_counter()
    with ThreadPoolExecutor(40) as crowd:
        list(crowd.map(work, range(40)))
    fair = (time.perf_counter() - begun) / rounds
    assert len(notes(file)) == 40 * rounds
    assert max(slowest) < 3 * fair


def test_those_who_read_wait_for_no_queue(file: Engine) -> None:
    write(file, "before")
    with ThreadPoolExecutor(50) as crowd, file.begin():
        waiting = [crowd.submit(write, file) for _ in range(50)]
        while not all(one.running() for one in waiting):
            time.sleep(0.01)
        begun = time.perf_counter()
        assert notes(file) == ["before"]
        assert time.perf_counter() - begun < 1
        assert not any(one.done() for one in waiting)
    assert len(notes(file)) == 51


def test_who_waits_in_vain_is_told_so_and_the_next_one_is_served(
    file: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LONGEST_WAIT", 0.2)
    with ThreadPoolExecutor(1) as other:
        with file.begin(), pytest.raises(TookTooLong):
            other.submit(write, file).result()
        other.submit(write, file, "after").result()
    assert notes(file) == ["after"]


def test_those_who_read_are_not_starved_by_those_who_write(file: Engine) -> None:
    until, slowest = time.perf_counter() + 3, 0.0
    with ThreadPoolExecutor(20) as crowd:

        def write_on() -> None:
            while time.perf_counter() < until:
                write(file)

        busy = [crowd.submit(write_on) for _ in range(20)]
        while time.perf_counter() < until:
            begun = time.perf_counter()
            notes(file)
            slowest = max(slowest, time.perf_counter() - begun)
        for one in busy:
            one.result()
    assert slowest < 1


def test_who_reads_may_read_inside_it_and_is_told_where_they_would_write(file: Engine) -> None:
    reading = file.execution_options(**{ONLY_READS: True})
    with ThreadPoolExecutor(1) as other:
        with reading.begin():
            writing = other.submit(write, file)
            time.sleep(0.2)  # it waits to be kept, and nobody new may read
            assert notes(file) == []
        writing.result()
    with pytest.raises(NestedTransaction, match="inside one that reads"), reading.begin():
        write(file)
    write(file)
    assert len(notes(file)) == 2


def test_a_second_transaction_that_writes_inside_a_first_is_refused_in_words(
    file: Engine,
) -> None:
    with pytest.raises(NestedTransaction), file.begin():
        write(file)
    write(file, "after")
    assert notes(file) == ["after"]


@pytest.mark.parametrize("how", ["fails", "is taken back", "is left open", "cannot begin"])
def test_however_a_transaction_ends_the_next_one_has_its_turn(
    file: Engine, how: str, tmp_path: Path
) -> None:
    if how == "fails":
        with pytest.raises(IntegrityError):
            write(file, None)
    elif how == "is taken back":
        with file.connect() as connection:
            connection.execute(text("INSERT INTO note VALUES ('gone')"))
            connection.rollback()
            other = ThreadPoolExecutor(1)
            other.submit(write, file, "meanwhile").result()
    elif how == "is left open":
        connection = file.connect()
        connection.execute(text("INSERT INTO note VALUES ('gone')"))
        connection.close()
    else:
        stranger = open_database(f"sqlite:///{tmp_path / 'store.db'}")
        with stranger.begin(), file.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA busy_timeout=50")
            with pytest.raises(Exception, match="locked"):
                connection.begin()
        stranger.dispose()
    write(file, "after")
    assert notes(file)[-1] == "after"
    assert "gone" not in notes(file)


def test_no_message_of_a_fault_repeats_what_was_to_be_kept(file: Engine) -> None:
    with file.connect() as connection, pytest.raises(IntegrityError) as problem:
        connection.execute(
            text("INSERT INTO note SELECT :canary UNION ALL SELECT NULL"),
            {"canary": "canary-9f3a7c"},
        )
    assert "canary-9f3a7c" not in str(problem.value)
