"""The alarm for an emergency that nobody looked at: told to a clinic's webhook and mailbox.

A message holds a reference and the address of the worklist. It must not know what was answered.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.store import alarms
from app.store.alarms import Alarm
from app.store.ground.scope import Store
from app.web.outgoing import Mail, NotSent, post, send_mail
from app.web.pages import Floor, voice

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=15)
PAUSES = (0.0, 2.0, 5.0)  # seconds before each try


@dataclass(frozen=True, slots=True)
class Messenger:
    """The recurring job: finds what is due and tells it."""

    floor: Floor
    after: timedelta  # how long an emergency may wait unseen
    origin: str
    mail: Mail

    def __call__(self, store: Store, now: datetime) -> None:
        """Tell of every emergency that is due, each once."""
        for alarm in alarms.take_due(store, now, now - self.after):
            for kind, send in self._ways(alarm).items():
                arrived = _tried(kind, send)
                alarms.told(store, now, alarm, kind, arrived=arrived)

    def _ways(self, alarm: Alarm) -> dict[str, Callable[[], None]]:
        say, _ = voice(self.floor, None)
        worklist, places = f"{self.origin}/worklist", alarm.places
        words = {"reference": alarm.reference, "worklist": worklist}
        text = f"{alarm.reference}\n{worklist}\n"
        ways: dict[str, Callable[[], None]] = {}
        if places.webhook:
            ways["webhook"] = lambda: post(places.webhook, words)
        if places.email:
            subject = str(say("alarm.subject"))
            ways["email"] = lambda: send_mail(self.mail, places.email, subject, text)
        return ways


def _tried(kind: str, send: Callable[[], None]) -> bool:
    """Send, and again where it fails; give whether it arrived."""
    for pause in PAUSES:
        time.sleep(pause)
        try:
            send()
        except NotSent as problem:
            log.warning("an alarm by %s did not arrive: %s", kind, problem)
        else:
            return True
    return False
