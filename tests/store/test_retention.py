"""Forgetting: what is due goes, key and rows, and no byte of it stays; nothing else does."""

import sqlite3
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select
from sqlmodel import SQLModel

from app.store import invitations, retention, submission_versions, worklist_rows
from app.store.db import audit, record_keys
from app.store.db.patient_tables import Person, PersonRequest
from app.store.db.scope import Store
from app.store.db.tables import Clinic, StaffInvite, StaffSession
from app.store.worklist_rows import NoSuchSubmission
from tests.store.patients import KNOWN, MONDAY, Work
from tests.store.rows import A_ROW_OF

DAY = timedelta(days=1)
OVER = {StaffSession: "staff_id", StaffInvite: "staff_id", PersonRequest: "asked_by"}
NOTE = "Zebrafink canary wording"


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


def forget(work: Work, now: datetime, **more: bool) -> dict[str, int]:
    return dict(retention.run_retention(work.store, work.clinic, now, **more))


def rows(store: Store, clinic: str = "c1") -> dict[str, int]:
    """How many rows each table of the clinic has, but for the audit and counts by month."""
    with store.engine.connect() as connection:
        return {
            table.name: connection.execute(
                select(func.count()).select_from(table).where(table.c.clinic_id == clinic)
            ).scalar_one()
            for table in SQLModel.metadata.sorted_tables
            if "clinic_id" in table.c and not table.name.startswith(("audit", "doorbell", "tally"))
        }


def reviewed(work: Work, **more: object) -> str:
    """A submission with a note and a decision, closed on Monday."""
    sent = work.hand_in(work.invite(**more)).submission
    work.do("kim", sent, "note", words=NOTE)
    work.do("kim", sent, "agree")
    work.do("kim", sent, "identify", outcome="same_person", reason="born_on full_name")
    work.do("kim", sent, "identify", **KNOWN)
    work.do("kim", sent, "close", outcome="seen_today")
    return sent


@pytest.mark.parametrize(("closed", "days"), [(False, 30), (True, 90)])
def test_a_submission_goes_at_the_second_its_days_are_over(
    work: Work, closed: bool, days: int
) -> None:
    before = rows(work.store)
    sent = reviewed(work) if closed else work.send().submission
    over = MONDAY + days * DAY
    assert "submissions" not in forget(work, over - timedelta(seconds=1))
    assert forget(work, over) == {"submissions": 1, "persons": 1}
    assert rows(work.store) == before
    with work.store.reading_scope("c1") as scope, pytest.raises(record_keys.KeyDestroyed):
        submission_versions.list_versions(scope, sent)


def test_the_days_are_those_that_the_clinic_chose(work: Work) -> None:
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        scope.update_rows(Clinic, to={"unreviewed_days": 3})
    work.send()
    assert forget(work, MONDAY + 2 * DAY) == {}
    assert forget(work, MONDAY + 3 * DAY)["submissions"] == 1


def test_what_is_due_is_not_shown_although_nothing_has_forgotten_it_yet(work: Work) -> None:
    sent = work.send().submission
    with work.store.reading_scope("c1") as scope:
        assert worklist_rows.require_row(scope, sent, MONDAY + 30 * DAY - timedelta(seconds=1))
        with pytest.raises(NoSuchSubmission):
            worklist_rows.require_row(scope, sent, MONDAY + 30 * DAY)


def test_a_person_stays_as_long_as_anything_of_theirs_does(work: Work) -> None:
    work.hand_in(work.invite(reference="R", name="Jo"))
    later = MONDAY + 20 * DAY
    work.hand_in(work.invite(later, reference="R", name="Jo"), now=later)
    assert forget(work, MONDAY + 30 * DAY) == {"submissions": 1}
    assert forget(work, later + 30 * DAY) == {"submissions": 1, "persons": 1}


