"""What leaves the server: to whom, over what line, with which words, and how often it is tried."""

from __future__ import annotations

import json
import smtplib
import socket
import ssl
from email.message import EmailMessage

import pytest

from app.store import alarms
from app.store.alarms import Places
from app.web import outgoing
from app.web.clinic import alarm
from app.web.clinic.alarm import Messenger
from app.web.outgoing import Mail, NotSent, post, public, send_mail, webhook_problem
from tests.web.desk import EMERGENCY, House, Patient

HOOK = "https://hook.example/x?key=1"


@pytest.mark.parametrize(
    "address",
    [
        "http://hook.example/",
        "ftp://hook.example/",
        "//hook.example/",
        "https:///x",
        "https://nurse:word@hook.example/",
        "https://nurse@hook.example/",
        "https://hook.example/#part",
        "https://hook.example:0/",
        "https://hook.example:99999/",
        "https://hook.example/a b",
        "https://hook.example/\r\nHost: other",
        "https://höok.example/",
        "https://[::1",
    ],
)
def test_only_a_plain_https_address_is_a_webhook(address: str) -> None:
    assert webhook_problem(address)
    with pytest.raises(NotSent):
        post(address, {})


def test_a_usual_webhook_has_no_problem() -> None:
    assert webhook_problem(HOOK) == webhook_problem("https://hook.example:8443/a/b") == ""


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),  # noqa: S104
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1"),
    ],
)
def test_an_address_that_is_not_of_the_open_internet_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not public(address)
    _resolve(monkeypatch, "93.184.215.14", address)
    with pytest.raises(NotSent, match="private network"):
        post(HOOK, {})


def test_an_address_of_the_open_internet_is_taken() -> None:
    assert public("93.184.215.14")
    assert public("2606:2800:220:1:248:1893:25c8:1946")


def _resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 443)) for a in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)


class Wire:
    """The far end of a webhook, without a network: keeps what was asked, answers as told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
        self.connected: list[tuple[str, int]] = []
        self.names: list[str] = []
        self.asked = b""
        self.answer = answer
        _resolve(monkeypatch, "93.184.215.14")
        monkeypatch.setattr(socket, "create_connection", self._connect)
        monkeypatch.setattr(ssl.SSLContext, "wrap_socket", self._seal)

    def _connect(self, address: tuple[str, int], **_: object) -> socket.socket:
        self.connected.append(address)
        ours, self.theirs = socket.socketpair()
        self.theirs.sendall(self.answer)
        return ours

    def _seal(self, plain: socket.socket, server_hostname: str) -> socket.socket:
        self.names.append(server_hostname)
        return plain

    def read(self) -> tuple[str, dict[str, str]]:
        """The first line that was asked, and the words that were posted."""
        self.theirs.setblocking(False)
        head, _, body = self.theirs.recv(10_000).partition(b"\r\n\r\n")
        self.theirs.close()
        return head.decode().splitlines()[0], json.loads(body)


def test_a_webhook_gets_the_words_at_the_address_that_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wire = Wire(monkeypatch, b"HTTP/1.1 204 No Content\r\n\r\n")
    post(HOOK, {"reference": "ABC-DEF"})
    assert (wire.connected, wire.names) == ([("93.184.215.14", 443)], ["hook.example"])
    assert wire.read() == ("POST /x?key=1 HTTP/1.1", {"reference": "ABC-DEF"})


@pytest.mark.parametrize("status", ["302 Found", "307 Temporary", "404 Not Found", "500 Broken"])
def test_a_redirect_is_not_followed_and_a_refusal_is_no_success(
    monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    other = f"HTTP/1.1 {status}\r\nLocation: https://other.example/\r\nContent-Length: 0\r\n\r\n"
    wire = Wire(monkeypatch, other.encode())
    with pytest.raises(NotSent, match=status[:3]):
        post(HOOK, {})
    assert len(wire.connected) == 1
    wire.theirs.close()


def test_a_line_that_breaks_is_told_and_raises_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    _resolve(monkeypatch, "93.184.215.14")
    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(NotSent, match="ConnectionRefusedError"):
        post(HOOK, {})
    monkeypatch.setattr(smtplib, "SMTP_SSL", refuse)
    with pytest.raises(NotSent, match="ConnectionRefusedError"):
        send_mail(Mail("smtps://mail.example", "us@hill.example"), "lead@hill.example", "a", "b")
    with pytest.raises(NotSent, match="no e-mail server"):
        send_mail(Mail("", ""), "lead@hill.example", "a", "b")


class Postbox:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.steps: list[object] = []

    def __call__(self, host: str, port: int, **_: object) -> Postbox:
        self.steps.append((host, port))
        return self

    def __enter__(self) -> Postbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.steps.append("closed")

    def starttls(self, context: ssl.SSLContext) -> None:
        assert context.verify_mode is ssl.CERT_REQUIRED
        self.steps.append("sealed")

    def login(self, user: str, word: str) -> None:
        self.steps.append((user, word))

    def send_message(self, message: EmailMessage) -> None:
        self.steps.append(message)


def test_mail_goes_over_a_sealed_line_before_any_word_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    box = Postbox()
    monkeypatch.setattr(smtplib, "SMTP", box)
    mail = Mail("smtp://us:a%40b@mail.example", "us@hill.example")
    send_mail(mail, "lead@hill.example", "Look", "ABC-DEF\n")
    assert box.steps[:3] == [("mail.example", 587), "sealed", ("us", "a@b")]
    message = box.steps[3]
    assert isinstance(message, EmailMessage)
    assert (message["To"], message["Subject"]) == ("lead@hill.example", "Look")
    assert message.get_content() == "ABC-DEF\n"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What goes out, in place of a network; the first try of each webhook fails."""
    out: list[tuple[object, ...]] = []

    def hook(*words: object) -> None:
        out.append(words)
        if len(out) == 1:
            raise NotSent("busy")

    monkeypatch.setattr(alarm, "post", hook)
    monkeypatch.setattr(alarm, "send_mail", lambda _mail, *words: out.append(words))
    monkeypatch.setattr(alarm, "PAUSES", (0.0, 0.0))
    return out


