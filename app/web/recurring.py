"""Keeps the recurring jobs going for as long as the server runs, each in turns of its own.

It must not know what a job does; app/main.py lists them.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from app.store.ground.jobs import Job, turn
from app.store.ground.scope import Store

log = logging.getLogger(__name__)

MOST_PAUSE = 60.0  # seconds between two looks whether a job is due


async def keep_doing(store: Store, jobs: Iterable[Job], clock: Callable[[], float]) -> None:
    """Do all jobs whenever they are due, until cancelled; one that fails stops no other."""
    holder = secrets.token_hex(8)
    await asyncio.gather(*(_repeat(store, job, holder, clock) for job in jobs))


async def _repeat(store: Store, job: Job, holder: str, clock: Callable[[], float]) -> None:
    pause = min(MOST_PAUSE, job.every.total_seconds() / 3)
    while True:
        now = datetime.fromtimestamp(clock(), UTC)
        work = asyncio.to_thread(turn, store, job, holder, now)
        (done,) = await asyncio.gather(work, return_exceptions=True)
        if isinstance(done, Exception):
            log_without_words(job.name, done)
        await asyncio.sleep(pause)


def log_without_words(job: str, error: Exception) -> None:
    """Where it failed and with what kind of fault; the message could hold what a person said."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("the job %s failed: %s, raised at:\n%s", job, type(error).__name__, places)
