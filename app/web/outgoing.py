"""The only place that speaks to other machines: a message to a clinic's webhook or mailbox.

Only what `app/web/clinic/alarm.py` gives it goes out. A webhook is https to a public address,
looked up once and then held to; nothing that it answers is followed or kept.
"""

from __future__ import annotations

import ipaddress
import json
import smtplib
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage
from http.client import HTTPException, HTTPSConnection
from urllib.parse import SplitResult, unquote, urlsplit

WAIT = 5.0  # seconds for each step
_INTO_IPV4 = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")))
"""Where an address of IPv6 stands for any of IPv4, also for one of a private network."""


class NotSent(Exception):
    """The message did not arrive; why stands in the words, and nothing of the message."""


@dataclass(frozen=True, slots=True)
class Mail:
    """The server that takes our e-mail, and the address that it comes from."""

    server: str
    sender: str


def webhook_problem(address: str) -> str:
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


def post(address: str, words: Mapping[str, str]) -> None:
    """Post the words as JSON. Raises NotSent."""
    if problem := webhook_problem(address):
        raise NotSent(problem)
    parts = urlsplit(address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        with closing(_connection(parts)) as connection:
            body = json.dumps(words).encode()
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        raise NotSent(type(error).__name__) from None
    if not 200 <= status < 300:  # a redirect too: what is there was not chosen by the clinic
        raise NotSent(f"answered with {status}")


def send_mail(mail: Mail, to: str, subject: str, words: str) -> None:
    """Send one e-mail, over a sealed line. Raises NotSent."""
    if not mail.server or not mail.sender:
        raise NotSent("no e-mail server is set")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = mail.sender, to, subject
    message.set_content(words)
    parts = urlsplit(mail.server)
    try:
        with _mail_server(parts) as server:
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise NotSent(type(error).__name__) from None


def public(address: str) -> bool:
    """Whether an IP address belongs to the open internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return public(str(found.ipv4_mapped))
        if any(found in network for network in _INTO_IPV4):
            return False
    return found.is_global and not found.is_multicast


def _connection(parts: SplitResult) -> HTTPSConnection:
    """A connection to the very address that was looked at, with the name's certificate."""
    host, port = parts.hostname or "", parts.port or 443
    addresses = [
        str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ]
    if not addresses or not all(map(public, addresses)):
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


def _mail_server(parts: SplitResult) -> smtplib.SMTP:
    host, context = parts.hostname or "", ssl.create_default_context()
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(host, parts.port or 465, timeout=WAIT, context=context)
    server = smtplib.SMTP(host, parts.port or 587, timeout=WAIT)
    server.starttls(context=context)
    return server
