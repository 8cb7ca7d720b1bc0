"""The way to the database: SQLite for one server, PostgreSQL where there are several.

Knows how to open a database and to bring its tables up to date; knows nothing of what is in them.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, make_url

from app.store.db.sqlite import ONLY_READS, open_sqlite

__all__ = ["ONLY_READS", "migration_config", "open_database", "upgrade_schema"]

MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"
ALLOWED = ("sqlite", "postgresql")


def open_database(url: str, *, hurried: bool = False) -> Engine:
    """Give an engine for the address; raise ValueError for any other kind of database.

    Nothing is opened before the first statement. The folder of an SQLite file is made. A `hurried`
    one is for those who wait for a page: it gives up within seconds.
    """
    address = make_url(url)
    if address.get_backend_name() not in ALLOWED:
        raise ValueError(f"the database must be one of {', '.join(ALLOWED)}")
    if address.get_backend_name() == "postgresql":
        # Here, since only where the database is PostgreSQL is its driver there.
        from app.store.db.postgresql import open_postgresql

        return open_postgresql(address, hurried=hurried)
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return open_sqlite(address)


def upgrade_schema(engine: Engine) -> None:
    """Bring the tables to the newest migration; nothing happens where they are there already."""
    command.upgrade(migration_config(engine), "head")


def migration_config(engine: Engine) -> Config:
    """Give Alembic's configuration for this database."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["engine"] = engine
    return config
