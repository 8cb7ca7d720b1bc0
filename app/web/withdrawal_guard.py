"""Closes the checker on this server while its rulebook is withdrawn, and says so in its place.

The pages that lead to help, those to read and those of staff stay. It looks at the database beside
all requests, and what it saw last holds while the database is away; then a file beside the keys
closes it too. It must not know why.
"""

import logging
from datetime import datetime, timedelta
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.documents.fhir.outcomes import Issue, write_outcome
from app.store.db.scope import Store
from app.store.withdrawals import WithdrawalState, read_state
from app.web.pages import render_page

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=10)
CLOSED_FILE = "checker-closed"
"""In `var/`: while it is there, this server gives no advice, whatever its database says."""
RETRY_AFTER = "3600"
_GIVES_ADVICE = ("/check/", "/answers", "/result", "/changed", "/assisted/", "/fhir/Questionnaire")
_ALSO = frozenset({"/", "/start", "/share", "/verify", "/api/v1/assess", "/api/v1/questionnaire"})


class WithdrawalWatch:
    """What was withdrawn, as seen last."""

    def __init__(self, folder: Path) -> None:
        self.state = WithdrawalState()
        self.file = folder / CLOSED_FILE

    def update_state(self, store: Store, _: datetime) -> None:
        """Look again. Where that fails, what was seen last holds."""
        before, self.state = self.state, read_state(store.engine)
        if before != self.state:
            log.warning("advice is withdrawn: %s", self.state)

    def closes(self, version: str) -> bool:
        """Whether a server with this rulebook gives no advice."""
        return self.state.closes(version) or self.file.exists()


class WithdrawalMiddleware:
    """Answers in the place of every page that would give advice while none may be given."""

    def __init__(self, app: ASGIApp, watch: WithdrawalWatch, version: str) -> None:
        self.app, self.watch, self.version = app, watch, version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer 503."""
        if scope["type"] != "http" or not _gives_advice(scope["path"]):
            await self.app(scope, receive, send)
            return
        if not self.watch.closes(self.version):
            await self.app(scope, receive, send)
            return
        request, path = Request(scope), scope["path"]
        if path.startswith("/api/"):
            response: Response = JSONResponse({"error": "Advice is withdrawn"}, 503)
        elif path.startswith("/fhir/"):
            outcome = write_outcome([Issue("fatal", "transient", "", "advice_is_withdrawn")])
            response = JSONResponse(outcome, 503, media_type="application/fhir+json")
        else:
            response = render_page(request, "errors/closed.html", status=503)
        response.headers["Retry-After"] = RETRY_AFTER
        await response(scope, receive, send)


def _gives_advice(path: str) -> bool:
    return path in _ALSO or path.startswith(_GIVES_ADVICE)
