"""The server as people run it: a process of its own, with a folder of its own to write into.

What it prints is kept, and so is how much it wrote to any disk. It knows nothing of pages.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from anyio.from_thread import start_blocking_portal

from app.settings import ROOT

REAL = ("-m", "app")
FAULTY = ("-m", "tests.planted")
"""The same, with faults on demand."""


Made = TypeVar("Made")


def in_own_loop(work: Callable[[], Awaitable[Made]]) -> Made:
    """What the coroutine gives, run beside this thread.

    Trap: a browser that tests drove before leaves its own loop running in this one.
    """
    with start_blocking_portal() as portal:
        return portal.call(work)


@dataclass
class Running:
    """A server that is up, or has been."""

    base: str
    folder: Path  # all that it is told to write goes below
    database: str  # its address
    process: subprocess.Popen[bytes]
    printed: bytearray = field(default_factory=bytearray)  # on both of its outputs

    @property
    def bytes_written(self) -> int | None:
        """What it gave to any disk so far; None where that is not counted, or it has ended."""
        counters = Path(f"/proc/{self.process.pid}/io")
        if self.process.poll() is not None or not counters.exists():
            return None
        lines = dict(line.split(": ") for line in counters.read_text().splitlines())
        return int(lines["write_bytes"])


@contextmanager
def serving(
    folder: Path,
    *,
    database: str = "",
    program: tuple[str, ...] = REAL,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Running]:
    """A server, up until the end of the block; without a database it makes an SQLite file.

    Started again in the same folder, it goes on with what is there. `more`: of its environment.
    """
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, *program, "serve", "--port", str(port)],
        cwd=folder,
        env=_environment(folder, database) | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    own = f"sqlite:///{folder / 'var' / 'calcinosis.db'}"
    server = Running(f"http://127.0.0.1:{port}", folder, database or own, process)
    # A pipe that nobody empties would stop the server once it is full.
    reader = threading.Thread(target=_read, args=[server], daemon=True)
    reader.start()
    try:
        _wait_for(server, port)
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        reader.join(timeout=30)


def _environment(folder: Path, database: str) -> dict[str, str]:
    own = {
        "CALCINOSIS_VAR": str(folder / "var"),
        "CALCINOSIS_DATABASE_URL": database,
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": str(ROOT),
        # A module that is first needed by a request would be written to a disk, compiled.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CALCINOSIS_", "PYTHON"))}
    return kept | own


def _read(server: Running) -> None:
    assert server.process.stdout is not None
    with server.process.stdout as output:
        for line in output:
            server.printed.extend(line)


def _wait_for(server: Running, port: int) -> None:
    until = time.monotonic() + 60
    while server.process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the server did not start:\n{server.printed.decode()}")
