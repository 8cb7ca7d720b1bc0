"""What leaves the server: to whom, over what line, with which words, and for how long."""

from __future__ import annotations

import base64
import json
import smtplib
import socket
import ssl
import time
from datetime import UTC, datetime
from email.message import EmailMessage, Message
from pathlib import Path

import pytest

from app.store import alarms
from app.web import outgoing_messages
from app.web.outgoing_messages import (
    MailServer,
    NotSent,
    OutgoingEmail,
    find_webhook_problem,
    is_public_address,
    post_webhook,
    send_mail,
    show_webhook_secret,
    sign_webhook,
)
from tests.far_ends import (
    BROKEN,
    DRIPS,
    HANGS,
    Posted,
    hook_at,
    id_of,
    mail_at,
    mailbox,
    webhook,
)

pytestmark = pytest.mark.alone

SECRET, NOW = b"s" * 32, datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOOK, LEAD = "https://hook.example/x?key=1", "lead@hill.example"
LETTER = OutgoingEmail("msg_1", "Look", "ABC-DEF\n", datetime(2026, 3, 2, 10, 0, tzinfo=UTC))


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
    assert find_webhook_problem(address)
    with pytest.raises(NotSent):
        post_webhook(address, "msg_1", {}, SECRET, NOW)


def test_a_usual_webhook_has_no_problem() -> None:
    assert find_webhook_problem(HOOK) == find_webhook_problem("https://hook.example:8443/a/b") == ""


@pytest.mark.parametrize(
    "address",
    [
        # "0.0.0.0" is among what must be refused; nothing is bound to it.
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),  # noqa: S104
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1"),
    ],
)
def test_an_address_that_is_not_of_the_open_internet_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_public_address(address)
    _resolve(monkeypatch, "93.184.215.14", address)
    with pytest.raises(NotSent, match="private network"):
        post_webhook(HOOK, "msg_1", {}, SECRET, NOW)


def test_an_address_of_the_open_internet_is_taken() -> None:
    assert is_public_address("93.184.215.14")
    assert is_public_address("2606:2800:220:1:248:1893:25c8:1946")


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


def test_a_webhook_is_signed_as_the_standard_says() -> None:
    """By the values that Standard Webhooks publishes for those who write a receiver."""
    shown = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    secret = base64.b64decode(shown.removeprefix("whsec_"))
    signed = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign_webhook(secret, *signed) == expected
    assert sign_webhook(secret, signed[0], signed[1] + 1, signed[2]) != expected
    assert show_webhook_secret(secret) == shown


def test_a_webhook_gets_the_words_at_the_address_that_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wire = Wire(monkeypatch, b"HTTP/1.1 204 No Content\r\n\r\n")
    post_webhook(HOOK, "msg_1", {"reference": "ABC-DEF"}, SECRET, NOW)
    assert (wire.connected, wire.names) == ([("93.184.215.14", 443)], ["hook.example"])
    assert wire.read() == ("POST /x?key=1 HTTP/1.1", {"id": "msg_1", "reference": "ABC-DEF"})


