"""A real PostgreSQL for the tests that need one: started once, with a new database for each."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest


@dataclass
class Cluster:
    """A PostgreSQL server of the tests, with which anything may happen."""

    programs: Path
    folder: Path
    port: int
    server: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"postgresql://tests@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Let it answer, with all that it has kept."""
        settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}"]
        options = [word for setting in [*settings, "fsync=off"] for word in ("-c", setting)]
        start = [self.programs / "postgres", "-D", self.folder / "db", "-p", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self.server = subprocess.Popen(
                [*_as_owner(self.folder), *start, *options], stdout=log, stderr=log, cwd="/"
            )
        _wait_for(self.address, self.server, self.folder / "log")

    def stop(self) -> None:
        """End it in order, without waiting for those who are still connected, as SIGTERM would."""
        assert self.server is not None
        self.server.send_signal(signal.SIGINT)
        self.server.wait(timeout=30)

    def signal(self, sign: signal.Signals) -> None:
        """Send it to all of its processes at once: SIGSTOP freezes it, SIGKILL is a power cut."""
        assert self.server is not None
        for pid in [self.server.pid, *_children(self.server.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, sign)
        if sign is signal.SIGKILL:
            self.server.wait(timeout=30)


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A PostgreSQL server of one's own."""
    programs = _postgresql_programs()
    if programs is None:
        # A build machine must prove both databases; a laptop may do without one.
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("PostgreSQL is not installed; `make postgres` brings it")
    folder = Path(tempfile.mkdtemp(prefix="calcinosis-postgresql-"))
    new = [programs / "initdb", "-D", folder / "db", "-U", "tests", "-A", "trust", "--no-sync"]
    subprocess.run([*_as_owner(folder), *new], check=True, capture_output=True, cwd="/")
    cluster = Cluster(programs, folder, _free_port())
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder)


@contextmanager
def running_postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server, up for as long as the tests run."""
    with running_cluster() as cluster:
        yield cluster.address


def new_database(url: str, template: str = "template1") -> str:
    """The address of a new database on the server of this address, empty or a copy of another."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    return url.removesuffix("postgres") + name


def _postgresql_programs() -> Path | None:
    """The folder of initdb and postgres; Debian keeps it off the path, by version."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def _as_owner(folder: Path) -> list[str]:
    """The start of a command that runs as someone PostgreSQL accepts: it refuses root."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres")
    # setpriv becomes the command itself, so that ending it ends the server.
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PostgreSQL does not answer:\n{log.read_text()}")


def _children(pid: int) -> list[int]:
    """Those that the process has begun."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in listed.split()]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
