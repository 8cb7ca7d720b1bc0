"""Messages to invited people: by the server's own mail, or by the clinic's service for texts.

A message holds the clinic's name and telephone, the link and the code. It must not know who it is
for, what the visit is about, or what was answered.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.presentation.dates import LONG_DAY, format_day
from app.store import message_turns
from app.store.db.scope import Store
from app.store.message_turns import OutgoingMessage
from app.store.opening_hours import local_day
from app.web.outgoing_messages import (
    MailServer,
    NotSent,
    OutgoingEmail,
    Refused,
    post_webhook,
    send_mail,
)
from app.web.pages import AppContext, translator_for
from app.web.scheduler import log_job_failure

EVERY = timedelta(seconds=15)
ROUND = 10.0  # seconds after which the turn of a clinic begins no new try
AT_ONCE = 8  # clinics


@dataclass(frozen=True, slots=True)
class MessageSender:
    """The recurring job: makes the reminders that are due, and sends what waits."""

    context: AppContext
    origin: str  # of our pages, as people see it
    mail: MailServer

    def __call__(self, store: Store, now: datetime) -> None:
        """One round, in which each clinic has a turn; a slow receiver holds up nobody else's."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for clinic in store.list_clinic_ids():
                pool.submit(self._take_turn, store, clinic, now)

    def _take_turn(self, store: Store, clinic: str, now: datetime) -> None:
        """One try at least, and more while there is time. What fails is logged."""
        until = time.monotonic() + ROUND
        try:
            message_turns.add_due_reminders(store, clinic, now)
            while self._send_next(store, clinic) and time.monotonic() < until:
                pass
        # Whatever it is: the next clinic's patients must not wait for it.
        except Exception as error:  # noqa: BLE001
            log_job_failure("messages", error)

    def _send_next(self, store: Store, clinic: str) -> bool:
        """Send the next message; give whether there may be another one to try now."""
        message = message_turns.claim_next_message(store, clinic, self.context.now)
        if message is None:
            return False
        try:
            self._send(message)
        except Refused as refused:
            message_turns.record_bounced(store, self.context.now, message, str(refused))
        except NotSent as problem:
            message_turns.record_failed(store, self.context.now, message, str(problem))
        else:
            message_turns.record_sent(store, self.context.now, message)
        return True

    def _send(self, message: OutgoingMessage) -> None:
        words = self._write(message)
        if message.channel == "webhook":
            fields = {"to": message.to, "text": words}
            post_webhook(message.webhook, message.id, fields, message.secret, self.context.now)
            return
        t, _ = translator_for(self.context, None)
        subject = t("message.subject", clinic=message.clinic.name).unescape()
        letter = OutgoingEmail(message.id, subject, words, message.made_at)
        send_mail(self.mail, message.to, letter)

    def _write(self, message: OutgoingMessage) -> str:
        """The words of a message, as plain text."""
        t, _ = translator_for(self.context, None)
        clinic = message.clinic
        # The moment it ends is often a midnight: the day before is the last whole one.
        last = local_day(clinic, message.expires_at - timedelta(seconds=1))
        keys = [f"message.{message.kind}", "message.link", "message.code", "message.until"]
        keys += ["message.call"] if clinic.telephone else []
        lines = [
            t(
                key,
                clinic=clinic.name,
                link=f"{self.origin}/i/{message.token}",
                address=f"{self.origin}/i",
                code=f"{message.code[:4]} {message.code[4:]}",
                day=format_day(last, self.context.language, LONG_DAY),
                number=clinic.telephone or "",
            ).unescape()
            for key in keys
        ]
        return "\n".join(lines) + "\n"
