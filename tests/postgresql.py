"""A real PostgreSQL for the tests that need one: started once, with a new database for each."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest


@contextmanager
def running_postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server, up for as long as the tests run."""
    programs = _postgresql_programs()
    if programs is None:
        # A build machine must prove both databases; a laptop may do without one.
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("PostgreSQL is not installed; `make postgres` brings it")
    folder = Path(tempfile.mkdtemp(prefix="calcinosis-postgresql-"))
    as_owner = _as_owner(folder)
    port = _free_port()
    new = [programs / "initdb", "-D", folder / "db", "-U", "tests", "-A", "trust", "--no-sync"]
    subprocess.run([*as_owner, *new], check=True, capture_output=True, cwd="/")
    settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off"]
    options = [word for setting in settings for word in ("-c", setting)]
    start = [programs / "postgres", "-D", folder / "db", "-p", str(port), *options]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*as_owner, *start], stdout=log, stderr=log, cwd="/")
    try:
        url = f"postgresql://tests@127.0.0.1:{port}/postgres"
        _wait_for(url, server, folder / "log")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)
        shutil.rmtree(folder)


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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
