"""Keeps the recurring jobs going for as long as the server runs, each in turns of its own.

Most rounds are done by one server of several; what a server knows by itself, each does for itself.

It must not know what a job does; app/main.py lists them.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import UTC, datetime
from threading import Thread

from app.store.db.scope import Store
from app.store.db.server_records import Job, run_if_due

log = logging.getLogger(__name__)

MOST_PAUSE = 60.0  # seconds between two looks whether a job is due


async def run_recurring_jobs(store: Store, jobs: Iterable[Job], clock: Callable[[], float]) -> None:
    """Do all jobs whenever they are due, until cancelled; one that fails stops no other."""
    holder = secrets.token_hex(8)
    await asyncio.gather(*(_repeat_job(store, job, holder, clock) for job in jobs))


async def _repeat_job(store: Store, job: Job, holder: str, clock: Callable[[], float]) -> None:
    pause = min(MOST_PAUSE, job.every.total_seconds() / 3)
    while True:
        now = datetime.fromtimestamp(clock(), UTC)
        work = asyncio.to_thread(run_if_due, store, job, holder, now)
        (done,) = await asyncio.gather(work, return_exceptions=True)
        if isinstance(done, Exception):
            log_job_failure(job.name, done)
        await asyncio.sleep(pause)


async def run_local_job(store: Store, job: Job, clock: Callable[[], float]) -> None:
    """Do a job on this very server, again and again until cancelled, whatever others do."""
    while True:
        await asyncio.sleep(job.every.total_seconds())
        await run_job_once(store, job, clock)


async def run_job_once(store: Store, job: Job, clock: Callable[[], float]) -> None:
    """One round of a job, in a thread that nobody waits for at the end: it may hang for ever."""
    done: Future[object] = Future()
    now = datetime.fromtimestamp(clock(), UTC)

    def do_job() -> None:
        try:
            done.set_result(job.task(store, now))
        # It goes to whoever waits, if anyone still does.
        except Exception as error:  # noqa: BLE001
            done.set_exception(error)

    done.set_running_or_notify_cancel()
    Thread(target=do_job, name=job.name, daemon=True).start()
    (outcome,) = await asyncio.gather(asyncio.wrap_future(done), return_exceptions=True)
    if isinstance(outcome, Exception):
        log_job_failure(job.name, outcome)


def log_job_failure(job: str, error: Exception) -> None:
    """Where it failed and with what kind of fault; the message could hold what a person said."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("the job %s failed: %s, raised at:\n%s", job, type(error).__name__, places)
