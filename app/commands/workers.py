"""Several server processes on one socket: one that ends is started again, all are replaced in turn.

A process that is replaced goes on until its successor is ready, and then until its clients left it,
so nobody's request is lost. What they share is the socket, the folder of keys and the database.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

READY_WITHIN = 60.0
STOP_WITHIN = 20.0
LOOK = 0.2
PAUSE = 1.0
"""Seconds before a process that ended is started again."""


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Keeps `number` processes on the socket; `say` tells what happens."""

    listener: socket.socket
    number: int
    say: Callable[[str], None]

    def run(self) -> int:
        """Until SIGTERM or SIGINT; SIGHUP replaces all. Give the exit code."""
        heard: list[int] = []
        for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(sign, lambda number, _frame: heard.append(number))
        workers: list[subprocess.Popen[bytes]] = []
        try:
            for _ in range(self.number):
                worker = self._start_worker()
                if worker is None:
                    return 1
                workers.append(worker)
            while not {signal.SIGTERM, signal.SIGINT} & set(heard):
                if signal.SIGHUP in heard:
                    heard.remove(signal.SIGHUP)
                    workers = [self._replace_worker(one) for one in workers]
                workers = [self._keep_worker(one) for one in workers]
                time.sleep(LOOK)
        finally:
            _stop_workers(workers)
        return 0

    def _keep_worker(self, worker: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        if worker.poll() is None:
            return worker
        self.say(f"Process {worker.pid} ended with {worker.returncode}; another one is started.")
        time.sleep(PAUSE)
        return self._start_worker() or worker

    def _replace_worker(self, old: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """A new process in the place of this one, which ends once the new one is ready."""
        new = self._start_worker()
        if new is None:
            self.say(f"Process {old.pid} stays: its successor did not get ready.")
            return old
        _stop_workers([old])
        self.say(f"Process {new.pid} took the place of {old.pid}.")
        return new

    def _start_worker(self) -> subprocess.Popen[bytes] | None:
        """A process that is ready, or None where it ended or took too long."""
        descriptor = self.listener.fileno()
        command = [sys.executable, "-m", "app", "serve", "--fd", str(descriptor)]
        with (
            tempfile.TemporaryDirectory(prefix="calcinosis-") as folder,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line,
        ):
            address = Path(folder, "notify")
            line.bind(str(address))
            line.settimeout(LOOK)
            # Each word is ours; no shell reads it.
            worker = subprocess.Popen(  # noqa: S603
                command,
                pass_fds=[descriptor],
                env={**os.environ, "NOTIFY_SOCKET": str(address)},
            )
            if _wait_until_ready(worker, line):
                return worker
        _stop_workers([worker])
        return None


def _wait_until_ready(worker: subprocess.Popen[bytes], line: socket.socket) -> bool:
    until = time.monotonic() + READY_WITHIN
    while worker.poll() is None and time.monotonic() < until:
        try:
            if b"READY=1" in line.recv(1024):
                return True
        except TimeoutError:
            continue
    return False


def _stop_workers(workers: list[subprocess.Popen[bytes]]) -> None:
    """Let them end in order, all at once; what does not is killed."""
    for worker in workers:
        worker.terminate()
    until = time.monotonic() + STOP_WITHIN
    for worker in workers:
        try:
            worker.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
