"""Messages to invited people: what they say, that they arrive, and what a nurse reads of them."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from aiosmtpd.smtp import SMTP

from app.store import clinic_settings, invitations, patient_messages
from app.store.clinic_settings import WEEKDAYS
from app.web.clinic.message_sender import MessageSender
from app.web.outgoing_messages import MailServer, sign_webhook
from tests.builders import rulebook
from tests.far_ends import OK, Posted, free_port, hook_at, webhook
from tests.web.desk import EMERGENCY, House, Member, Patient

MAIL, MOBILE = "jo@home.example", "07700 900123"
GONE = "nobody@home.example"


class Mailbox(MessageHandler):
    """Keeps each letter; to one address it says that there is no such mailbox, or what is set."""

    def __init__(self) -> None:
        super().__init__()
        self.refusal = "550 5.1.1 no such mailbox"
        self.letters: list[Message] = []

    async def handle_RCPT(  # noqa: N802  # the name and the fields are aiosmtpd's
        self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """What the server says to one address."""
        if address == GONE:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def handle_message(self, message: Message) -> None:
        """One letter that was taken."""
        self.letters.append(message)


@contextmanager
def mail_server(pem: Path) -> Iterator[tuple[Mailbox, MailServer]]:
    """A mail server of its own that takes letters after STARTTLS alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    box, port = Mailbox(), free_port()
    controller = Controller(
        box, hostname="localhost", port=port, tls_context=context, require_starttls=True
    )
    controller.start()
    try:
        yield box, MailServer(f"smtp://localhost:{port}", "reception@hill.example")
    finally:
        controller.stop()


def clinic_that_writes(house: House, name: str, service: str = "", days: str = "") -> Member:
    """A nurse of a clinic that writes to those whom it invites."""
    nurse = house.member("nurse", clinic=name)
    with house.store.writing_scope(nurse.clinic, house.now, "command") as scope:
        patient_messages.save_choices(scope, "yes", days, service)
    return nurse


def send_round(house: House, mail: MailServer) -> None:
    MessageSender(house.app.state.context, "https://check.example", mail)(house.store, house.now)


def text_of(letter: Message) -> str:
    body = letter.get_payload(decode=True)
    assert isinstance(body, bytes)
    return body.decode()


def test_an_invited_person_gets_one_letter_that_leads_to_their_check(
    house: House, pem: Path
) -> None:
    with mail_server(pem) as (box, mail):
        nurse = clinic_that_writes(house, "Hill Road & Co")
        patient = Patient(house, nurse, name="Josephine", contact=MAIL)
        for _ in range(3):
            send_round(house, mail)
    (letter,) = box.letters
    assert (letter["To"], letter["From"]) == (MAIL, "reception@hill.example")
    assert letter["Subject"] == "A message from Hill Road & Co"
    words = text_of(letter)
    assert f"https://check.example{patient.link}" in words
    assert f"{patient.code[:4]} {patient.code[4:]}" in words
    assert "Josephine" not in str(letter)
    assert "Sent on" in nurse.get(f"/invitations/{patient.invitation}").text
    assert "Sent on" in nurse.get("/invitations").text


def test_no_message_names_an_illness_a_level_or_a_check(house: House, pem: Path) -> None:
    book = rulebook()
    banned = {level.parts.get("badge", "urgent") for level in book.wording["en"].levels.values()}
    banned |= {"calcinosis", "calcium", "lump", "skin", "symptom", "check", "urgent", "emergency"}
    with mail_server(pem) as (box, mail), webhook(pem) as service:
        nurse = clinic_that_writes(house, "Quiet", hook_at(service), "14")
        for contact in (MAIL, MOBILE):
            Patient(house, nurse, contact=contact, appointment_on=house.now.date())
        send_round(house, mail)
        with house.store.writing_scope(nurse.clinic, house.now, "command") as scope:
            clinic_settings.save_hours(scope, dict.fromkeys(WEEKDAYS, "00:00-23:59"))
            for one in invitations.list_unfinished_invitations(scope, house.now):
                patient_messages.add_message(scope, one.id, one.person.id, one.contact, "reminder")
        send_round(house, mail)
    texts = [str(letter["Subject"]) + text_of(letter) for letter in box.letters]
    texts += [posted.words["text"] for posted in service.came if isinstance(posted, Posted)]
    assert len(texts) == 4
    for text in texts:
        plain = re.sub(r"https://\S+", "", text).casefold()
        assert [word for word in banned if word.casefold() in plain] == []


def test_a_text_message_goes_to_the_clinics_own_service_signed(house: House, pem: Path) -> None:
    with webhook(pem, does=["503 Busy", OK]) as service:
        nurse = clinic_that_writes(house, "Texts", hook_at(service))
        patient = Patient(house, nurse, contact=MOBILE)
        send_round(house, MailServer("", ""))
        assert "We go on trying" in nurse.get("/invitations").text
        nurse.wait(60)
        send_round(house, MailServer("", ""))
    first, again = service.came
    assert isinstance(again, Posted)
    assert first == again
    assert set(again.words) == {"id", "to", "text"}
    assert again.words["to"] == MOBILE
    assert patient.link in again.words["text"]
    with house.store.reading_scope(nurse.clinic) as scope:
        _, secret = patient_messages.open_webhook(scope)
    assert again.signature == sign_webhook(secret, again.id, again.timestamp, again.body)


