"""The worklist's stream: tells open pages that something changed, and never what.

One watcher looks at the bells for all streams of this server; each stream is a coroutine, none has
a thread. A stream does not keep a session alive, and ends with it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.store.accounts import sessions
from app.store.accounts.sessions import NotSignedIn, SignedIn
from app.store.ground.listening import moments
from app.store.ground.scope import Store
from app.web.access import Desk, guarded, token_of
from app.web.pages import floor

log = logging.getLogger(__name__)

BEAT = (5.0, 8.0)  # seconds between two signs of life; spread, so that not all come at once
RETRY = (1000, 3000)  # milliseconds until a page that lost its stream tries again
GIVE_UP = 20.0  # seconds in which a page takes nothing
MOST_PER_SESSION = 4  # a browser opens six connections to one server; pages need some of them

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),  # a proxy would keep back what is small
]


def routes() -> list[Route]:
    """The stream."""
    return [guarded("GET", "/worklist/live", live)]


def live(desk: Desk) -> Response:
    """GET /worklist/live: how often the clinic's bell has rung, now and whenever it rings."""
    streams: Streams = desk.request.app.state.streams
    return EventStream(streams, desk.who, token_of(desk.request), floor(desk.request).clock)


@dataclass(eq=False, slots=True)
class Stream:
    """One open stream. However often it rings meanwhile, a page is told once, and the newest."""

    session: str
    bell: asyncio.Event = field(default_factory=asyncio.Event)


class Streams:
    """All open streams of this server, by clinic, and the one watcher for them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.watched = False
        self._open: dict[str, set[Stream]] = {}
        self._rung: dict[str, int] = {}

    async def watch(self) -> None:
        """Look at the bells and tell the streams, until cancelled."""
        self.watched = True
        try:
            async for _ in moments(self.store.engine):
                if self._open:
                    (problem,) = await asyncio.gather(self._look(), return_exceptions=True)
                    if problem is not None:
                        log.warning("the bells cannot be looked at: %s", type(problem).__name__)
        finally:
            self.close()

    def close(self) -> None:
        """End all streams, so that nobody who stops the server has to wait for them."""
        self.watched = False
        for streams in self._open.values():
            _ring(streams)

    def rung(self, clinic: str) -> int:
        """How often the bell of this clinic has rung, as far as the watcher knows."""
        return self._rung.get(clinic, 0)

    @contextmanager
    def joined(self, who: SignedIn) -> Iterator[Stream]:
        """A stream for the length of the block. Raises HTTPException where there are too many."""
        streams = self._open.setdefault(who.clinic, set())
        if sum(other.session == who.token_hash for other in streams) >= MOST_PER_SESSION:
            raise HTTPException(429, headers={"Retry-After": "60"})
        stream = Stream(who.token_hash)
        streams.add(stream)
        try:
            yield stream
        finally:
            streams.discard(stream)
            if not streams and self._open.get(who.clinic) is streams:
                del self._open[who.clinic]

    async def _look(self) -> None:
        clinics = list(self._open)
        for clinic, count in (await asyncio.to_thread(self.store.rung, clinics)).items():
            if self._rung.get(clinic) != count:
                self._rung[clinic] = count
                _ring(self._open.get(clinic, set()))


@contextmanager
def first_to_hear(close: Callable[[], None]) -> Iterator[None]:
    """Call this as soon as the process is told to stop: the server waits for open streams first."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are heard in the main thread alone
        return
    loop = asyncio.get_running_loop()
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)}

    def told(sign: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(close)
        heard = before[signal.Signals(sign)]
        if callable(heard):
            heard(sign, frame)

    for sign in before:
        signal.signal(sign, told)
    try:
        yield
    finally:
        for sign, heard in before.items():
            signal.signal(sign, heard)


class EventStream(Response):
    """The answer that goes on: a count now, at each ring, and at least every few seconds."""

    def __init__(
        self, streams: Streams, who: SignedIn, token: str, clock: Callable[[], float]
    ) -> None:
        super().__init__()
        self.streams, self.who, self.token, self.clock = streams, who, token, clock

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the page goes, the session ends, or the server stops."""
        with self.streams.joined(self.who) as stream:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            gone = asyncio.create_task(_gone(receive))
            try:
                await self._tell(stream, gone, send)
            except TimeoutError:
                log.info("a page took nothing from its stream any more")
            finally:
                gone.cancel()

    async def _tell(self, stream: Stream, gone: asyncio.Task[None], send: Send) -> None:
        clinic, clock = self.who.clinic, asyncio.get_running_loop().time
        rung = await asyncio.to_thread(self.streams.store.rung, [clinic])
        count = rung.get(clinic, 0)
        again = f"retry: {_spread(RETRY):.0f}\n"
        await _say(send, again + _told(count))
        beat = clock() + _spread(BEAT)
        while self.streams.watched:
            await _first_of(gone, stream.bell, beat - clock())
            if gone.done():
                return
            if clock() >= beat:
                beat = clock() + _spread(BEAT)
                (alive,) = await asyncio.gather(
                    asyncio.to_thread(self._lives), return_exceptions=True
                )
                if alive is not True:
                    await _say(send, "event: ended\ndata:\n\n" if alive is False else "")
                    break
            stream.bell.clear()
            count = max(count, self.streams.rung(clinic))  # the watcher may have looked before us
            await _say(send, _told(count))
        await _say(send, "", more=False)

    def _lives(self) -> bool:
        """Whether the session goes on by itself: a stream that looks does not keep it alive."""
        now = datetime.fromtimestamp(self.clock(), UTC)
        try:
            sessions.signed_in(self.streams.store, self.token, now, active=False)
        except NotSignedIn:
            return False
        return True


def _ring(streams: Iterable[Stream]) -> None:
    for stream in streams:
        stream.bell.set()


def _spread(between: tuple[float, float]) -> float:
    # Chance only keeps pages from coming all at once; who guesses it learns nothing.
    return random.uniform(*between)  # noqa: S311


def _told(count: int) -> str:
    return f"data: {count}\n\n"


async def _say(send: Send, words: str, *, more: bool = True) -> None:
    async with asyncio.timeout(GIVE_UP):
        await send({"type": "http.response.body", "body": words.encode(), "more_body": more})


async def _first_of(gone: asyncio.Task[None], bell: asyncio.Event, seconds: float) -> None:
    rung = asyncio.create_task(bell.wait())
    try:
        await asyncio.wait({gone, rung}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        rung.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
