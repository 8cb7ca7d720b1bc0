"""`clinic downtime-list`: the sheet of who waits, also while no database can be reached."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.commands import app
from app.store import downtime, submissions
from app.store.db.database import open_store
from app.store.db.server_records import record_served_rulebook
from app.store.db.tables import Clinic
from app.store.submissions import Delivery
from tests.store.patients import MONDAY, TARGETS, handed

AWAY = "postgresql://nobody@127.0.0.1:1/nothing"


def call(words: str) -> Result:
    return CliRunner().invoke(app, words.split())


@pytest.fixture
def var(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A server's folder with one clinic, Hill, for which Jo waits; a list was written."""
    folder = tmp_path / "var"
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("CALCINOSIS_VAR", str(folder))
    monkeypatch.setenv("CALCINOSIS_DATABASE_URL", "")
    clinic = call("clinic add Hill --region uk --time-zone Europe/London").stdout.strip()
    store = open_store(f"sqlite:///{folder / 'calcinosis.db'}", folder / "master.key")
    now = datetime.now(UTC)
    with store.writing_scope(clinic, now, "patient") as scope:
        came = Delivery("share", "key1", "R-1", "<b>Jo</b>\nLee")
        submissions.add_submission(scope, handed("emergency"), came, TARGETS)
    downtime.write_all_lists(store, now)
    store.engine.dispose()
    return folder


def test_who_waits_is_printed_a_line_for_each(var: Path) -> None:
    assert var.exists()
    result = call("clinic downtime-list Hill")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "Hill: who waits for a review"
    assert lines[1].startswith("As of ")
    assert lines[1].endswith("Number of people: 1.")
    assert len(lines) == 7
    assert "| R-1 | <b>Jo</b> Lee |" in lines[6]


def test_the_newest_list_opens_while_the_database_is_away(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALCINOSIS_DATABASE_URL", AWAY)
    saved = call("clinic downtime-list Hill --saved")
    assert saved.exit_code == 0, saved.output
    assert "| R-1 |" in saved.stdout
    (file,) = (var / "downtime").glob("*.sealed")
    assert call(f"clinic downtime-list Hill --open {file}").stdout == saved.stdout
    assert call("clinic downtime-list Dale --saved").exit_code == 1
    (var / "master.key").unlink()
    without = call("clinic downtime-list Hill --saved")
    assert without.exit_code == 2
    assert not (var / "master.key").exists()


def test_the_sheet_to_print_is_a_file_for_its_owner_and_escapes_names(
    var: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sheet.html"
    assert var.exists()
    assert call(f"clinic downtime-list Hill --saved --out {out}").exit_code == 0
    page = out.read_text("utf-8")
    assert "&lt;b&gt;Jo&lt;/b&gt; Lee" in page
    assert "<b>" not in page
    assert out.stat().st_mode & 0o077 == 0


def test_doctor_says_when_the_newest_list_is_too_old(var: Path) -> None:
    assert "downtime list" not in call("doctor").stderr
    store = open_store(f"sqlite:///{var / 'calcinosis.db'}", var / "master.key")
    for file in (var / "downtime").glob("*.sealed"):
        file.unlink()
    downtime.write_all_lists(store, MONDAY)
    store.engine.dispose()
    # What was just written is removed only by a round that is later than it.
    result = call("doctor")
    assert "its newest downtime list is of 2026-03-02 10:00 UTC" in result.stderr
    assert result.exit_code == 1


def test_the_number_of_the_clinic_stands_on_the_sheet(var: Path) -> None:
    assert "The clinic has set no telephone number" in call("clinic downtime-list Hill").stdout
    call("clinic set Hill --telephone 02079460000")
    assert "number of the clinic that patients have: 02079460000." in (
        call("clinic downtime-list Hill").stdout
    )
    store = open_store(f"sqlite:///{var / 'calcinosis.db'}", var / "master.key")
    downtime.write_all_lists(store, datetime.now(UTC))
    store.engine.dispose()
    assert "02079460000" in call("clinic downtime-list Hill --saved").stdout


def test_doctor_says_where_an_open_clinic_has_no_list_though_the_server_ran(var: Path) -> None:
    for file in (var / "downtime").glob("*.sealed"):
        file.unlink()
    assert "no downtime list" not in call("doctor").stderr  # no server ran yet
    now = datetime.now(UTC)
    store = open_store(f"sqlite:///{var / 'calcinosis.db'}", var / "master.key")
    record_served_rulebook(store.engine, "v", "0" * 64, now - timedelta(hours=3))
    (clinic,) = store.list_clinic_ids()
    always = [[["00:00", "23:59"]]] * 7
    with store.writing_scope(clinic, now, "command") as scope:
        scope.update_rows(Clinic, to={"opening_hours": always, "made_at": now})
    assert "no downtime list" not in call("doctor").stderr  # nor for long since it was added
    with store.writing_scope(clinic, now, "command") as scope:
        scope.update_rows(
            Clinic, to={"opening_hours": [[]] * 7, "made_at": now - timedelta(days=1)}
        )
    result = call("doctor")
    assert "clinic Hill: is open and has no downtime list" in result.stderr
    assert result.exit_code == 1
    with store.writing_scope(clinic, now, "command") as scope:
        scope.update_rows(Clinic, to={"closed_days": [], "opening_hours": shut_today(now)})
    store.engine.dispose()
    assert "no downtime list" not in call("doctor").stderr


def shut_today(now: datetime) -> list[list[list[str]]]:
    """Hours of a clinic that is open on another day of the week alone."""
    far = (now.weekday() + 3) % 7
    return [[["09:00", "17:00"]] if day == far else [] for day in range(7)]
