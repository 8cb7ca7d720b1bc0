"""`calcinosis-check demo`: made-up clinics that one can sign in to, and never beside a real one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from sqlmodel import SQLModel
from typer.testing import CliRunner

from app.commands import app, console, demo, demo_data
from app.main import create_app
from app.settings import ROOT, Settings
from app.store.accounts import passwords
from app.store.db.database import open_store
from app.store.db.patient_tables import Invitation, ReviewEntry, Tally, WorklistRow
from app.store.db.scope import Store
from app.store.worklist_rows import rank_to_level
from tests.builders import SOAK
from tests.store.kim import QUICK
from tests.visitor import Visitor

NUMBER = demo.SUBMISSIONS if SOAK else 40
HOMES = {
    "nurse": "/worklist",
    "lead": "/worklist",
    "admin": "/staff",
}


def call(var: Path, *words: str) -> Result:
    places = {"CALCINOSIS_VAR": str(var), "CALCINOSIS_DATABASE_URL": "", "COLUMNS": "200"}
    return CliRunner().invoke(app, [*words], env=places)


def rows_of(var: Path) -> dict[str, int]:
    """How many rows each table holds."""
    store = open_store(f"sqlite:///{var}/calcinosis.db", var / "master.key")
    with store.engine.connect() as connection:
        tables = SQLModel.metadata.sorted_tables
        return {t.name: len(connection.execute(t.select()).all()) for t in tables}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Result]]:
    """A database that `demo fill` filled, and what it printed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", QUICK)
        patch.setattr(demo, "SUBMISSIONS", NUMBER)
        passwords._decoy_hash.cache_clear()
        var = tmp_path_factory.mktemp("demo")
        result = call(var, "demo", "fill")
        assert result.exit_code == 0, result.output
        yield var, result
    passwords._decoy_hash.cache_clear()


@pytest.fixture
def store(filled: tuple[Path, Result]) -> Iterator[Store]:
    var, _ = filled
    store = open_store(f"sqlite:///{var}/calcinosis.db", var / "master.key")
    yield store
    store.engine.dispose()


def test_both_clinics_are_filled_with_all_that_a_nurse_meets(store: Store) -> None:
    assert len(store.list_clinic_ids()) == 2
    rows, kinds = [], set()
    now = datetime.now(UTC)
    for clinic in store.list_clinic_ids():
        with store.reading_scope(clinic) as scope:
            rows += scope.find_all(WorklistRow)
            kinds |= {entry.kind for entry in scope.find_all(ReviewEntry)}
            invited = scope.find_all(Invitation)
            assert scope.count_rows(Tally, subject="reached:end")
            assert [i for i in invited if i.finished_at]
            assert [i for i in invited if i.revoked_at]
            assert [i for i in invited if not i.finished_at and i.expires_at < now]
            assert [i for i in invited if not i.finished_at and i.expires_at > now]
    assert len(rows) == NUMBER
    assert {rank_to_level(row.rank).name for row in rows} >= {
        "routine",
        "soon",
        "same_day",
        "emergency",
    }
    assert {row.state for row in rows} == {"new", "claimed", "second_look", "closed"}
    assert {"claim", "call", "agree", "close"} <= kinds


