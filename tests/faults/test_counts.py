"""Where invited people stop is counted in memory: a server that stops writes it, if it can."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.store import agreement
from app.store.db.database import open_store
from tests.faults.stores import clinic_with_an_invitation, frozen, held
from tests.faults.walker import Walker
from tests.postgresql import new_database
from tests.running import serving

pytestmark = pytest.mark.alone


def counted(folder: Path) -> dict[str, int]:
    var = folder / "var"
    store = open_store(f"sqlite:///{var / 'calcinosis.db'}", var / "master.key")
    (clinic,) = store.list_clinic_ids()
    with store.reading_scope(clinic) as scope:
        sums = agreement.sum_tallies(scope, (datetime.now(UTC) - timedelta(days=1)).date())
    store.engine.dispose()
    return sums


def test_a_server_that_is_told_to_stop_writes_down_what_it_counted(tmp_path: Path) -> None:
    link = clinic_with_an_invitation(tmp_path)
    with serving(tmp_path) as server, Walker(server) as invited:
        invited.post(link, {"about": "me"})
        invited.post("/check/age", {"age": "adult"})
        assert counted(tmp_path) == {}
    assert counted(tmp_path) == {"answered:age": 1, "reached:breath": 1}


@pytest.mark.parametrize("kind", ["locked", "frozen"])
def test_a_server_that_cannot_write_it_down_stops_all_the_same(
    kind: str, tmp_path: Path, cluster: str
) -> None:
    database = new_database(cluster) if kind == "frozen" else ""
    link = clinic_with_an_invitation(tmp_path, database)
    with serving(tmp_path, database=database) as server, Walker(server) as invited:
        invited.post(link, {"about": "me"})
        invited.post("/check/age", {"age": "adult"})
        fault = frozen(server) if kind == "frozen" else held(tmp_path / "var" / "calcinosis.db")
        with fault:
            begun = time.monotonic()
            server.process.terminate()
            assert server.process.wait(timeout=60) is not None
            assert time.monotonic() - begun < 15
