"""Patients and nurses who use a real server over its socket, many at once."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx2
import pyotp

from app.store import clinics, invitations
from app.store.accounts import staff
from app.store.db.database import open_database
from app.store.db.encryption import load_keyring
from app.store.db.patient_tables import ReviewEntry, Submission
from app.store.db.scope import Store
from app.store.invitations import Invitee
from app.web.journey import Journey, load_journey_keys, seal_journey
from tests.builders import answers, rulebook
from tests.running import Running
from tests.visitor import OWN

# Of made-up staff, in a database that is gone after the test.
PASSWORD = "purple kettle walks"  # noqa: S105
AFTER = re.compile(r'name="after" value="(\d+)"')


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class ServerWithClinic:
    """A server with one clinic, and what this process needs to add people to it."""

    server: Running
    store: Store
    clinic: str
    journey_key: bytes

    @classmethod
    def of(cls, server: Running) -> ServerWithClinic:
        answers()  # reading the rulebook takes a while, and is none of what is timed
        var = Path(server.folder) / "var"
        store = Store(open_database(server.database), load_keyring(var / "master.key"))
        clinic = clinics.add_clinic(
            store, now(), name="Hill", region="uk", time_zone="Europe/London"
        )
        return cls(server, store, clinic, load_journey_keys(var))

    def browser(self, timeout: float = 30) -> httpx2.Client:
        return httpx2.Client(base_url=self.server.base, headers=OWN, timeout=timeout)

    def patients(self, number: int) -> list[PatientBrowser]:
        """People who are invited and have answered everything: all that is left is to send it."""
        _, link = self._hire()
        by = staff.open_staff_invite(self.store, link, now()).staff
        guests = [Invitee(uuid4().hex[:12], "Jo") for _ in range(number)]
        made = invitations.invite_patients(self.store, self.clinic, now(), by, guests, uuid4().hex)
        return [PatientBrowser(self, invitation) for invitation in made]

    def nurse(self) -> Nurse:
        """A nurse who has an account, and is not signed in."""
        email, link = self._hire()
        secret = staff.open_staff_invite(self.store, link, now()).secret
        code = pyotp.TOTP(secret).at(now())
        return Nurse(self, email, staff.join_staff(self.store, link, PASSWORD, code, now()))

    def _hire(self) -> tuple[str, str]:
        email = f"{uuid4().hex[:12]}@hill.example"
        with self.store.writing_scope(self.clinic, now(), "command") as scope:
            link = staff.invite_staff(scope, email=email, name="Kim", role="nurse")
        return email, link

    def sent(self) -> set[str]:
        """The invitations of all submissions that are kept."""
        with self.store.reading_scope(self.clinic) as scope:
            return {row.invitation_id or "" for row in scope.find_all(Submission)}

    def notes(self) -> set[str]:
        """The keys of all entries of reviews that are kept."""
        with self.store.reading_scope(self.clinic) as scope:
            return {row.idempotency_key or "" for row in scope.find_all(ReviewEntry)}

    def submissions(self) -> list[str]:
        """The ids of all submissions that are kept."""
        with self.store.reading_scope(self.clinic) as scope:
            return [row.id for row in scope.find_all(Submission)]


@dataclass
class PatientBrowser:
    """Someone with all answers in their browser."""

    scene: ServerWithClinic
    invitation: str

    @property
    def token(self) -> str:
        """That of their link."""
        return invitations.derive_link_token(
            self.scene.store.keyring, self.scene.clinic, self.invitation
        )

    def send(self, browser: httpx2.Client) -> httpx2.Response:
        """Press the button."""
        edition = rulebook().version
        given = dict(answers())
        journey = Journey("uk", int(time.time()), given, invitation=self.token, edition=edition)
        cookie = f"journey={seal_journey(self.scene.journey_key, journey)}"
        return browser.post("/send", headers={"cookie": cookie})


@dataclass
class Nurse:
    """Someone of the staff with a browser and ten recovery codes."""

    scene: ServerWithClinic
    email: str
    paper: list[str]
    browser: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        self.browser = self.scene.browser()

    def give_password(self, password: str = PASSWORD) -> httpx2.Response:
        return self.browser.post("/sign-in", data={"email": self.email, "password": password})

    def sign_in(self) -> None:
        assert self.give_password().status_code == 303
        proved = self.browser.post("/sign-in/code", data={"code": self.paper.pop()})
        assert proved.status_code == 303

    def note(self, submission: str, key: str) -> httpx2.Response:
        """Look at it, and write a note."""
        page = self.browser.get(f"/submissions/{submission}")
        if page.status_code != 200:
            return page
        after = AFTER.search(page.text)
        fields = {"key": key, "after": after[1] if after else "", "words": "Called her."}
        return self.browser.post(f"/submissions/{submission}/note", data=fields)
