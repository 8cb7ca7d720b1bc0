"""Counts at which question invited people stop: so often reached, so often answered, on a day.

Nothing is counted of a self-check without an invitation, and nothing ties a count to a person: no
id, no time, no answer.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from app.store import clinics, tallies
from app.store.ground import tokens
from app.store.ground.scope import Store
from app.web.journey import Journey
from app.web.pages import floor

log = logging.getLogger(__name__)
END = "end"
"""Stands for the list of answers, behind the last question."""


async def count(request: Request, journey: Journey, question: str, next_question: str) -> None:
    """Count an answer that is the first one to its question, and the question that it leads to."""
    if not journey.invitation or question in journey.answers:
        return
    now = datetime.fromtimestamp(floor(request).clock(), UTC)
    store, clinic = request.app.state.store, tokens.clinic_of(journey.invitation)
    try:
        await run_in_threadpool(_count, store, clinic, now, question, next_question or END)
    except SQLAlchemyError as error:
        # A count is worth nobody's time: the person goes on. Only the kind of the fault is told:
        # its message and its trace could hold what was to be kept.
        log.error("nothing counted: %s", type(error).__name__)  # noqa: TRY400


def _count(store: Store, clinic: str, now: datetime, question: str, next_question: str) -> None:
    with store.writing(clinic) as scope:
        day = now.astimezone(ZoneInfo(clinics.known(scope).time_zone)).date()
        tallies.count(scope, day, f"answered:{question}", f"reached:{next_question}")
