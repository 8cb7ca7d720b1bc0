"""Who may go on: one at a time in the order of coming, or many at once until one is alone.

Databases and operating systems keep no such order: under load, someone there waits for ever.
Knows nothing of what people wait for.
"""

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


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
        """Keep the gate shut for the length of the block, from when all are out.

        After so many seconds the block begins whoever is inside: it must stand that.
        """
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
