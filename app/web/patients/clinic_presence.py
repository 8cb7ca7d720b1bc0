"""What patients' pages know of clinics, and clinics of patients' pages, without asking a database.

Whether this server has a clinic at all: pages speak of one only where there is one. And at which
question invited people stop: so often reached, so often answered, on a day. Nothing is counted of
a self-check without an invitation, and nothing ties a count to a person: no id, no time, no answer.
Jobs read and write: nobody waits for that.
"""

import logging
from collections import Counter, defaultdict
from datetime import datetime
from threading import Lock
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request

from app.store import agreement, clinics
from app.store.accounts import identity_providers
from app.store.db import encryption
from app.store.db.scope import PATIENT, Store
from app.web.access import is_secure_connection
from app.web.journey import Journey

log = logging.getLogger(__name__)
AFTER_LAST_QUESTION = "end"
"""Stands for the list of answers, behind the last question."""


class ClinicPresence:
    """Whether there is a clinic, as seen last; a clinic that there is stays.

    `providers`: (id, name) of those whose staff may sign in elsewhere.
    """

    def __init__(self) -> None:
        self.any = False
        self.providers: list[tuple[str, str]] = []

    def update_presence(self, store: Store, _: datetime) -> None:
        """Look again. Where that fails, what was seen last holds."""
        if not self.any:
            self.any = bool(store.list_clinic_ids())
        self.providers = identity_providers.list_clinics(store)


def has_reachable_clinic(request: Request) -> bool:
    """Whether there is a clinic that could take a code."""
    presence: ClinicPresence = request.app.state.clinic_presence
    return presence.any and is_secure_connection(request)


class DropOffCounter:
    """What was counted and is not written down yet: a number for each clinic and question."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add_counts(self, clinic: str, *subjects: str) -> None:
        """Count each of these once."""
        with self._lock:
            self._counts[clinic].update(subjects)

    def write_counts(self, store: Store, now: datetime) -> None:
        """Write all of it down. What cannot be written waits for the next time."""
        for clinic in list(self._counts):
            with self._lock:
                counted = self._counts.pop(clinic, Counter())
            try:
                _write_tallies(store, clinic, now, counted)
            except LookupError:
                log.warning("counts of a clinic that is not there any more are dropped")
            except SQLAlchemyError as error:
                # The message could hold what was to be kept: only the kind of the fault is told.
                log.error("nothing counted: %s", type(error).__name__)  # noqa: TRY400
                self.add_counts(clinic, *counted.elements())


def count_answer(request: Request, journey: Journey, question: str, next_question: str) -> None:
    """Count an answer that is the first one to its question, and the question that it leads to."""
    if journey.invitation and question not in journey.answers:
        clinic = encryption.parse_clinic_id(journey.invitation)
        follows = f"reached:{next_question or AFTER_LAST_QUESTION}"
        request.app.state.drop_off.add_counts(clinic, f"answered:{question}", follows)


def _write_tallies(store: Store, clinic: str, now: datetime, counted: Counter[str]) -> None:
    with store.writing_scope(clinic, now, PATIENT) as scope:
        day = now.astimezone(ZoneInfo(clinics.load_clinic(scope).time_zone)).date()
        agreement.add_tallies(scope, day, *counted.elements())
