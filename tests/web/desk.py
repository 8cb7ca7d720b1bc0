"""Clinics and staff for tests of their pages: people who join, sign in and walk like anyone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyotp
from fastapi import FastAPI

from app.store import clinics, invitations
from app.store.accounts import staff
from app.store.db import audit
from app.store.db.scope import Store
from app.store.invitations import Invitee
from tests.builders import answers
from tests.conftest import Clock
from tests.visitor import Page, Visitor

SECURE = "https://testserver"
# Of made-up staff, in a database that is gone after the test.
PASSWORD = "purple kettle walks"  # noqa: S105


CALM, TODAY, EMERGENCY = (
    answers(),
    answers(skin="pus", autoimmune="scleroderma", kidney="dialysis", place="finger"),
    answers(breath="confused", medicines="binder"),
)


@dataclass
class House:
    """A running application with its clock, in which clinics can be added."""

    app: FastAPI
    clock: Clock
    clinics: dict[str, str] = field(default_factory=dict)  # name -> id
    hired: int = 0

    @property
    def store(self) -> Store:
        return self.app.state.context.store

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def clinic(self, name: str) -> str:
        """The id of the clinic of this name, made when it is first asked for."""
        if name not in self.clinics:
            self.clinics[name] = clinics.add_clinic(
                self.store, self.now, name=name, region="uk", time_zone="Europe/London"
            )
            self.app.state.clinic_presence.update_presence(self.store, self.now)
        return self.clinics[name]

    def link(self, role: str = "nurse", clinic: str = "Hill", name: str = "Kim Lee") -> str:
        """The address by which someone new joins."""
        self.hired += 1
        email = f"p{self.hired}@example.org"
        with self.store.writing_scope(self.clinic(clinic), self.now, "command") as scope:
            token = staff.invite_staff(scope, email=email, name=name, role=role)
        return f"/join/{token}"

    def member(self, role: str = "nurse", clinic: str = "Hill", name: str = "Kim Lee") -> Member:
        """Someone who has joined and signed in."""
        someone = Member(self, role, clinic, name)
        someone.sign_in()
        return someone

    def actions(self, clinic: str = "Hill") -> list[str]:
        """What the clinic's audit tells, oldest first; its chain is whole."""
        assert audit.verify_chain(self.store, self.clinic(clinic)) is None
        with self.store.reading_scope(self.clinic(clinic)) as scope:
            return [e.action for e in reversed(audit.list_audit_entries(scope, limit=10_000))]


class Member(Visitor):
    """Someone of a clinic's staff with a browser of their own and an app for codes."""

    def __init__(self, house: House, role: str, clinic: str, name: str) -> None:
        super().__init__(house.app, SECURE)
        self.house = house
        address = house.link(role, clinic, name)
        page = self.get(address)
        self.email = re.search(r"p\d+@example\.org", page.text).group()
        self.secret = re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", page.text).group()
        self.secret = self.secret.replace(" ", "")
        page = self.post(address, {"password": PASSWORD, "code": self.code})
        self.paper = re.findall(r"\b[2-9A-Z]{5}-[2-9A-Z]{5}\b", page.text)
        self.clinic = house.clinic(clinic)
        with house.store.reading_scope(self.clinic) as scope:
            known = {m.id: staff.read_staff_email(scope, m) for m in staff.list_staff(scope)}
        self.id = next(id_ for id_, email in known.items() if email == self.email)

    @property
    def code(self) -> str:
        """What the app shows now."""
        return pyotp.TOTP(self.secret).at(self.house.now)

    def wait(self, seconds: float = 60) -> None:
        """Let time pass, so that the app shows a code that was never used."""
        self.house.clock.seconds += seconds

    def sign_in(self, password: str = PASSWORD) -> Page:
        """Both factors; the page on which they begin."""
        self.wait()
        page = self.post("/sign-in", {"email": self.email, "password": password})
        assert page.url == "/sign-in/code"
        return self.post("/sign-in/code", {"code": self.code})

    @property
    def token(self) -> str:
        """What the browser holds of the session."""
        return self.client.cookies.get("__Host-staff") or ""


class Patient(Visitor):
    """Someone whom a nurse's clinic invited, with a phone of their own."""

    def __init__(self, house: House, nurse: Member, **more: Any) -> None:
        super().__init__(house.app, SECURE)
        self.house = house
        house.hired += 1
        guest = Invitee(**{"reference": f"R{house.hired}", "name": "Jo"} | more)
        (self.invitation,) = invitations.invite_patients(
            house.store, nurse.clinic, house.now, nurse.id, [guest], f"key{house.hired}"
        )
        with house.store.reading_scope(nurse.clinic) as scope:
            shown = invitations.find_invitation(scope, house.now, self.invitation)
        self.link, self.code = f"/i/{shown.token}", shown.code

    def in_another_browser(self) -> Patient:
        """Whoever else has the link, a minute later."""
        self.house.clock.seconds += 60
        other = object.__new__(Patient)
        Visitor.__init__(other, self.house.app, SECURE)
        other.house, other.link, other.invitation = self.house, self.link, self.invitation
        return other

    def answer_all(self, given, begin: bool = True) -> Page:
        """From the link to the result."""
        page = self.post(self.link, {"about": "me"}) if begin else self.get("/check/age")
        while page.url != "/answers":
            if page.url == "/emergency":
                page = self.get(next(a for a in page.links if a.startswith(("/check/", "/ans"))))
                continue
            question = page.url.removeprefix("/check/")
            page = self.answer(question, *given[question])
        return self.get("/result")

    def send_all(self, given) -> Page:
        """From the link to the page that says what was sent."""
        self.answer_all(given)
        return self.post("/send")

    def send_all_again(self) -> Page:
        """What is answered by now, and the rest of it as it was, once more."""
        self.get("/result")
        return self.post("/send")
