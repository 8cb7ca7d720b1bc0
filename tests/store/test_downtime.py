"""The list of who waits, for hours without pages: sealed, young, and gone with an erasure."""

import dataclasses
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from app.store import downtime, person_requests
from app.store.db.patient_tables import WorklistRow
from app.store.db.scope import Store
from app.store.downtime import BadDowntimeFile
from tests.store.patients import MONDAY, Work

HALF_HOUR = timedelta(minutes=30)


@pytest.fixture
def work(store: Store, tmp_path: Path) -> Work:
    """A clinic at work, whose file of keys would stand in a folder of its own."""
    keyring = dataclasses.replace(store.keyring, file=tmp_path / "var" / "master.key")
    return Work(Store(store.engine, keyring))


def files_of(work: Work, clinic: str = "c1") -> list[Path]:
    folder = downtime.downtime_folder(work.store.keyring)
    assert folder is not None
    return sorted(folder.glob(f"{clinic}-*"))


def test_the_list_holds_all_who_wait_in_order_and_nobody_else(work: Work) -> None:
    for level in ("soon", "emergency"):
        work.send(level)
    claimed, closed = work.send("routine"), work.send("emergency")
    work.do("kim", claimed.submission, "claim")
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        done = {"closed": True, "state": "closed", "closed_at": MONDAY}
        scope.update_rows(WorklistRow, submission_id=closed.submission, to=done)
    assert downtime.write_all_lists(work.store, MONDAY) == 2
    kept = downtime.open_downtime_file(work.store.keyring, files_of(work)[0])
    assert (kept.clinic, kept.name, kept.at) == ("c1", "Clinic c1", MONDAY)
    seen = [(line["level"], line["name"], line["owner"] != "") for line in kept.lines]
    assert seen == [
        ("emergency", "Patient 2", False),
        ("soon", "Patient 1", False),
        ("routine", "Patient 3", True),
    ]
    other = downtime.open_downtime_file(work.store.keyring, files_of(work, "c2")[0])
    assert other.lines == []


def test_a_list_is_sealed_and_only_its_owner_can_read_the_file(work: Work) -> None:
    work.send()
    downtime.write_all_lists(work.store, MONDAY)
    (file,) = files_of(work)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert b"Patient" not in file.read_bytes()
    assert b"Patient".hex().encode() not in file.read_bytes()


def test_a_list_that_was_changed_or_renamed_does_not_open(work: Work) -> None:
    downtime.write_all_lists(work.store, MONDAY)
    file, keyring = files_of(work)[0], work.store.keyring
    renamed = file.with_name(file.name.replace("c1-", "c2-x-"))
    for spoilt in (file.rename(renamed), file.with_name("c1.sealed")):
        spoilt.touch()
        with pytest.raises(BadDowntimeFile):
            downtime.open_downtime_file(keyring, spoilt)
    text = renamed.read_text("ascii").strip()
    file.write_text(text[:-2] + ("00" if text[-2:] != "00" else "11"), "ascii")
    with pytest.raises(BadDowntimeFile, match="changed or renamed"):
        downtime.open_downtime_file(keyring, file)


def test_two_lists_are_kept_and_none_older_than_two_hours(work: Work) -> None:
    for rounds in range(4):
        downtime.write_all_lists(work.store, MONDAY + rounds * HALF_HOUR)
    assert len(files_of(work)) == downtime.KEPT
    newest = files_of(work)[-1]
    downtime.write_all_lists(work.store, MONDAY + timedelta(hours=5))
    left = files_of(work)
    assert len(left) == 1
    assert left[0] > newest


def test_an_erased_person_leaves_the_lists_at_once(work: Work) -> None:
    sent = work.send()
    downtime.write_all_lists(work.store, MONDAY)
    person = work.row(sent.submission).person_id
    assert person is not None
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        person_requests.erase_person(scope, person)
    assert files_of(work) == []
    assert len(files_of(work, "c2")) == 1
    downtime.write_all_lists(work.store, MONDAY + HALF_HOUR)
    assert downtime.open_downtime_file(work.store.keyring, files_of(work)[0]).lines == []


def test_a_list_is_stale_after_two_hours_without_a_newer_one(work: Work) -> None:
    downtime.write_all_lists(work.store, MONDAY)
    folder = files_of(work)[0].parent
    (folder / "zz.sealed").touch()  # no list of ours is a fault of nothing
    assert downtime.list_stale_clinics(folder, MONDAY + timedelta(hours=2)) == []
    late = downtime.list_stale_clinics(folder, MONDAY + timedelta(hours=2, minutes=1))
    assert late == [("c1", MONDAY), ("c2", MONDAY)]
    assert downtime.list_stale_clinics(folder / "none", MONDAY) == []
