"""A server of its own process, asked over one kept connection, and what that costs it."""

import http.client
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from gzip import decompress
from pathlib import Path
from urllib.parse import urlencode

from app.triage.rulebook import Rulebook

ROOT = Path(__file__).resolve().parent.parent
FORM = "application/x-www-form-urlencoded"


@dataclass
class Server:
    """A server process and one kept connection to it."""

    process: subprocess.Popen[bytes]
    connection: http.client.HTTPConnection
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self,
        method: str,
        path: str,
        body: str = "",
        cookies: Mapping[str, str] | None = None,
        kind: str = FORM,
    ) -> bytes:
        """The body as sent over the wire; cookies that the answer sets are kept.

        With `cookies`, those are sent alone and none is kept. Raises AssertionError on an error.
        """
        sent = self.cookies if cookies is None else cookies
        headers = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"}
        if sent:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in sent.items())
        if method == "POST":
            headers["Content-Type"] = kind
        self.connection.request(method, path, body or None, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status < 400, (method, path, answer.status, content[:500])
        if cookies is None:
            for line in answer.headers.get_all("Set-Cookie") or []:
                if match := re.match(r"([^=]+)=([^;]*)", line):
                    self.cookies[match[1]] = match[2]
        return content

    def measure_cpu(self, job: Callable[[], object], repeats: int) -> float:
        """CPU seconds a call, user and system, so that a slow client does not blur it."""
        self.connection.close()  # an idle one is dropped by the server; the next call opens another
        job()
        began = self._read_cpu()
        for _ in range(repeats):
            job()
        return (self._read_cpu() - began) / repeats

    def read_memory(self) -> float:
        """MiB of memory that the process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [kib] = re.findall(r"VmRSS:\s+(\d+) kB", status)
        return int(kib) / 1024

    def _read_cpu(self) -> float:
        # Nanoseconds of each thread; /proc/PID/stat counts in steps of 10 ms.
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


@contextmanager
def serving(
    command: Sequence[str], environment: Mapping[str, str], folder: Path = ROOT
) -> Iterator[Server]:
    """A server of this command, in which %d stands for the port, until the end of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [part.replace("%d", str(port)) for part in command],
        env=os.environ | environment,
        cwd=folder,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield Server(process, http.client.HTTPConnection("127.0.0.1", port))
    finally:
        process.terminate()
        process.wait(20)


def unpack_commit(commit: str, folder: Path) -> Path:
    """The code of an earlier commit in this new folder, with today's built files."""
    folder.mkdir()
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "-x"], cwd=folder, input=packed.stdout, check=True)
    shutil.copytree(ROOT / "static" / "vendor", folder / "static" / "vendor")
    return folder


def walk_questions(
    server: Server, rulebook: Rulebook, answers: Mapping[str, frozenset[str]]
) -> dict[str, dict[str, str]]:
    """The cookies with which each question is asked; under "" those of the end."""
    server.cookies.clear()
    start = decompress(server.ask("GET", "/")).decode()
    server.ask("POST", "/start", urlencode(_first_choices(start)))
    kept: dict[str, dict[str, str]] = {}
    given: dict[str, frozenset[str]] = {}
    while question := rulebook.questionnaire.trace_path(given).next:
        unsure = question.unsure or question.option_ids[0]
        given[question.id] = answers.get(question.id, frozenset({unsure}))
        kept[question.id] = dict(server.cookies)
        # "again": that a "not sure" about a grave sign was asked once more.
        form = urlencode({question.id: sorted(given[question.id]), "again": 1}, doseq=True)
        server.ask("POST", f"/check/{question.id}", form)
    return {**kept, "": dict(server.cookies)}


def _first_choices(page: str) -> dict[str, str]:
    """The first that can be chosen of each list and of each group of radio buttons."""
    chosen: dict[str, str] = {}
    for radio in re.findall(r'<input[^>]*type="radio"[^>]*>', page):
        name, value = (re.findall(f'{key}="([^"]*)"', radio) for key in ("name", "value"))
        chosen.setdefault(name[0], value[0])
    for name, options in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', page, re.S):
        chosen[name] = next(filter(None, re.findall(r'<option value="([^"]*)"', options)))
    return chosen


def make_question_job(
    server: Server, kept: Mapping[str, Mapping[str, str]], answers: Mapping[str, frozenset[str]]
) -> Callable[[], Sequence[bytes]]:
    """Answers one question with many options and opens the next; `kept`: of `walk_questions`."""
    question = "autoimmune"
    following = list(kept)[list(kept).index(question) + 1]
    form = urlencode({question: sorted(answers[question])}, doseq=True)
    return lambda: [
        server.ask("POST", f"/check/{question}", form, cookies=kept[question]),
        server.ask("GET", f"/check/{following}", cookies=kept[following]),
    ]
