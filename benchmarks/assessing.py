"""How fast the ground floor is, in one process on one core: replay, level, full assessment.

Each row is timed in turn, several rounds, and the best round of each counts, so that a noisy
neighbour touches all alike. Aims: replay and level 50,000 a second, full assessment 10,000.
"""

import gc
import time
from collections.abc import Callable
from pathlib import Path

from app.assurance.cases import read_cases
from app.rulebook.load import load_rulebook_folder
from app.triage.conditions import Situation
from app.triage.rules import assess_answers, reference_urgency

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, REPEATS = 7, 6
AIMS = {"replay": 50_000, "level": 50_000, "assess": 10_000}


def main() -> None:
    """Print a line for each: calls a second, microseconds a call, and the ratio to the walk."""
    rulebook = load_rulebook_folder(ROOT / "rules")
    questionnaire, compiled = rulebook.questionnaire, rulebook.compiled_rules
    answers = [c.answers for c in read_cases(rulebook, ROOT / "rules" / "cases" / "published")]
    paths = [questionnaire.trace_path(a) for a in answers]
    situations = [Situation(p.answers, p.off_path, questionnaire.unsure_options, {}) for p in paths]
    jobs: dict[str, Callable[[], object]] = {
        "replay": lambda: [questionnaire.trace_path(a) for a in answers],
        "level": lambda: [
            compiled.level(compiled.encode_answers(p.answers, p.off_path, {})) for p in paths
        ],
        "level by walking": lambda: [
            reference_urgency(rulebook.rules, p, s) for p, s in zip(paths, situations, strict=True)
        ],
        "assess": lambda: [assess_answers(rulebook, a) for a in answers],
    }
    gc.collect()
    gc.freeze()  # as the server does at start
    best = dict.fromkeys(jobs, float("inf"))
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            best[name] = min(best[name], _seconds(job))
    print(f"{'what':<18}{'calls/s':>10}{'us/call':>10}{'x walk':>8}  aim")
    for name, seconds in best.items():
        each = seconds / len(answers)
        aim = f"{AIMS[name]:,}" if name in AIMS else "-"
        ratio = best["level by walking"] / seconds
        print(f"{name:<18}{1 / each:>10,.0f}{each * 1e6:>10.1f}{ratio:>8.1f}  {aim}")


def _seconds(job: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(REPEATS):
        job()
    return (time.perf_counter() - began) / REPEATS


if __name__ == "__main__":
    main()