def test_what_bounced_is_said_on_the_list_and_not_tried_again(house: House, pem: Path) -> None:
    with mail_server(pem) as (box, mail):
        nurse = clinic_that_writes(house, "Bounced")
        patient = Patient(house, nurse, contact=GONE)
        send_round(house, mail)
        nurse.wait(10 * 60)
        send_round(house, mail)
        assert box.letters == []
    for page in ("/invitations", f"/invitations/{patient.invitation}"):
        assert "Did not arrive. Check the address or the number" in nurse.get(page).text


@pytest.mark.parametrize(
    "refusal", ["550 5.7.1 relaying denied", "450 4.2.2 mailbox full", "554 5.7.0 policy"]
)
def test_a_refusal_that_is_not_about_the_mailbox_is_tried_again(
    house: House, pem: Path, refusal: str
) -> None:
    with mail_server(pem) as (box, mail):
        box.refusal = refusal
        nurse = clinic_that_writes(house, f"Refused {refusal[:9]}")
        Patient(house, nurse, contact=GONE)
        send_round(house, mail)
    assert "Not sent yet. We go on trying" in nurse.get("/invitations").text


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("422 Unprocessable", "Did not arrive"),
        ("400 Bad Request", "Did not arrive"),
        ("401 Unauthorized", "We go on trying"),
        ("429 Too Many", "We go on trying"),
        ("302 Found", "We go on trying"),
        ("503 Busy", "We go on trying"),
    ],
)
def test_a_service_that_refuses_the_message_itself_is_not_asked_again(
    house: House, pem: Path, answer: str, state: str
) -> None:
    with webhook(pem, does=[answer]) as service:
        nurse = clinic_that_writes(house, f"Service {answer}", hook_at(service))
        Patient(house, nurse, contact=MOBILE)
        send_round(house, MailServer("", ""))
    assert state in nurse.get("/invitations").text


def test_nobody_is_written_to_who_must_not_be(house: House, pem: Path) -> None:
    with mail_server(pem) as (box, mail):
        nurse = clinic_that_writes(house, "Barred")
        first = Patient(house, nurse, reference="B-1", name="Jo")
        first.send_all(EMERGENCY)
        Patient(house, nurse, reference="B-1", name="Jo", contact=MAIL)  # waits to be sent
        sent = next(a for a in nurse.get("/worklist").links if a.startswith("/submissions/"))
        nurse.post(f"{sent}/marks", {"mark": ["no_contact"], "words-no_contact": ""})
        send_round(house, mail)
        assert box.letters == []
        assert "must not be phoned or written to" in nurse.get("/invitations").text


def test_a_clinic_chooses_on_its_page_whether_it_writes(house: House) -> None:
    admin = house.member("admin", clinic="Chooses")
    nurse = house.member("nurse", clinic="Chooses")
    assert "We do not write to patients" in nurse.get("/invitations").text
    assert not nurse.get("/invitations").all("input", name="contact")
    refused = {"writes": "yes", "reminder_days": "20", "message_webhook": "http://x.example"}
    page = admin.post("/clinic/messages", refused, 422)
    assert 'value="20"' in page.html
    fine = {"writes": "yes", "reminder_days": "2", "message_webhook": "https://x.example/send"}
    admin.post("/clinic/messages", fine)
    assert "whsec_" in admin.get("/clinic/messages").text
    assert "by e-mail and by text message" in nurse.get("/clinic").text
    assert "x.example" not in nurse.get("/clinic").text
    typed = {"reference": "C-1", "name": "Jo", "day": "", "kind": "", "key": "one"}
    page = nurse.post("/invitations", {**typed, "contact": "by post"}, 422)
    assert "Type one e-mail address or one number" in page.text
    assert 'value="by post"' in page.html
    page = nurse.post("/invitations", {**typed, "contact": MOBILE})
    assert "Will be sent" in page.text


def test_a_list_says_how_many_will_get_a_message(house: House) -> None:
    nurse = clinic_that_writes(house, "List")
    lines = f"Reference,Name,Email\nL-1,Jo,{MAIL}\nL-2,Bo,\nL-3,Cy,not an address"
    page = nurse.post("/invitations/list", {"lines": lines})
    assert "We can write to 1 of the 2 that are ticked." in page.text
    assert "Type one e-mail address or one number" in page.text


def test_who_stopped_at_an_emergency_stands_on_the_list(house: House) -> None:
    nurse = house.member("nurse", clinic="Stopped")
    patient = Patient(house, nurse)
    patient.post(patient.link, {"about": "me"})
    assert "Began, not sent yet" in nurse.get("/invitations").text
    page = patient.get("/check/age")
    while page.url != "/emergency":
        question = page.url.removeprefix("/check/")
        page = patient.answer(question, *EMERGENCY[question])
    for shown in ("/invitations", f"/invitations/{patient.invitation}"):
        assert "Stopped at an emergency. No answers were sent." in nurse.get(shown).text
