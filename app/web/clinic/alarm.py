"""The alarm for an emergency that nobody looked at: told to a clinic's webhook and mailbox.

A message holds an id, a reference and the address of the worklist. It must not know what was
answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from app.store import alarms
from app.store.alarms import Due, Message
from app.store.ground.scope import Store
from app.web.outgoing import Letter, Mail, NotSent, post, send_mail
from app.web.pages import Floor, voice
from app.web.recurring import log_without_words

Made = TypeVar("Made")

EVERY = timedelta(seconds=15)
ROUND = 10.0  # seconds after which a round begins no new try
AT_ONCE = 8  # places; each has a turn of its own, so a slow one holds up nobody else


@dataclass(frozen=True, slots=True)
class Messenger:
    """The recurring job: raises what is due, and sends what waits.

    Places that failed least often come first, so a new message waits behind no dead receiver.
    """

    floor: Floor
    after: timedelta  # how long an emergency may wait unseen
    origin: str
    mail: Mail

    def __call__(self, store: Store, now: datetime) -> None:
        """One round: every emergency that is due is raised, and each place gets what waits."""
        until = time.monotonic() + ROUND
        clinics = store.clinics()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            before = now - self.after
            _done([pool.submit(alarms.raise_due, store, one, now, before) for one in clinics])
            found = _done([pool.submit(alarms.due_places, store, one, now) for one in clinics])
            due = sorted(place for places in found for place in places)
            _done([pool.submit(self._send_all, store, place, until) for place in due])

    def _send_all(self, store: Store, place: Due, until: float) -> None:
        """Send what waits for one place, as long as it takes it."""
        arrives = True
        while arrives and time.monotonic() < until:
            message = alarms.claim(store, place.clinic, place.kind, self._now())
            if message is None:
                return
            arrives = self._send(store, message)

    def _send(self, store: Store, message: Message) -> bool:
        try:
            self._ways[message.kind](message)
        except NotSent as problem:
            alarms.failed(store, self._now(), message, str(problem))
            return False
        alarms.taken(store, self._now(), message)
        return True

    @property
    def _ways(self) -> dict[str, Callable[[Message], None]]:
        return {"webhook": self._post, "email": self._mail}

    def _post(self, message: Message) -> None:
        words = {"reference": message.reference, "worklist": self._worklist}
        post(message.to, message.id, words)

    def _mail(self, message: Message) -> None:
        say, _ = voice(self.floor, None)
        subject, words = str(say("alarm.subject")), f"{message.reference}\n{self._worklist}\n"
        send_mail(self.mail, message.to, Letter(message.id, subject, words, message.made_at))

    @property
    def _worklist(self) -> str:
        return f"{self.origin}/worklist"

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.floor.clock(), UTC)


def _done(work: list[Future[Made]]) -> list[Made]:
    """What was made of all of it; what fails for one clinic is logged and stops no other."""
    made = []
    for one in work:
        error = one.exception()
        if error is None:
            made.append(one.result())
        elif isinstance(error, Exception):
            log_without_words("alarm", error)
        else:
            raise error
    return made