@pytest.mark.parametrize("hour", [1, 13])
def test_at_whatever_hour_it_starts_something_urgent_waits_for_a_second_person(
    hour: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_HASHER", QUICK)
    monkeypatch.setattr(demo, "SUBMISSIONS", NUMBER)
    monkeypatch.setattr(console, "current_time", lambda: datetime(2026, 11, 30, hour, tzinfo=UTC))
    assert call(tmp_path, "demo", "fill").exit_code == 0
    store = open_store(f"sqlite:///{tmp_path}/calcinosis.db", tmp_path / "master.key")
    for clinic in store.list_clinic_ids():
        with store.reading_scope(clinic) as scope:
            assert scope.find_all(WorklistRow, state="second_look")


def test_all_that_happened_lies_in_the_past_and_its_audit_is_whole(filled, store: Store) -> None:
    var, _ = filled
    checked = call(var, "audit", "verify")
    assert checked.exit_code == 0, checked.output
    with store.engine.connect() as connection:
        audit = SQLModel.metadata.tables["audit_entry"]
        times = [row.at for row in connection.execute(audit.select())]
    assert max(times) <= datetime.now(UTC).isoformat()


def test_every_role_signs_in_with_what_was_printed(filled) -> None:
    var, printed = filled
    password = re.search(r"Password of all: (\S+)", printed.stdout)[1]
    members = re.findall(r"^  (\w+) +(\S+@\S+) ", printed.stdout, re.MULTILINE)
    assert {role for role, _ in members} == {"nurse", "lead", "admin", "auditor"}
    web = create_app(Settings(var=var))
    for role, email in dict(members).items():
        visitor = Visitor(web, "http://localhost:8000")
        visitor.post("/sign-in", {"email": email, "password": password})
        code = call(var, "demo", "code", email).stdout.strip()
        page = visitor.post("/sign-in/code", {"code": code})
        assert page.url == HOMES.get(role, page.url)
        assert page.url not in {"/sign-in", "/sign-in/code"}
        assert "Made-up people" in page.text
    web.state.context.store.engine.dispose()


def test_the_printed_address_gives_an_app_the_same_codes(filled, store: Store) -> None:
    _, printed = filled
    secrets = re.findall(r"otpauth://totp/\S+secret=([A-Z2-7]{32})&", printed.stdout)
    assert secrets == [row.secret for row in demo_data.list_sign_ins(store)]


def test_a_code_is_never_one_that_was_used(store: Store) -> None:
    (who, *_) = demo_data.list_sign_ins(store)
    now = datetime(2040, 1, 1, tzinfo=UTC)
    first = demo_data.make_sign_in_code(store, who.email.upper(), now)
    with pytest.MonkeyPatch.context() as patch:
        rows = list(demo_data._list_totp_secrets(store, store.list_clinic_ids()[0]))
        rows[0][0].totp_step = int(now.timestamp()) // 30
        patch.setattr(demo_data, "_list_totp_secrets", lambda _store, _clinic: rows)
        assert demo_data.make_sign_in_code(store, who.email, now) != first
        rows[0][0].totp_step += 1
        with pytest.raises(demo_data.NoCodeYet) as early:
            demo_data.make_sign_in_code(store, who.email, now)
    assert early.value.wait == 30


def test_filling_twice_is_harmless_and_prints_the_same(filled) -> None:
    var, printed = filled
    before = rows_of(var)
    again = call(var, "demo", "fill")
    assert again.exit_code == 0
    assert "filled already" in again.stderr
    assert again.stdout == printed.stdout
    assert rows_of(var) == before


def test_a_database_with_a_real_clinic_is_refused_and_left_alone(tmp_path: Path) -> None:
    call(tmp_path, "clinic", "add", "Real", "--region", "uk", "--time-zone", "UTC")
    before = rows_of(tmp_path)
    result = call(tmp_path, "demo", "fill")
    assert result.exit_code == 2
    assert "real clinics: Real" in result.stderr
    assert result.stdout == ""
    assert rows_of(tmp_path) == before


def test_codes_are_given_for_made_up_staff_alone(filled, tmp_path: Path) -> None:
    var, _ = filled
    assert call(var, "demo", "code", "nobody@hill.example").exit_code == 2
    call(tmp_path, "clinic", "add", "Real", "--region", "uk", "--time-zone", "UTC")
    call(
        tmp_path,
        *("staff", "invite", "kim@real.example", "--clinic", "Real", "--role", "nurse"),
        *("--name", "Kim"),
    )
    assert json.loads(call(tmp_path, "staff", "list", "--json").stdout)
    refused = call(tmp_path, "demo", "code", "kim@real.example")
    assert (refused.exit_code, refused.stdout) == (2, "")


def test_one_that_was_stopped_halfway_is_not_taken_for_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_HASHER", QUICK)

    def stopped(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demo_data.DemoPlayer, "play", stopped)
        assert call(tmp_path, "demo", "fill").exit_code != 0
    result = call(tmp_path, "demo", "fill")
    assert result.exit_code == 1
    assert "stopped halfway" in result.stderr


def test_by_itself_it_keeps_to_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CALCINOSIS_VAR", "CALCINOSIS_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert demo._load_demo_settings().var == ROOT / "var-demo"
    assert (
        demo._load_demo_settings().effective_database_url
        == f"sqlite:///{ROOT}/var-demo/calcinosis.db"
    )
    monkeypatch.setenv("CALCINOSIS_VAR", "/elsewhere")
    assert demo._load_demo_settings().var == Path("/elsewhere")
    assert "/var-demo/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_two_databases_have_two_passwords(store: Store, tmp_path: Path) -> None:
    other = open_store(f"sqlite:///{tmp_path}/other.db", tmp_path / "master.key")
    assert demo_data.derive_demo_password(other.keyring) != demo_data.derive_demo_password(
        store.keyring
    )
    other.engine.dispose()
