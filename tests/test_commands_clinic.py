"""The commands for clinics, staff, audit and keys as a person uses them."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import text
from typer.testing import CliRunner

from app.commands import app
from app.store import alarms, clinics, submissions
from app.store.db.database import open_database, open_store
from app.store.submissions import Delivery
from migrations.append_only import allow_changes
from tests.store.patients import MONDAY, TARGETS, handed


@pytest.fixture(autouse=True)
def _var(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("CALCINOSIS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("CALCINOSIS_DATABASE_URL", "")


@pytest.fixture
def clinic() -> str:
    """A new server with one clinic; its id."""
    result = call("clinic add Hill --region uk --time-zone Europe/London")
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def call(words: str, *more: str) -> Result:
    return CliRunner().invoke(app, [*words.split(), *more])


def invite(clinic: str = "Hill", email: str = "kim@hill.example", role: str = "nurse") -> Result:
    return call(f"staff invite {email} --clinic {clinic} --role {role} --name", "Kim Lee")


def staff_list() -> Any:
    return json.loads(call("staff list --json").stdout)


def test_a_clinic_is_added_and_listed(clinic: str) -> None:
    assert re.fullmatch(r"[a-z0-9]{8}", clinic)
    assert call("clinic list").stdout == f"{clinic}  uk  Europe/London  Hill\n"


@pytest.mark.usefixtures("clinic")
def test_no_real_clinic_is_added_beside_made_up_people(tmp_path: Path) -> None:
    """D33."""
    var = tmp_path / "var"
    store = open_store(f"sqlite:///{var / 'calcinosis.db'}", var / "master.key")
    place = {"name": "For show", "region": "uk", "time_zone": "Europe/London"}
    clinics.add_clinic(store, datetime.now(UTC), **place, for_show=True)
    store.engine.dispose()
    result = call("clinic add Real --region uk --time-zone Europe/London")
    assert result.exit_code == 2
    assert "made-up people" in result.stderr
    assert "Real" not in call("clinic list").stdout


@pytest.mark.usefixtures("clinic")
def test_a_clinic_chooses_where_its_alarms_go_and_takes_it_back() -> None:
    nothing = "webhook: none\ne-mail: none\n"
    assert call("clinic alarm Hill").stdout == nothing
    chosen = call("clinic alarm Hill --webhook https://hook.example/x --email lead@hill.example")
    assert chosen.stdout.startswith("webhook: https://hook.example/x\n")
    assert chosen.stdout.endswith("\ne-mail: lead@hill.example\n")
    assert "CALCINOSIS_MAIL_SERVER" in chosen.stderr
    call("clinic alarm Hill --email", "")
    webhook, secret, mail = call("clinic alarm Hill").stdout.splitlines()
    assert (webhook, mail) == ("webhook: https://hook.example/x", "e-mail: none")
    assert re.fullmatch(r"webhook secret: whsec_[A-Za-z0-9+/]{43}=", secret)
    call("clinic alarm Hill --webhook", "")
    assert call("clinic alarm Hill").stdout == nothing


@pytest.mark.usefixtures("clinic")
def test_a_clinic_is_set_and_shown_on_the_command_line_as_on_its_page() -> None:
    # Any day of next year is fit, whatever the zone.
    day = f"{date.today().year + 1}-12-24"  # noqa: DTZ011
    done = call(
        f"clinic set Hill --hours monday=9-12,14-17 --hours friday= --close {day} --target soon=240"
        " --may-lower lead --second-person-from soon --invitation-days 21 --telephone",
        "020 7946 0000",
        "--address",
        "1 Hill Street; London",
    )
    assert done.exit_code == 0, done.output
    shown = call("clinic show Hill").stdout
    for line in (
        "020 7946 0000\n  1 Hill Street\n  London\n",
        "Monday, 09:00 to 12:00 and 14:00 to 17:00",
        "Tuesday to Thursday, 09:00 to 17:00",
        "24 December",
        "Within 2 weeks: 240 open minutes",
        "Lead nurses alone",
        "An invitation works for 21 days.",
    ):
        assert line in shown
    call(f"clinic set Hill --reopen {day} --target soon=")
    again = call("clinic show Hill").stdout
    assert "24 December" not in again
    assert "Within 2 weeks: 480 open minutes" in again


@pytest.mark.usefixtures("clinic")
def test_a_call_that_is_wrong_in_part_changes_nothing() -> None:
    before = call("clinic show Hill").stdout
    result = call("clinic set Hill --invitation-days 21 --target soon=1")
    assert result.exit_code == 2
    assert "Nothing was changed." in result.stderr
    assert call("clinic show Hill").stdout == before


def test_the_command_says_what_waits_to_be_sent_and_why(clinic: str, tmp_path: Path) -> None:
    call("clinic alarm Hill --webhook https://hook.example/x")
    var = tmp_path / "var"
    store = open_store(f"sqlite:///{var / 'calcinosis.db'}", var / "master.key")
    with store.writing_scope(clinic, MONDAY, "patient") as scope:
        came = Delivery("share", "key1", "R-1", "Jo")
        submissions.add_submission(scope, handed("emergency"), came, TARGETS)
    alarms.raise_due_alarms(store, clinic, MONDAY, MONDAY)
    message = alarms.claim_next_alarm(store, clinic, "webhook", MONDAY)
    assert message is not None
    alarms.record_failed_alarm(store, MONDAY, message, "answered with 500")
    store.engine.dispose()
    expected_line = (
        "Waits since 2026-03-02 10:00 UTC to be sent by webhook, try 1: answered with 500"
    )
    assert expected_line in call("clinic alarm Hill").stderr


@pytest.mark.usefixtures("clinic")
@pytest.mark.parametrize(
    ("words", "message", "code"),
    [
        ("clinic add Hill --region uk --time-zone UTC", "already", 1),
        ("clinic add Dale --region mars --time-zone UTC", "The regions are: uk, uk-ni, ie, us", 2),
        ("clinic add Dale --region uk --time-zone Mars/Crater", "No time zone 'Mars/Crater'", 2),
        ("clinic add Dale --region uk --time-zone ../UTC", "No time zone", 2),
        ("staff invite kim --clinic Hill --role nurse --name Kim", "no e-mail address", 2),
        ("staff invite k@h --clinic Dale --role nurse --name Kim", "The clinics are: Hill", 2),
        ("staff invite k@h --clinic Hill --role root --name Kim", "'root' is not one of", 2),
        ("staff disable nobody@h", "Nobody signs in as 'nobody@h'", 2),
        ("staff link nobody@h", "Nobody signs in as 'nobody@h'", 2),
        ("staff list --clinic Dale", "The clinics are: Hill", 2),
        ("audit verify --anchors no-such-file", "No such file", 2),
        ("audit verify --anchors README.md", "a line is", 2),
        ("keys forget", "Restart them all", 2),
        ("clinic alarm Dale", "The clinics are: Hill", 2),
        ("clinic show Dale", "The clinics are: Hill", 2),
        ("clinic set Hill --telephone ask", "telephone: Type digits, spaces", 2),
        ("clinic set Hill --hours monday=9am", "monday: Type times such as 09:00-12:30", 2),
        ("clinic set Hill --hours someday=9-5", "one of monday, tuesday", 2),
        ("clinic set Hill --target emergency=99", "An emergency cannot wait longer", 2),
        ("clinic set Hill --target panic=1", "one of self_care, routine", 2),
        ("clinic set Hill --second-person-from never", "Choose one of these", 2),
        ("clinic set Hill --close 24/12/2027", "first: Type a day that there is", 2),
        ("clinic set Hill --reviewed-days 2", "reviewed_days: Type 7 to 3650 days", 2),
        ("clinic add Dale --region uk --time-zone UTC --telephone x", "no number to call", 2),
        ("clinic alarm Hill --webhook http://hook.example/x", "must start with https", 2),
        ("clinic alarm Hill --webhook https://a:b@hook.example/x", "without a name", 2),
        ("clinic alarm Hill --email lead", "no e-mail address", 2),
    ],
)
def test_a_call_that_cannot_be_done_says_why(words: str, message: str, code: int) -> None:
    result = call(words)
    assert result.exit_code == code, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert [row["name"] for row in staff_list()] == []


def test_someone_is_invited_by_a_link_that_is_good_once(clinic: str) -> None:
    result = invite()
    assert result.exit_code == 0
    assert re.fullmatch(
        rf"http://127\.0\.0\.1:8000/join/{clinic}\.[\w-]{{43}}", result.stdout.strip()
    )
    assert "30 minutes" in result.stderr
    (row,) = staff_list()
    assert (row["email"], row["role"], row["state"]) == ("kim@hill.example", "nurse", "invited")


def test_a_link_without_a_public_address_says_that_it_may_lead_elsewhere(
    clinic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "links begin with http://127.0.0.1:8000" in invite().stderr
    monkeypatch.setenv("CALCINOSIS_TRUSTED_ORIGIN", "https://hill.example")
    known = call("staff link kim@hill.example")
    assert known.stdout.startswith(f"https://hill.example/join/{clinic}.")
    assert "links begin with" not in known.stderr


def test_a_second_invitation_points_to_a_new_link(clinic: str) -> None:
    first = invite(clinic).stdout
    again = invite(clinic)
    assert again.exit_code == 1
    assert "staff link kim@hill.example" in again.stderr
    assert call("staff link KIM@hill.example").stdout != first


@pytest.mark.usefixtures("clinic")
def test_someone_is_disabled_and_comes_back_by_a_link() -> None:
    invite()
    assert call("staff disable kim@hill.example").exit_code == 0
    assert staff_list()[0]["state"] == "disabled"
    assert "/join/" in call("staff link kim@hill.example").stdout
    assert staff_list()[0]["state"] == "invited"
    assert "nurse  invited  kim@hill.example  Kim Lee" in call("staff list --clinic Hill").stdout


@pytest.mark.usefixtures("clinic")
def test_an_audit_that_nobody_touched_is_said_to_be_whole() -> None:
    invite()
    result = call("audit verify")
    assert result.exit_code == 0
    assert "Hill: 2 entries, as they were written" in result.stdout


@pytest.mark.usefixtures("clinic")
def test_an_entry_that_was_tampered_with_is_named(tmp_path: Path) -> None:
    invite()
    tamper(tmp_path, "UPDATE audit_entry SET actor = 'nobody' WHERE number = 2")
    result = call("audit verify")
    assert result.exit_code == 1
    assert "Hill: entry 2 was changed" in result.stdout
    audit_json = json.loads(call("audit verify --json").stdout)
    assert audit_json[1]["fault"] == {"number": 2, "problem": "changed"}


def test_an_audit_cut_off_to_its_last_trace_is_found_by_an_anchor(
    clinic: str, tmp_path: Path
) -> None:
    anchors = tmp_path / "anchors"
    anchors.write_text(call("audit anchor").stdout)
    assert call("audit verify --anchors", str(anchors)).exit_code == 0
    tables = ("audit_entry", "audit_head", "record_key", "clinic")
    tamper(tmp_path, *(f"DELETE FROM {table}" for table in tables))
    assert call("audit verify").exit_code == 0
    result = call("audit verify --anchors", str(anchors))
    assert result.exit_code == 1
    assert f"{clinic}: entry 1 is missing" in result.stdout


@pytest.mark.usefixtures("clinic")
def test_the_master_key_is_changed_and_all_stays_readable() -> None:
    invite()
    rotated = call("keys rotate")
    assert rotated.exit_code == 0
    assert "2 keys wrapped anew" in rotated.stdout
    forgotten = call("keys forget --restarted")
    assert forgotten.exit_code == 0
    assert "0 keys wrapped anew" in forgotten.stdout
    assert staff_list()[0]["email"] == "kim@hill.example"


@pytest.mark.usefixtures("clinic")
def test_keys_that_others_can_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "var" / "master.key").chmod(0o644)
    result = call("staff list")
    assert result.exit_code == 2
    assert "chmod 600" in result.stderr


@pytest.mark.usefixtures("clinic")
def test_new_keys_are_not_made_for_a_database_that_needs_the_old_ones(tmp_path: Path) -> None:
    key_file = tmp_path / "var" / "master.key"
    key_file.rename(tmp_path / "elsewhere")
    result = call("staff list")
    assert result.exit_code == 2
    assert "master.key is missing" in result.stderr
    assert not key_file.exists()


def test_a_database_that_does_not_answer_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALCINOSIS_DATABASE_URL", "postgresql://me:open-sesame@127.0.0.1:1/none")
    result = call("staff list")
    assert result.exit_code == 2
    assert "does not answer" in result.stderr
    assert "open-sesame" not in result.output


def tamper(folder: Path, *statements: str) -> None:
    engine = open_database(f"sqlite:///{folder / 'var' / 'calcinosis.db'}")
    with engine.begin() as connection:
        allow_changes(connection, "audit_entry")
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()
