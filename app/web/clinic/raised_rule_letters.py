"""Writes to a clinic's mailbox for alarms that nurses raised one rule again and again.

The letter counts rules and names the page of reports. It must not know what was answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.store import alarm_destinations, raised_rules
from app.store.db.patient_tables import RaisedRule
from app.store.db.scope import Store
from app.web.outgoing_messages import MailServer, NotSent, OutgoingEmail, send_mail
from app.web.pages import AppContext, translator_for
from app.web.scheduler import log_job_failure

EVERY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class RaisedRuleLetters:
    """The recurring job. What no mail server took waits for the next round."""

    context: AppContext
    reports: str  # the address of the page
    mail: MailServer

    def __call__(self, store: Store, now: datetime) -> None:
        """One letter to each clinic that has a mailbox and rules that it was not written of."""
        for clinic in store.list_clinic_ids():
            with store.reading_scope(clinic) as scope:
                rules = raised_rules.list_unmailed_rules(scope)
            if not rules or not (
                mailbox := alarm_destinations.read_destinations(store, clinic).email
            ):
                continue
            try:
                send_mail(self.mail, mailbox, self._write_letter(clinic, rules, now))
            except NotSent as problem:
                log_job_failure("raised rule letters", problem)
                continue
            with store.writing_scope(clinic, now, "job") as scope:
                raised_rules.mark_mailed(scope, rules)

    def _write_letter(
        self, clinic: str, rules: Sequence[RaisedRule], now: datetime
    ) -> OutgoingEmail:
        t, _ = translator_for(self.context, None)
        subject = t("raised_letter.subject").unescape()
        text = t("raised_letter.text", number=len(rules)).unescape()
        link = t("raised_letter.link", link=self.reports).unescape()
        newest = max(row.at for row in rules)
        # The same on every try, so that a letter that came twice can be told.
        letter_id = f"raised_{clinic}_{newest:%Y%m%dT%H%M%S}"
        return OutgoingEmail(letter_id, subject, f"{text}\n{link}\n", now)
