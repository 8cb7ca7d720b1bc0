"""Whether this server has a clinic: patients' pages speak of one only where there is one.

It must not know which clinics there are. No page asks the database: it reads what was seen last.
"""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request

from app.store.db.scope import Store
from app.web.access import is_secure_connection


class ClinicPresence:
    """What was seen last; a clinic that there is stays."""

    def __init__(self) -> None:
        self.any = False

    def update_presence(self, store: Store, _: datetime) -> None:
        """Look again. Where that fails, what was seen last holds."""
        if not self.any:
            self.any = bool(store.list_clinic_ids())


def has_reachable_clinic(request: Request) -> bool:
    """Whether there is a clinic that could take a code."""
    presence: ClinicPresence = request.app.state.clinic_presence
    return presence.any and is_secure_connection(request)
