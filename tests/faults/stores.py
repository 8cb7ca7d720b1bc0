"""Databases that fail in every way, under a server that runs."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from app.store import clinics, invitations
from app.store.accounts import staff
from app.store.db.database import open_store
from app.store.invitations import Invitee
from tests.running import Running


def clinic_with_an_invitation(folder: Path, database: str = "") -> str:
    """A clinic in the database that a server in this folder will open; the link of one patient."""
    var, now = folder / "var", datetime.now(UTC)
    var.mkdir(parents=True)
    store = open_store(database or f"sqlite:///{var / 'calcinosis.db'}", var / "master.key")
    hill = clinics.add_clinic(store, now, name="Hill", region="uk", time_zone="Europe/London")
    with store.writing_scope(hill, now, "command") as scope:
        joins = staff.invite_staff(scope, email="k@h.example", name="Kim", role="nurse")
    nurse = staff.open_staff_invite(store, joins, now).staff
    guest = Invitee(reference="A 1", name="Jo")
    (made,) = invitations.invite_patients(store, hill, now, nurse, [guest], "key")
    with store.reading_scope(hill) as scope:
        token = invitations.find_invitation(scope, now, made).token
    store.engine.dispose()
    return f"/i/{token}"


def file_of(server: Running) -> Path:
    """The file of an SQLite database."""
    return server.folder / "var" / "calcinosis.db"


@contextmanager
def missing(server: Running) -> Iterator[None]:
    """The file is deleted."""
    file_of(server).unlink()
    yield


@contextmanager
def corrupt(server: Running) -> Iterator[None]:
    """The file holds something else."""
    size = file_of(server).stat().st_size
    file_of(server).write_bytes(b"\xa5" * size)
    yield


@contextmanager
def locked(server: Running) -> Iterator[None]:
    """Another process holds all of it."""
    with held(file_of(server)):
        yield


@contextmanager
def unwritable(server: Running) -> Iterator[None]:
    """The disk takes no byte more."""
    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def frozen(server: Running) -> Iterator[None]:
    """PostgreSQL and all that belongs to it stand still, with every connection open."""
    with stopped(server.database):
        yield


@contextmanager
def held(file: Path) -> Iterator[None]:
    """An SQLite file that nobody else may read or write."""
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def stopped(url: str) -> Iterator[None]:
    """A PostgreSQL server that answers nobody."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        assert row
    head = int((Path(row[0]) / "postmaster.pid").read_text().split()[0])
    everyone = [head, *_children(head)]
    _tell(everyone, signal.SIGSTOP)
    try:
        yield
    finally:
        _tell(everyone, signal.SIGCONT)


def _tell(processes: list[int], sign: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):  # one that served us ends when we let go
            os.kill(process, sign)


def _children(head: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended meanwhile
        if parent == head:
            found.append(int(status.parent.name))
    return found


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold in this time."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
