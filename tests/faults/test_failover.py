"""Several PostgreSQL in one address: the one that takes writes is found."""

import psycopg
import pytest
from sqlalchemy import text

from app.store.db.database import open_database
from tests.postgresql import running_cluster

pytestmark = pytest.mark.alone  # two database servers at once


@pytest.mark.parametrize("hurried", [False, True], ids=["command", "server"])
def test_the_one_that_takes_writes_is_found_among_several(hurried: bool) -> None:
    with running_cluster() as replica, running_cluster() as leader:
        # As a replica does, the first one refuses every write.
        with psycopg.connect(replica.address, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        replica.stop()
        replica.start()
        hosts = "&".join(f"host=127.0.0.1:{one.port}" for one in (replica, leader))
        address = f"postgresql://tests@/postgres?{hosts}"
        assert _find_port(address, hurried) == replica.port
        assert _find_port(f"{address}&target_session_attrs=read-write", hurried) == leader.port


def _find_port(address: str, hurried: bool) -> int:
    """The port of the server that a new connection reaches."""
    engine = open_database(address, hurried=hurried)
    try:
        with engine.connect() as connection:
            return int(connection.scalar(text("SHOW port")) or 0)
    finally:
        engine.dispose()
