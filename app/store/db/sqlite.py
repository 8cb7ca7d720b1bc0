"""How an SQLite file is opened: durable, strict, and with those who write in one fair queue.

SQLite itself has no queue: who finds the file locked sleeps and tries again, and under load some
always come too late. Here all who write in this process wait in the order in which they came, and
who reads waits for no more than the one commit that is under way.
"""

import functools
import sqlite3
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import TimeoutError as TookTooLong
from sqlalchemy.pool import ConnectionPoolEntry

WAL_IS_SOUND = (3, 51, 3)
"""The first SQLite whose write-ahead log cannot lose what was committed while it is reset."""
ONLY_READS = "calcinosis_only_reads"
"""The execution option of a connection on which nothing will be written."""
LONGEST_WAIT = 10.0
"""Seconds in the queue of this process; a browser waits for fifteen."""
LOCKED = 5.0
"""Seconds for the lock of another process, as of one that makes a copy."""
LOCKED_FOR_COMMANDS = 60.0
"""The same where nobody waits for a page: a busy server leaves only short gaps."""


class QueueTimeout(Exception):
    """Those ahead were not done in time."""


class NestedTransaction(Exception):
    """Somebody asks for a turn that comes only after they are done: they would wait for ever."""


@dataclass(eq=False, slots=True)
class _QueuedThread:
    thread: int
    called: threading.Event = field(default_factory=threading.Event)


class FairQueue:
    """A queue of threads of which one has the turn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[_QueuedThread] = deque()  # the first one has the turn

    def acquire_turn(self, longest: float) -> None:
        """Wait for the turn, so many seconds. Raises QueueTimeout or NestedTransaction."""
        mine = _QueuedThread(threading.get_ident())
        with self._lock:
            if self._queue and self._queue[0].thread == mine.thread:
                raise NestedTransaction("a transaction that writes was begun inside another one")
            self._queue.append(mine)
            if self._queue[0] is mine:
                return
        if mine.called.wait(longest):
            return
        with self._lock:
            if mine.called.is_set():  # just now
                return
            self._queue.remove(mine)
        raise QueueTimeout("those who write ahead of this are not done")

    def pass_turn(self) -> None:
        """Hand the turn on to who waits longest."""
        with self._lock:
            self._queue.popleft()
            if self._queue:
                self._queue[0].called.set()


class ReadWriteLock:
    """Many are inside at once, or one is alone. Who comes meanwhile goes in before the next one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = Counter[int]()  # how often each thread is
        self._before: list[int] = []  # threads that wait to go in
        self._closed = False

    def acquire_shared(self, longest: float) -> int:
        """Go in; give the ticket with which to leave. Raises QueueTimeout."""
        me = threading.get_ident()
        with self._changed:
            # Whoever is inside is waited for by the one to be alone, and may go in again.
            if not self._closed or me in self._inside:
                self._inside[me] += 1
                return me
            self._before.append(me)
            if self._changed.wait_for(lambda: me not in self._before, longest):
                return me  # whoever opened the gate has let us in
            self._before.remove(me)
        raise QueueTimeout("the one before this is not done")

    def holds_shared(self) -> bool:
        """Whether this thread is."""
        return threading.get_ident() in self._inside

    def release_shared(self, ticket: int) -> None:
        """Be inside no more."""
        with self._changed:
            self._inside[ticket] -= 1
            if not self._inside[ticket]:
                del self._inside[ticket]
            self._changed.notify_all()

    @contextmanager
    def hold_exclusive(self, longest: float) -> Iterator[None]:
        """Keep the gate shut for the block, once all are out or after so many seconds anyway."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: not self._inside, longest)
        try:
            yield
        finally:
            with self._changed:
                self._closed = False
                self._inside.update(self._before)
                self._before.clear()
                self._changed.notify_all()


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


@dataclass(frozen=True, slots=True)
class _FileQueue:
    """One file, as this process knows it: who writes to it, and who reads."""

    writers: FairQueue = field(default_factory=FairQueue)
    readers: ReadWriteLock = field(default_factory=ReadWriteLock)


class _QueuedConnection(sqlite3.Connection):
    """A connection that waits before its transaction, and lets the next one go on after it."""

    file: _FileQueue
    _done: Callable[[], None] | None = None
    _writes = False

    def await_turn(self, *, writes: bool) -> None:
        """Wait until the transaction may begin. Raises TookTooLong or NestedTransaction.

        Who writes waits for those who came earlier; who reads, for a commit that is under way.
        """
        writers, readers = self.file.writers, self.file.readers
        if writes and readers.holds_shared():
            raise NestedTransaction("a transaction that writes was begun inside one that reads")
        try:
            if writes:
                writers.acquire_turn(LONGEST_WAIT)
                self._done = writers.pass_turn
            else:
                ticket = readers.acquire_shared(LONGEST_WAIT)
                self._done = functools.partial(readers.release_shared, ticket)
        except QueueTimeout as problem:
            raise TookTooLong(str(problem)) from None
        self._writes = writes

    def commit(self) -> None:
        """Keep it. Where that fails the transaction goes on, and the others still wait.

        Meanwhile, nobody reads: who tried would sleep and try again.
        """
        alone = self._writes and _MODE != "WAL"
        with self.file.readers.hold_exclusive(LONGEST_WAIT) if alone else nullcontext():
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


def open_sqlite(address: URL, *, hurried: bool = True) -> Engine:
    """An engine for the file; `hurried`: people wait for pages."""
    engine = create_engine(
        address,
        hide_parameters=True,
        connect_args={"factory": _QueuedConnection},
        # Who waits in the queue holds a connection; those who read must find one all the same.
        poolclass=QueuePool,
        pool_size=20,
        max_overflow=-1,
    )
    locked = LOCKED if hurried else LOCKED_FOR_COMMANDS
    event.listen(engine, "connect", functools.partial(_configure_connection, _FileQueue(), locked))
    event.listen(engine, "begin", _begin_transaction)
    return engine


def _configure_connection(
    file: _FileQueue, locked: float, connection: _QueuedConnection, _entry: ConnectionPoolEntry
) -> None:
    connection.file = file
    # Python's driver must not begin transactions of its own: _begin does.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={locked * 1000:.0f}")
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
