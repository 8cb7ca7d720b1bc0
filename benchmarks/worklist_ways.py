"""What each filter and search of the worklist costs, beside the plain list of an early edition.

`python -m benchmarks.worklist_ways [--submissions N] [--before COMMIT]` fills both editions with as
many made-up submissions, on both databases, and asks them in turns, so that other work on the
machine touches all alike. It prints how long a page takes, also as a share of what the early list
takes, and how many queries it needs. A search has no aim: it opens what is sealed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from app.store import alarms, claim_lapse
from app.store.clinics import load_policy
from benchmarks._server import unpack_commit
from benchmarks.worklist import VISIT_DAYS, Browser, Clinics, Way, own_reference
from tests.postgresql import new_database, running_postgresql
from tests.running import serving

BEFORE = "9fdbaf9"  # an edition whose worklist had no filter by level, lateness or visit
ROUNDS = 200
MOST_TRIES = 60
NURSES = 7  # who take what came in turns
MOST_QUERIES, MOST_RATIO = 5, 1.0
EARLY = "the list of before"
SERVE_EARLY = """
import sys
from pathlib import Path
from benchmarks.worklist import Clinics
from tests.running import serving
with serving(Path(sys.argv[1]), database=sys.argv[2]) as server:
    clinic = Clinics(server, int(sys.argv[3]), int(sys.argv[4]))
    print(server.base, clinic.sessions[0], flush=True)
    sys.stdin.read()
"""


def main() -> None:
    """Print a line for each way of each database; end with 1 where a filter misses its aim."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--submissions", type=int, default=100_000)
    parser.add_argument("--before", default=BEFORE)
    asked, missed = parser.parse_args(), []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        early = unpack_commit(asked.before, folder / "code")
        cluster = stack.enter_context(running_postgresql())
        print(f"{asked.submissions} submissions; ratios: to the list of {asked.before}")
        heads = ("p50 ms", "ratio", "p99 ms", "ratio", "queries")
        print(f"{'database':<12}{'page':<28}{''.join(f'{head:>8}' for head in heads)}")
        for name in ("sqlite", "postgresql"):
            addresses = [new_database(cluster) if name == "postgresql" else "" for _ in range(2)]
            before = stack.enter_context(
                serving_early(early, folder / f"{name} before", addresses[0], asked.submissions)
            )
            server = stack.enter_context(serving(folder / name, database=addresses[1]))
            clinic = Clinics(server, asked.submissions, NURSES)
            missed += _report(name, clinic, before, asked.submissions)
            clinic.store.engine.dispose()
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


@contextmanager
def serving_early(
    code: Path, folder: Path, database: str, number: int
) -> Iterator[tuple[str, str]]:
    """An early edition with so many submissions: its address, and a nurse's session."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE_EARLY, str(folder), database, str(number), str(NURSES)],
        cwd=code,
        env=os.environ | {"PYTHONPATH": str(code)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        base, session = process.stdout.readline().split()
        yield base, session
    finally:
        process.stdin.close()
        process.wait(60)


def list_ways(number: int) -> dict[str, Way]:
    """What is asked of this many submissions, by its name."""
    visit = datetime.now(UTC).date() + timedelta(days=VISIT_DAYS // 2)
    shows = ("mine", "unassigned", "second", "moves", "done", "late", "same_day", "soon", "routine")
    searches = {
        "whole reference": f"R-{number // 2}",
        "own reference": own_reference(number // 2),
        "part of a reference": "99",
        "name": "Jo",
    }
    return {
        "all": ("/worklist", ""),
        **{show: (f"/worklist/{show}", "") for show in shows},
        "day of the visit": (f"/worklist/visit-{visit}", ""),
        **{
            f"search: {name}": ("/worklist/find", urlencode({"reference": words}))
            for name, words in searches.items()
        },
    }


def _report(name: str, clinic: Clinics, before: tuple[str, str], number: int) -> list[str]:
    """Print a line for each way; the names of the filters that miss an aim."""
    ways = list_ways(number)
    taken = asyncio.run(_measure(clinic, before, ways))
    counted = dict(zip(ways, clinic.queries(ways.values()), strict=True))
    shares = {way: [_share(measured, at) for at in (0.5, 0.99)] for way, measured in taken.items()}
    early, missed = shares[EARLY], []
    for way, (middle, most) in shares.items():
        ratio, queries = most / early[1], counted.get(way, 0)
        print(
            f"{name:<12}{way:<28}{middle:>8.1f}{middle / early[0]:>8.2f}{most:>8.1f}{ratio:>8.2f}"
            f"{queries or '':>8}",
            flush=True,
        )
        if not way.startswith("search") and (ratio > MOST_RATIO or queries > MOST_QUERIES):
            missed.append(f"{way} on {name}")
    return missed


async def _measure(
    clinic: Clinics, before: tuple[str, str], ways: dict[str, Way]
) -> dict[str, list[float]]:
    """Milliseconds of each page, in rounds: every way once in each."""
    now = clinic.server.base, clinic.sessions[0]
    jobs = {EARLY: (before, ("/worklist", "")), **{name: (now, way) for name, way in ways.items()}}
    for server in (before, now):
        await _wait_until_open(*server)
    _do_what_is_due(clinic)
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for round_ in range(ROUNDS + 2):
        for name, (server, way) in jobs.items():
            # Connected anew, untimed: a server drops a connection that was idle for some seconds.
            browser = await Browser.connect(*server)
            milliseconds = 1000 * await browser.timed(*way)
            browser.writer.close()
            if round_ >= 2:  # what a server asks once for all is not counted
                taken[name].append(milliseconds)
    return taken


def _do_what_is_due(clinic: Clinics) -> None:
    """What the jobs of the server would do meanwhile with so much that came at once."""
    now, policy = datetime.now(UTC), load_policy(clinic.settings.rules)
    before = now - policy.alarm_delay
    alarms.raise_due_alarms(clinic.store, clinic.clinic, now, before)
    claim_lapse.lapse_claims(clinic.store, clinic.clinic, now, policy.claim_minutes)


async def _wait_until_open(base: str, session: str) -> None:
    """Until the server answers: it may still wait for its database, which was being filled."""
    for _ in range(MOST_TRIES):
        browser = await Browser.connect(base, session)
        try:
            await browser.get("/worklist")
        except AssertionError:
            await asyncio.sleep(1)
        else:
            return
        finally:
            browser.writer.close()
    raise AssertionError(f"{base} has no database")


def _share(measured: list[float], share: float) -> float:
    return sorted(measured)[min(len(measured) - 1, int(len(measured) * share))]


if __name__ == "__main__":
    main()
