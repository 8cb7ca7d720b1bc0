"""How Alembic reaches the database: the engine that it is handed, else the one of the settings."""

from alembic import context
from sqlalchemy import Connection, text

from app.settings import load_settings
from app.store.db.database import open_database
from app.store.db.patient_tables import Person

TURN = 7_120_406
"""Servers that start at once on PostgreSQL take turns by a lock of this number."""


def migrate(connection: Connection) -> None:
    """Run what Alembic was asked for, all in one transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": TURN})
    context.configure(
        connection=connection,
        target_metadata=Person.metadata,  # all tables share it
        compare_type=True,
        compare_server_default=True,
        # SQLite cannot alter most of a table; Alembic then copies it into a new one.
        render_as_batch=True,
    )
    context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations need the database itself; there is no offline mode.")

engine = context.config.attributes.get("engine") or open_database(
    load_settings().effective_database_url
)
with engine.begin() as connection:
    migrate(connection)
