"""Opens the store: the database at today's tables, and the keys to what is sealed in it."""

from pathlib import Path

from app.store.ground.database import open_database, upgrade
from app.store.ground.scope import Store, all_clinics
from app.store.ground.sealing import BadKeyring, load_keyring


def open_store(url: str, key_file: Path, *, hurried: bool = False) -> Store:
    """The store; keys are made for a new database only. `hurried`: people wait for its pages.

    Raises BadKeyring, ValueError, OSError, or SQLAlchemy's OperationalError.
    """
    engine = open_database(url)
    upgrade(engine)
    if not key_file.exists() and all_clinics(engine):
        # New keys would open nothing, and hide that the old ones are what is missing.
        raise BadKeyring(f"{key_file} is missing: bring back the one that goes with this database")
    keyring = load_keyring(key_file)
    if not hurried:
        return Store(engine, keyring)
    engine.dispose()  # what brought the tables up to date could take its time
    return Store(open_database(url, hurried=True), keyring)
