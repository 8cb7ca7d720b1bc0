"""Keeps the recurring jobs going for as long as the server runs, each in turns of its own.

Most rounds are done by one server of several; what a server knows by itself, each does for itself.

It must not know what a job does; app/main.py lists them.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from collections.abc import Iterable
from concurrent.futures import Future
from threading import Thread

from app.store.db.server_records import Job, run_if_due
from app.web.pages import AppContext

log = logging.getLogger(__name__)

MOST_PAUSE = 60.0  # seconds between two looks whether a job is due


async def run_recurring_jobs(context: AppContext, jobs: Iterable[Job]) -> None:
    """Do all jobs whenever they are due, until cancelled; one that fails stops no other."""
    holder = secrets.token_hex(8)
    await asyncio.gather(*(_repeat_job(context, job, holder) for job in jobs))


async def _repeat_job(context: AppContext, job: Job, holder: str) -> None:
    pause = min(MOST_PAUSE, job.every.total_seconds() / 3)
    while True:
        work = asyncio.to_thread(run_if_due, context.store, job, holder, context.now)
        (done,) = await asyncio.gather(work, return_exceptions=True)
        if isinstance(done, Exception):
            log_job_failure(job.name, done)
        await asyncio.sleep(pause)


async def run_local_job(context: AppContext, job: Job) -> None:
    """Do a job on this very server, again and again until cancelled, whatever others do."""
    while True:
        await asyncio.sleep(job.every.total_seconds())
        await run_job_once(context, job)


async def run_job_once(context: AppContext, job: Job) -> None:
    """One round of a job, in a thread that nobody waits for at the end: it may hang for ever."""
    done: Future[object] = Future()
    now = context.now

    def do_job() -> None:
        try:
            done.set_result(job.task(context.store, now))
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
