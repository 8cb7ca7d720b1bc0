"""The worklist under load: one page of very many submissions, and many open pages at once.

Measured on both databases, with a server in a process of its own: how long a page takes and how
many queries it needs; and, with many open streams, how long until each page that an urgent
submission rang for has fetched what is new. The submission comes from another process, as from a
second server. Run it as `python -m benchmarks.worklist`; `--submissions` and `--streams` say how
many. It makes all its people up. Filters and searches are measured by `worklist_ways.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import event

from app.main import create_app
from app.settings import Settings
from app.store import clinics, people, submissions
from app.store.clinics import load_policy
from app.store.db import encryption
from app.store.db.database import open_store
from app.store.db.patient_tables import AssessmentVersion, Submission, WorklistRow
from app.store.db.scope import Store, WritingScope
from app.store.db.tables import RecordKey, Staff, StaffSession
from app.store.submission_versions import SubmittedAnswers
from app.store.submissions import Delivery
from app.triage.rules import assess_answers
from app.triage.terms import Urgency
from tests.builders import RULES, answers, rulebook
from tests.postgresql import new_database, running_postgresql
from tests.running import Running, serving

PAGES, RINGS = 200, 5
FORM = "application/x-www-form-urlencoded"
LOST = 120  # seconds after which a page will not hear any more
AIMS = {"page p99 ms": 150.0, "queries": 5.0, "rung and fetched p99 s": 5.0}
TARGETS = load_policy(RULES).targets
LEVELS = [*[Urgency.routine] * 6, *[Urgency.soon] * 3, Urgency.same_day]
AT_ONCE = 2000
LETTERS, VISIT_DAYS = "BCDFGHJKMNPQRSTVWXYZ", 200
SPREAD = 0.3  # seconds over which open pages spread their fetching, as worklist.js does

Way = tuple[str, str]
"""An address, and the form that is posted to it, or ""."""


def main() -> None:
    """Print a line for each figure and database."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--submissions", type=int, default=100_000)
    parser.add_argument("--streams", type=int, default=200)
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(running_postgresql())
        databases = {"sqlite": "", "postgresql": new_database(cluster)}
        print(f"{asked.submissions} submissions, {asked.streams} open pages")
        print(f"{'database':<12}{'figure':<26}{'p50':>8}{'p99':>8}{'aim':>8}")
        for name, address in databases.items():
            server = stack.enter_context(serving(folder / name, database=address))
            clinic = Clinics(server, asked.submissions, asked.streams)
            _report(name, clinic)
            clinic.store.engine.dispose()


def _report(name: str, clinic: Clinics) -> None:
    figures = {
        "page p99 ms": [taken * 1000 for taken in clinic.pages()],
        "queries": [float(number) for number in clinic.queries()],
        "rung and fetched p99 s": asyncio.run(clinic.rings()),
    }
    for figure, measured in figures.items():
        low, high = _share(measured, 0.5), _share(measured, 0.99)
        print(f"{name:<12}{figure:<26}{low:>8.2f}{high:>8.2f}{AIMS[figure]:>8g}", flush=True)


def _share(measured: list[float], share: float) -> float:
    return sorted(measured)[min(len(measured) - 1, int(len(measured) * share))]


