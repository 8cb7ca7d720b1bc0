"""A running server is replaced, and none of its busy clients notices."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from app.settings import ROOT
from tests.builders import SOAK
from tests.postgresql import new_database
from tests.running import _environment
from tests.score import keep_count

pytestmark = pytest.mark.alone

CLIENTS, RESTARTS, WORKERS = (40, 20, 2) if SOAK else (10, 2, 2)
SOON = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Supervised:
    """`serve --workers`, and what it said."""

    def __init__(self, folder: Path, database: str, *options: str) -> None:
        self.port, self.lines = free_port(), [""]
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--port", str(self.port), *options],
            cwd=ROOT,
            env=_environment(folder, database),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    def said(self, words: str) -> int:
        return sum(words in line for line in self.lines)

    def wait_for(self, words: str, times: int) -> None:
        until = time.monotonic() + SOON
        while self.said(words) < times:
            assert time.monotonic() < until, self.lines
            assert self.process.poll() is None, self.lines
            time.sleep(0.1)

    def is_up(self) -> bool:
        try:
            status, line = ask(self.port, None)
        except OSError:
            return False
        line.close()
        return status == 200

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def close(self) -> None:
        """End it and all that it started, whatever they do."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)
        self.reader.join(60)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def supervised(folder: Path, database: str, *options: str) -> Iterator[Supervised]:
    server = Supervised(folder, database, *options)
    try:
        until = time.monotonic() + SOON
        while not server.is_up():
            assert time.monotonic() < until, server.lines
            time.sleep(0.2)
        yield server
    finally:
        server.close()


def ask(
    port: int, line: http.client.HTTPConnection | None
) -> tuple[int, http.client.HTTPConnection]:
    """The status of a page, on this connection as long as the server keeps it."""
    line = line or http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request("GET", "/about")
        answer = line.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        line.close()
        raise
    return answer.status, line


class Crowd:
    """Clients that ask again and again, as long as they are let."""

    def __init__(self, port: int) -> None:
        self.port, self.seen, self.over = port, Counter[str](), threading.Event()
        self.threads = [threading.Thread(target=self._keep_asking) for _ in range(CLIENTS)]

    def __enter__(self) -> Crowd:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(60)

    def _keep_asking(self) -> None:
        line: http.client.HTTPConnection | None = None
        while not self.over.is_set():
            try:
                status, line = ask(self.port, line)
                self.seen[str(status)] += 1
            except (OSError, http.client.HTTPException) as fault:
                self.seen[type(fault).__name__] += 1
                line = None
            time.sleep(0.02)
        if line is not None:
            line.close()

    @property
    def errors(self) -> int:
        return sum(number for what, number in self.seen.items() if what != "200")


def test_processes_are_replaced_and_no_client_notices(tmp_path: Path, cluster: str) -> None:
    options = ("--workers", str(WORKERS))
    bad = 0
    with supervised(tmp_path, new_database(cluster), *options) as server:
        with Crowd(server.port) as crowd:
            for number in range(1, RESTARTS + 1):
                before = crowd.errors
                server.process.send_signal(signal.SIGHUP)
                server.wait_for("took the place of", WORKERS * number)
                bad += crowd.errors > before
            time.sleep(1)
        keep_count("deploy_errors", bad, RESTARTS)
        assert crowd.errors == 0, crowd.seen
        assert crowd.seen["200"] > 20 * RESTARTS
        assert server.stop() == 0


def test_a_process_that_dies_is_started_again(tmp_path: Path, cluster: str) -> None:
    with supervised(tmp_path, new_database(cluster), "--workers", "2") as server:
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(server.process.pid)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        assert len(children) == 2
        subprocess.run(["kill", "-9", children[0]], check=True)
        server.wait_for("another one is started", 1)
        until = time.monotonic() + SOON
        while not server.is_up():
            assert time.monotonic() < until
        assert server.stop() == 0


def test_started_and_stopped_plainly_clients_do_notice(tmp_path: Path) -> None:
    """The control: a crowd that could not fail would prove nothing."""
    with supervised(tmp_path / "first", "") as server:
        with Crowd(server.port) as crowd:
            server.stop()
            time.sleep(1)
        assert crowd.errors > 0


def test_several_processes_on_one_sqlite_file_are_refused_in_words(tmp_path: Path) -> None:
    server = Supervised(tmp_path, "", "--workers", "2")
    assert server.process.wait(60) == 2
    server.close()
    assert server.said("need PostgreSQL")


def test_a_port_in_use_is_said_in_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "app", "serve", "--port", str(port)],
            cwd=ROOT,
            env=_environment(tmp_path, ""),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert f"port {port}: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr
