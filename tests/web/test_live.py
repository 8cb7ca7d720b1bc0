"""The worklist's stream: who hears the bell, how soon, and when a stream ends."""

from __future__ import annotations

import asyncio
import re
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from app.main import create_app
from app.settings import Settings
from app.store.accounts import passwords
from app.store.db import change_notifications
from app.store.db.database import open_store
from app.web.clinic import worklist_stream
from tests.conftest import Clock
from tests.postgresql import new_database
from tests.running import in_own_loop, serving
from tests.store.kim import QUICK, times_rung
from tests.web.desk import House, Member

pytestmark = pytest.mark.alone

SOON = 10.0  # seconds that a busy machine may need for what takes one


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """An application on each kind of database."""
    url = ""
    if request.param == "postgresql":
        url = new_database(request.getfixturevalue("cluster"))
    settings = Settings(var=tmp_path_factory.mktemp("live"), database_url=url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", QUICK)
        passwords._decoy_hash.cache_clear()
        clock = Clock()
        app = create_app(settings, clock=clock)
        yield House(app, clock)
        app.state.context.store.engine.dispose()
    passwords._decoy_hash.cache_clear()


@pytest.fixture
def nurse(house: House) -> Member:
    return house.member("nurse")


@pytest.fixture(autouse=True)
def _quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worklist_stream, "BEAT", (0.2, 0.3))


class Listener:
    """A page's end of one stream, without a network between."""

    def __init__(self, house: House, token: str) -> None:
        self.app, self.token = house.app, token
        self.frames: asyncio.Queue[str] = asyncio.Queue()
        self.status, self.gone = 0, asyncio.Event()
        self.done: asyncio.Task[None] | None = None

    def open(self) -> Listener:
        headers = [(b"host", b"testserver"), (b"cookie", f"__Host-staff={self.token}".encode())]
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https",
            "path": "/worklist/live",
            "raw_path": b"/worklist/live",
            "query_string": b"",
            "headers": headers,
            "server": ("testserver", 443),
            "client": ("127.0.0.1", 1),
        }
        self.done = asyncio.create_task(self.app(scope, self._receive, self._send))
        return self

    async def _receive(self) -> dict[str, object]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, object]) -> None:
        self.status = message.get("status", self.status)
        if body := message.get("body", b""):
            self.frames.put_nowait(body.decode())

    async def next(self) -> str:
        """What it is told next."""
        return await asyncio.wait_for(self.frames.get(), SOON)

    async def hears(self, count: int) -> None:
        """Wait until it is told this count."""
        while f"data: {count}\n" not in await self.next():
            pass

    async def ended(self) -> None:
        """Wait until the stream is over."""
        assert self.done is not None
        await asyncio.wait_for(self.done, SOON)


@asynccontextmanager
async def watching(house: House) -> AsyncIterator[None]:
    """The one watcher of the server at work."""
    task = asyncio.create_task(house.app.state.streams.watch_versions())
    await asyncio.sleep(0)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def heard(house: House, check: Callable[[], Coroutine[object, object, None]]) -> None:
    async def run() -> None:
        async with watching(house):
            await check()

    in_own_loop(run)


def ring(house: House, clinic: str = "Hill") -> int:
    """Ring as another server does, which shares nothing but the database; the new count."""
    engine = house.store.engine
    url, keys = engine.url.render_as_string(hide_password=False), house.store.keyring.file
    assert keys is not None
    other = open_store(url, keys)
    with other.writing_scope(house.clinic(clinic), house.now, "kim") as scope:
        change_notifications.notify_change(scope)
        count = times_rung(scope)
    other.engine.dispose()
    return count


def test_a_bell_that_another_server_rings_is_heard_at_once(house: House, nurse: Member) -> None:
    async def check() -> None:
        pages = [Listener(house, nurse.token).open() for _ in range(3)]
        first = [await page.next() for page in pages]
        assert all(re.fullmatch(r"retry: \d+\ndata: \d+\n\n", words) for words in first)
        began = time.monotonic()
        count = await asyncio.to_thread(ring, house)
        for page in pages:
            await page.hears(count)
        assert time.monotonic() - began < SOON / 2

    heard(house, check)


def test_a_stream_tells_a_count_and_nothing_else(house: House, nurse: Member) -> None:
    async def check() -> None:
        page = Listener(house, nurse.token).open()
        await page.next()
        count = await asyncio.to_thread(ring, house)
        frames = [await page.next()]
        while frames[-1] != f"data: {count}\n\n":
            frames.append(await page.next())
        assert all(re.fullmatch(r"data: \d+\n\n", words) for words in frames)

    heard(house, check)


