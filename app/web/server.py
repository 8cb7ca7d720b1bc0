"""The server that speaks HTTP: it waits for no slow client, and stops without losing a request.

uvicorn itself sets no time for receiving a request, and closes its socket while requests are still
on their way to it. Here each part of a request has its time, and a server that is told to stop
lets go of its socket, which another process may share, and asks its clients to connect anew.
"""

import asyncio
import contextlib
import os
import socket
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_WITHIN = 10.0
"""Seconds from the first moment of a connection, or the first byte of a later request."""
BODY_WITHIN = 20.0
"""Seconds for the body: 2 MiB take that on a line of 0.8 megabits."""
DRAIN = 2.0
"""Seconds in which each open connection gets its last answer, with the word to connect anew."""
STOP_WITHIN = 10
"""Seconds that requests under way have after that."""


class TimedProtocol(HttpToolsProtocol):
    """A connection that is closed where a request does not come in time."""

    deadline: asyncio.TimerHandle | None = None
    receiving = False

    # The names below are uvicorn's.
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # as asyncio has it
        self._set_deadline(HEADERS_WITHIN)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self.receiving = True
        self._set_deadline(HEADERS_WITHIN)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._set_deadline(BODY_WITHIN)
        if getattr(self.server_state, "draining", False):
            # As if the client had asked: only then it is told that this was the last answer.
            self.headers.append(CLOSE_HEADER)
        super().on_headers_complete()
        if CLOSE_HEADER in self.headers:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self.receiving = False
        self._clear_deadline()
        super().on_message_complete()

    def _set_deadline(self, seconds: float) -> None:
        self._clear_deadline()
        self.deadline = self.loop.call_later(seconds, self._give_up)

    def _clear_deadline(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


class DrainingServer(uvicorn.Server):
    """A server that tells when it is ready, and is left by its clients before it goes."""

    def __init__(self, config: uvicorn.Config, application: FastAPI) -> None:
        super().__init__(config)
        self.application = application  # without what uvicorn puts around it

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so to whoever started this process."""
        await super().startup(sockets)
        notify_starter("READY=1")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nobody any more; answer who is connected, then whoever is still under way."""
        notify_starter("STOPPING=1")
        state: Any = self.server_state
        state.draining = True
        self.application.state.draining = True
        for server in self.servers:
            server.close()
        await asyncio.sleep(DRAIN)
        await super().shutdown(sockets)


def run_server(application: FastAPI, listener: socket.socket, proxies: list[str]) -> None:
    """Serve on this socket until told to stop. `proxies`: whose word on addresses is taken."""
    DrainingServer(configure_server(application, proxies), application).run(sockets=[listener])


def configure_server(application: FastAPI, proxies: list[str]) -> uvicorn.Config:
    """How uvicorn serves the application."""
    return uvicorn.Config(
        application,
        http=TimedProtocol,
        server_header=False,
        access_log=False,
        # Left alone, it would believe whoever connects from this machine.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        log_level="warning",
        timeout_graceful_shutdown=STOP_WITHIN,
    )


def notify_starter(state: str) -> None:
    """Tell systemd, or our own supervisor, by the protocol of sd_notify; else nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    name = f"\0{address[1:]}" if address.startswith("@") else address
    # Our supervisor listens only until the process is ready; nobody may be there any more.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line, contextlib.suppress(OSError):
        line.sendto(state.encode(), name)
