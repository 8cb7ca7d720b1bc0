"""Rings when something changed on a clinic's worklist, so that open pages fetch it again.

A count in the database, which never says what changed. When it is time to look at the counts,
PostgreSQL tells all servers at once; on SQLite it is each second. One listener serves all open
pages of a server.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from app.store.db.scope import WritingScope
from app.store.db.tables import ChangeCounter

if TYPE_CHECKING:
    from psycopg import AsyncConnection

log = logging.getLogger(__name__)

CHANGE_CHANNEL = "doorbell"
"""The PostgreSQL channel; what is sent on it is a clinic's id."""
LOOK_EVERY = 1.0  # seconds, where nobody tells us
LOOK_ANYWAY = 5.0  # seconds, where we are told: a word may get lost on the way
GATHER_SECONDS = 0.05  # seconds in which more words of the same moment come in
CONNECT_AGAIN = 1.0


def notify_change(scope: WritingScope) -> None:
    """Ring in the transaction of the change: nobody hears it before the change is kept."""
    if scope.update_rows(ChangeCounter, to={"rung": ChangeCounter.rung + 1}) == 0:
        scope.add_row(ChangeCounter, rung=1)
    scope.notify_channel(CHANGE_CHANNEL, scope.clinic)


async def watch_changes(engine: Engine) -> AsyncIterator[None]:
    """Give a value whenever it is time to look, for ever; a lost connection is made again."""
    if engine.dialect.name != "postgresql":
        while True:
            yield
            await asyncio.sleep(LOOK_EVERY)
    import psycopg  # only where the database is PostgreSQL is its driver there

    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        try:
            async with asyncio.timeout(LOOK_ANYWAY):
                connection = await psycopg.AsyncConnection.connect(
                    address, autocommit=True, application_name=CHANGE_CHANNEL
                )
            async with connection:
                await connection.execute(f"LISTEN {CHANGE_CHANNEL}".encode())
                yield  # what rang while nobody listened
                while True:
                    await _await_notification(connection)
                    yield
        except (psycopg.Error, TimeoutError) as problem:
            log.warning("the doorbell's connection broke: %s", type(problem).__name__)
        yield
        await asyncio.sleep(CONNECT_AGAIN)


async def _await_notification(connection: "AsyncConnection[Any]") -> None:
    """Wait for a word, or so long that one may have got lost. Raises where nobody answers."""
    heard = False
    async for _ in connection.notifies(timeout=LOOK_ANYWAY, stop_after=1):
        heard = True
    if heard:
        await asyncio.sleep(GATHER_SECONDS)
        return
    async with asyncio.timeout(LOOK_ANYWAY):
        await connection.execute(b"SELECT 1")
