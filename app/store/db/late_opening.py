"""A store that may come later: the database is opened beside all else, and tried until it is open.

Who needs no clinic is not kept waiting by the database of one. Knows nothing of what is kept.
"""

import logging
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from threading import Event, Thread
from typing import Any

from sqlalchemy.exc import OperationalError

from app.store.db.opening import open_store
from app.store.db.scope import Store

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
"""Seconds between two tries."""


class StoreUnavailable(OperationalError):
    """The database is not open yet: it does not answer, or is still being opened."""

    def __init__(self) -> None:
        super().__init__("the store", None, ConnectionError("is not open yet"))


class DeferredStore(Store):
    """A store of which any use raises StoreUnavailable until it is open."""

    def __init__(self) -> None:
        """The fields come with `become`."""
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