@dataclass
class Clinics:
    """One clinic with very many submissions, and nurses who are signed in."""

    server: Running
    submissions: int
    streams: int

    def __post_init__(self) -> None:
        var = self.server.folder / "var"
        self.settings = Settings(var=var, database_url=self.server.database)
        self.store = open_store(self.settings.effective_database_url, self.settings.master_key_file)
        now = datetime.now(UTC)
        self.clinic = clinics.add_clinic(self.store, now, name="Hill", region="uk", time_zone="UTC")
        with self.store.writing_scope(self.clinic, now, "job") as scope:
            self.sessions = list(_nurses(scope, self.streams, now))
        _fill(self.store, self.clinic, self.submissions, now)

    def pages(self) -> list[float]:
        """Seconds that each of many pages took, one after the other."""

        async def ask() -> list[float]:
            browser = await Browser.connect(self.server.base, self.sessions[0])
            return [await browser.timed("/worklist") for _ in range(PAGES)]

        return asyncio.run(ask())

    def queries(self, ways: Iterable[Way] = (("/worklist", ""),)) -> list[int]:
        """How many queries each of these pages needs, with the look at the session."""
        sent: list[str] = []
        app = create_app(self.settings)
        event.listen(
            app.state.context.store.engine,
            "before_cursor_execute",
            lambda _c, _cursor, words, *_: sent.append(words),
        )
        client = TestClient(app, base_url="http://localhost")
        client.cookies.set("staff", self.sessions[0])
        headers = {"Content-Type": FORM, "Sec-Fetch-Site": "same-origin"}
        counts = []
        for path, form in ways:
            for _ in range(2):  # what a server asks once for all is not counted
                sent.clear()
                page = client.request(
                    "POST" if form else "GET", path, content=form, headers=headers
                )
                assert page.status_code == 200
            counts.append(sum("SELECT" in words for words in sent))
        app.state.context.store.engine.dispose()
        return counts

    async def rings(self) -> list[float]:
        """Seconds from an urgent submission until each open page had fetched it, ring by ring."""
        pages = [OpenPage(self.server.base, session) for session in self.sessions]
        for page in pages:
            await page.open()
        listening = [asyncio.create_task(page.listen()) for page in pages]
        taken: list[float] = []
        for ring in range(RINGS):
            await asyncio.sleep(2)
            name = f"ring {ring}"
            fetched = [asyncio.create_task(page.shows(name)) for page in pages]
            await asyncio.to_thread(self._submit, name)
            began = time.monotonic()
            taken += [at - began for at in await asyncio.wait_for(asyncio.gather(*fetched), LOST)]
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        return taken

    def _submit(self, name: str) -> None:
        given, book = answers(now="confused", medicines="binder"), rulebook()
        assessment = assess_answers(book, given)
        handed = SubmittedAnswers(given, "me", "uk", assessment, 0, book.version, book.sha256)
        came = Delivery(source="share", key=name, reference=name, name=name)
        with self.store.writing_scope(self.clinic, datetime.now(UTC), "patient") as scope:
            submissions.add_submission(scope, handed, came, TARGETS)


