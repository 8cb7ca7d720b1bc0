"""The worklist's stream: tells open pages that something changed, and never what.

One watcher looks at the bells for all streams of this server; each stream is a coroutine, none has
a thread. A stream does not keep a session alive, and ends with it.
"""

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
from starlette.types import Receive, Scope, Send

from app.store.accounts import sessions
from app.store.accounts.sessions import NotSignedIn, SignedIn
from app.store.db.change_notifications import watch_changes
from app.store.db.scope import Store
from app.web.access import read_session_token
from app.web.staff_request import StaffRequest

log = logging.getLogger(__name__)

BEAT = (5.0, 8.0)  # seconds between two signs of life; spread, so that not all come at once
RETRY = (1000, 3000)  # milliseconds until a page that lost its stream tries again
GIVE_UP = 20.0  # seconds in which a page takes nothing
MOST_PER_SESSION = 4  # a browser opens six connections to one server; pages need some of them

_HEADERS = [
    # With the stream ends the connection, so that a server that stops waits for no next request.
    (b"connection", b"close"),
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),  # a proxy would keep back what is small
]


def stream_worklist(request: StaffRequest) -> Response:
    """GET /worklist/live: how often the clinic's bell has rung, now and whenever it rings."""
    return EventStreamResponse(request)


@dataclass(eq=False, slots=True)
class OpenStream:
    """One open stream. However often it rings meanwhile, a page is told once, and the newest."""

    session: str
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class StreamRegistry:
    """All open streams of this server, by clinic, and the one watcher for them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.watched = False
        self._open: dict[str, set[OpenStream]] = {}
        self._versions: dict[str, int] = {}

    async def watch_versions(self) -> None:
        """Look at the bells and tell the streams, until cancelled."""
        self.watched = True
        try:
            async for _ in watch_changes(self.store.engine):
                if self._open:
                    (problem,) = await asyncio.gather(
                        self._check_versions(), return_exceptions=True
                    )
                    if problem is not None:
                        log.warning("the bells cannot be looked at: %s", type(problem).__name__)
        finally:
            self.close_all()

    def close_all(self) -> None:
        """End all streams, so that nobody who stops the server has to wait for them."""
        self.watched = False
        for streams in self._open.values():
            _wake_streams(streams)

    def known_version(self, clinic: str) -> int:
        """How often the bell of this clinic has rung, as far as the watcher knows."""
        return self._versions.get(clinic, 0)

    @contextmanager
    def open_stream(self, who: SignedIn) -> Iterator[OpenStream]:
        """A stream for the length of the block. Raises HTTPException where there are too many."""
        streams = self._open.setdefault(who.clinic, set())
        if sum(other.session == who.token_hash for other in streams) >= MOST_PER_SESSION:
            raise HTTPException(429, headers={"Retry-After": "60"})
        stream = OpenStream(who.token_hash)
        streams.add(stream)
        try:
            yield stream
        finally:
            streams.discard(stream)
            if not streams and self._open.get(who.clinic) is streams:
                del self._open[who.clinic]

    async def _check_versions(self) -> None:
        found = await asyncio.to_thread(self.store.read_change_versions, list(self._open))
        for clinic, version in found.items():
            if self._versions.get(clinic) != version:
                self._versions[clinic] = version
                _wake_streams(self._open.get(clinic, set()))


@contextmanager
def close_before_shutdown(close: Callable[[], None]) -> Iterator[None]:
    """Call this as soon as the process is told to stop: the server waits for open streams first."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are heard in the main thread alone
        return
    loop = asyncio.get_running_loop()
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)}

    def close_then_forward(sign: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(close)
        heard = before[signal.Signals(sign)]
        if callable(heard):
            heard(sign, frame)

    for sign in before:
        signal.signal(sign, close_then_forward)
    try:
        yield
    finally:
        for sign, heard in before.items():
            signal.signal(sign, heard)


class EventStreamResponse(Response):
    """The answer that goes on: a count now, at each ring, and at least every few seconds."""

    def __init__(self, request: StaffRequest) -> None:
        super().__init__()
        self.streams: StreamRegistry = request.app.state.streams
        self.who, self.token = request.signed_in_staff, read_session_token(request)
        self.clock = request.context.clock

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the page goes, the session ends, or the server stops."""
        with self.streams.open_stream(self.who) as stream:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            gone = asyncio.create_task(_wait_for_disconnect(receive))
            try:
                await self._send_events(stream, gone, send)
            except TimeoutError:
                log.info("a page took nothing from its stream any more")
            finally:
                gone.cancel()

    async def _send_events(self, stream: OpenStream, gone: asyncio.Task[None], send: Send) -> None:
        clinic, clock = self.who.clinic, asyncio.get_running_loop().time
        versions = await asyncio.to_thread(self.streams.store.read_change_versions, [clinic])
        version = versions.get(clinic, 0)
        await _send_chunk(send, f"retry: {_random_between(RETRY):.0f}\ndata: {version}\n\n")
        beat = clock() + _random_between(BEAT)
        while self.streams.watched:
            await _wait_for_first(gone, stream.changed, beat - clock())
            if gone.done():
                return
            if clock() >= beat:
                beat = clock() + _random_between(BEAT)
                (alive,) = await asyncio.gather(
                    asyncio.to_thread(self._session_is_alive), return_exceptions=True
                )
                if alive is not True:
                    await _send_chunk(send, "event: ended\ndata:\n\n" if alive is False else "")
                    break
            stream.changed.clear()
            # The watcher may have looked before us.
            version = max(version, self.streams.known_version(clinic))
            await _send_chunk(send, f"data: {version}\n\n")
        await _send_chunk(send, "", more=False)

    def _session_is_alive(self) -> bool:
        """Whether the session goes on by itself: a stream that looks does not keep it alive."""
        now = datetime.fromtimestamp(self.clock(), UTC)
        try:
            sessions.require_session(self.streams.store, self.token, now, active=False)
        except NotSignedIn:
            return False
        return True


def _wake_streams(streams: Iterable[OpenStream]) -> None:
    for stream in streams:
        stream.changed.set()


def _random_between(between: tuple[float, float]) -> float:
    # Chance only keeps pages from coming all at once; who guesses it learns nothing.
    return random.uniform(*between)  # noqa: S311


async def _send_chunk(send: Send, words: str, *, more: bool = True) -> None:
    async with asyncio.timeout(GIVE_UP):
        await send({"type": "http.response.body", "body": words.encode(), "more_body": more})


async def _wait_for_first(gone: asyncio.Task[None], changed: asyncio.Event, seconds: float) -> None:
    wakeup = asyncio.create_task(changed.wait())
    try:
        await asyncio.wait({gone, wakeup}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        wakeup.cancel()


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
