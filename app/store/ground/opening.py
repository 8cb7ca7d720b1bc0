"""Opens the store: the database at today's tables, and the keys to what is sealed in it."""

from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, OperationalError

from app.store.ground import keys
from app.store.ground.database import open_database, upgrade
from app.store.ground.scope import Store, all_clinics
from app.store.ground.sealing import BadKeyring, WillNotOpen, load_keyring


class BadDatabase(ValueError):
    """The database cannot be used as it is, now or later; the message says what to do."""


def open_store(url: str, key_file: Path, *, hurried: bool = False) -> Store:
    """The store; keys are made for a new database only. `hurried`: people wait for its pages.

    Raises BadKeyring, BadDatabase, ValueError or OSError for what somebody has to mend, and
    SQLAlchemy's OperationalError for what may pass: locked, not reached, not to be written.
    """
    engine = open_database(url)
    try:
        store = _opened(engine, key_file)
    except Exception:
        engine.dispose()
        raise
    if not hurried:
        return store
    engine.dispose()  # what brought the tables up to date could take its time
    return Store(open_database(url, hurried=True), store.keyring)


def _opened(engine: Engine, key_file: Path) -> Store:
    try:
        upgrade(engine)
        clinics = all_clinics(engine)
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
        _refuse_keys_of_another(store, clinic, key_file)
    return store


def _refuse_keys_of_another(store: Store, clinic: str, key_file: Path) -> None:
    """Else the server would start, and fail everyone who comes."""
    with store.reading(clinic) as scope:
        try:
            keys.several(scope, [clinic])
        except WillNotOpen:
            raise BadKeyring(
                f"{key_file} does not open this database: bring back the one that goes with it"
            ) from None