class Browser:
    """One kept connection that gets pages, with as little work of its own as can be."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: str
    ) -> None:
        self.reader, self.writer, self.session = reader, writer, session

    @classmethod
    async def connect(cls, base: str, session: str) -> Browser:
        """A connection to the server at this address."""
        host, port = base.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=2**20)
        return cls(reader, writer, session)

    async def head(self, path: str, form: str = "") -> bytes:
        """Ask, or post a form; give the head of the answer."""
        words = f"{'POST' if form else 'GET'} {path} HTTP/1.1\r\nHost: localhost\r\nX-Quiet: 1\r\n"
        if form:
            words += f"Content-Type: {FORM}\r\nContent-Length: {len(form)}\r\n"
            words += "Sec-Fetch-Site: same-origin\r\n"
        self.writer.write(f"{words}Cookie: staff={self.session}\r\n\r\n{form}".encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        return head.lower()

    async def get(self, path: str, form: str = "") -> bytes:
        """One page."""
        length = int((await self.head(path, form)).split(b"content-length: ")[1].split(b"\r\n")[0])
        return await self.reader.readexactly(length)

    async def timed(self, path: str, form: str = "") -> float:
        """Seconds until the page was there."""
        began = time.perf_counter()
        await self.get(path, form)
        return time.perf_counter() - began


class OpenPage:
    """An open worklist: a stream, and a fetch of the page whenever it rings."""

    def __init__(self, base: str, session: str) -> None:
        self.base, self.session = base, session
        self.page, self.renewed = b"", asyncio.Condition()

    async def open(self) -> None:
        """Load the page and open its stream."""
        self.page = await self._fetch()
        self.stream = await Browser.connect(self.base, self.session)
        await self.stream.head("/worklist/live")

    async def listen(self) -> None:
        """Fetch the page again whenever its own count is behind."""
        while True:
            line = await self.stream.reader.readline()
            if line.startswith(b"data: ") and int(line[6:]) > self._rung:
                await asyncio.sleep(random.uniform(0, SPREAD))  # noqa: S311
                async with self.renewed:
                    self.page = await self._fetch()
                    self.renewed.notify_all()

    async def shows(self, words: str) -> float:
        """When the page showed these words."""
        async with self.renewed:
            await self.renewed.wait_for(lambda: words.encode() in self.page)
        return time.monotonic()

    async def _fetch(self) -> bytes:
        # A connection of its own: the server ends one that was idle for some seconds.
        browser = await Browser.connect(self.base, self.session)
        page = await browser.get("/worklist")
        browser.writer.close()
        return page

    @property
    def _rung(self) -> int:
        return int(self.page.split(b'data-rung="')[1].split(b'"')[0])


def _nurses(scope: WritingScope, number: int, now: datetime) -> Iterator[str]:
    """Nurses who are signed in; the words that their browsers hold."""
    for who in range(number):
        staff, session = f"nurse{who}", encryption.make_token(scope.clinic)
        known = {"id": staff, "name": f"Nurse {who}", "role": "nurse", "made_at": now}
        scope.add_row(Staff, **known, email_sealed=b"e", email_print=staff)
        seen = {"started_at": now, "seen_at": now, "proved_at": now}
        kept = {"token_hash": encryption.hash_token(session), "staff_id": staff, "stage": "full"}
        scope.add_row(StaffSession, **kept, **seen, browser="")
        yield session


def _fill(store: Store, clinic: str, number: int, now: datetime) -> None:
    for first in range(0, number, AT_ONCE):
        with store.writing_scope(clinic, now, "job") as scope:
            rows = [_rows(scope, n, now) for n in range(first, min(number, first + AT_ONCE))]
            for table in (RecordKey, Submission, AssessmentVersion, WorklistRow):
                scope.add_rows(table, [row[table] for row in rows])


def own_reference(number: int) -> str:
    """What a person is told to name, as it stands in the database: "BBC-DFG"."""
    letters = "".join(LETTERS[number // len(LETTERS) ** place % len(LETTERS)] for place in range(6))
    return f"{letters[:3]}-{letters[3:]}"


def _rows(scope: WritingScope, number: int, now: datetime) -> dict[type, dict[str, object]]:
    """One submission as it stands in the tables."""
    id_, level = f"s{number}", LEVELS[number % len(LEVELS)]
    key, wrapped = scope.keyring.make_data_key(scope.clinic, id_)
    came = now - timedelta(minutes=number % 10_000)
    row_payload = {"rules": ["U3"], "flags": 1, "unsure": 2, "age": "adult", "about": "me"}
    visit = now.date() + timedelta(days=number % VISIT_DAYS)
    row_payload |= {"reference": f"R-{number}", "name": "Jo", "appointment_on": visit.isoformat()}
    book = {"rulebook_sha256": rulebook().sha256}
    due = {"rank": Urgency.emergency - level, "due_at": came + timedelta(minutes=TARGETS[level])}
    return {
        RecordKey: {"record_id": id_, "wrapped": wrapped},
        Submission: {
            "id": id_,
            "arrived": number + 1,
            "arrived_at": came,
            "reference": own_reference(number),
            "source": "share",
            "about": "me",
            "region": "uk",
            "idempotency_key": id_,
        },
        AssessmentVersion: {
            "id": id_,
            "submission_id": id_,
            "number": 1,
            "kind": "first",
            "made_at": came,
            "rulebook_version": "1",
            **book,
            "urgency": int(level),
            "rules": [],
            "body_sealed": b"",
            "idempotency_key": id_,
        },
        WorklistRow: {
            "submission_id": id_,
            **due,
            "arrived": number + 1,
            "arrived_at": came,
            **book,
            "state": "claimed" if number % 3 else "new",
            "forget_at": now + timedelta(days=30),
            "reference_print": people.hash_reference(scope, f"R-{number}"),
            "visit_on": visit,
            "owner_id": f"nurse{number % 7}" if number % 3 else None,
            "first_seen_at": came if number % 3 else None,
            # Else the server would begin to end all these claims at once.
            "acted_at": now if number % 3 else None,
            "line_sealed": key.seal_field("worklist_row", id_, "line", json.dumps(row_payload)),
        },
    }


if __name__ == "__main__":
    main()
