"""Nothing about a self-check is kept: rows, files, writes to any disk, before and after many.

The server is a real process. The same check is then tried on a server with planted faults.
"""

import hashlib
import re
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx2
import pytest
from sqlalchemy import func, inspect, select, table, text

from app.presentation.question import AGAIN_FIELD
from app.store.db.database import open_database
from tests.builders import SOAK, rulebook, seeded
from tests.postgresql import new_database
from tests.running import FAULTY, REAL, Running, serving
from tests.visitor import OWN

JOURNEYS = 1000 if SOAK else 100
ONWARD = re.compile(r'href="(/check/\w+|/answers)"')
RECEIPT = re.compile(r'id="receipt">([^<]+)<')


@dataclass(frozen=True)
class Trace:
    """All that a server has left behind so far."""

    files: dict[str, str]  # by name: the hash of what is in it
    rows: dict[str, int]  # by table
    writes: dict[str, int]  # by table: rows ever written, changed or deleted (PostgreSQL)
    bytes_written: int | None


def trace(server: Running) -> Trace:
    """What this server has left behind. Nothing of its own is opened, so nothing changes."""
    files = sorted(path for path in server.folder.rglob("*") if path.is_file())
    hashes = {str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}
    if server.database.startswith("sqlite"):
        return Trace(hashes, _rows_of_a_copy(server), {}, server.bytes_written)
    return Trace(hashes, *_rows_and_writes(server.database), server.bytes_written)


def changes(before: Trace, after: Trace) -> set[str]:
    """In what the second trace differs from the first."""
    found = {name for name in ("files", "rows", "writes") if _differ(name, before, after)}
    if after.bytes_written is not None and after.bytes_written != before.bytes_written:
        found.add("bytes")
    return found


def _differ(name: str, before: Trace, after: Trace) -> bool:
    return bool(getattr(before, name) != getattr(after, name))


def _rows_of_a_copy(server: Running) -> dict[str, int]:
    """Opening the database itself would change the files beside it."""
    copy = server.folder.parent / "copy"
    shutil.copytree(server.folder / "var", copy)
    rows = _rows(f"sqlite:///{copy / 'calcinosis.db'}")
    shutil.rmtree(copy)
    return rows


def _rows(database: str) -> dict[str, int]:
    engine = open_database(database)
    with engine.connect() as connection:
        count = select(func.count())
        rows = {
            name: connection.execute(count.select_from(table(name))).scalar_one()
            for name in inspect(connection).get_table_names()
        }
    engine.dispose()
    return rows


def _rows_and_writes(database: str) -> tuple[dict[str, int], dict[str, int]]:
    rows = _rows(database)
    engine = open_database(database)
    with engine.connect() as connection:
        _wait_until_alone(connection)
        counted = text("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables")
        writes = {name: int(count) for name, count in connection.execute(counted)}
    engine.dispose()
    return rows, writes


def _wait_until_alone(connection) -> None:
    """Trap: PostgreSQL counts a session's writes when the session ends, or 10 seconds later."""
    # The one that listens for the doorbell writes nothing, and would be made anew.
    others = (
        " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend' AND application_name <> 'doorbell'"
    )
    until = time.monotonic() + 30
    # Again and again: a job of the server may connect anew just then, and would stay.
    while connection.execute(text(f"SELECT pg_terminate_backend(pid) {others}")).all():
        assert time.monotonic() < until
        connection.rollback()
        time.sleep(0.05)
    if connection.dialect.server_version_info < (15,):
        time.sleep(1)  # before version 15, a process of its own takes the counts in
    connection.rollback()