def test_a_link_that_nobody_used_goes_with_its_code_and_its_person(work: Work) -> None:
    invitation = work.invite(appointment_on=None)
    code = invitations.derive_invitation_code(work.store.keyring, invitation)
    assert invitations.find_token_by_code(work.store, code, MONDAY, address="")
    ended = MONDAY + 14 * DAY
    assert forget(work, ended + 30 * DAY - timedelta(seconds=1)) == {}
    assert forget(work, ended + 30 * DAY) == {"invitations": 1, "persons": 1}
    with pytest.raises(invitations.InvitationGone):
        invitations.find_token_by_code(work.store, code, MONDAY, address="")


def test_a_link_taken_back_goes_as_long_after_that(work: Work) -> None:
    invitation = work.invite(appointment_on=None)
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        invitations.revoke_invitation(scope, invitation)
    assert forget(work, MONDAY + 30 * DAY) == {"invitations": 1, "persons": 1}


def test_a_link_by_which_answers_came_stays_as_long_as_they_do(work: Work) -> None:
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        scope.update_rows(Clinic, to={"unreviewed_days": 1, "reviewed_days": 400})
    reviewed(work)
    assert forget(work, MONDAY + 300 * DAY) == {}


def test_someone_who_was_just_added_is_left_alone(work: Work) -> None:
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        scope.add_row(Person, **{k: v for k, v in A_ROW_OF["person"].items() if k != "clinic_id"})
        scope.update_rows(Person, to={"made_at": MONDAY})
    assert forget(work, MONDAY + timedelta(hours=23)) == {}
    assert forget(work, MONDAY + DAY) == {"persons": 1}


def test_sessions_links_of_staff_and_requests_that_are_over_go(work: Work) -> None:
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        for table, by in OVER.items():
            row = {k: v for k, v in A_ROW_OF[str(table.__tablename__)].items() if k != "clinic_id"}
            scope.add_row(table, **row | {by: "kim"})
    assert forget(work, MONDAY + 90 * DAY) == {"sessions": 1, "staff_links": 1, "requests": 1}


def test_another_clinic_keeps_what_is_due_there(work: Work) -> None:
    other = Work(work.store, "c2")
    other.send()
    before = rows(work.store, "c2")
    assert forget(work, MONDAY + 99 * DAY) == {}
    assert rows(work.store, "c2") == before


