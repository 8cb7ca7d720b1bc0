"""How PostgreSQL is reached: nobody waits long for a server that is gone, frozen or blocked.

A person who waits is better told so within seconds: what they sent can be sent again. Commands and
migrations have all the time they need.
"""

import time
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from sqlalchemy import URL, Engine, create_engine, event

Given = TypeVar("Given")

CONNECT_TIMEOUT = 2  # seconds; PostgreSQL's own library takes no less
PING_TIMEOUT = 1.0  # seconds for a first sign of life on a connection that lay idle
STATEMENT_TIMEOUT = 3.0  # seconds for any statement, where a person waits
RECONNECT_PAUSE = 1.0  # seconds in which a server that did not answer is left alone

_ALWAYS: dict[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT,
    # A machine that vanished without a word is noticed by its silence, and not after two hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_SETTINGS = {
    # What PostgreSQL itself ends, a little earlier, so that it does not work on for nobody.
    "statement_timeout": "2500",
    # Those who write for one clinic take turns; who waits that long is better told to come again.
    "lock_timeout": "2000",
    # What a server left open that froze or lost its way holds up no other one for long.
    "idle_in_transaction_session_timeout": "10000",
}


class _TimeoutConnection(psycopg.Connection[Any]):
    """A connection that is given up where nothing comes back in time.

    PostgreSQL's own limits do not help where the server is frozen, nor does the network's, since
    the system behind it still takes what is sent.
    """

    def wait(self, gen: PQGen[Given], interval: float = 0.1, timeout: float | None = None) -> Given:
        # Only the look whether an idle connection is alive runs outside a transaction.
        longest = PING_TIMEOUT if self.autocommit else STATEMENT_TIMEOUT
        try:
            return super().wait(gen, interval, longest if timeout is None else timeout)
        except errors._WaitTimeout:  # it has no public name
            self.close()  # nobody knows what it is doing
            raise


def open_postgresql(address: URL, *, hurried: bool) -> Engine:
    """An engine for the server; where `hurried`, with limits for those who wait for a page."""
    known = address.set(drivername="postgresql+psycopg")
    checked = {"hide_parameters": True, "pool_pre_ping": True}
    if not hurried:
        return create_engine(known, **checked, connect_args=_ALWAYS)
    options = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
    # Four such servers fit into the hundred connections that PostgreSQL has by itself.
    pool = {"pool_size": 10, "max_overflow": 10, "pool_timeout": 2}
    engine = create_engine(known, **checked, **pool, connect_args={**_ALWAYS, "options": options})
    event.listen(engine, "do_connect", _ConnectionFactory())
    return engine


class _ConnectionFactory:
    """Makes connections; just after one was waited for in vain, nobody else waits for another."""

    def __init__(self) -> None:
        self.silent_until = 0.0

    def __call__(
        self, _dialect: Any, _record: Any, arguments: Any, named: Any
    ) -> psycopg.Connection[Any]:
        if time.monotonic() < self.silent_until:
            raise errors.ConnectionTimeout("PostgreSQL did not answer a moment ago")
        try:
            return _TimeoutConnection.connect(*arguments, **named)
        except errors.ConnectionTimeout:
            self.silent_until = time.monotonic() + RECONNECT_PAUSE
            raise
