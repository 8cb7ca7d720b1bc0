"""When an emergency that nobody saw alarms: a number that lives with the targets."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from app.rulebook.faults import RulebookFaults
from app.store.clinics import load_policy
from app.triage.terms import Urgency
from tests.builders import RULES

ENTRY = '- {{id: {id}, minutes: 15, sources: [expert], review_by: "2027-11-20"{more}}}\n'


def written(folder: Path, *entries: tuple[str, str]) -> Path:
    levels = {level.name: "" for level in reversed(Urgency)} | dict(entries)
    lines = [ENTRY.format(id=id_, more=more) for id_, more in levels.items()]
    for name in ("rulebook.yaml", "sources.yaml", "reliance.yaml"):
        shutil.copy(RULES / name, folder)
    (folder / "targets.yaml").write_text("".join(lines), "utf-8")
    return folder


def test_an_unseen_emergency_alarms_after_five_minutes() -> None:
    assert load_policy(RULES).alarm_delay == timedelta(minutes=5)


def test_the_time_is_read_from_the_file(tmp_path: Path) -> None:
    folder = written(tmp_path, ("emergency", ", alarm: 7"), ("soon", ""))
    assert load_policy(folder).alarm_delay == timedelta(minutes=7)


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ([("emergency", "")], "has no alarm"),
        ([("emergency", ", alarm: 0")], "alarm"),
        ([("emergency", ", alarm: 61")], "alarm"),
        ([("emergency", ", alarm: 5"), ("soon", ", alarm: 5")], "only an emergency alarms"),
    ],
)
def test_an_alarm_that_cannot_be_is_a_fault(
    tmp_path: Path, entries: list[tuple[str, str]], fault: str
) -> None:
    with pytest.raises(RulebookFaults, match=fault):
        load_policy(written(tmp_path, *entries))
