"""The self-check needs no database: whatever becomes of it, all published people get their result.

A real server, a real clinic, and a person of it who answers at the same time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from app.assurance.proof.evaluator import read_yaml_strings
from app.settings import ROOT
from app.triage.rules import assess_answers
from tests.builders import rulebook
from tests.faults.stores import (
    clinic_with_an_invitation,
    corrupt,
    file_of,
    frozen,
    held,
    locked,
    missing,
    stopped,
    unwritable,
    within,
)
from tests.faults.walker import Walker
from tests.postgresql import new_database
from tests.running import Running, serving

pytestmark = pytest.mark.alone  # pages are timed

log = logging.getLogger(__name__)

PEOPLE = {
    file.stem: {
        q: [o] if isinstance(o, str) else o for q, o in read_yaml_strings(file)["answers"].items()
    }
    for file in sorted((ROOT / "rules" / "cases" / "published").glob("*.yaml"))
}
SLOWEST = 1.0
"""Seconds that a page may take; whatever waits for a database waits longer."""
HANDFUL = dict(list(PEOPLE.items())[::22])
READ = (
    *("/", "/about", "/privacy", "/cleared", "/wrong-advice", "/verify", "/i", "/i/still-there"),
    *("/learn", "/learn/words", "/learn/types", "/accessibility", "/rules", "/safety", "/healthz"),
)

Fault = Callable[[Running], AbstractContextManager[None]]


@contextmanager
def clinic(folder: Path, fault: Fault, cluster: str) -> Iterator[tuple[Running, str]]:
    """A server with a clinic on the kind of database that can fail so, and a patient's link."""
    database = new_database(cluster) if fault is frozen else ""
    link = clinic_with_an_invitation(folder, database)
    with serving(folder, database=database) as server:
        yield server, link


@pytest.mark.parametrize(
    "fault", [missing, corrupt, locked, unwritable, frozen], ids=lambda fault: fault.__name__
)
def test_all_published_people_get_their_result_whatever_becomes_of_the_database(
    fault: Fault, tmp_path: Path, cluster: str
) -> None:
    with clinic(tmp_path, fault, cluster) as (server, link), Walker(server) as invited:
        assert invited.post(link, {"about": "me"}).address == "/check/age"
        with fault(server):
            reach_their_results(server, HANDFUL)
            reach_their_results(server, PEOPLE, look=False)
            assert invited.walk(next(iter(PEOPLE.values())), at="/check/age").level
            for address in READ:
                assert invited.get(address).status == 200, address
            assert "/i" in invited.get("/").html
        assert invited.slowest[0] < SLOWEST, invited.slowest


def reach_their_results(
    server: Running, people: dict[str, dict[str, list[str]]], *, look: bool = True
) -> None:
    slowest, pages = (0.0, ""), 0
    for name, given in people.items():
        with Walker(server, looks=look) as person:
            assert person.walk(given).level == level_of(given), name
            slowest, pages = max(slowest, person.slowest), pages + person.pages
    log.info("%d pages, the slowest %.0f ms (%s)", pages, slowest[0] * 1000, slowest[1])
    assert slowest[0] < SLOWEST, slowest


def level_of(given: dict[str, list[str]]) -> str:
    book, answers = rulebook(), dict[str, frozenset[str]]()
    while question := book.questionnaire.trace_path(answers).next:
        answers[question.id] = frozenset(given.get(question.id, ["not_sure"]))
    return assess_answers(book, answers).urgency.name


@pytest.mark.parametrize("kind", ["locked", "frozen"])
def test_a_server_whose_database_comes_later_asks_its_questions_at_once(
    kind: str, tmp_path: Path, cluster: str
) -> None:
    database = new_database(cluster) if kind == "frozen" else ""
    link = clinic_with_an_invitation(tmp_path, database)
    with ExitStack() as server_runs, ExitStack() as fault_holds:
        if kind == "frozen":
            fault_holds.enter_context(stopped(database))
        else:
            fault_holds.enter_context(held(tmp_path / "var" / "calcinosis.db"))
        server = server_runs.enter_context(serving(tmp_path, database=database))
        person = server_runs.enter_context(Walker(server))
        reach_their_results(server, HANDFUL)
        page = person.get(link)
        assert (page.status, page.headers["retry-after"]) == (503, "5")
        assert "tel:999" in page.html
        assert b"clinics' pages do not" in server.printed
        fault_holds.close()
        assert within(20, lambda: person.get(link).status == 200)
        assert within(5, lambda: "/i" in person.get("/").html)
        assert invited_sends(server, link)


def invited_sends(server: Running, link: str) -> bool:
    with Walker(server) as invited:
        invited.post(link, {"about": "me"})
        invited.walk(next(iter(PEOPLE.values())), at="/check/age")
        return invited.post("/send", {}).address == link


def test_what_was_answered_while_the_database_was_locked_is_sent_afterwards(
    tmp_path: Path,
) -> None:
    link = clinic_with_an_invitation(tmp_path)
    with serving(tmp_path) as server, Walker(server) as invited:
        invited.post(link, {"about": "me"})
        with held(file_of(server)):
            invited.walk(next(iter(PEOPLE.values())), at="/check/age")
        assert invited.post("/send", {}).address == link
