"""Asks identity providers again about the sessions that they gave, so that who left is out soon."""

from dataclasses import dataclass
from datetime import datetime

from app.store import claim_lapse
from app.store.accounts import identity_providers
from app.store.accounts.identity_providers import NoProvider, UnconfirmedSession
from app.store.db.scope import Store
from app.web.identity_provider import ProviderClient, ProviderRefused, ProviderUnreachable
from app.web.pages import AppContext
from app.web.scheduler import log_job_failure

_ABOUT_THE_PERSON = ("invalid_grant", "id_token", "userinfo")
"""Other refusals, such as of our own secret, end no session by themselves; silence does, later."""


@dataclass(frozen=True, slots=True)
class SessionRechecker:
    """The recurring job; what fails for one clinic is logged and stops no other."""

    context: AppContext

    def __call__(self, store: Store, now: datetime) -> None:
        """One round."""
        for clinic in store.list_clinic_ids():
            try:
                self._recheck_clinic(store, clinic, now)
            # Whatever it is: sessions of other clinics must not go on for it.
            except Exception as error:  # noqa: BLE001
                log_job_failure("providers", error)

    def _recheck_clinic(self, store: Store, clinic: str, now: datetime) -> None:
        with store.reading_scope(clinic) as scope:
            waiting = identity_providers.list_unconfirmed(scope, now)
            if not waiting:
                return
            try:
                client = ProviderClient(identity_providers.load_provider(scope), "", now)
            except NoProvider:
                return  # removed this moment, with its sessions
        ended = [not _recheck_session(store, clinic, client, one) for one in waiting]
        if any(ended):
            claim_lapse.lapse_claims(store, clinic, now, self.context.policy.claim_minutes)


def _recheck_session(
    store: Store, clinic: str, client: ProviderClient, session: UnconfirmedSession
) -> bool:
    """Whether it goes on, as far as is known."""
    try:
        who = client.ask_again(session.refresh)
    except ProviderUnreachable:
        return True
    except ProviderRefused as refused:
        if refused.why not in _ABOUT_THE_PERSON:
            return True
        with store.writing_scope(clinic, client.now, "job") as scope:
            identity_providers.end_sessions(scope, session.staff)
        return False
    with store.writing_scope(clinic, client.now, "job") as scope:
        return identity_providers.confirm_session(scope, session, who)
