"""The commands for keeping and forgetting as a person uses them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import text
from typer.testing import CliRunner

from app.commands import app
from app.settings import Settings
from app.store import invitations, shares, submission_versions, submissions
from app.store.accounts import staff
from app.store.clinics import load_policy
from app.store.db import audit
from app.store.db.database import open_store
from app.store.db.scope import PATIENT, Store
from app.store.invitations import Invitee
from migrations.append_only import allow_changes
from tests.builders import RULES
from tests.store.patients import handed

LONG_AGO = datetime.now(UTC) - timedelta(days=60)


@pytest.fixture(autouse=True)
def _var(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("CALCINOSIS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("CALCINOSIS_DATABASE_URL", "")


@pytest.fixture
def clinic() -> str:
    """A new server with a clinic; its id."""
    return call("clinic add Hill --region uk --time-zone Europe/London").stdout.strip()


@pytest.fixture
def store(clinic: str, tmp_path: Path) -> Store:
    """The same server's store, with what Kestrel sent to the clinic sixty days ago."""
    settings = Settings(var=tmp_path / "var")
    store = open_store(settings.effective_database_url, settings.master_key_file)
    with store.writing_scope(clinic, LONG_AGO, "command") as scope:
        email = {"email": "kim@hill.example", "name": "Kim", "role": "nurse"}
        staff.invite_staff(scope, **email)
        kim = staff.list_staff(scope)[0].id
    guest = Invitee("Kestrel 1", "Quill")
    (link,) = invitations.invite_patients(store, clinic, LONG_AGO, kim, [guest], "k")
    with store.writing_scope(clinic, LONG_AGO, PATIENT) as scope:
        submissions.accept_answers(scope, link, handed(), load_policy(RULES).targets)
    return store


def call(words: str, *more: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, [*words.split(), *more], input=typed)


def actions(store: Store, clinic: str) -> list[str]:
    assert audit.verify_chain(store, clinic) is None
    with store.reading_scope(clinic) as scope:
        return [entry.action for entry in reversed(audit.list_audit_entries(scope))]


def test_a_dry_run_counts_and_a_run_forgets(store: Store, clinic: str) -> None:
    due = {clinic: {"submissions": 1, "persons": 1, "staff_links": 1}}
    looked = call("retention run --dry-run --clinic Hill")
    assert looked.exit_code == 0
    assert json.loads(looked.stdout) == due
    assert json.loads(call("retention run").stdout) == due | {"server": {"share_codes": 0}}
    assert json.loads(call("retention run --clinic", clinic).stdout) == {clinic: {}}
    assert actions(store, clinic)[-1] == "retention_run"


def test_all_of_a_person_is_printed(store: Store, clinic: str) -> None:
    result = call("person export --clinic Hill --reference", "kestrel1")
    assert result.exit_code == 0
    whole = json.loads(result.stdout)
    assert (whole["clinic"], whole["name"]) == ("Hill", "Quill")
    assert whole["submissions"][0]["versions"][0]["in_words"]
    assert actions(store, clinic)[-1] == "person_exported"


def test_a_person_is_erased_after_a_yes(store: Store, clinic: str) -> None:
    refused = call("person erase --clinic Hill --reference Kestrel1", typed="n\n")
    assert refused.exit_code == 1
    assert "Nothing was erased" in refused.stderr
    done = call("person erase --clinic Hill --reference Kestrel1", typed="y\n")
    assert done.exit_code == 0
    assert json.loads(done.stdout.splitlines()[-1]) == {"submissions": 1, "invitations": 1}
    assert actions(store, clinic)[-1] == "person_erased"
    again = call("person erase --yes --clinic Hill --reference Kestrel1")
    assert again.exit_code == 1
    assert "Nobody has the reference 'Kestrel1'" in again.stderr


@pytest.mark.usefixtures("clinic")
@pytest.mark.parametrize(
    ("words", "message", "code"),
    [
        ("retention run --clinic Dale", "The clinics are: Hill", 2),
        ("person export --clinic Dale --reference R", "The clinics are: Hill", 2),
        ("person export --clinic Hill --reference R", "Nobody has the reference 'R'", 1),
        ("person erase --yes --clinic Hill --reference R", "Nobody has the reference 'R'", 1),
    ],
)
def test_a_call_that_cannot_be_done_says_why(words: str, message: str, code: int) -> None:
    result = call(words)
    assert result.exit_code == code, result.output
    assert message in result.stderr


def test_a_cut_tail_is_found_by_what_the_server_notes_each_hour(
    store: Store, clinic: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    assert audit.append_anchors(store, folder) == 1
    assert audit.append_anchors(store, folder) == 0, "nothing was added to the audit"
    file = folder / audit.ANCHOR_FILE
    with store.writing_scope(clinic, LONG_AGO, "kim") as scope:
        row = scope.find_one(audit.AuditHead)
        number = audit.record_event(scope, "signed_out")
    assert audit.append_anchors(store, folder) == 1
    assert call("audit verify --anchors", str(file)).exit_code == 0
    assert row is not None
    assert file.stat().st_mode & 0o077 == 0
    assert f"audit anchor {clinic} {number} " in caplog.text
    with store.engine.begin() as connection:
        allow_changes(connection, "audit_entry")
        connection.execute(text(f"DELETE FROM audit_entry WHERE number = {number}"))
        back = "UPDATE audit_head SET number = :number, mac = :mac, seal = :seal"
        old = {"number": row.number, "mac": row.mac, "seal": row.seal}
        connection.execute(text(back), old)
    assert call("audit verify").exit_code == 0, "without anchors nothing shows"
    result = call("audit verify --anchors", str(file))
    assert result.exit_code == 1
    assert f"Hill: entry {number} is missing" in result.stdout


def test_every_key_is_wrapped_anew_also_those_of_share_codes(store: Store, clinic: str) -> None:
    now = datetime.now(UTC)
    shares.offer_share(store, "key", handed(), now, address="")
    # Of the clinic, the nurse, the person, the submission and the share code.
    assert "5 keys wrapped anew" in call("keys rotate").stdout
    assert call("keys forget --restarted").exit_code == 0
    settings = Settings()
    anew = open_store(settings.effective_database_url, settings.master_key_file)
    assert len(anew.keyring.masters) == 1
    assert shares.find_share_status(anew, "key", now).submitted is not None
    with anew.reading_scope(clinic) as scope:
        arrived = scope.find_all(submissions.Submission)
        assert submission_versions.list_versions(scope, arrived[0].id)
