"""The other sides of a message, for real: a webhook over https and a mail server, on this machine.

Each can be told to refuse, to hang or to drip. Their certificate is for `localhost`, and only who
is pointed to `certificate` by SSL_CERT_FILE trusts it.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK, BROKEN, HANGS, DRIPS = "204 No Content", "500 Broken", "hangs", "drips"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certificate(folder: Path) -> Path:
    """A file with a certificate for localhost and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    file = folder / "localhost.pem"
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, form, plain))
    return file


@dataclass
class Far:
    """Another side while it is up: what came to it, and what it does next, the last for ever."""

    port: int
    does: list[str]
    came: list[object] = field(default_factory=list)
    lines: list[socket.socket] = field(default_factory=list)
    closing: bool = False

    def next_deed(self) -> str:
        return self.does.pop(0) if len(self.does) > 1 else self.does[0]

    def waits_for(self, number: int = 1, seconds: float = 60) -> list[object]:
        """All that came, once it is as much."""
        until = time.monotonic() + seconds
        while len(self.came) < number:
            assert time.monotonic() < until, f"only {len(self.came)} came"
            time.sleep(0.05)
        return self.came


@dataclass(frozen=True)
class Posted:
    """What a webhook got."""

    id: str
    words: dict[str, str]
    timestamp: int = field(compare=False)
    signature: str = field(compare=False)
    body: bytes = field(compare=False)


@contextmanager
def webhook(pem: Path, port: int = 0, does: list[str] | None = None) -> Iterator[Far]:
    """A webhook on https://localhost:PORT."""
    with _listening(pem, port or free_port(), does or [OK], _answer_post) as far:
        yield far


@contextmanager
def mailbox(pem: Path, port: int = 0, does: list[str] | None = None) -> Iterator[Far]:
    """A mail server on smtps://localhost:PORT."""
    with _listening(pem, port or free_port(), does or [OK], _answer_mail) as far:
        yield far


@contextmanager
def _listening(
    pem: Path, port: int, does: list[str], answer: Callable[[Far, ssl.SSLSocket], None]
) -> Iterator[Far]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    far, threads = Far(port, list(does)), []

    def one(plain: socket.socket) -> None:
        try:
            with context.wrap_socket(plain, server_side=True) as line:
                far.lines.append(line)
                answer(far, line)
        except (OSError, ValueError):
            plain.close()  # whoever called is gone

    def listen() -> None:
        while not far.closing:
            try:
                plain, _ = door.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=one, args=[plain]))
            threads[-1].start()

    with socket.create_server(("127.0.0.1", port)) as door:
        threads.append(threading.Thread(target=listen))
        threads[0].start()
        try:
            yield far
        finally:
            far.closing = True
            door.shutdown(socket.SHUT_RDWR)
            for line in far.lines:
                _cut(line)
            for thread in threads:
                thread.join(timeout=20)


def _cut(line: socket.socket) -> None:
    try:
        socket.socket.shutdown(line, socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already


def _answer_post(far: Far, line: ssl.SSLSocket) -> None:
    with line.makefile("rb") as said:
        said.readline()
        headers = {}
        while words := said.readline().strip():
            name, _, value = words.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = said.read(int(headers["content-length"]))
        deed = far.next_deed()
        signed = int(headers["webhook-timestamp"]), headers["webhook-signature"], body
        far.came.append(Posted(headers["webhook-id"], json.loads(body), *signed))
        _say(far, line, deed, f"HTTP/1.1 {deed}\r\nContent-Length: 0\r\n\r\n")
        said.read()


def _answer_mail(far: Far, line: ssl.SSLSocket) -> None:
    with line.makefile("rb") as said:
        line.sendall(b"220 localhost\r\n")
        while words := said.readline():
            word = words.split()[0].upper()
            if word == b"DATA":
                line.sendall(b"354 go on\r\n")
                text = b"".join(iter(said.readline, b".\r\n"))
                deed = far.next_deed()
                far.came.append(message_from_bytes(text))
                _say(far, line, deed, "250 taken\r\n" if deed == OK else "451 not now\r\n")
            elif word == b"QUIT":
                line.sendall(b"221 good-bye\r\n")
                return
            else:
                line.sendall(b"250 yes\r\n")


def _say(far: Far, line: ssl.SSLSocket, deed: str, words: str) -> None:
    """Answer, never, or a letter at a time for ever."""
    if deed == DRIPS:
        while not far.closing:
            line.sendall(b"2")
            time.sleep(0.2)
    elif deed != HANGS:
        line.sendall(words.encode())


def hook_at(far: Far) -> str:
    """The address of a webhook."""
    return f"https://localhost:{far.port}/hook"


def mail_at(far: Far) -> str:
    """The address of a mail server."""
    return f"smtps://localhost:{far.port}"


def id_of(came: object) -> str:
    """The id that stays the same on every try."""
    if isinstance(came, Posted):
        assert came.words["id"] == came.id
        return came.id
    assert isinstance(came, Message)
    return str(came["Message-ID"]).strip("<>").partition("@")[0]
