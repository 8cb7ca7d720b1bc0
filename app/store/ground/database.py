"""The way to the database: SQLite for one server, PostgreSQL where there are several.

Knows how to open a database and to bring its tables up to date; knows nothing of what is in them.
"""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

WAL_IS_SOUND = (3, 51, 3)
"""The first SQLite whose write-ahead log cannot lose what was committed while it is reset."""

MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"
ALLOWED = ("sqlite", "postgresql")
ONLY_READS = "calcinosis_only_reads"
"""The execution option of a connection on which nothing will be written."""


def open_database(url: str) -> Engine:
    """Give an engine for the address; raise ValueError for any other kind of database.

    Nothing is opened before the first statement. The folder of an SQLite file is made.
    """
    address = make_url(url)
    if address.get_backend_name() not in ALLOWED:
        raise ValueError(f"the database must be one of {', '.join(ALLOWED)}")
    if address.get_backend_name() == "postgresql":
        return create_engine(address.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(address)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def upgrade(engine: Engine) -> None:
    """Bring the tables to the newest migration; nothing happens where they are there already."""
    command.upgrade(migration_config(engine), "head")


def journal_mode(version: tuple[int, ...]) -> str:
    """How SQLite of this version keeps a transaction whole."""
    return "WAL" if version >= WAL_IS_SOUND else "DELETE"


def migration_config(engine: Engine) -> Config:
    """Give Alembic's configuration for this database."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["engine"] = engine
    return config


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # Python's driver must not begin transactions of its own: _begin_immediate does.
    connection.isolation_level = None
    for pragma in (
        "busy_timeout=5000",
        f"journal_mode={journal_mode(sqlite3.sqlite_version_info)}",
        "synchronous=FULL",
        "secure_delete=ON",  # what is removed is overwritten, not only unlinked
        "foreign_keys=ON",
        # Without it, INSERT OR REPLACE removes a row past the triggers that keep it.
        "recursive_triggers=ON",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    # A transaction that first reads and then writes fails at once, without waiting, where
    # another wrote in between; taking the lock at the start makes it wait instead.
    # One that says beforehand that it only reads need not wait for those that write.
    only_reads = connection.get_execution_options().get(ONLY_READS, False)
    connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")
