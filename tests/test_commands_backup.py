"""The commands for backups as an operator uses them, on both databases."""

from __future__ import annotations

import re
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.commands import app, console
from app.settings import Settings
from app.store import clinics, invitations, person_requests, submission_versions, submissions
from app.store.accounts import staff
from app.store.backups import archive
from app.store.clinics import load_policy
from app.store.db import audit
from app.store.db.database import open_store
from app.store.db.patient_tables import Person, Submission, WorklistRow
from app.store.db.scope import PATIENT, Store
from app.store.db.server_records import Job, run_if_due
from app.store.db.tables import RecordKey
from app.store.invitations import Invitee
from tests.builders import RULES
from tests.postgresql import new_database
from tests.store.patients import handed

NOW = datetime.now(UTC).replace(microsecond=0)
CANARY = "Kestrel-7f3a"


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


class Server:
    """One server with its database, the folder of its backups and the key that opens them."""

    def __init__(self, folder: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.backups = folder, folder / "backups"
        self._store: Store | None = None
        self.monkeypatch, self.var = monkeypatch, folder / "var"
        self.identity = folder / "backup.key"
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setenv("CALCINOSIS_VAR", str(self.var))
        self.use(database)
        self.clinic = self.add_clinic("Hill")
        with self.store.writing_scope(self.clinic, NOW, "command") as scope:
            staff.invite_staff(scope, email="kim@hill.example", name="Kim", role="nurse")
            self.kim = staff.list_staff(scope)[0].id
        self.recipient = call("backup-key", self.identity).stdout.strip()

    def add_clinic(self, name: str) -> str:
        """A new clinic; its id."""
        return clinics.add_clinic(self.store, NOW, name=name, region="uk", time_zone="UTC")

    def use(self, database: str) -> None:
        """Work with this database from now on."""
        self.monkeypatch.setenv("CALCINOSIS_DATABASE_URL", database)
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        if self._store is not None:
            self._store.engine.dispose()
        self._store = None

    @property
    def store(self) -> Store:
        """The database as it is now."""
        if self._store is None:
            settings = Settings(var=self.var)
            self._store = open_store(settings.effective_database_url, settings.master_key_file)
        return self._store

    def send(self, reference: str, name: str = "Quill") -> str:
        """Someone sends answers; the id of the submission."""
        guest = Invitee(reference, name)
        (link,) = invitations.invite_patients(
            self.store, self.clinic, NOW, self.kim, [guest], reference
        )
        with self.store.writing_scope(self.clinic, NOW, PATIENT) as scope:
            targets = load_policy(RULES).targets
            return submissions.accept_answers(scope, link, handed(), targets).submission

    def erase(self, reference: str) -> None:
        with self.store.writing_scope(self.clinic, NOW, "command") as scope:
            person = person_requests.find_person(scope, reference)
            person_requests.erase_person(scope, person.id)

    def back_up(self, at: datetime = NOW) -> Path:
        """The file of data of a new backup."""
        self.monkeypatch.setattr(console, "current_time", lambda: at)
        done = call("backup", self.backups, "--to", self.recipient)
        assert done.exit_code == 0, done.output
        data, keys = map(Path, done.stdout.split())
        assert keys.exists()
        return data

    def bring_back(self, data: Path, *more: object) -> Result:
        self.close()
        return call("restore", data, "--identity", self.identity, *more)

    def answers(self, submission: str) -> dict[str, frozenset[str]]:
        with self.store.reading_scope(self.clinic) as scope:
            return submission_versions.list_versions(scope, submission)[-1].answers

    def known(self) -> list[str]:
        with self.store.reading_scope(self.clinic) as scope:
            return [row.submission_id for row in scope.find_all(WorklistRow)]


@pytest.fixture(params=["sqlite", "postgresql"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    database = ""
    if request.param == "postgresql":
        database = new_database(request.getfixturevalue("cluster"))
    server = Server(tmp_path, database, monkeypatch)
    yield server
    server.close()


@pytest.fixture
def elsewhere(server: Server, request: pytest.FixtureRequest) -> str:
    """An empty database of the same kind."""
    if server.store.engine.dialect.name == "postgresql":
        return new_database(request.getfixturevalue("cluster"))
    return f"sqlite:///{server.folder / 'new' / 'calcinosis.db'}"


def test_what_was_backed_up_comes_back_whole(server: Server, elsewhere: str) -> None:
    sent = server.send("R-1")
    before = server.answers(sent)
    data = server.back_up()
    server.use(elsewhere)
    done = server.bring_back(data)
    assert done.exit_code == 0, done.output
    assert "Erased again: 0 records" in done.stdout
    assert server.answers(sent) == before
    with server.store.reading_scope(audit.SERVER_CHAIN) as scope:
        assert audit.list_audit_entries(scope)[0].action == "backup_restored"
    assert audit.verify_chain(server.store, server.clinic) is None


def test_a_backup_made_while_people_send_is_whole(server: Server, elsewhere: str) -> None:
    first = server.send("R-0")
    sent: list[str] = []
    over = threading.Event()

    def keep_sending() -> None:
        while not over.is_set():
            sent.append(server.send(f"R-{len(sent) + 1}"))

    sender = threading.Thread(target=keep_sending)
    sender.start()
    try:
        data = server.back_up()
    finally:
        over.set()
        sender.join()
    assert sent
    server.use(elsewhere)
    assert server.bring_back(data).exit_code == 0
    back = server.known()
    assert first in back
    assert set(back) <= {first, *sent}
    assert all(server.answers(one) for one in back)
    assert audit.verify_chain(server.store, server.clinic) is None


def test_a_backup_older_than_an_erasure_brings_nothing_of_the_person_back(
    server: Server, elsewhere: str
) -> None:
    gone, stays = server.send("R-1", CANARY), server.send("R-2")
    data = server.back_up()
    server.erase("R-1")
    server.use(elsewhere)
    done = server.bring_back(data)
    assert done.exit_code == 0, done.output
    assert "Erased again: 2 records" in done.stdout
    assert server.known() == [stays]
    with server.store.reading_scope(server.clinic) as scope:
        assert [row.id for row in scope.find_all(Submission)] == [stays]
        assert scope.count_rows(Person) == 1
        assert gone not in {row.record_id for row in scope.find_all(RecordKey)}


def test_with_the_list_lost_newer_keys_still_open_nothing_of_the_erased(
    server: Server, elsewhere: str
) -> None:
    server.send("R-1", CANARY)
    stays = server.send("R-2")
    data = server.back_up(NOW)
    server.erase("R-1")
    server.back_up(NOW + timedelta(days=1))
    (server.var / "erasures").unlink()
    server.use(elsewhere)
    assert server.bring_back(data).exit_code == 0
    assert server.known() == [stays]


def test_keys_of_records_are_kept_for_a_week_and_apart(server: Server) -> None:
    server.send("R-1", CANARY)
    first = server.back_up(NOW)
    server.back_up(NOW + timedelta(days=6))
    keys = sorted(file.name for file in server.backups.glob("*.keys.age"))
    assert len(keys) == 2
    server.back_up(NOW + timedelta(days=7, seconds=1))
    left = sorted(file.name for file in server.backups.glob("*.keys.age"))
    assert len(left) == 2
    assert keys[0] not in left
    assert first.exists()
    with closing(_opened(server, first)) as copy:
        assert copy.execute("SELECT count(*) FROM record_key").fetchall() == [(0,)]


def _opened(server: Server, data: Path) -> sqlite3.Connection:
    """The copy within a backup of SQLite; of PostgreSQL one is made that says the same."""
    folder = server.folder / "opened"
    folder.mkdir()
    archive.open_archive(data, archive.read_identity(server.identity), folder)
    copy = folder / "database"
    content = copy.read_bytes()
    if content.startswith(b"SQLite"):
        with server.store.reading_scope(server.clinic) as scope:
            wrapped = [row.wrapped for row in scope.find_all(RecordKey)]
        assert wrapped
        assert not [one for one in wrapped if one in content], "a deleted page holds a key"
        return sqlite3.connect(copy)
    import subprocess

    from app.store.backups.dump import _find_program

    listed = subprocess.run(
        [_find_program("pg_restore"), "--list", copy], capture_output=True, text=True, check=True
    ).stdout
    assert "TABLE DATA public person " in listed
    assert "TABLE DATA public record_key " not in listed
    assert "TABLE DATA public share_code " not in listed
    empty = sqlite3.connect(":memory:")
    empty.execute("CREATE TABLE record_key (x)")
    return empty


def test_nobody_reads_a_backup_without_the_key(server: Server) -> None:
    server.send("R-1", CANARY)
    data = server.back_up()
    for file in server.backups.iterdir():
        assert file.stat().st_mode & 0o077 == 0
        assert file.read_bytes().startswith(b"age-encryption.org/v1\n")
    assert [file.suffix for file in server.backups.iterdir()] == [".age", ".age"]
    other = server.folder / "other.key"
    call("backup-key", other)
    done = call("restore", data, "--identity", other)
    assert done.exit_code == 2
    assert "sealed for another key" in done.output


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_backup_is_refused_in_words_and_changes_nothing(
    server: Server, damage: str
) -> None:
    server.send("R-1")
    data = server.back_up()
    content = bytearray(data.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "empty":
        content = bytearray()
    else:
        content[len(content) // 2] ^= 1
    data.write_bytes(content)
    before = server.known()
    done = server.bring_back(data, "--replace")
    assert done.exit_code == 2
    assert "damaged or cut short" in done.output
    assert server.known() == before
    assert [p.name for p in server.var.iterdir() if p.name.startswith(".")] == []


def test_a_database_that_holds_a_clinic_is_kept_under_another_name(server: Server) -> None:
    first = server.send("R-1")
    data = server.back_up()
    second = server.send("R-2")
    done = server.bring_back(data)
    assert done.exit_code == 2
    assert "with --replace" in done.output
    assert sorted(server.known()) == sorted([first, second])
    done = server.bring_back(data, "--replace")
    assert done.exit_code == 0, done.output
    assert server.known() == [first]
    kept = re.search(r"is kept as (?:schema )?(\S+)\. ", done.stdout)
    assert kept is not None
    if server.store.engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(kept[1])) as former:
            assert former.execute("SELECT count(*) FROM submission").fetchall() == [(2,)]


def test_a_damaged_database_gives_way_and_its_journal_touches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path, "", monkeypatch)
    first = server.send("R-1")
    data = server.back_up()
    server.close()
    database = server.var / "calcinosis.db"
    database.write_bytes(b"no database" * 5_000)
    for end in ("-journal", "-wal"):
        database.with_name(f"calcinosis.db{end}").write_bytes(b"left by a crash")
    refused = server.bring_back(data)
    assert refused.exit_code == 2
    assert "with --replace" in refused.output
    done = server.bring_back(data, "--replace")
    assert done.exit_code == 0, done.output
    assert server.known() == [first]
    (kept,) = server.var.glob("calcinosis.db.before_*[0-9]")
    assert kept.read_bytes().startswith(b"no database")
    server.close()
    beside = [database.with_name(f"calcinosis.db{end}") for end in ("-journal", "-wal")]
    assert not [file for file in beside if file.exists() and b"left by" in file.read_bytes()]
    server.close()


def test_a_server_that_works_with_the_database_is_not_disturbed(server: Server) -> None:
    server.send("R-1")
    data = server.back_up()
    job = Job("alarm", timedelta(seconds=15), lambda *_: None)
    assert run_if_due(server.store, job, "somebody", NOW)
    done = server.bring_back(data, "--replace")
    assert done.exit_code == 2
    assert "a server works with" in done.output


def test_audit_entries_that_came_after_the_backup_are_missed(
    server: Server, elsewhere: str
) -> None:
    server.send("R-1")
    data = server.back_up()
    server.send("R-2")
    audit.append_anchors(server.store, server.var)
    server.use(elsewhere)
    done = server.bring_back(data)
    assert done.exit_code == 0
    assert f"The audit of {server.clinic} lacks what was noted elsewhere" in done.stdout


def test_a_backup_of_another_server_or_a_newer_program_is_refused(
    server: Server, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.send("R-1")
    data = server.back_up()
    server.use(elsewhere)
    monkeypatch.setattr("app.store.backups.restoring.find_newest_revision", lambda: "0001")
    newer = server.bring_back(data)
    assert "made by a newer version of this program" in newer.output
    shutil.move(server.var / "master.key", server.folder / "kept.key")
    lost = server.bring_back(data)
    assert "bring it back first" in lost.output
    server.add_clinic("Other")
    foreign = server.bring_back(data, "--replace")
    assert "goes with another master key" in foreign.output
    assert [newer.exit_code, lost.exit_code, foreign.exit_code] == [2, 2, 2]


def test_older_keys_are_refused(server: Server, elsewhere: str) -> None:
    first = server.back_up(NOW)
    server.send("R-1")
    data = server.back_up(NOW + timedelta(hours=1))
    server.use(elsewhere)
    keys = first.with_name(first.name.replace(".data.", ".keys."))
    done = server.bring_back(data, "--keys", keys)
    assert done.exit_code == 2
    assert "what came between would have no key" in done.output
    assert "holds the data, not the keys" in server.bring_back(data, "--keys", data).output


def test_a_trial_opens_everything_and_works_assessments_out_again(server: Server) -> None:
    server.send("R-1")
    server.send("R-2")
    data = server.back_up()
    erasures = server.var / "erasures"
    done = call("verify-backup", data, "--identity", server.identity)
    assert done.exit_code == 0, done.output
    assert "2 persons, 2 submissions and 2 sets of answers opened" in done.stdout
    assert "2 of 2 assessments worked out again" in done.stdout
    assert not erasures.exists()


def test_a_trial_notices_a_level_that_is_not_the_stored_one(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.send("R-1")
    data = server.back_up()
    real = submission_versions.open_version

    def lower(*given: object) -> object:
        from dataclasses import replace

        from app.triage.terms import Urgency

        return replace(real(*given), urgency=Urgency.self_care)

    monkeypatch.setattr(submission_versions, "open_version", lower)
    done = call("verify-backup", data, "--identity", server.identity)
    assert done.exit_code == 1
    assert "another level than was stored" in done.stdout


def test_without_a_recipient_it_says_how_to_get_one(server: Server) -> None:
    done = call("backup", server.backups)
    assert done.exit_code == 2
    assert "--to age1" in done.output
    wrong = call("backup", server.backups, "--to", "somebody")
    assert wrong.exit_code == 2
    assert "begins with age1" in wrong.output
    assert not list(server.folder.glob("backups/*"))
    again = call("backup-key", server.identity)
    assert again.exit_code == 2