def test_a_page_hears_its_own_clinic_alone(house: House, nurse: Member) -> None:
    async def check() -> None:
        page = Listener(house, nurse.token).open()
        before = await page.next()
        for _ in range(3):
            await asyncio.to_thread(ring, house, "Dale")
        frames = [await page.next() for _ in range(6)]
        assert {words.partition("data: ")[2] for words in frames} == {before.partition("data: ")[2]}

    heard(house, check)


def test_a_stream_never_keeps_its_session_alive_and_ends_with_it(
    house: House, nurse: Member
) -> None:
    async def check() -> None:
        page = Listener(house, nurse.token).open()
        frame = await page.next()
        while frame != "event: ended\ndata:\n\n":
            nurse.wait(50)
            frame = await page.next()
        await page.ended()

    heard(house, check)
    assert nurse.get("/worklist").url == "/sign-in"


def test_what_a_page_asks_for_by_itself_does_not_keep_the_session_alive(nurse: Member) -> None:
    for _ in range(14):
        nurse.wait(60)
        assert nurse.get("/worklist", **{"X-Quiet": "1"}).url == "/worklist"
        assert nurse.get("/desk").url == "/desk"
    nurse.wait(90)
    assert nurse.get("/worklist", **{"X-Quiet": "1"}).url == "/sign-in"


def test_staying_keeps_the_session_whatever_the_header(nurse: Member) -> None:
    for _ in range(3):
        nurse.wait(14 * 60)
        assert nurse.post("/account/stay", **{"X-Quiet": "1"}).url == "/desk"
    nurse.wait(14 * 60)
    assert nurse.get("/worklist").url == "/worklist"


def test_a_session_has_few_streams_and_gets_a_place_back(house: House, nurse: Member) -> None:
    async def check() -> None:
        pages = [
            Listener(house, nurse.token).open() for _ in range(worklist_stream.MOST_PER_SESSION)
        ]
        for page in pages:
            await page.next()
        late = Listener(house, nurse.token).open()
        await late.ended()
        assert late.status == 429
        pages[0].gone.set()
        await pages[0].ended()
        assert "data: " in await Listener(house, nurse.token).open().next()

    heard(house, check)


def test_all_streams_end_when_the_server_stops(house: House, nurse: Member) -> None:
    async def check() -> None:
        pages = [Listener(house, nurse.token).open() for _ in range(3)]
        for page in pages:
            await page.next()
        house.app.state.streams.close_all()
        began = time.monotonic()
        for page in pages:
            await page.ended()
        assert time.monotonic() - began < 1

    heard(house, check)


def test_many_streams_need_no_threads(
    house: House, nurse: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist_stream, "BEAT", (5.0, 8.0))
    monkeypatch.setattr(worklist_stream, "MOST_PER_SESSION", 100)

    async def check() -> None:
        before = threading.active_count()  # of the tests that ran until now
        pages = [Listener(house, nurse.token).open() for _ in range(100)]
        for page in pages:
            await page.next()
        # At most 40 answer requests, and at most 32 look things up, however many cores there are.
        assert threading.active_count() - before < 80

    heard(house, check)


def test_a_listener_that_was_cut_off_hears_again(
    house: House, nurse: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    if house.store.engine.dialect.name != "postgresql":
        return  # SQLite has no connection that could be cut
    monkeypatch.setattr("app.store.db.change_notifications.CONNECT_AGAIN", 0.05)
    monkeypatch.setattr("app.store.db.change_notifications.LOOK_ANYWAY", 60.0)

    async def check() -> None:
        page = Listener(house, nurse.token).open()
        await page.next()
        for _ in range(2):
            await asyncio.sleep(0.3)
            assert await asyncio.to_thread(_cut, house) == 1
            await page.hears(await asyncio.to_thread(ring, house))

    heard(house, check)


def _cut(house: House) -> int:
    """End the connections that listen; give how many there were."""
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    with house.store.engine.begin() as connection:
        return len(connection.execute(text(cut + " AND datname = current_database()")).all())


def test_a_server_that_is_told_to_stop_does_not_wait_for_open_pages(tmp_path: Path) -> None:
    from benchmarks.worklist import Browser, Clinics

    with serving(tmp_path / "server") as server:
        clinic = Clinics(server, submissions=0, streams=1)

        async def check() -> float:
            page = await Browser.connect(server.base, clinic.sessions[0])
            await page.head("/worklist/live")
            await page.reader.readline()
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            while await page.reader.readline():
                pass
            page.writer.close()
            return time.monotonic() - began

        assert in_own_loop(check) < 1
        clinic.store.engine.dispose()
