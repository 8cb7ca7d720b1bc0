"""What each page costs beside an earlier commit, both served side by side in one run.

`python -m benchmarks.paired [COMMIT]`. Both have the same database, filled by the earlier one with
made-up people. Rounds are interleaved, and the ratio is the middle one of all rounds, so that other
work on the machine touches both alike. The figures are kept in `paired.json` beside this file.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from gzip import decompress
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from app.assurance.cases import read_cases
from app.rulebook.load import load_rulebook_folder
from app.triage.rulebook import Rulebook
from benchmarks._server import (
    ROOT,
    Server,
    make_question_job,
    serving,
    unpack_commit,
    walk_questions,
)

BEFORE = "be1d529"  # the last commit before rooms, names and pages were made anew
KEPT = Path(__file__).with_suffix(".json")
ROUNDS, REPEATS = 9, 20
NURSE = "amina.khan@hill.example"
AIMS = {
    "an answered question": 0.55,
    "check your answers": 1 / 3,
    "result": 1 / 3,
    "result, all unsure": 1 / 3,
    "api assess": 0.5,
    "submission": 0.25,
}

Job = Callable[[], Sequence[bytes]]


def main(before: str = BEFORE) -> None:
    """Print and keep a line for each kind of page."""
    with tempfile.TemporaryDirectory() as made, ExitStack() as running:
        old = unpack_commit(before, Path(made) / "code")
        first, second = Path(made) / "before", Path(made) / "now"
        password = _fill_database(old, first)
        shutil.copytree(first, second)
        _run(ROOT, second, "clinic", "list")  # brings its tables up to date
        folders = ((old, first), (ROOT, second))
        servers = [_start_server(running, folder, var) for folder, var in folders]
        memory = [server.read_memory() for server in servers]
        for server, (folder, var) in zip(servers, folders, strict=True):
            _sign_in(server, folder, var, password)
        rows = [
            {
                "what": "idle memory, MiB",
                "before": round(memory[0], 1),
                "now": round(memory[1], 1),
                "ratio": round(memory[1] / memory[0], 2),
            }
        ]
        print(f"{'what':<24}{'before':>9}{'now':>9}{'ratio':>7}  aim    bytes before, now")
        _print_row(rows[0])
        rulebook = load_rulebook_folder(ROOT / "rules")
        jobs = [list(_list_jobs(server, rulebook)) for server in servers]
        for (name, one), (_, other) in zip(*jobs, strict=True):
            rows.append(_compare(name, servers, (one, other)))
            _print_row(rows[-1])
    KEPT.write_text(json.dumps({"commit": before, "rows": rows}, indent=1) + "\n", "utf-8")


def _run(folder: Path, var: Path, *command: str) -> str:
    environment = {"CALCINOSIS_VAR": str(var), "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(
        [sys.executable, "-m", "app", *command],
        cwd=folder, env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return ran.stdout


def _fill_database(folder: Path, var: Path) -> str:
    """Make-believe clinics in it; the password of their staff."""
    [password] = re.findall(r"Password of all: (\S+)", _run(folder, var, "demo", "fill"))
    return password


def _start_server(running: ExitStack, folder: Path, var: Path) -> Server:
    server = running.enter_context(
        serving(
            [sys.executable, "-m", "app", "serve", "--port", "%d"],
            {"CALCINOSIS_VAR": str(var)},
            folder,
        )
    )
    server.ask("GET", "/")
    return server


def _sign_in(server: Server, folder: Path, var: Path, password: str) -> None:
    server.connection.close()  # an idle one is dropped by the server
    server.ask("POST", "/sign-in", urlencode({"email": NURSE, "password": password}))
    code = _run(folder, var, "demo", "code", NURSE).strip()
    server.connection.close()
    server.ask("POST", "/sign-in/code", urlencode({"code": code}))


def _list_jobs(server: Server, rulebook: Rulebook) -> Iterator[tuple[str, Job]]:
    server.connection.close()
    staff = dict(server.cookies)
    case = read_cases(rulebook, ROOT / "rules" / "cases" / "published")[0]
    given = walk_questions(server, rulebook, case.answers)
    unsure = walk_questions(server, rulebook, {})[""]

    def page(path: str, cookies: Mapping[str, str]) -> Job:
        return lambda: [server.ask("GET", path, cookies=cookies)]

    answers = {question: sorted(chosen) for question, chosen in case.answers.items()}
    sent = json.dumps({"answers": answers, "region": "uk"})
    worklist = server.ask("GET", "/worklist", cookies=staff)
    [first, *_] = re.findall(r"/submissions/[\w-]+", decompress(worklist).decode())
    yield "an answered question", make_question_job(server, given, case.answers)
    yield "check your answers", page("/answers", given[""])
    yield "result", page("/result", given[""])
    yield "result, all unsure", page("/result", unsure)
    yield (
        "api assess",
        lambda: [server.ask("POST", "/api/v1/assess", sent, cookies={}, kind="application/json")],
    )
    yield "submission", page(first, staff)
    yield "worklist", page("/worklist", staff)
    yield "start", page("/", {})
    yield "about", page("/about", {})
    yield "learn page", page("/learn/home-remedies", {})
    yield "rules", page("/rules", {})
    yield "safety", page("/safety", {})
    yield "invitations", page("/invitations", staff)


def _compare(name: str, servers: Sequence[Server], jobs: Sequence[Job]) -> dict[str, object]:
    costs = [
        [server.measure_cpu(job, REPEATS) for server, job in zip(servers, jobs, strict=True)]
        for _ in range(ROUNDS)
    ]
    before, now = (median(round_[at] for round_ in costs) for at in (0, 1))
    return {
        "what": name,
        "before": round(before * 1e6),
        "now": round(now * 1e6),
        "ratio": round(median(now / before for before, now in costs), 2),
        "aim": AIMS.get(name, 1.1),
        "bytes": [sum(map(len, job())) for job in jobs],
    }


def _print_row(row: Mapping[str, object]) -> None:
    aim = f"{row['aim']:.2f}" if "aim" in row else "    "
    print(
        f"{row['what']:<24}{row['before']:>9}{row['now']:>9}{row['ratio']:>7}  {aim}   "
        f"{row.get('bytes', '')}",
        flush=True,
    )


if __name__ == "__main__":
    main(*sys.argv[1:2])