def test_an_alarm_names_the_reference_and_the_worklist_and_nothing_else(
    house: House, sent: list[tuple[object, ...]]
) -> None:
    nurse = house.member("nurse", clinic="Alarm")
    Patient(house, nurse, reference="R-7 secret", name="Josephine").send_all(EMERGENCY)
    with house.store.writing(nurse.clinic) as scope:
        alarms.send_to(scope, house.now, Places(HOOK, "lead@hill.example"))
    messenger = Messenger(
        house.app.state.floor, house.app.state.alarm_after, "https://check.example", Mail("", "")
    )
    messenger(house.store, house.now)
    assert sent == []  # it came in just now
    nurse.wait(5 * 60)
    messenger(house.store, house.now)
    messenger(house.store, house.now)
    (first, again, mailed) = sent
    assert first == again
    address, words = first
    assert address == HOOK
    assert isinstance(words, dict)
    assert words["worklist"] == "https://check.example/worklist"
    assert set(words) == {"reference", "worklist"}
    assert mailed[0] == "lead@hill.example"
    assert mailed[2] == f"{words['reference']}\n{words['worklist']}\n"
    assert "secret" not in str(sent)
    assert "Josephine" not in str(sent)
    assert house.actions("Alarm")[-3:] == ["alarm_raised", "alarm_sent", "alarm_sent"]


def test_what_did_not_go_out_is_noted(
    house: House, monkeypatch: pytest.MonkeyPatch, sent: list[tuple[object, ...]]
) -> None:
    def fail(*_: object) -> None:
        raise NotSent("gone")

    monkeypatch.setattr(alarm, "post", fail)
    nurse = house.member("nurse", clinic="Deaf")
    Patient(house, nurse).send_all(EMERGENCY)
    with house.store.writing(nurse.clinic) as scope:
        alarms.send_to(scope, house.now, Places(HOOK))
    nurse.wait(5 * 60)
    messenger = next(job for job in house.app.state.jobs if job.name == "alarm").do
    messenger(house.store, house.now)
    assert house.actions("Deaf")[-2:] == ["alarm_raised", "alarm_not_sent"]
    assert sent == []


def test_where_alarms_go_does_not_stand_in_clear(house: House) -> None:
    clinic = house.clinic("Sealed")
    with house.store.writing(clinic) as scope:
        alarms.send_to(scope, house.now, Places(HOOK))
    file = house.store.engine.url.database
    assert file is not None
    with open(file, "rb") as database:  # noqa: PTH123
        assert b"hook.example" not in database.read()


def test_the_network_is_spoken_to_from_one_file_alone() -> None:
    from app.settings import ROOT

    speak = ("import socket", "import smtplib", "http.client", "urllib.request", "import ssl")
    found = {
        file.name
        for file in (ROOT / "app").rglob("*.py")
        if any(word in file.read_text("utf-8") for word in speak)
    }
    assert found == {"outgoing.py"}
    assert outgoing.WAIT <= 5
