"""GET /readyz: whether this server can do all its work; /healthz says only that it is alive.

The self-check works without a database, so whoever spreads requests over servers looks at /healthz,
and whoever is to be woken looks here. It is asked often and by anyone: what was found holds for
seconds, nobody waits long for a database that hangs, and only this machine reads what is wrong.
"""

import asyncio
import shutil
import time
from concurrent.futures import Future
from pathlib import Path
from threading import Thread

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.store.db.database import find_newest_revision, read_schema_revision
from app.store.db.server_records import list_served_rulebooks
from app.triage.rulebook import Rulebook
from app.web.errors import RETRY_AFTER
from app.web.pages import AppContext

HOLDS = 1.0
"""Seconds for which what was found is given again."""
LONGEST = 1.5
"""Seconds that a look may take; a database that has not answered by then is not ready."""
LEAST_FREE = 0.05
"""The share of the disk below which it is as good as full."""


class ReadinessProbe:
    """Looks at the server and what it needs."""

    def __init__(self, context: AppContext, folder: Path) -> None:
        self.context, self.folder = context, folder
        self._failing: list[str] = []
        self._looked_at = -HOLDS
        self._looking = asyncio.Lock()

    async def list_failing(self) -> list[str]:
        """What fails now, each in a word: database, tables, rulebook, disk."""
        async with self._looking:
            if time.monotonic() - self._looked_at >= HOLDS:
                self._failing = await self._look()
                self._looked_at = time.monotonic()
        return self._failing

    async def _look(self) -> list[str]:
        failing = [] if _has_room(self.folder) else ["disk"]
        if not self.context.store.is_open:
            return [*failing, "database"]
        done: Future[list[str]] = Future()

        def look() -> None:
            try:
                done.set_result(
                    _find_database_faults(self.context.store.engine, self.context.rulebook)
                )
            except SQLAlchemyError:
                done.set_result(["database"])

        done.set_running_or_notify_cancel()
        # Nobody waits for it at the end either: a database may never answer.
        Thread(target=look, name="readiness", daemon=True).start()
        try:
            found = await asyncio.wait_for(asyncio.wrap_future(done), LONGEST)
        except TimeoutError:
            found = ["database"]
        return [*failing, *found]


def _find_database_faults(engine: Engine, rulebook: Rulebook) -> list[str]:
    with engine.begin() as connection:  # on SQLite this waits for the turn of who writes
        is_copy = select(func.pg_is_in_recovery())
        if engine.dialect.name == "postgresql" and connection.scalar(is_copy):
            return ["database"]
    failing = [] if read_schema_revision(engine) == find_newest_revision() else ["tables"]
    served = {row.sha256 for row in list_served_rulebooks(engine)}
    return failing if rulebook.sha256 in served else [*failing, "rulebook"]


def _has_room(folder: Path) -> bool:
    disk = shutil.disk_usage(folder)
    return disk.free >= disk.total * LEAST_FREE


async def show_readiness(request: Request) -> Response:
    """GET /readyz: 200, or 503 where something fails."""
    probe: ReadinessProbe = request.app.state.readiness
    draining = ["draining"] if getattr(request.app.state, "draining", False) else []
    failing = [*draining, *await probe.list_failing()]
    content: dict[str, object] = {"ready": not failing}
    if request.client is not None and request.client.host in ("127.0.0.1", "::1"):
        content["failing"] = failing
    if not failing:
        return JSONResponse(content)
    return JSONResponse(content, 503, {"Retry-After": RETRY_AFTER})