def test_a_dry_run_counts_the_same_and_changes_nothing(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    for _ in range(5):
        work.send()
    work.invite(appointment_on=None)
    before, late = rows(work.store), MONDAY + 99 * DAY
    looked = forget(work, late, dry=True)
    assert rows(work.store) == before
    assert looked == {"submissions": 5, "invitations": 1, "persons": 6}
    assert forget(work, late) == looked
    assert forget(work, late) == {}


def test_the_audit_tells_of_each_step_by_counts_alone_and_stays_whole(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    for _ in range(3):
        work.send()
    forget(work, MONDAY + 30 * DAY)
    assert audit.verify_chain(work.store, "c1") is None
    with work.store.reading_scope("c1") as scope:
        run_facts = [
            e.facts for e in audit.list_audit_entries(scope) if e.action == "retention_run"
        ]
    assert run_facts == ['{"persons":1,"submissions":1}', '{"persons":2,"submissions":2}']


def test_a_step_that_is_cut_short_is_taken_back_whole_and_comes_again(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 1)
    for _ in range(3):
        work.send()
    steps: list[int] = []

    def stop_in_the_second(*_: object) -> int:
        steps.append(1)
        if len(steps) == 2:
            raise InterruptedError
        return 0

    with monkeypatch.context() as patch:
        patch.setattr(retention, "_erase_orphaned_persons", stop_in_the_second)
        with pytest.raises(InterruptedError):
            forget(work, MONDAY + 30 * DAY)
    assert rows(work.store)["submission"] == rows(work.store)["worklist_row"] == 2
    assert forget(work, MONDAY + 30 * DAY) == {"submissions": 2, "persons": 3}


def test_who_decided_what_and_when_stays_in_the_audit(work: Work) -> None:
    sent = reviewed(work)
    forget(work, MONDAY + 90 * DAY)
    with work.store.reading_scope("c1") as scope:
        left = audit.list_audit_entries(scope, subject=("submission", sent))
    assert {("kim", "review_note"), ("kim", "review_agree"), ("kim", "review_close")} <= {
        (entry.actor, entry.action) for entry in left
    }


def test_no_byte_of_an_erased_person_is_left_in_the_database(work: Work) -> None:
    reviewed(work, reference="Xylophone-77", name="Quillfeather", appointment_kind="Dr Hill")
    later = MONDAY + 80 * DAY
    stays = work.hand_in(work.invite(later), now=later).submission
    wanted = sealed_bytes(work.store)
    raw = everything_as_bytes(work.store)
    assert [label for label, found in wanted.items() if not found(raw)] == []
    assert forget(work, MONDAY + 90 * DAY)["submissions"] == 1
    raw = everything_as_bytes(work.store)
    assert [label for label, found in wanted.items() if found(raw)] == []
    for canary in (NOTE, "Xylophone-77", "Quillfeather", "Dr Hill"):
        assert canary.encode() not in raw
    with work.store.reading_scope("c1") as scope:
        assert submission_versions.list_versions(scope, stays)


def test_bytes_that_are_not_overwritten_would_be_found(work: Work) -> None:
    if work.store.engine.dialect.name == "postgresql":
        pytest.skip("a dump holds no row that was removed")

    def leave_bytes(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA secure_delete=OFF")

    work.store.engine.dispose()
    event.listen(work.store.engine, "connect", leave_bytes)
    reviewed(work)
    wanted = sealed_bytes(work.store)
    forget(work, MONDAY + 90 * DAY)
    raw = everything_as_bytes(work.store)
    assert [label for label, found in wanted.items() if found(raw)]


def test_share_codes_that_are_over_go_and_others_stay(store: Store) -> None:
    with store.engine.begin() as connection:
        table = SQLModel.metadata.tables["share_code"]
        for number in (0, 1):
            end = MONDAY + timedelta(minutes=30 * number)
            row = A_ROW_OF["share_code"] | {"code_print": str(number), "expires_at": end}
            connection.execute(table.insert(), row)
    assert retention.delete_expired_rows(store, MONDAY) == {"share_codes": 1}
    assert retention.delete_expired_rows(store, MONDAY) == {"share_codes": 0}


def sealed_bytes(store: Store) -> dict[str, Callable[[bytes], bool]]:
    """Of the first person: all that is sealed, hashed or wrapped, and how it is found again."""
    found: dict[str, Callable[[bytes], bool]] = {}
    ends = ("_sealed", "_print", "token_hash", "wrapped")
    with store.engine.connect() as connection:
        for table in SQLModel.metadata.sorted_tables:
            if table.name not in {"person", "invitation", "submission", "assessment_version"} | {
                "review_entry", "worklist_row", "signpost", "record_key",
            }:  # fmt: skip
                continue
            for row in connection.execute(table.select().limit(1)).mappings():
                for name, value in row.items():
                    if name.endswith(ends) and value is not None:
                        found[f"{table.name}.{name}"] = _seeker(value)
    assert len(found) >= 10
    return found


def _seeker(value: bytes | str) -> Callable[[bytes], bool]:
    plain = value.encode() if isinstance(value, str) else value
    written = plain.hex().encode()  # as a dump of PostgreSQL writes bytes
    return lambda raw: plain in raw or written in raw


def everything_as_bytes(store: Store) -> bytes:
    """The SQLite file with all that lies beside it, or a dump of the PostgreSQL database."""
    store.engine.dispose()
    url = store.engine.url
    if store.engine.dialect.name == "sqlite":
        file = Path(str(url.database))
        return b"".join(part.read_bytes() for part in sorted(file.parent.glob(f"{file.name}*")))
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))
    program = programs[-1] if programs else Path("pg_dump")
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    dump = subprocess.run([program, "--dbname", address], capture_output=True, check=True)
    return dump.stdout
