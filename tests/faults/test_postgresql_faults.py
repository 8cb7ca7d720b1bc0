"""PostgreSQL frozen and killed under a real server: 503 in time, and all is well afterwards."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.faults.people import Nurse, PatientBrowser, ServerWithClinic
from tests.postgresql import Cluster, new_database, running_cluster
from tests.running import serving

pytestmark = pytest.mark.alone

log = logging.getLogger(__name__)

IN_TIME = 6.0
"""Seconds, on a busy machine; by itself it takes three."""
AT_ONCE = 30


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as made:
        yield made


@pytest.fixture(scope="module")
def scene(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerWithClinic]:
    folder = tmp_path_factory.mktemp("faults") / "server"
    with serving(folder, database=new_database(cluster.address)) as server:
        made = ServerWithClinic.of(server)
        with made.browser() as browser:
            assert browser.get("/").status_code == 200  # from here on it knows of the clinic
        yield made
        made.store.engine.dispose()


@pytest.fixture(scope="module")
def nurse(scene: ServerWithClinic) -> Iterator[Nurse]:
    someone = scene.nurse()
    someone.sign_in()
    assert someone.browser.get("/worklist").status_code == 200
    yield someone
    someone.browser.close()


def timed(ask: Callable[[], httpx2.Response]) -> tuple[httpx2.Response, float]:
    begun = time.monotonic()
    return ask(), time.monotonic() - begun


def while_it_is_away(scene: ServerWithClinic, nurse: Nurse, waiting: list[PatientBrowser]) -> None:
    """Every page that needs it says so in time; those that do not are as always."""
    one, *crowd = waiting
    with scene.browser() as browser:
        for path in ("/worklist", "/account", "/sign-in", f"/i/{one.token}"):
            answer, took = timed(lambda at=path: nurse.browser.get(at))
            log.info("%s: %d after %.2f s", path[:9], answer.status_code, took)
            assert answer.status_code == 503, path
            assert answer.headers["retry-after"] == "5"
            assert took < IN_TIME, path
        with ThreadPoolExecutor(AT_ONCE) as threads:
            sends = [threads.submit(timed, lambda p=p: p.send(browser)) for p in crowd]
            for path in ("/", "/about", "/learn", "/healthz", "/emergency"):
                answer, took = timed(lambda at=path: browser.get(at))
                assert (answer.status_code, took < 2) in {(200, True), (303, True)}, path
            answers = [send.result() for send in sends]
        slowest = max(took for _, took in answers)
        log.info("%d sends at once: the slowest after %.2f s", len(answers), slowest)
        assert {answer.status_code for answer, _ in answers} == {503}
        assert all("Nothing is lost" in answer.text for answer, _ in answers)
        assert slowest < IN_TIME


def afterwards(scene: ServerWithClinic, nurse: Nurse, waiting: list[PatientBrowser]) -> None:
    """All that was refused is sent, kept once; the nurse goes on where she was."""
    until = time.monotonic() + 10
    while nurse.browser.get("/worklist").status_code != 200:
        assert time.monotonic() < until
    with scene.browser() as browser:
        assert {p.send(browser).status_code for p in waiting} == {303}
    assert {p.invitation for p in waiting} <= scene.sent()


@pytest.mark.parametrize("fault", ["frozen", "killed"])
def test_without_postgresql_every_page_that_needs_it_says_so_in_time_and_it_comes_back(
    cluster: Cluster, scene: ServerWithClinic, nurse: Nurse, fault: str
) -> None:
    waiting = scene.patients(AT_ONCE + 1)
    cluster.signal(signal.SIGSTOP if fault == "frozen" else signal.SIGKILL)
    try:
        while_it_is_away(scene, nurse, waiting)
    finally:
        if fault == "frozen":
            cluster.signal(signal.SIGCONT)
        else:
            cluster.start()
    afterwards(scene, nurse, waiting)
