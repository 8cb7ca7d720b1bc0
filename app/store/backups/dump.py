"""A consistent copy of a database that is in use, without the keys of records; and the way back.

The keys are read at the same moment and come apart, so that a copy that is kept for long opens
nothing that was erased meanwhile. Codes by which someone shows a self-check carry their own key and
are over within the hour: no copy holds them.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, make_url, text

from app.store.backups.archive import BadBackup

KeyRow = tuple[str, str, bytes]
"""A clinic, a record, and the wrapped key of that record."""
DATA_FILE = "database"
FORMER = "before_"
"""How the names begin of what a restore kept."""
LEFT_OUT = ("record_key", "share_code")
"""The tables of which a copy has no row."""
_READ_KEYS = "SELECT clinic_id, record_id, wrapped FROM record_key"
_DEBIAN = Path("/usr/lib/postgresql")


def copy_out(engine: Engine, target: Path) -> list[KeyRow]:
    """Write a copy to the file; give the keys that it lacks. Raises OSError or BadBackup."""
    if engine.dialect.name == "sqlite":
        return _copy_out_sqlite(str(engine.url.database), target)
    return _copy_out_postgresql(engine, target)


def copy_in(url: str, source: Path, keys: Iterable[KeyRow]) -> None:
    """Put a copy into an empty database, with these keys. Raises OSError or BadBackup."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        shutil.copyfile(source, str(address.database))
        with closing(sqlite3.connect(str(address.database))) as copy, copy:
            copy.executemany(
                "INSERT INTO record_key (clinic_id, record_id, wrapped) VALUES (?, ?, ?)", keys
            )
        return
    _copy_in_postgresql(url, source, list(keys))


def _copy_out_sqlite(database: str, target: Path) -> list[KeyRow]:
    with closing(sqlite3.connect(database)) as live, closing(sqlite3.connect(target)) as copy:
        # In one step: in several, each commit meanwhile would make it begin again.
        live.backup(copy)
        keys: list[KeyRow] = copy.execute(_READ_KEYS).fetchall()
        copy.execute("DELETE FROM record_key")
        copy.execute("DELETE FROM share_code")
        copy.commit()
        copy.execute("VACUUM")  # else what was deleted stands in the file all the same
    return keys


def _copy_out_postgresql(engine: Engine, target: Path) -> list[KeyRow]:
    reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with reading.connect() as connection:
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        options = ["--format=custom", f"--file={target}", f"--snapshot={snapshot}"]
        options += ["--no-owner", "--no-privileges", f"--exclude-schema={FORMER}*"]
        options += [f"--exclude-table-data={name}" for name in LEFT_OUT]
        _run_program("pg_dump", options, engine.url.render_as_string(hide_password=False))
        rows = connection.execute(text(_READ_KEYS)).all()
    return [(clinic, record, bytes(wrapped)) for clinic, record, wrapped in rows]


def _copy_in_postgresql(url: str, source: Path, keys: Sequence[KeyRow]) -> None:
    import psycopg

    _run_program("pg_restore", ["--no-owner", "--exit-on-error", str(source)], url)
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    put = "COPY record_key (clinic_id, record_id, wrapped) FROM STDIN"
    with psycopg.connect(plain) as connection, connection.cursor().copy(put) as rows:
        for row in keys:
            rows.write_row(row)


def _run_program(name: str, options: Sequence[str], url: str) -> None:
    """Run a program of PostgreSQL; the password goes by the environment, where none can read it."""
    address = make_url(url).set(drivername="postgresql")
    environment = dict(os.environ)
    if address.password:
        environment["PGPASSWORD"] = str(address.password)
    plain = address.set(password=None).render_as_string()
    command = [_find_program(name), f"--dbname={plain}", *options]
    # Each word is ours or a path; no shell reads it.
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BadBackup(f"{name} failed: {last}")


def _find_program(name: str) -> str:
    """The newest of those that are installed: an older one refuses a newer server."""
    debian = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(debian[-1]) if debian else shutil.which(name)
    if found is None:
        raise BadBackup(f"{name} is missing: install PostgreSQL's client programs")
    return found


def find_database_fault(engine: Engine) -> str:
    """What the database itself finds wrong with it; "" where nothing."""
    if engine.dialect.name != "sqlite":
        return ""  # it checked each row and each key while it took them in
    with engine.connect() as connection:
        whole = connection.scalar(text("PRAGMA integrity_check"))
        loose = connection.execute(text("PRAGMA foreign_key_check")).first()
    if whole != "ok":
        return str(whole)
    return f"a row of {loose[0]} leads to nothing" if loose else ""