@pytest.mark.parametrize("status", ["302 Found", "307 Temporary", "404 Not Found", "500 Broken"])
def test_a_redirect_is_not_followed_and_a_refusal_is_no_success(
    monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    other = f"HTTP/1.1 {status}\r\nLocation: https://other.example/\r\nContent-Length: 0\r\n\r\n"
    wire = Wire(monkeypatch, other.encode())
    with pytest.raises(NotSent, match=status[:3]):
        post_webhook(HOOK, "msg_1", {}, SECRET, NOW)
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
        post_webhook(HOOK, "msg_1", {}, SECRET, NOW)
    monkeypatch.setattr(smtplib.SMTP_SSL, "connect", refuse)
    with pytest.raises(NotSent, match="ConnectionRefusedError"):
        send_mail(MailServer("smtps://mail.example", "us@hill.example"), LEAD, LETTER)
    with pytest.raises(NotSent, match="no e-mail server"):
        send_mail(MailServer("", ""), LEAD, LETTER)


def test_mail_goes_over_a_sealed_line_before_any_word_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[object] = []
    monkeypatch.setattr(smtplib.SMTP, "connect", lambda _, *at: said.append(at) or (220, b""))
    monkeypatch.setattr(smtplib.SMTP, "login", lambda _, *words: said.append(words))
    monkeypatch.setattr(smtplib.SMTP, "send_message", lambda _, letter: said.append(letter))

    def seal(server: smtplib.SMTP, context: ssl.SSLContext) -> None:
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        # smtplib has no public name for the host that it speaks to.
        said.append(("sealed", server._host))  # type: ignore[attr-defined]

    monkeypatch.setattr(smtplib.SMTP, "starttls", seal)
    send_mail(MailServer("smtp://us:a%40b@mail.example", "us@hill.example"), LEAD, LETTER)
    assert said[:3] == [("mail.example", 587), ("sealed", "mail.example"), ("us", "a@b")]
    message = said[3]
    assert isinstance(message, EmailMessage)
    assert (message["To"], message["Subject"]) == (LEAD, "Look")
    assert message["Message-ID"] == "<msg_1@hill.example>"
    assert message["Date"] == "Mon, 02 Mar 2026 10:00:00 +0000"
    assert message.get_content() == "ABC-DEF\n"


def test_a_real_mail_server_takes_a_letter_with_its_id(pem: Path) -> None:
    with mailbox(pem) as far:
        send_mail(MailServer(mail_at(far), "us@hill.example"), LEAD, LETTER)
        (letter,) = far.came
    assert isinstance(letter, Message)
    assert id_of(letter) == "msg_1"
    assert (letter["To"], letter.get_payload()) == (LEAD, "ABC-DEF\r\n")


def test_a_letter_that_is_not_accepted_is_not_sent(pem: Path) -> None:
    with mailbox(pem, does=[BROKEN]) as far, pytest.raises(NotSent, match="SMTPDataError"):
        send_mail(MailServer(mail_at(far), "us@hill.example"), LEAD, LETTER)


def test_a_mail_server_with_a_certificate_that_nobody_vouches_for_gets_nothing(
    pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with mailbox(pem) as far, pytest.raises(NotSent, match="SSLCertVerificationError"):
        send_mail(MailServer(mail_at(far), "us@hill.example"), LEAD, LETTER)
    assert far.came == []


def test_a_real_webhook_gets_the_id_in_its_header_and_its_words(pem: Path) -> None:
    with webhook(pem) as far:
        post_webhook(hook_at(far), "msg_1", {"reference": "ABC-DEF"}, SECRET, NOW)
    [posted] = far.came
    assert isinstance(posted, Posted)
    assert (posted.id, posted.words) == ("msg_1", {"id": "msg_1", "reference": "ABC-DEF"})
    assert posted.timestamp == int(NOW.timestamp())
    assert posted.signature == sign_webhook(SECRET, "msg_1", posted.timestamp, posted.body)


@pytest.mark.parametrize("deed", [HANGS, DRIPS])
def test_another_side_that_hangs_or_drips_is_left_after_a_while(
    pem: Path, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    monkeypatch.setattr(outgoing_messages, "LONGEST", 0.6)
    with webhook(pem, does=[deed]) as hook, mailbox(pem, does=[deed]) as box:
        for send in (
            lambda: post_webhook(hook_at(hook), "msg_1", {}, SECRET, NOW),
            lambda: send_mail(MailServer(mail_at(box), "us@hill.example"), LEAD, LETTER),
        ):
            began = time.monotonic()
            with pytest.raises(NotSent):
                send()
            assert time.monotonic() - began < 4  # much less than its 5 seconds for a step


def test_no_try_lasts_longer_than_it_is_claimed_for() -> None:
    """Looking a name up comes before; what is late by then is not sent at all."""
    assert alarms.CLAIM_DURATION.total_seconds() >= 2 * outgoing_messages.LONGEST
    assert outgoing_messages.WAIT <= 5


def test_the_network_is_spoken_to_from_two_files_alone() -> None:
    from app.settings import ROOT

    speak = (
        "import socket",
        "import smtplib",
        "http.client",
        "urllib.request",
        "import ssl",
        "httpx",
    )
    found = {
        file.name
        for file in (ROOT / "app").rglob("*.py")
        if any(word in file.read_text("utf-8") for word in speak)
    }
    # These listen, and tell who started them on this machine; they call nobody.
    listen = {"server.py", "service.py", "workers.py"}
    assert found - listen == {"outgoing_messages.py", "identity_provider.py"}
    for name in listen:
        (file,) = (ROOT / "app").rglob(name)
        assert ".connect(" not in file.read_text("utf-8")
        assert "create_connection" not in file.read_text("utf-8")
