"""Opens the store: the database at today's tables, and the keys to what is sealed in it."""

from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, OperationalError

from app.store.db import record_keys
from app.store.db.database import open_database, upgrade_schema
from app.store.db.encryption import BadKeyring, DecryptionFailed, load_keyring
from app.store.db.scope import Store, query_clinic_ids


class BadDatabase(ValueError):
    """The database cannot be used as it is, now or later; the message says what to do."""


def open_store(url: str, key_file: Path, *, hurried: bool = False) -> Store:
    """The store; keys are made for a new database only. `hurried`: people wait for its pages.

    Raises BadKeyring, BadDatabase, ValueError or OSError for what somebody has to mend, and
    SQLAlchemy's OperationalError for what may pass: locked, not reached, not to be written.
    """
    engine = open_database(url)
    try:
        store = _load_store(engine, key_file)
    except Exception:
        engine.dispose()
        raise
    if not hurried:
        return store
    engine.dispose()  # what brought the tables up to date could take its time
    return Store(open_database(url, hurried=True), store.keyring)


def _load_store(engine: Engine, key_file: Path) -> Store:
    try:
        upgrade_schema(engine)
        clinics = query_clinic_ids(engine)
    except CommandError:
        raise BadDatabase(
            "a newer version of this program has changed the database: start that one"
        ) from None
    except OperationalError:
        raise
    except DatabaseError as problem:
        raise BadDatabase(
            f"the database is damaged, or is no database ({problem.orig}): bring back a copy"
        ) from None
    if not key_file.exists() and clinics:
        # New keys would open nothing, and hide that the old ones are what is missing.
        raise BadKeyring(f"{key_file} is missing: bring back the one that goes with this database")
    store = Store(engine, load_keyring(key_file))
    for clinic in clinics:
        _check_keyring_fits(store, clinic, key_file)
    return store


def _check_keyring_fits(store: Store, clinic: str, key_file: Path) -> None:
    """Else the server would start, and fail everyone who comes."""
    with store.reading_scope(clinic) as scope:
        try:
            record_keys.load_data_keys(scope, [clinic])
        except DecryptionFailed:
            raise BadKeyring(
                f"{key_file} does not open this database: bring back the one that goes with it"
            ) from None
