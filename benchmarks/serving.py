"""What a page costs the server, as a ratio to a bare ASGI answer of the same bytes, in one run.

Both servers run side by side on loopback, one worker each; rounds are interleaved. The measure is
the server's own CPU time (user and system), so a slow client does not blur it.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence

from app.assurance.cases import read_cases
from app.rulebook.load import load_rulebook_folder
from benchmarks._server import ROOT, Server, make_question_job, serving, walk_questions

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
Job = Callable[[], Sequence[bytes]]


def main() -> None:
    """Print a line for each kind of page."""
    command = [sys.executable, "-m", "app", "serve", "--port", "%d"]
    with (
        tempfile.TemporaryDirectory() as var,
        serving(command, {"CALCINOSIS_VAR": var}) as ours,
        serving([sys.executable, "-c", BARE], {}) as bare,
    ):
        _compare(ours, bare)


def _compare(ours: Server, bare: Server) -> None:
    print(f"{'what':<12}{'us CPU':>8}{'bare':>8}{'ratio':>8}  aim   bytes")
    for name, job in _jobs(ours).items():
        sizes = [len(content) for content in job()]
        costs: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(ROUNDS):
            costs["ours"].append(ours.measure_cpu(job, REPEATS))
            costs["bare"].append(
                bare.measure_cpu(lambda s=sizes: [bare.ask("GET", f"/{n}") for n in s], REPEATS)
            )
        mine, theirs = (sorted(costs[k])[ROUNDS // 2] * 1e6 for k in ("ours", "bare"))
        print(
            f"{name:<12}{mine:>8.0f}{theirs:>8.0f}{mine / max(theirs, 1):>8.1f}"
            f"  {AIMS[name]:<5g} {sum(sizes)}"
        )


def _jobs(ours: Server) -> dict[str, Job]:
    rulebook = load_rulebook_folder(ROOT / "rules")
    case = read_cases(rulebook, ROOT / "rules" / "cases" / "published")[0]
    cookies = walk_questions(ours, rulebook, case.answers)

    answers = {q: sorted(chosen) for q, chosen in case.answers.items()}
    sent = json.dumps({"answers": answers, "region": "uk"})

    def api() -> Sequence[bytes]:
        return [ours.ask("POST", "/api/v1/assess", sent, cookies={}, kind="application/json")]

    def page(path: str, kept: Mapping[str, str]) -> Job:
        return lambda: [ours.ask("GET", path, cookies=kept)]

    return {
        "question": make_question_job(ours, cookies, case.answers),
        "result": page("/result", cookies[""]),
        "start": page("/", {}),
        "about": page("/about", {}),
        "api assess": api,
    }


if __name__ == "__main__":
    main()
