"""Speaks to other machines: a message to the webhook or mailbox of a clinic, or to a patient.

Only what `app/web/clinic/alarm.py` and `message_sender.py` give it goes out; besides it only
`app/web/identity_provider.py` speaks to anyone. A webhook is https to a public address,
looked up once and then held to; nothing that it answers is followed or kept. Each message has an
id that is the same however often it is sent, so that whoever gets it twice can drop one.
"""

import base64
import hmac
import ipaddress
import json
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from http.client import HTTPException, HTTPSConnection
from urllib.parse import SplitResult, unquote, urlsplit

WAIT = 5.0  # seconds for each step
LONGEST = 10.0  # seconds for all of it: another side that drips words would never end
_MAY_PASS = (401, 403, 404, 408, 409, 425, 429)
"""Refusals of a webhook that are about the moment or its settings, and not about the message."""
_NO_MAILBOX = (550, 551, 553, 556)
"""Replies of a mail server to an address that it will never take (RFC 5321, RFC 7504)."""
_INTO_IPV4 = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")))
"""Where an address of IPv6 stands for any of IPv4, also for one of a private network."""


class NotSent(Exception):
    """The message did not arrive; why stands in the words, and nothing of the message."""


class Refused(NotSent):
    """The other side will not take this message, however often it is sent."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """The server that takes our e-mail, and the address that it comes from."""

    server: str
    sender: str


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """What an e-mail says; all of it stays the same when it is sent again."""

    id: str
    subject: str
    words: str
    at: datetime


def find_webhook_problem(address: str) -> str:
    """What is wrong with the address of a webhook; empty where nothing is."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return "it is no address"
    if parts.scheme != "https":
        return "it must start with https://"
    if not parts.hostname or parts.username is not None or parts.fragment or port == 0:
        return "it must be https://NAME/PATH, without a name to sign in with"
    if not (address.isascii() and address.isprintable()) or " " in address:
        return "it holds a letter that no address has"
    return ""


def post_webhook(
    address: str, id_: str, words: Mapping[str, str], secret: bytes, now: datetime
) -> None:
    """Post the words as JSON, signed as Standard Webhooks has it (standardwebhooks.com).

    The id stands in the words too. Raises NotSent.
    """
    until = time.monotonic() + LONGEST
    if problem := find_webhook_problem(address):
        raise NotSent(problem)
    parts = urlsplit(address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        with (
            closing(_open_connection(parts)) as connection,
            _enforce_deadline(until, lambda: connection.sock),
        ):
            body = json.dumps({"id": id_, **words}).encode()
            headers = {
                "Content-Type": "application/json",
                "Webhook-Id": id_,
                "Webhook-Timestamp": str(int(now.timestamp())),
                "Webhook-Signature": sign_webhook(secret, id_, int(now.timestamp()), body),
            }
            connection.request("POST", path, body, headers)
            status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        raise NotSent(type(error).__name__) from None
    if not 200 <= status < 300:  # a redirect too: what is there was not chosen by the clinic
        may_pass = status < 400 or status >= 500 or status in _MAY_PASS
        raise (NotSent if may_pass else Refused)(f"answered with {status}")


def sign_webhook(secret: bytes, id_: str, timestamp: int, body: bytes) -> str:
    """The signature over id, time (seconds since 1970) and body: a version and base64."""
    signature = hmac.digest(secret, f"{id_}.{timestamp}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(signature).decode()}"


def show_webhook_secret(secret: bytes) -> str:
    """The secret in the form that libraries of receivers take."""
    return f"whsec_{base64.b64encode(secret).decode()}"


def send_mail(mail: MailServer, to: str, letter: OutgoingEmail) -> None:
    """Send one e-mail, over a sealed line, until the server has accepted it. Raises NotSent."""
    until = time.monotonic() + LONGEST
    if not mail.server or not mail.sender:
        raise NotSent("no e-mail server is set")
    parts = urlsplit(mail.server)
    server = _make_smtp_client(parts)
    try:
        with closing(server), _enforce_deadline(until, lambda: server.sock):
            _connect_smtp(server, parts)
            server.send_message(_build_email(mail, to, letter))
    except smtplib.SMTPRecipientsRefused as refused:
        is_final = all(_names_no_mailbox(*reply) for reply in refused.recipients.values())
        raise (Refused if is_final else NotSent)(type(refused).__name__) from None
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise NotSent(type(error).__name__) from None


def _names_no_mailbox(code: int, words: bytes) -> bool:
    """Whether a reply is about the mailbox; 5.7 is about us, such as that we may not relay."""
    return code in _NO_MAILBOX and not words.startswith(b"5.7.")


def is_public_address(address: str) -> bool:
    """Whether an IP address belongs to the open internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public_address(str(found.ipv4_mapped))
        if any(found in network for network in _INTO_IPV4):
            return False
    return found.is_global and not found.is_multicast


def _open_connection(parts: SplitResult) -> HTTPSConnection:
    """A connection to the very address that was looked at, with the name's certificate."""
    host, port = parts.hostname or "", parts.port or 443
    addresses = [
        str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ]
    if not addresses or not all(map(is_public_address, addresses)):
        raise NotSent("it leads into a private network")
    plain = socket.create_connection((addresses[0], port), timeout=WAIT)
    try:
        sealed = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise
    connection = HTTPSConnection(host, port, timeout=WAIT)
    connection.sock = sealed
    return connection


def _build_email(mail: MailServer, to: str, letter: OutgoingEmail) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = mail.sender, to, letter.subject
    message["Message-ID"] = f"<{letter.id}@{mail.sender.rpartition('@')[2]}>"
    message["Date"] = format_datetime(letter.at)
    message["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday note comes back
    message.set_content(letter.words)
    return message


def _make_smtp_client(parts: SplitResult) -> smtplib.SMTP:
    """Not connected yet, so that the line can be cut from its first word on."""
    if parts.scheme == "smtps":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(timeout=WAIT, context=context)
    else:
        server = smtplib.SMTP(timeout=WAIT)
    server._host = parts.hostname or ""  # type: ignore[attr-defined]  # the certificate's name
    return server


def _connect_smtp(server: smtplib.SMTP, parts: SplitResult) -> None:
    sealed = isinstance(server, smtplib.SMTP_SSL)
    code, said = server.connect(parts.hostname or "", parts.port or (465 if sealed else 587))
    if code != 220:
        raise smtplib.SMTPConnectError(code, said)
    if not sealed:
        server.starttls(context=ssl.create_default_context())
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))


@contextmanager
def _enforce_deadline(until: float, line: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Cut the line at that time, whatever it waits for then. Raises NotSent where it is over."""
    over = threading.Event()

    def watch_deadline() -> None:
        pause = until - time.monotonic()
        while not over.wait(pause):
            _shut_socket(line())
            pause = 0.5  # a name that was looked up late leads to a line that opens later still

    if time.monotonic() >= until:
        raise NotSent("it took too long")
    watcher = threading.Thread(target=watch_deadline, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _shut_socket(line: socket.socket | None) -> None:
    if line is not None:
        with suppress(OSError):  # it was closed meanwhile
            # Not by its own method: a sealed line would then be read as one in clear.
            socket.socket.shutdown(line, socket.SHUT_RDWR)
