"""The commands by which a rulebook is taken out of use, and the list of whom it touched."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.commands import app
from app.settings import Settings
from app.store import clinics, invitations, submissions, withdrawals
from app.store.accounts import staff
from app.store.clinics import load_policy
from app.store.db import audit
from app.store.db.database import open_store
from app.store.db.scope import PATIENT, Store
from app.store.invitations import Invitee
from tests.builders import RULES, rulebook
from tests.store.patients import MONDAY, handed

VERSION = rulebook().version
WHY = ("--reason", "R3 misses a sign", "--by", "Ada Hill")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("CALCINOSIS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("CALCINOSIS_DATABASE_URL", "")
    settings = Settings(var=tmp_path / "var")
    return open_store(settings.effective_database_url, settings.master_key_file)


def call(*words: str) -> Result:
    return CliRunner().invoke(app, ["incident", *words])


def send(store: Store, clinic: str) -> str:
    """The reference that someone was given who sent answers."""
    with store.writing_scope(clinic, MONDAY, "command") as scope:
        staff.invite_staff(scope, email=f"kim@{clinic}.example", name="Kim", role="nurse")
        kim = staff.list_staff(scope)[0].id
    guest = Invitee("R-1", "Quill")
    (link,) = invitations.invite_patients(store, clinic, MONDAY, kim, [guest], "k")
    with store.writing_scope(clinic, MONDAY, PATIENT) as scope:
        targets = load_policy(RULES).targets
        return submissions.accept_answers(scope, link, handed(), targets).reference


def test_what_is_withdrawn_is_shown_and_ends(store: Store) -> None:
    done = call("withdraw-rulebook", VERSION, *WHY)
    assert done.exit_code == 0
    assert "within 20 seconds" in done.stderr
    call("withdraw-rulebook", VERSION, *WHY)
    state = withdrawals.read_state(store.engine)
    assert state.closes(VERSION)
    assert not state.closes("2025.1.1")
    shown = json.loads(call("show", "--json").stdout)
    assert shown["rulebook"] == VERSION
    assert [row["what"] for row in shown["withdrawals"]] == [VERSION], "twice is as once"
    assert call("reopen", VERSION, "--by", "Ada Hill").exit_code == 0
    assert not withdrawals.read_state(store.engine).closes(VERSION)
    assert call("reopen", VERSION, "--by", "Ada Hill").exit_code == 1
    with store.reading_scope(audit.SERVER_CHAIN) as scope:
        actions = [entry.action for entry in audit.list_audit_entries(scope)]
    assert actions == ["advice_given_again", "advice_withdrawn", "advice_withdrawn"]


def test_the_checker_closes_by_whatever_rulebook(store: Store) -> None:
    assert call("close-checker", *WHY).exit_code == 0
    assert withdrawals.read_state(store.engine).closes("any")
    assert call("reopen", "--by", "Ada Hill").exit_code == 0
    assert not withdrawals.read_state(store.engine).closes("any")


def test_a_rulebook_that_there_is_not_is_refused_with_those_that_are(store: Store) -> None:
    done = call("withdraw-rulebook", "2026.99.9", *WHY)
    assert done.exit_code == 2
    assert VERSION in done.stderr
    assert not withdrawals.list_withdrawals(store.engine)


def test_whom_it_touched_is_listed_by_clinic(store: Store, tmp_path: Path) -> None:
    hill, vale = (
        clinics.add_clinic(store, MONDAY, name=name, region="uk", time_zone="UTC")
        for name in ("=Hill", "Vale")
    )
    sent = {send(store, hill), send(store, vale)}
    rows = json.loads(call("touched", VERSION, "--json").stdout)
    assert {row["reference"] for row in rows} == sent
    assert {row["level"] for row in rows} == {"same_day"}
    assert json.loads(call("touched", "2026.11.1", "--json").stdout) == []
    (only,) = json.loads(call("touched", VERSION, "--clinic", "Vale", "--json").stdout)
    assert only["clinic"] == "Vale"
    table = tmp_path / "touched.csv"
    assert call("touched", VERSION, "--csv", str(table)).exit_code == 0
    with table.open(encoding="utf-8", newline="") as file:
        kept = list(csv.DictReader(file))
    assert {row["reference"] for row in kept} == sent
    assert {row["clinic"] for row in kept} == {"'=Hill", "Vale"}
    assert "Quill" not in table.read_text("utf-8")
