"""How an SQLite file is opened: durable, strict, and with those who write in one fair queue.

SQLite itself has no queue: who finds the file locked sleeps and tries again, and under load some
always come too late. Here all who write in this process wait in the order in which they came, and
who reads waits for no more than the one commit that is under way.
Knows nothing of what is in the file.
"""

import functools
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import TimeoutError as TookTooLong
from sqlalchemy.pool import ConnectionPoolEntry

from app.store.db.write_queue import FairQueue, NestedTransaction, QueueTimeout, ReadWriteLock

WAL_IS_SOUND = (3, 51, 3)
"""The first SQLite whose write-ahead log cannot lose what was committed while it is reset."""

ONLY_READS = "calcinosis_only_reads"
"""The execution option of a connection on which nothing will be written."""

LONGEST_WAIT = 10.0
"""Seconds in the queue of this process; a browser waits for fifteen."""
LOCKED = 5.0
"""Seconds for the lock of another process, as of one that makes a copy."""


def journal_mode(version: tuple[int, ...]) -> str:
    """How SQLite of this version keeps a transaction whole."""
    return "WAL" if version >= WAL_IS_SOUND else "DELETE"


_MODE = journal_mode(sqlite3.sqlite_version_info)
_PRAGMAS = (
    f"journal_mode={_MODE}",
    "synchronous=FULL",
    "secure_delete=ON",  # what is removed is overwritten, not only unlinked
    "foreign_keys=ON",
    # Without it, INSERT OR REPLACE removes a row past the triggers that keep it.
    "recursive_triggers=ON",
    "trusted_schema=OFF",
)


class _FileQueue:
    """One file, as this process knows it: who writes to it, and who reads."""

    def __init__(self) -> None:
        self._turns = FairQueue()
        self._gate = ReadWriteLock()

    def enter_reading(self) -> Callable[[], None]:
        """Wait for a commit that is under way; give what ends the reading."""
        ticket = self._gate.acquire_shared(LONGEST_WAIT)
        return functools.partial(self._gate.release_shared, ticket)

    def enter_writing(self) -> Callable[[], None]:
        """Wait for those who came earlier; give what ends the writing."""
        if self._gate.holds_shared():
            raise NestedTransaction("a transaction that writes was begun inside one that reads")
        self._turns.acquire_turn(LONGEST_WAIT)
        return self._turns.pass_turn

    def commit_exclusively(self) -> AbstractContextManager[None]:
        """For the length of a commit, nobody reads: who tried would sleep and try again."""
        return nullcontext() if _MODE == "WAL" else self._gate.hold_exclusive(LONGEST_WAIT)


class _QueuedConnection(sqlite3.Connection):
    """A connection that waits before its transaction, and lets the next one go on after it."""

    file: _FileQueue
    _done: Callable[[], None] | None = None
    _writes = False

    def await_turn(self, *, writes: bool) -> None:
        """Wait until the transaction may begin. Raises TookTooLong or NestedTransaction."""
        try:
            self._done = self.file.enter_writing() if writes else self.file.enter_reading()
        except QueueTimeout as problem:
            raise TookTooLong(str(problem)) from None
        self._writes = writes

    def commit(self) -> None:
        """Keep it. Where that fails the transaction goes on, and the others still wait."""
        with self.file.commit_exclusively() if self._writes else nullcontext():
            super().commit()
        self.release_turn()

    def rollback(self) -> None:
        """Take it back."""
        super().rollback()
        self.release_turn()

    def close(self) -> None:
        """Take back what is not kept yet."""
        super().close()
        self.release_turn()

    def release_turn(self) -> None:
        """Let the next one go on."""
        done, self._done, self._writes = self._done, None, False
        if done is not None:
            done()


def open_sqlite(address: URL) -> Engine:
    """An engine for the file."""
    engine = create_engine(
        address,
        hide_parameters=True,
        connect_args={"factory": _QueuedConnection},
        # Who waits in the queue holds a connection; those who read must find one all the same.
        poolclass=QueuePool,
        pool_size=20,
        max_overflow=-1,
    )
    event.listen(engine, "connect", functools.partial(_configure_connection, _FileQueue()))
    event.listen(engine, "begin", _begin_transaction)
    return engine


def _configure_connection(
    file: _FileQueue, connection: _QueuedConnection, _entry: ConnectionPoolEntry
) -> None:
    connection.file = file
    # Python's driver must not begin transactions of its own: _begin does.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={LOCKED * 1000:.0f}")
    connection.await_turn(writes=False)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    finally:
        connection.release_turn()


def _begin_transaction(connection: Connection) -> None:
    # A transaction that first reads and then writes fails at once, without waiting, where
    # another wrote in between; taking the lock at the start makes it wait instead.
    # One that says beforehand that it only reads need not wait for those that write.
    only_reads = connection.get_execution_options().get(ONLY_READS, False)
    # The factory above makes every connection; the type of this attribute says "any or none".
    driver: _QueuedConnection = connection.connection.driver_connection  # type: ignore[assignment]
    driver.await_turn(writes=not only_reads)
    try:
        connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")
    except BaseException:
        driver.release_turn()
        raise
