"""Where a backup comes to: made empty first, with what was there kept under another name."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, inspect, make_url, select, text
from sqlalchemy.exc import DatabaseError

from app.store.backups.archive import BadBackup
from app.store.backups.dump import FORMER
from app.store.db.database import open_database
from app.store.db.scope import query_clinic_ids
from app.store.db.tables import Lease

_JOURNALS = ("-journal", "-wal", "-shm")
"""How the names end of what SQLite keeps beside its file."""
OFTEN = "alarm"
"""The job whose lease is over within seconds of the end of its server."""


class RestorePlace:
    """A database that is to hold a backup. `kept_as`: the name of what was there, or ""."""

    def __init__(self, url: str, now: datetime, *, replace: bool) -> None:
        self.url, self.now, self.replace = url, now, replace
        self.former = f"{FORMER}{now:%Y%m%dt%H%M%S}"
        self.kept_as = ""

    @property
    def kind(self) -> str:
        """sqlite or postgresql."""
        return make_url(self.url).get_backend_name()

    @contextmanager
    def make_empty(self) -> Iterator[str]:
        """The address to restore into; it counts once the block has ended well.

        Raises BadBackup where a server works with it, or it holds a clinic and `replace` is not
        set. Where the block fails, all is as it was.
        """
        yield from self._make_file() if self.kind == "sqlite" else self._make_schema()

    def _make_file(self) -> Iterator[str]:
        database = Path(str(make_url(self.url).database))
        database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = database.exists() and database.stat().st_size > 0
        if beside:
            self._refuse_where_used(str(database))
        draft = database.with_name(f".{database.name}.restored")
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            yield f"sqlite:///{draft}"
            if beside:
                self.kept_as = f"{database}.{self.former}"
            # Trap: a journal of the former file, left beside the new one, would be played into it.
            for end in ("", *_JOURNALS):
                if (file := database.with_name(f"{database.name}{end}")).exists():
                    file.rename(f"{database}.{self.former}{end}")
            draft.rename(database)
        finally:
            draft.unlink(missing_ok=True)

    def _make_schema(self) -> Iterator[str]:
        engine = open_database(self.url)
        try:
            beside = bool(inspect(engine).get_table_names())
            if beside:
                self._refuse_where_used("the database")
                _execute(engine, f"ALTER SCHEMA public RENAME TO {self.former}")
                _execute(engine, "CREATE SCHEMA public")
            try:
                yield self.url
            except BaseException:
                _execute(engine, "DROP SCHEMA public CASCADE")
                back = f"ALTER SCHEMA {self.former} RENAME TO public"
                _execute(engine, back if beside else "CREATE SCHEMA public")
                raise
            self.kept_as = f"schema {self.former}" if beside else ""
        finally:
            engine.dispose()

    def _refuse_where_used(self, what: str) -> None:
        engine = open_database(self.url)
        try:
            working = select(Lease.until).where(Lease.job == OFTEN, Lease.until > self.now)
            tables = set(inspect(engine).get_table_names())
            with engine.connect() as connection:
                running = Lease.__tablename__ in tables and connection.scalar(working) is not None
            filled = "clinic" in tables and bool(query_clinic_ids(engine))
        except DatabaseError:
            running, filled = False, True  # what cannot be read may be worth a look one day
        finally:
            engine.dispose()
        if running:
            raise BadBackup(f"a server works with {what}: stop it, and wait for half a minute")
        if filled and not self.replace:
            raise BadBackup(f"{what} holds a clinic: with --replace it is kept under another name")


@contextmanager
def temporary_database(url: str) -> Iterator[str]:
    """A new, empty database of the same PostgreSQL server, which goes with the block."""
    name = f"calcinosis_trial_{secrets.token_hex(6)}"
    engine = open_database(url).execution_options(isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield make_url(url).set(database=name).render_as_string(hide_password=False)
        finally:
            with engine.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()


def _execute(engine: Engine, statement: str) -> None:
    """A statement about a whole schema, whose name is ours."""
    with engine.begin() as connection:
        connection.execute(text(statement))
