"""The way to the database: SQLite for one server, PostgreSQL where there are several.

Opens the database, brings its tables up to date, and finds the keys to what is sealed in it; for a
server it is opened beside all else and tried until it is open, since whoever needs no clinic is not
kept waiting by the database of one.
"""

import logging
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, String, column, inspect, make_url, select, table
from sqlalchemy.exc import DatabaseError, OperationalError

from app.store.db import record_keys
from app.store.db.encryption import BadKeyring, DecryptionFailed, load_keyring
from app.store.db.scope import Store, query_clinic_ids
from app.store.db.sqlite import ONLY_READS, open_sqlite

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"
ALLOWED = ("sqlite", "postgresql")
RETRY_SECONDS = 2.0
"""Seconds between two tries to open a database that does not answer."""


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
    return open_sqlite(address, hurried=hurried)


def upgrade_schema(engine: Engine) -> None:
    """Bring the tables to the newest migration. Raises BadDatabase where they are newer than it."""
    if read_schema_revision(engine) == find_newest_revision():
        return
    # Here, since it takes a tenth of the server's memory, and most starts need none of it.
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(migration_config(engine), "head")
    except CommandError:
        raise BadDatabase(
            "a newer version of this program has changed the database: start that one"
        ) from None


def read_schema_revision(engine: Engine) -> str | None:
    """The newest migration that this database has had; None where it is new."""
    with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        newest = select(column("version_num", String)).select_from(table("alembic_version"))
        revision: str | None = connection.scalar(newest)
        return revision


def find_newest_revision() -> str:
    """The newest migration there is: each file begins with its number."""
    return max(file.name for file in (MIGRATIONS / "versions").glob("*.py")).partition("_")[0]


def migration_config(engine: Engine) -> "Config":
    """Give Alembic's configuration for this database."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["engine"] = engine
    return config


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
    try:
        for clinic in clinics:
            with store.reading_scope(clinic) as scope:
                record_keys.load_data_keys(scope, [clinic])
    except DecryptionFailed:
        # The server would start, and fail everyone who comes.
        raise BadKeyring(
            f"{key_file} does not open this database: bring back the one that goes with it"
        ) from None
    return store


class StoreUnavailable(OperationalError):
    """The database is not open yet: it does not answer, or is still being opened."""

    def __init__(self) -> None:
        super().__init__("the store", None, ConnectionError("is not open yet"))


class DeferredStore(Store):
    """A store of which any use raises StoreUnavailable until it is open."""

    def __init__(self) -> None:
        """The fields come with `adopt_store`."""
        object.__setattr__(self, "closed", Event())

    def __getattr__(self, name: str) -> Any:
        # Python asks here for what is not there, and so for no field of a store that is open.
        if name in (field.name for field in fields(Store)):
            raise StoreUnavailable
        raise AttributeError(name)

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""
        try:
            return self.engine is not None
        except StoreUnavailable:
            return False

    def adopt_store(self, store: Store) -> None:
        """Be this one from now on."""
        for field in fields(Store):
            object.__setattr__(self, field.name, getattr(store, field.name))

    def close(self) -> None:
        """Let go of the database, or of trying to open it."""
        self.closed.set()
        if self.is_open:
            self.engine.dispose()


def open_deferred_store(
    url: str, key_file: Path, first: Callable[[Store], object], patience: float
) -> DeferredStore:
    """The store, open or still to come. `first` is done with it before anyone else has it.

    Raises what `open_store` raises, where that is known within `patience` seconds and cannot pass.
    """
    opening = _StoreOpening(url, key_file, first)
    # A thread that nobody waits for: a database may never answer.
    Thread(target=opening.keep_trying, name="opening", daemon=True).start()
    if not opening.tried.wait(patience):
        opening.log_once(f"the database does not answer within {patience:.0f} seconds")
    opening.awaited = False
    if opening.refusal is not None:
        opening.store.close()
        raise opening.refusal
    return opening.store


class _StoreOpening:
    def __init__(self, url: str, key_file: Path, first: Callable[[Store], object]) -> None:
        self.url, self.key_file, self.first = url, key_file, first
        self.store, self.tried = DeferredStore(), Event()
        self.awaited = True  # somebody would hear of a refusal
        self.refusal: Exception | None = None
        self.said = ""

    def keep_trying(self) -> None:
        """Try until it is open, or nobody wants it any more."""
        while not (self._try_once() or self.store.closed.wait(RETRY_SECONDS)):
            pass

    def _try_once(self) -> bool:
        try:
            opened = open_store(self.url, self.key_file, hurried=True)
            self.first(opened)
        except OperationalError as problem:
            self.log_once(f"the database does not answer: {problem.orig}")
        # Whatever it is, nobody else would hear of it in this thread.
        except Exception as problem:  # noqa: BLE001
            if self.awaited:
                self.refusal = problem
            else:
                self.log_once(f"the database cannot be used: {problem}")
        else:
            self.store.adopt_store(opened)
            if self.said:
                log.warning("the database is open: clinics' pages work")
        self.tried.set()
        return self.store.is_open

    def log_once(self, words: str) -> None:
        """The same trouble is told once."""
        if words != self.said:
            log.error("the self-check works, clinics' pages do not: %s", " ".join(words.split()))
            self.said = words