def many_journeys(server: Running) -> None:
    """Of two people at a time, with the same answers whenever this is run."""

    def half(seed: int) -> None:
        chance = seeded(seed)
        with httpx2.Client(base_url=server.base) as client:
            for _ in range(JOURNEYS // 2):
                journey(client, chance)

    with ThreadPoolExecutor(2) as both:
        list(both.map(half, (1, 2)))


def journey(client: httpx2.Client, chance: Random, **headers: str) -> None:
    """One whole self-check: all its pages, its receipt, the API, and some mistakes."""
    given = answer_all(client, chance, **headers)
    assert client.get("/answers").status_code == 200
    receipt = RECEIPT.findall(client.get("/result/sheet").text)[0]
    for ending in ("pdf", "txt"):
        assert client.get(f"/result/sheet.{ending}").status_code == 200
    assert "data-same" in send(client, "/verify", {"receipt": receipt}, 200).text
    assert client.post("/api/v1/assess", json={"answers": given}).status_code == 200
    second_look(client, chance)
    send(client, "/verify", {"receipt": receipt, "then": "changed"}, 303)
    assert client.get("/changed").status_code == 200
    send(client, "/check/age", {"age": "ancient"}, 422)
    send(client, "/verify", {"receipt": receipt[:-1]}, 422)
    send(client, "/check/age", {"age": "x" * 70_000}, 413)
    assert client.post("/api/v1/assess", json={"answers": {"age": "x"}}).status_code == 422
    assert client.get("/check/nothing").status_code == 404
    assert send(client, "/clear", {}, 303).headers["location"] == "/cleared"
    assert client.get("/cleared").status_code == 200
    assert not client.cookies


def second_look(client: httpx2.Client, chance: Random) -> None:
    """Answer again all that is asked again, at random."""
    address = send(client, "/changed", {"region": "uk"}, 303).headers["location"]
    while address.startswith("/changed/"):
        question = address.removeprefix("/changed/")
        assert client.get(address).status_code == 200
        reply = send(client, address, reply_to(question, some_ticks(chance, question)), 303)
        address = reply.headers["location"]
    assert client.get("/result").status_code == 200


def answer_all(client: httpx2.Client, chance: Random, **headers: str) -> dict[str, list[str]]:
    """Start, and answer all that is asked at random; the headers go with each answer."""
    client.get("/")
    start = {"region": chance.choice(["uk", "us", "international"]), "about": "child"}
    address = send(client, "/start", start, 303).headers["location"]
    given: dict[str, list[str]] = {}
    while address.startswith("/check/"):
        question = address.removeprefix("/check/")
        assert client.get(address).status_code == 200
        given[question] = some_ticks(chance, question)
        reply = send(client, address, reply_to(question, given[question]), 303, **headers)
        address = reply.headers["location"]
        if address == "/emergency":
            address = ONWARD.findall(client.get(address).text)[0]
    return given


def some_ticks(chance: Random, name: str) -> list[str]:
    """A random reply that the question takes."""
    question = rulebook().questionnaire[name]
    options = [o for o in question.option_ids if o not in (question.none, question.unsure)]
    if question.kind == "one" or chance.random() < 0.6:
        return [chance.choice(question.option_ids)]
    return chance.sample(options, chance.randrange(1, len(options)))


def reply_to(question: str, ticks: list[str]) -> dict[str, str | list[str]]:
    """The form as it is sent. A screen of signs takes "not sure" once it has shown them again."""
    again = {AGAIN_FIELD: "yes"} if rulebook().questionnaire[question].signs else {}
    return {question: ticks, **again}


def send(client: httpx2.Client, address: str, fields: object, status: int, **headers: str):
    """A form, and the answer of the status that is expected."""
    response = client.post(address, data=fields, headers=OWN | headers)
    assert response.status_code == status, f"{address}: {response.status_code}"
    return response


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def database(request: pytest.FixtureRequest) -> str:
    """The address of an empty database; none means an SQLite file that the server makes."""
    return "" if request.param == "sqlite" else new_database(request.getfixturevalue("cluster"))


def test_a_self_check_leaves_nothing_behind(tmp_path: Path, database: str) -> None:
    with serving(tmp_path / "server", database=database, program=REAL) as server:
        before = trace(server)
        many_journeys(server)
        assert changes(before, trace(server)) == set()
    # Once more when it has ended: what it held back would be written by now.
    assert changes(before, trace(server)) == set()
    assert sum(before.rows.values()) >= 2, "the tables were looked at, and have rows to count"
    assert len(before.files) >= (1 if database else 2)
    assert server.printed.startswith(b"Calcinosis Check")
    assert server.printed.count(b"\n") == 2, "it says what it serves and where, and no more"


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[Running]:
    """A server that writes where it is asked to."""
    folder = tmp_path_factory.mktemp("faulty") / "server"
    with serving(folder, database=database, program=FAULTY) as server:
        yield server


def one_journey(server: Running, **headers: str) -> set[str]:
    """What the check finds after one journey."""
    before = trace(server)
    with httpx2.Client(base_url=server.base) as client:
        journey(client, seeded(1), **headers)
    return changes(before, trace(server))


def test_the_faulty_server_is_clean_until_it_is_asked(faulty: Running) -> None:
    assert one_journey(faulty) == set()


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("row", "rows"),
        ("row taken back", "writes"),
        ("file", "files"),
        ("file elsewhere", "bytes"),
    ],
)
def test_each_planted_write_is_found(
    faulty: Running, tmp_path: Path, fault: str, found: str
) -> None:
    if found == "writes" and faulty.database.startswith("sqlite"):
        found = "files"
    if found == "bytes" and not _bytes_are_counted(tmp_path):
        pytest.skip("this machine does not count what a process writes")
    assert found in one_journey(faulty, Planted=fault)


def _bytes_are_counted(folder: Path) -> bool:
    """Not where the folder is in memory, and on Linux only."""
    counters = Path("/proc/self/io")
    if not counters.exists():
        return False
    before = counters.read_text()
    (folder / "probe").write_text("probe")
    return _write_bytes(counters.read_text()) > _write_bytes(before)


def _write_bytes(counters: str) -> int:
    return int(counters.partition("\nwrite_bytes: ")[2].partition("\n")[0])
