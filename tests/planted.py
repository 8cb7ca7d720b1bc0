"""The server with faults on demand: `python -m tests.planted serve`.

A request that names a fault in its header `Planted` meets it; every other is answered as ever. A
check that cannot fail proves nothing, so each check of privacy is tried against its fault here.
All that any part of the program can log is logged, each record with everything that it holds.
"""

from __future__ import annotations

import gc
import json
import logging
import re
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import uvicorn
from fastapi import FastAPI
from sqlalchemy import delete
from sqlmodel import col
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import commands, main
from app.settings import Settings
from app.store.db.database import open_database
from app.store.db.server_records import record_served_rulebook
from app.store.db.tables import ServedRulebook

MARK = "zqxjwvkq"
"""The start of every canary: nothing of ours says this."""
CANARY = re.compile(rf"{MARK}\d{{8}}", re.IGNORECASE)
MEMORY = "/planted/memory"
"""Answers with what is still held of earlier requests."""

log = logging.getLogger("app.planted")
remembered: list[bytes] = []


def run() -> None:
    """The command line, with the faults built in."""
    logging.basicConfig(level=logging.DEBUG, force=True)
    logging.root.handlers[0].setFormatter(_Everything())
    make, serve = main.create_app, uvicorn.run

    def make_faulty(settings: Settings, **more: float) -> FastAPI:
        application = make(settings, **more)
        application.user_middleware.append(Middleware(Faults, settings=settings))
        return application

    main.create_app = make_faulty
    uvicorn.run = lambda app, **how: serve(app, **how | {"log_level": "debug", "log_config": None})
    commands.run_command_line()


class _Everything(logging.Formatter):
    """A host may format records in its own way, so nothing in one may be private."""

    def format(self, record: logging.LogRecord) -> str:
        raised = "".join(traceback.format_exception(record.exc_info[1])) if record.exc_info else ""
        return f"{record.__dict__!r} {record.getMessage()} {raised}"


class Faults:
    """Inside all that guards a request, where a fault of a page would be."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do the fault that the request asks for, then answer it as ever."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == MEMORY:
            await JSONResponse(still_held())(scope, receive, send)
        elif name := Request(scope).headers.get("planted"):
            sent = await Request(scope, receive).body()
            if name == "echo":
                send = _echoing(send, sent)
            else:
                FAULTS[name](self.settings, json.dumps(str(scope)).encode() + sent)
            await self.app(scope, _again(sent), send)
        else:
            await self.app(scope, receive, send)


def _again(sent: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": sent}

    return receive


def _echoing(send: Send, sent: bytes) -> Send:
    async def echo(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"x-echo", sent)]
        await send(message)

    return echo


def _store(settings: Settings, sent: bytes, *, take_back: bool = False) -> None:
    database = open_database(settings.effective_database_url)
    version = f"{uuid4()} {sent.decode('utf-8', 'replace')}"
    record_served_rulebook(database, version.replace("\x00", ""), "planted", datetime.now(UTC))
    if take_back:
        with database.begin() as connection:
            connection.execute(
                delete(ServedRulebook).where(col(ServedRulebook.sha256) == "planted")
            )
    database.dispose()


def _fail(_settings: Settings, sent: bytes) -> None:
    raise RuntimeError(sent.decode("utf-8", "replace"))


def _log_failure(_settings: Settings, sent: bytes) -> None:
    try:
        # Raised and caught here on purpose: a log that holds the fault holds what was sent.
        raise ValueError(sent)  # noqa: TRY301
    except ValueError:
        log.exception("planted")


def _write(file: Path, sent: bytes) -> None:
    with file.open("ab") as out:
        out.write(sent)


FAULTS: dict[str, Callable[[Settings, bytes], None]] = {
    "row": _store,
    "row taken back": lambda settings, sent: _store(settings, sent, take_back=True),
    "file": lambda settings, sent: _write(settings.var / "planted", sent),
    "file elsewhere": lambda settings, sent: _write(settings.var.parents[1] / "planted", sent),
    # The leak itself: a server that prints what it was sent has to be found out.
    "print": lambda _settings, sent: print(sent),  # noqa: T201
    "log": lambda _settings, sent: log.debug("answered", extra={"sent": sent}),
    "logged failure": _log_failure,
    "memory": lambda _settings, sent: remembered.append(sent),
    "failure": _fail,
}
"""What a request may ask for, beside "echo". A failure is no leak: what is made of it may be."""


def still_held() -> list[str]:
    """Every canary in memory, as far as the garbage collector sees it, and in what it is."""
    gc.unfreeze()
    gc.collect()
    found = set()
    for thing in gc.get_objects():
        for part in gc.get_referents(thing):
            # The collector does not follow a dict or tuple of plain values, so it is looked into.
            plain = isinstance(part, dict | tuple) and not gc.is_tracked(part)
            for text in [part, *(gc.get_referents(part) if plain else ())]:
                if isinstance(text, str | bytes | bytearray):
                    found |= {f"{word} in {_name(thing)}" for word in _canaries(text)}
    return sorted(found)


def _name(thing: object) -> str:
    """What holds it; for a cache, of which function."""
    return repr(getattr(thing, "__wrapped__", type(thing)))


def _canaries(text: str | bytes | bytearray) -> list[str]:
    known = text if isinstance(text, str) else text.decode("latin-1")
    return CANARY.findall(known)


if __name__ == "__main__":
    run()
