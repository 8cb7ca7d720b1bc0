"""The rounds in which alarms go out: what a message says, and who waits for whom."""

from __future__ import annotations

import time
from email.message import Message
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.store import alarm_destinations, alarms
from app.store.alarm_destinations import AlarmDestinations
from app.store.db.tables import Clinic
from app.web import outgoing_messages
from app.web.clinic import alarm
from app.web.clinic.alarm import AlarmSender
from app.web.outgoing_messages import MailServer, sign_webhook
from tests.far_ends import (
    BROKEN,
    HANGS,
    OK,
    Posted,
    hook_at,
    id_of,
    mail_at,
    mailbox,
    webhook,
)
from tests.web.desk import EMERGENCY, House, Member, Patient
from tests.web.handed_in import act

pytestmark = pytest.mark.alone

LEAD = "lead@hill.example"
HOOK = "https://hook.example/x?key=1"
NOWHERE = MailServer("", "")
LONDON = ZoneInfo("Europe/London")


def clinic_with_alarm(house: House, clinic: str, places: AlarmDestinations) -> Member:
    """A nurse of a clinic where someone sent an emergency five minutes ago."""
    nurse = house.member("nurse", clinic=clinic)
    Patient(house, nurse, reference="R-7 secret", name="Josephine").send_all(EMERGENCY)
    with house.store.writing_scope(nurse.clinic, house.now, "command") as scope:
        alarms.save_destinations(scope, places)
    return nurse


def messenger(house: House, mail: MailServer = NOWHERE) -> AlarmSender:
    state = house.app.state
    return AlarmSender(state.context, "https://check.example/worklist", mail)


def test_an_alarm_names_the_reference_and_the_worklist_and_nothing_else(
    house: House, pem: Path
) -> None:
    with webhook(pem, does=[BROKEN, OK]) as hook, mailbox(pem) as box:
        nurse = clinic_with_alarm(house, "Alarm", AlarmDestinations(hook_at(hook), LEAD))
        do = messenger(house, MailServer(mail_at(box), "us@hill.example"))
        do(house.store, house.now)
        assert hook.came == box.came == []  # it came in just now
        nurse.wait(5 * 60)
        for _ in range(3):
            do(house.store, house.now)
            nurse.wait(15)
    first, again = hook.came
    assert isinstance(first, Posted)
    assert first == again
    secret = alarm_destinations.read_webhook_secret(house.store, nurse.clinic)
    for posted in hook.came:
        assert isinstance(posted, Posted)
        assert posted.timestamp == pytest.approx(house.clock(), abs=5 * 60)
        signed = posted.id, posted.timestamp, posted.body
        assert posted.signature == sign_webhook(secret, *signed)
    assert set(first.words) == {"id", "reference", "worklist"}
    assert first.words["worklist"] == "https://check.example/worklist"
    (letter,) = box.came
    assert isinstance(letter, Message)
    assert letter["To"] == LEAD
    body = f"{first.words['reference']}\r\n{first.words['worklist']}\r\n"
    assert letter.get_payload() == body
    assert id_of(letter) != id_of(first)
    for word in ("secret", "Josephine"):
        assert word not in str(hook.came) + letter.as_string()
    said = [a for a in house.actions("Alarm") if a.startswith("alarm")]
    assert sorted(said[2:]) == ["alarm_not_sent", "alarm_sent", "alarm_sent"]


def test_what_did_not_go_out_is_noted_once(house: House) -> None:
    nurse = clinic_with_alarm(house, "Deaf", AlarmDestinations("https://localhost:1/"))
    nurse.wait(5 * 60)
    do = next(job for job in house.app.state.jobs if job.name == "alarm").task
    for _ in range(4):
        do(house.store, house.now)
        nurse.wait(60)
    said = [a for a in house.actions("Deaf") if a.startswith("alarm")]
    assert said == ["alarm_places_chosen", "alarm_raised", "alarm_not_sent"]


