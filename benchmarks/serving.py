"""What a page costs the server, as a ratio to a bare ASGI answer of the same bytes, in one run.

Both servers run side by side on loopback, one worker each; rounds are interleaved. The measure is
the server's own CPU time (user and system, from /proc), so a slow client does not blur it.
"""

import gzip
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.assurance.cases import read_cases
from app.rulebook.load import load_rulebook_folder

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, REPEATS = 5, 200
AIMS = {"question": 8.0, "result": 25.0, "start": 4.0, "about": 4.0, "api assess": 8.0}
BARE = """
import uvicorn
async def app(scope, receive, send):
    if scope["type"] == "http":
        size = int(scope["path"].strip("/") or 0)
        await receive()
        await send({"type": "http.response.start", "status": 200,
                    "headers": [(b"content-length", str(size).encode())]})
        await send({"type": "http.response.body", "body": b"x" * size})
uvicorn.run(app, port=%d, log_level="error", access_log=False)
"""


@dataclass
class Server:
    """A server process and one kept connection to it."""

    process: subprocess.Popen[bytes]
    connection: http.client.HTTPConnection

    def cpu(self) -> float:
        """Seconds of CPU that the process has used."""
        # Nanoseconds of the one thread that serves; /proc/PID/stat counts in steps of 10 ms.
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9

    def ask(
        self, method: str, path: str, body: str = "", cookie: str = "", kind: str = ""
    ) -> tuple[int, bytes, str]:
        """Status, body as sent over the wire, and the cookie that was set."""
        headers = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin", "Cookie": cookie}
        if body:
            headers["Content-Type"] = kind or "application/x-www-form-urlencoded"
        self.connection.request(method, path, body or None, headers)
        answer = self.connection.getresponse()
        found = re.match(r"([^=]+=[^;]+)", answer.getheader("Set-Cookie") or "")
        return answer.status, answer.read(), found.group(1) if found else cookie


def main() -> None:
    """Print a line for each kind of page."""
    with tempfile.TemporaryDirectory() as var:
        ours = _serve(
            [sys.executable, "-m", "app", "serve", "--port", "%d"], {"CALCINOSIS_VAR": var}
        )
        bare = _serve([sys.executable, "-c", BARE], {})
        try:
            _compare(ours, bare)
        finally:
            ours.process.terminate()
            bare.process.terminate()


def _compare(ours: Server, bare: Server) -> None:
    print(f"{'what':<12}{'us CPU':>8}{'bare':>8}{'ratio':>8}  aim   bytes")
    for name, job, sizes in _jobs(ours):
        costs: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(ROUNDS):
            costs["ours"].append(_cpu(ours, job))
            costs["bare"].append(_cpu(bare, lambda s=sizes: [bare.ask("GET", f"/{n}") for n in s]))
        mine, theirs = (sorted(costs[k])[ROUNDS // 2] * 1e6 for k in ("ours", "bare"))
        print(
            f"{name:<12}{mine:>8.0f}{theirs:>8.0f}{mine / max(theirs, 1):>8.1f}"
            f"  {AIMS[name]:<5g} {sum(sizes)}"
        )


def _jobs(ours: Server) -> list[tuple[str, Callable[[], object], list[int]]]:
    rulebook = load_rulebook_folder(ROOT / "rules")
    case = read_cases(rulebook, ROOT / "rules" / "cases" / "published")[0]
    _, _, cookie = ours.ask("POST", "/start", _start_form(ours))
    cookies = {}
    for question in rulebook.questionnaire.trace_path(case.answers).asked:
        cookies[question.id] = cookie
        body = "&".join(f"{question.id}={option}" for option in sorted(case.answers[question.id]))
        status, _, cookie = ours.ask("POST", f"/check/{question.id}", body, cookie)
        assert status == 303, (question.id, status)
    body = "autoimmune=scleroderma&autoimmune=tight_skin"

    def question_answered() -> tuple[int, int]:
        _, first, kept = ours.ask("POST", "/check/autoimmune", body, cookies["autoimmune"])
        _, second, _ = ours.ask("GET", "/check/medicines", cookie=kept)
        return len(first), len(second)

    answers = {q: sorted(chosen) for q, chosen in case.answers.items()}
    sent = json.dumps({"answers": answers, "region": "uk"})

    def api() -> bytes:
        return ours.ask("POST", "/api/v1/assess", sent, kind="application/json")[1]

    def page(path: str, kept: str = "") -> Callable[[], bytes]:
        return lambda: ours.ask("GET", path, cookie=kept)[1]

    return [
        ("question", question_answered, list(question_answered())),
        ("result", page("/result", cookie), [len(page("/result", cookie)())]),
        ("start", page("/"), [len(page("/")())]),
        ("about", page("/about"), [len(page("/about")())]),
        ("api assess", api, [len(api())]),
    ]


def _start_form(ours: Server) -> str:
    """Every radio of the start page, its first choice."""
    _, page, _ = ours.ask("GET", "/")
    html = (gzip.decompress(page) if page[:2] == b"\x1f\x8b" else page).decode()
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*type=\"radio\"[^>]*>", html):
        name, value = (re.search(f'{k}="([^"]*)"', tag) for k in ("name", "value"))
        if name and value:
            fields.setdefault(name.group(1), value.group(1))
    return "&".join(f"{name}={value}" for name, value in fields.items())


def _cpu(server: Server, job: Callable[[], object]) -> float:
    """CPU seconds a call."""
    server.connection.close()  # an idle one is dropped by the server; the next call opens another
    job()
    began = server.cpu()
    for _ in range(REPEATS):
        job()
    return (server.cpu() - began) / REPEATS


def _serve(command: list[str], environment: dict[str, str]) -> Server:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [part % port if "%d" in part else part for part in command],
        env=os.environ | environment,
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    return Server(process, http.client.HTTPConnection("127.0.0.1", port))


if __name__ == "__main__":
    main()
