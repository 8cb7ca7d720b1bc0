"""The alarm for an emergency that nobody looked at: told to a clinic's webhook and mailbox.

A message holds an id, a reference and the address of the worklist. It must not know what was
answered.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from app.store import alarms
from app.store.alarms import AlarmMessage, DueDestination
from app.store.db.scope import Store
from app.web.outgoing_messages import MailServer, NotSent, OutgoingEmail, post_webhook, send_mail
from app.web.pages import AppContext, translator_for
from app.web.scheduler import log_job_failure

Result = TypeVar("Result")

EVERY = timedelta(seconds=15)
ROUND = 10.0  # seconds after which a round begins no new try
AT_ONCE = 8  # places; each has a turn of its own, so a slow one holds up nobody else


@dataclass(frozen=True, slots=True)
class AlarmSender:
    """The recurring job: raises what is due, and sends what waits.

    Places that failed least often come first, so a new message waits behind no dead receiver.
    """

    context: AppContext
    worklist: str  # its address
    mail: MailServer

    def __call__(self, store: Store, now: datetime) -> None:
        """One round: every emergency that is due is raised, and each place gets what waits."""
        until, before = time.monotonic() + ROUND, now - self.context.policy.alarm_delay
        clinics = store.list_clinic_ids()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            _collect_results(
                [pool.submit(alarms.raise_due_alarms, store, one, now, before) for one in clinics]
            )
            found = _collect_results(
                [pool.submit(alarms.list_due_destinations, store, one, now) for one in clinics]
            )
            due = sorted(place for places in found for place in places)
            _collect_results(
                [pool.submit(self._send_waiting, store, place, until) for place in due]
            )

    def _send_waiting(self, store: Store, place: DueDestination, until: float) -> None:
        """Send what waits for one place, as long as it takes it."""
        arrives = True
        while arrives and time.monotonic() < until:
            message = alarms.claim_next_alarm(store, place.clinic, place.kind, self.context.now)
            if message is None:
                return
            arrives = self._send_message(store, message)

    def _send_message(self, store: Store, message: AlarmMessage) -> bool:
        send = {"webhook": self._post_webhook, "email": self._send_email}[message.kind]
        try:
            send(message)
        except NotSent as problem:
            alarms.record_failed_alarm(store, self.context.now, message, str(problem))
            return False
        alarms.record_sent_alarm(store, self.context.now, message)
        return True

    def _post_webhook(self, message: AlarmMessage) -> None:
        words = {"reference": message.reference, "worklist": self.worklist}
        post_webhook(message.to, message.id, words, message.secret, self.context.now)

    def _send_email(self, message: AlarmMessage) -> None:
        t, _ = translator_for(self.context, None)
        subject, words = str(t("alarm.subject")), f"{message.reference}\n{self.worklist}\n"
        send_mail(self.mail, message.to, OutgoingEmail(message.id, subject, words, message.made_at))


def _collect_results(work: list[Future[Result]]) -> list[Result]:
    """What was made of all of it; what fails for one clinic is logged and stops no other."""
    made = []
    for one in work:
        error = one.exception()
        if error is None:
            made.append(one.result())
        elif isinstance(error, Exception):
            log_job_failure("alarm", error)
        else:
            raise error
    return made