def test_a_dead_receiver_of_one_clinic_delays_no_other(
    house: House, pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarm, "AT_ONCE", 1)  # so that order is all that can help
    monkeypatch.setattr(outgoing_messages, "LONGEST", 1.0)
    monkeypatch.setattr(alarm, "ROUND", 0.5)
    with webhook(pem, does=[HANGS]) as dead, webhook(pem) as well:
        do = messenger(house)
        clinic_with_alarm(house, "A dead one", AlarmDestinations(hook_at(dead)))
        clinic_with_alarm(house, "Also dead", AlarmDestinations(hook_at(dead))).wait(5 * 60)
        for _ in range(2):
            do(house.store, house.now)
        nurse = clinic_with_alarm(house, "Well", AlarmDestinations(hook_at(well)))
        nurse.wait(5 * 60)
        began = time.monotonic()
        do(house.store, house.now)
        assert len(well.came) == 1
        assert time.monotonic() - began < 5


def test_a_place_that_takes_nothing_is_tried_once_a_round_however_much_waits(
    house: House, pem: Path
) -> None:
    with webhook(pem, does=[BROKEN]) as hook:
        nurse = clinic_with_alarm(house, "Full", AlarmDestinations(hook_at(hook)))
        for _ in range(2):
            Patient(house, nurse).send_all(EMERGENCY)
        nurse.wait(5 * 60)
        messenger(house)(house.store, house.now)
        assert len(hook.came) == 1


def test_a_clinic_whose_keys_are_lost_stops_no_other_and_its_pages_alarm(
    house: House, pem: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with webhook(pem) as hook:
        broken = clinic_with_alarm(house, "Broken", AlarmDestinations(hook_at(hook)))
        with house.store.writing_scope(broken.clinic, house.now, "kim") as scope:
            scope.update_rows(Clinic, to={"alarm_webhook_sealed": b"spoilt"})
        nurse = clinic_with_alarm(house, "Zoe", AlarmDestinations(hook_at(hook)))
        nurse.wait(5 * 60)
        messenger(house)(house.store, house.now)
        assert len(hook.came) == 1
    assert "DecryptionFailed" in caplog.text
    assert "alarm_raised" in house.actions("Broken")
    nurse.wait(2 * 60)
    broken.sign_in()
    assert "could not be delivered" in broken.get("/account").text


def test_every_page_says_since_when_the_alarm_could_not_be_delivered(house: House) -> None:
    admin = house.member("admin", clinic="Silent")
    nurse = clinic_with_alarm(house, "Silent", AlarmDestinations("https://localhost:1/"))
    elsewhere = house.member("nurse", clinic="Elsewhere")
    nurse.wait(5 * 60)
    do, since = messenger(house), f"{house.now.astimezone(LONDON):%H:%M}"
    do(house.store, house.now)
    assert "could not be delivered" not in nurse.get("/account").text
    nurse.wait(2 * 60)
    do(house.store, house.now)
    for page in (*map(nurse.get, ["/worklist", "/account", "/desk"]), admin.get("/staff")):
        assert f"The alarm could not be delivered since {since}." in page.text
    assert "could not be delivered" not in elsewhere.get("/worklist").text
    waiting = next(link for link in nurse.get("/worklist").links if "/submissions/" in link)
    nurse.get(waiting)
    assert "could not be delivered" in nurse.get("/account").text, "a look alone ends nothing"
    act(nurse, waiting, "call", outcome="no_answer")
    assert "could not be delivered" not in nurse.get("/account").text


def test_where_alarms_go_does_not_stand_in_clear(house: House) -> None:
    clinic = house.clinic("Sealed")
    with house.store.writing_scope(clinic, house.now, "command") as scope:
        alarms.save_destinations(scope, AlarmDestinations(HOOK))
    file = house.store.engine.url.database
    assert file is not None
    assert b"hook.example" not in Path(file).read_bytes()
