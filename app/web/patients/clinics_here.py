"""Whether this server has a clinic: patients' pages speak of one only where there is one.

It must not know which clinics there are. No page asks the database: it reads what was seen last.
"""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request

from app.store.ground.scope import Store
from app.web.access import on_sealed_line


class ClinicsHere:
    """What was seen last; a clinic that there is stays."""

    def __init__(self) -> None:
        self.any = False

    def look(self, store: Store, _: datetime) -> None:
        """Look again. Where that fails, what was seen last holds."""
        if not self.any:
            self.any = bool(store.clinics())


def offered(request: Request) -> bool:
    """Whether there is a clinic that could take a code."""
    here: ClinicsHere = request.app.state.clinics_here
    return here.any and on_sealed_line(request)
