"""A clinic in full swing for tests that knock at every door: one of each kind of person and record.

Each knock is a bare request with the cookies of one person; what it wrote is told by table, and
all of it is undone before the next one. It knows no page.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from anyio.from_thread import start_blocking_portal
from sqlalchemy import event
from sqlmodel import col

from app.store import (
    clinic_settings,
    clinic_texts,
    person_requests,
    reviews,
    submission_reads,
)
from app.store.accounts import staff
from app.store.db import audit
from app.store.db.patient_tables import ReviewEntry, WorklistRow
from app.store.db.tables import AuditEntry, StaffSession
from app.store.person_requests import EXPORT
from app.store.review_steps import ReviewStep
from tests.visitor import OWN
from tests.web.desk import CALM, TODAY, House, Member, Patient

HERE, THERE = "Hill", "Dale"
ROLES = ("nurse", "lead", "admin", "auditor")
OUTSIDE = ("anonymous", "patient A", "patient B", "disabled", "expired")
"""Who is not signed in, whatever their browser holds."""
PEOPLE = (*OUTSIDE, *ROLES, "nurse elsewhere")
NOBODYS = "AAAAAAAAAAAAAAAA"
"""An id that is like all others, and of no record."""
WRITES = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)", re.IGNORECASE)
NONCE = re.compile(rb'nonce="[^"]+"|\'nonce-[^\']+\'')


@dataclass(frozen=True)
class CapturedResponse:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def location(self) -> str:
        """Where it sends the browser on to."""
        return dict(self.headers).get("location", "")

    @property
    def outcome(self) -> str:
        """In a word: opens, sign in, refused, missing; else the bare status."""
        if self.status == 303 and self.location == "/sign-in":
            return "sign in"
        known = {403: "refused", 404: "missing", 200: "opens", 303: "opens", 422: "opens"}
        return known.get(self.status, str(self.status))

    @property
    def plain(self) -> bytes:
        """Everything in it but what is random in every answer."""
        headers = "\n".join(f"{name}: {value}" for name, value in self.headers)
        return NONCE.sub(b"", f"{self.status}\n{headers}\n\n".encode() + self.body)


@dataclass
class Scene:
    """A house with everyone in it; `records` gives a real value for each part of an address."""

    house: House
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    records: dict[str, str] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        # One loop for all requests, beside this thread: see tests.running.in_own_loop.
        self._inside = start_blocking_portal()
        self._portal = self._inside.__enter__()
        event.listen(self.house.store.engine, "before_cursor_execute", self._note)
        _people(self)
        _records(self)
        _everyone_was_active_just_now(self)
        file = self.house.store.engine.url.database
        assert file is not None
        self._file = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA synchronous=OFF")  # nothing here has to outlive the test
        self._kept = sqlite3.connect(":memory:")
        self._file.backup(self._kept)

    def close(self) -> None:
        """Let go of everything."""
        event.remove(self.house.store.engine, "before_cursor_execute", self._note)
        self._file.close()
        self._kept.close()
        self._inside.__exit__(None, None, None)

    def address(self, path: str, real: bool = True) -> str:
        """The path with each part filled in; with `real` false, ids are those of nobody."""

        def fill(part: re.Match[str]) -> str:
            name = record_name(path, part)
            assert name in self.records, f"no value for {name}: add one in tests/web/scene.py"
            return self.records[name] if real or name not in OF_A_CLINIC else NOBODYS

        return re.sub(r"\{([^}]+)\}", fill, path)

    def knock(
        self,
        who: str,
        method: str,
        address: str,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] = OWN,
    ) -> CapturedResponse:
        """One request; what it wrote stands in `written` until the next one, and is undone."""
        self.written.clear()
        sent = {"host": "testserver", **headers}
        if cookies := self.cookies[who]:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        body = urlencode(fields or {}).encode() if method == "POST" else b""
        answer = self._portal.call(ask, self.house.app, method, address, sent, body)
        self.audit_entries = self._audit()
        if self.written:
            self._kept.backup(self._file)
        return answer

    def _audit(self) -> list[AuditEntry]:
        """What the audit of the clinic tells of the last request."""
        if "audit_entry" not in self.written:
            return []
        with self.house.store.reading_scope(self.house.clinic(HERE)) as scope:
            return scope.find_all(AuditEntry, col(AuditEntry.number) > self._before)

    def settle(self) -> None:
        """Where the audit stands before any knock."""
        with self.house.store.reading_scope(self.house.clinic(HERE)) as scope:
            newest = audit.read_head(scope)
        self._before = newest.number if newest else 0

    def _note(self, _c, _cursor, statement: str, _p, _context, _many) -> None:
        if found := WRITES.match(statement):
            self.written.add(found[1])


OF_A_CLINIC = {
    *("submissions/id", "invitations/id", "invitations/batch/key", "staff/id"),
    *("people/id", "people/requests/id", "texts/id", "agreement/cases/entry"),
}
"""The parts of addresses that name a record of one clinic."""


def parts_of(path: str) -> list[str]:
    """The names of what is filled into the path: the words before each part, and its own."""
    return [record_name(path, part) for part in re.finditer(r"\{([^}]+)\}", path)]


def record_name(path: str, part: re.Match[str]) -> str:
    """The name under which `records` holds what is filled in here."""
    before = [word for word in path[: part.start()].split("/") if word and "{" not in word]
    return "/".join([*before, part[1].partition(":")[0]])


def _people(scene: Scene) -> None:
    house = scene.house
    members = {role: house.member(role, HERE, role.title()) for role in ROLES}
    elsewhere = {f"{role} elsewhere": house.member(role, THERE, role.title()) for role in ROLES}
    disabled, expired = house.member("admin", HERE, "Gone"), house.member("lead", HERE, "Idle")
    with house.store.writing_scope(disabled.clinic, house.now, "command") as scope:
        staff.disable_staff(scope, disabled.id)
    patients = {}
    for name, given in (("patient A", TODAY), ("patient B", CALM)):
        patients[name] = patient = Patient(house, members["nurse"])
        patient.send_all(given)
    everyone = {**members, **elsewhere, **patients, "disabled": disabled, "expired": expired}
    scene.cookies = {name: _cookies(known) for name, known in everyone.items()}
    scene.cookies["anonymous"] = {}
    scene.members = members
    scene.patient, scene.other_patient = patients.values()
    scene.expired = expired


def _records(scene: Scene) -> None:
    house, nurse = scene.house, scene.members["nurse"]
    with house.store.writing_scope(nurse.clinic, house.now, nurse.id) as scope:
        submission = submission_reads.find_invitation_receipt(
            scope, scene.patient.invitation, house.now
        ).submission
        reviews.record_view(scope, submission, "")  # the first look changes more
        person = str(scope.find_one(WorklistRow, submission_id=submission).person_id)
        other = submission_reads.find_invitation_receipt(
            scope, scene.other_patient.invitation, house.now
        ).submission
        targets = house.app.state.context.policy.targets
        reviews.perform_step(scope, other, ReviewStep("raise", 0, "scene", reason="told"), targets)
        raised = scope.find_one(ReviewEntry, submission_id=other, kind="raise")
        clinic_settings.save_holiday_area(scope, "GB-ENG")
        text = clinic_texts.save_text(scope, "", "Tablets", "Bring your tablets.", "")
        wish = person_requests.add_request(scope.act_as(scene.expired.id), EXPORT, person)
    waiting = Patient(house, nurse)
    nurse.sign_in()
    batch = nurse.post(
        "/invitations/batch",
        {
            "key": "together",
            "line": "1",
            "reference": "R-77",
            "name": "Jo",
            "day": "",
            "kind": "",
            "invite": "0",
        },
    )
    page = next(iter(house.app.state.context.rulebook.learn["en"].pages))
    scene.records = {
        "submissions/id": submission,
        "submissions/step": "agree",
        "texts/id": text,
        "people/id": person,
        "people/requests/id": wish,
        "invitations/id": waiting.invitation,
        "invitations/show/show": "all",
        "invitations/show/page": "1",
        "invitations/batch/key": batch.url.rsplit("/", 1)[1],
        "i/token": waiting.link.removeprefix("/i/"),
        "agreement/cases/entry": raised.id,
        "assisted/ask/question": "age",
        "reports/month": f"{house.now:%Y-%m}",
        "audit/kind": "all",
        "audit/day": house.now.date().isoformat(),
        "audit/before/number": "5",
        "audit/by/by": nurse.id,
        "audit/by/about/about": submission,
        "audit/by/about/before/number": "5",
        "clinic/part": "hours",
        "clinic/holidays/year": str(house.now.year),
        "sign-in/with/clinic": house.clinic(HERE),
        "staff/id": Member(house, "nurse", HERE, "Target").id,
        "join/token": house.link("nurse", HERE).removeprefix("/join/"),
        "worklist/show": "mine",
        "worklist/after/place": "1-0-0",
        "check/question": "age",
        "changed/question": "breath",
        "answers/question": "age",
        "learn/page": str(getattr(page, "id", page)),
        "static/path": house.app.state.context.assets.addresses["icon.svg"].removeprefix(
            "/static/"
        ),
    }


def _everyone_was_active_just_now(scene: Scene) -> None:
    """Signing in takes turns of a minute; none of them shall be idle because of the others."""
    house = scene.house
    scene.cookies["nurse"] = _cookies(scene.members["nurse"])
    for clinic in (HERE, THERE):
        now = dict.fromkeys(("seen_at", "started_at", "proved_at"), house.now)
        with house.store.writing_scope(house.clinic(clinic), house.now, "kim") as scope:
            scope.update_rows(StaffSession, to=now)
            long_ago = {"seen_at": house.now - timedelta(minutes=15)}
            scope.update_rows(StaffSession, staff_id=scene.expired.id, to=long_ago)
    scene.settle()


def _cookies(someone: Member | Patient) -> dict[str, str]:
    return dict(someone.client.cookies)


async def ask(
    app, method: str, address: str, headers: Mapping[str, str], body: bytes
) -> CapturedResponse:
    """A request without a client that would wait for the end of a stream."""
    parts: list[bytes] = []
    start: dict = {}
    done = asyncio.Event()

    async def receive():
        if not start.setdefault("asked", False):
            start["asked"] = True
            return {"type": "http.request", "body": body, "more_body": False}
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message) -> None:
        if message["type"] == "http.response.start":
            start["status"], start["headers"] = message["status"], message["headers"]
            return
        parts.append(message.get("body", b""))
        endless = any(v.startswith(b"text/event-stream") for _, v in start["headers"])
        if endless or not message.get("more_body"):
            done.set()

    path, _, query = address.partition("?")
    task = asyncio.ensure_future(
        app(
            {
                "type": "http",
                "asgi": {"version": "3.0", "spec_version": "2.4"},
                "http_version": "1.1",
                "method": method,
                "scheme": "https",
                "path": path,
                "raw_path": path.encode(),
                "query_string": query.encode(),
                "root_path": "",
                "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
                "client": ("203.0.113.5", 5000),
                "server": ("testserver", 443),
            },
            receive,
            send,
        )
    )
    ended = asyncio.ensure_future(done.wait())
    await asyncio.wait({task, ended}, timeout=20, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({task}, timeout=2)
    for left in (task, ended):
        left.cancel()
    await asyncio.gather(task, ended, return_exceptions=True)
    headers_ = tuple((k.decode(), v.decode()) for k, v in start["headers"])
    return CapturedResponse(start["status"], headers_, b"".join(parts))
