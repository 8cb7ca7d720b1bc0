"""What a server of an edition leaves behind, made by running that edition: see README.md.

Run with the edition's own checkout in front of all else. It uses nothing of today's program.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

from app.main import create_app
from app.settings import Settings
from app.store import submission_reads
from app.store.db import audit
from tests.conftest import Clock
from tests.visitor import Visitor
from tests.web.desk import CALM, EMERGENCY, PASSWORD, SECURE, TODAY, House, Member, Patient
from tests.web.handed_in import act, handed, lowering
from tests.web.test_findings import filled, keep

MIXED = CALM | {"skin": frozenset({"pus"}), "pain": frozenset({"not_sure"})}


def main(folder: Path) -> None:
    """Live through some days of two clinics, and write down what is left."""
    folder.mkdir(parents=True)
    clock = Clock()
    house = House(create_app(Settings(var=folder), clock=clock), clock)
    nurse, lead = house.member("nurse", "Hill", "Kim Lee"), house.member("lead", "Hill", "Ada Hill")
    house.member("auditor", "Hill", "Bo Ash")
    elsewhere = house.member("nurse", "Dale", "Lou Park")
    sent = _submissions(house, nurse, lead)
    for submission_record in sent.values():
        submission_record["level"] = _level(
            house, nurse.clinic, submission_record["page"].rpartition("/")[2]
        )
    sent["dale"] = _sent(house, elsewhere, TODAY)
    open_, revoked = (Patient(house, nurse, name=name) for name in ("Al", "Di"))
    nurse.post(f"/invitations/{revoked.invitation}/revoke")
    shown = Visitor(house.app, SECURE)
    shown.walk(TODAY)
    shown.post("/share")
    nurse.sign_in()
    journeys = _half_answered(house, nurse)
    left = {
        "at": clock.seconds,
        "clinics": house.clinics,
        "nurse": {"email": nurse.email, "password": PASSWORD, "secret": nurse.secret},
        "nurse_session": nurse.token,
        "submissions": sent,
        "invitation": {"link": open_.link, "code": open_.code},
        "revoked": revoked.link,
        "share": shown.client.cookies["__Host-journey"],
        "receipt": shown.get("/result/sheet").html.partition('id="receipt">')[2].partition("<")[0],
        "journeys": journeys,
    }
    _write(folder, left)
    audit.append_anchors(house.store, folder)
    house.store.engine.dispose()
    _as_text(folder)


def _submissions(house: House, nurse: Member, lead: Member) -> dict[str, dict[str, str]]:
    """One untouched, one closed, one with blood, one found worse, one lowered, one asked."""
    sent = {
        "untouched": _sent(house, nurse, EMERGENCY),
        "closed": _sent(house, nurse, TODAY, reference="A 17", name="Jo"),
        "blood": _sent(house, nurse, MIXED),
        "worse": _sent(house, nurse, CALM),
        "lowered": {"page": handed(house, nurse, TODAY), "link": ""},
        "noted": {"page": handed(house, nurse, CALM, days_ago=3), "link": ""},
    }
    nurse.sign_in()
    closed = sent["closed"]["page"]
    act(nurse, closed, "agree")
    act(nurse, closed, "identify", outcome="same_person", which=["full_name", "number"])
    act(nurse, closed, "close", outcome="seen_today")
    findings = f"{sent['blood']['page']}/findings"
    labs = {"on": "2027-01-10", "value-calcium_total": "2.9", "unit-calcium_total": "mmol/L"}
    labs |= {"value-albumin": "28", "unit-albumin": "g/L"}
    keep(nurse, nurse.post(findings, filled(nurse.get(findings)) | labs))
    findings = f"{sent['worse']['page']}/findings"
    keep(nurse, nurse.post(findings, filled(nurse.get(findings)) | {"answer-skin": ["pus"]}))
    act(nurse, sent["lowered"]["page"], "lower", **lowering(nurse, sent["lowered"]["page"]))
    act(nurse, sent["noted"]["page"], "note", words="Rang at noon, nobody there.")
    lead.sign_in()
    act(lead, sent["lowered"]["page"], "second", answer="yes")
    nurse.sign_in()
    sent["asked"] = _asked(nurse)
    return sent


def _sent(house: House, nurse: Member, given, **more: object) -> dict[str, str]:
    patient = Patient(house, nurse, **more)
    patient.send_all(given)
    with house.store.reading_scope(nurse.clinic) as scope:
        found = submission_reads.find_invitation_receipt(
            scope, patient.invitation, house.now
        ).submission
    return {"page": f"/submissions/{found}", "link": patient.link}


def _level(house: House, clinic: str, submission: str) -> str:
    with house.store.reading_scope(clinic) as scope:
        return submission_reads.find_receipt(scope, submission, house.now).urgency.name


def _asked(nurse: Member) -> dict[str, str]:
    page = _ask(nurse, "T 1", TODAY, 99)
    page = nurse.post("/assisted/send", {"of": page.all("input", name="of")[0]["value"]})
    return {"page": page.url, "link": ""}


def _ask(nurse: Member, reference: str, given, most: int):
    page = nurse.get("/assisted")
    fields = {"key": page.all("input", name="key")[0]["value"], "about": "me"}
    page = nurse.post("/assisted", fields | {"reference": reference, "name": "Jo"})
    while page.url != "/assisted/answers" and most:
        of, question = page.all("input", name="of")[0]["value"], page.url.rpartition("/")[2]
        page = nurse.post(page.url, {"of": of, question: sorted(given[question])})
        most -= 1
    return page


def _half_answered(house: House, nurse: Member) -> dict[str, dict[str, object]]:
    """Checks begun and not ended, each with what its person would answer to the rest."""
    begun: dict[str, dict[str, object]] = {}
    for name, given, most, about in (
        ("first", TODAY, 1, "me"),
        ("child", MIXED | {"age": frozenset({"child"})}, 6, "child"),
        ("alarmed", EMERGENCY, 9, "other"),
        ("complete", MIXED, 99, "me"),
    ):
        person = Visitor(house.app, SECURE)
        page = person.post("/start", {"region": "uk", "about": about})
        begun[name] = _left(person, page, given, most)
    person = Visitor(house.app, SECURE)
    person.walk(CALM)
    page = person.post("/changed", {"region": "us"})
    begun["second look"] = _left(person, page, MIXED, 2)
    invited = Patient(house, nurse, name="Fay")
    page = invited.post(invited.link, {"about": "me"})
    begun["invited"] = _left(invited, page, TODAY, 5)
    _ask(nurse, "T 2", TODAY, 4)
    begun["assisted"] = _told(nurse, TODAY, "/assisted")
    return begun


def _left(person: Visitor, page, given, most: int) -> dict[str, object]:
    while page.url.startswith(("/check/", "/changed/", "/emergency")) and most:
        if page.url == "/emergency":
            page = person.get(next(a for a in page.links if a.startswith(("/check/", "/answers"))))
            continue
        question = page.url.rpartition("/")[2]
        page = person.post(page.url, {question: sorted(given[question])})
        most -= 1
    return _told(person, given, page.url)


def _told(person: Visitor, given, at: str) -> dict[str, object]:
    cookies = {
        name: value
        for name, value in person.client.cookies.items()
        if name in ("__Host-journey", "__Host-assisted")
    }
    return {"at": at, "cookies": cookies, "given": {q: sorted(c) for q, c in given.items()}}


def _write(folder: Path, left: dict[str, object]) -> None:
    (folder / "left.json").write_text(f"{json.dumps(left, indent=1)}\n", "utf-8")


def _as_text(folder: Path) -> None:
    """The database as the statements that make it, which can be read and compared."""
    file = folder / "calcinosis.db"
    with sqlite3.connect(file) as database:
        lines = "\n".join(database.iterdump())
    (folder / "calcinosis.sql").write_text(f"{lines}\n", "utf-8")
    file.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
