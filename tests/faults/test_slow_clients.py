"""Clients that never finish what they send are closed in time, and nobody else waits for them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest

from app.web import server as limits
from app.web.shield import MOST_BODY
from tests.builders import SOAK
from tests.running import Running, serving

pytestmark = pytest.mark.alone

CLIENTS = 60 if SOAK else 4
SLACK = 15.0
"""Seconds more than the limit, on a busy machine; the issue is that it ends at all."""
HEAD = (
    b"POST /start HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("slow")) as running:
        yield running


def connect(running: Running) -> socket.socket:
    host, port = running.base.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def page_status(running: Running) -> int:
    host, port = running.base.removeprefix("http://").split(":")
    with closing(HTTPConnection(host, int(port), timeout=20)) as line:
        line.request("GET", "/")
        return line.getresponse().status


def stay_silent(_line: socket.socket) -> None:
    """Nothing at all."""


def trickle_headers(line: socket.socket) -> None:
    """A letter of a header now and then."""
    line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")


def send_half_a_body(line: socket.socket) -> None:
    line.sendall(HEAD + b"Content-Length: 5000\r\n\r\nregion=uk")


def seconds_until_closed(running: Running, begin: Callable[[socket.socket], None]) -> float:
    """How long the server bears it; a letter is sent each second, as long as it takes any."""
    began = time.monotonic()
    with closing(connect(running)) as line:
        begin(line)
        line.settimeout(1)
        while time.monotonic() - began < limits.BODY_WITHIN + SLACK:
            try:
                if not line.recv(4096):
                    break
                continue
            except TimeoutError:
                pass
            except OSError:
                break
            try:
                if begin is not stay_silent:
                    line.sendall(b"x")
            except OSError:
                break
        return time.monotonic() - began


def test_clients_that_are_slow_are_closed_while_others_are_served(running: Running) -> None:
    kinds = (stay_silent, trickle_headers, send_half_a_body)
    taken: dict[Callable[[socket.socket], None], list[float]] = {kind: [] for kind in kinds}

    def be_slow(kind: Callable[[socket.socket], None]) -> None:
        taken[kind].append(seconds_until_closed(running, kind))

    threads = [threading.Thread(target=be_slow, args=[kind]) for kind in kinds * CLIENTS]
    for thread in threads:
        thread.start()
    served = 0
    while any(thread.is_alive() for thread in threads):
        assert page_status(running) == 200
        served += 1
        time.sleep(0.5)
    for kind, seconds in taken.items():
        most = limits.BODY_WITHIN if kind is send_half_a_body else limits.HEADERS_WITHIN
        assert len(seconds) == CLIENTS
        assert max(seconds) < most + SLACK
        assert min(seconds) > most - 1, "the limit is for those who are slow"
    assert served > 5


def test_a_body_that_is_too_long_still_gets_its_page(running: Running) -> None:
    with closing(connect(running)) as line:
        line.settimeout(20)
        line.sendall(HEAD + f"Content-Length: {MOST_BODY * 4}\r\n\r\n".encode())
        line.sendall(b"x" * MOST_BODY)
        said = line.recv(65536)
    assert said.startswith(b"HTTP/1.1 413")
    assert b"content-type: text/html" in said


def test_a_connection_that_is_used_in_time_stays(running: Running) -> None:
    host, port = running.base.removeprefix("http://").split(":")
    with closing(HTTPConnection(host, int(port), timeout=20)) as line:
        line.connect()
        first = line.sock
        for _ in range(3):
            line.request("GET", "/healthz")
            answer = line.getresponse()
            answer.read()
            assert answer.status == 200
            time.sleep(1)
        assert line.sock is first
