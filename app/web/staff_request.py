"""One request of a member of staff, and what every page of theirs shows besides itself.

It knows the session, the form and that an emergency waits; it must not know whose.
"""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from app.presentation.dates import format_clock_time, format_local_time
from app.store import alarms, clinics, staff_notices
from app.store.accounts.sessions import NotSignedIn, SignedIn
from app.store.db.scope import Scope, WritingScope
from app.store.staff_notices import StaffNotices
from app.web.pages import app_context, render_page, translator_for
from app.web.wire import find_site_address, strip_invisible


@dataclass(frozen=True, slots=True)
class StaffFrame:
    """`alarm`: since when an emergency waits, or empty; `left`: seconds of the session.

    `undelivered`: since when its message could not be delivered, or empty; `who`: a staff id.
    `notices`: what else waits for them. `withdrawn`: whether patients get no advice now.
    """

    alarm: str
    undelivered: str
    left: int
    ends: str
    who: str
    notices: StaffNotices
    withdrawn: bool


class StaffRequest(Request):
    """One request of a member of staff, or of someone at their door. `now`: when it came."""

    def __init__(self, request: Request, form_fields: Mapping[str, list[str]]) -> None:
        super().__init__(request.scope, request.receive)
        self.form_fields = form_fields
        self.context = app_context(request)
        self.store = self.context.store
        self.now = self.context.now
        self.signed_in: SignedIn | None = None
        self.code_refused = False
        """The second factor was asked for again, and was not right."""

    @property
    def signed_in_staff(self) -> SignedIn:
        """Who is signed in; there is no such person on a page for anyone."""
        if self.signed_in is None:
            raise NotSignedIn
        return self.signed_in

    @property
    def staff_id(self) -> str:
        """The id of who is signed in."""
        return self.signed_in_staff.staff

    @property
    def clinic(self) -> str:
        """The id of the clinic of who is signed in."""
        return self.signed_in_staff.clinic

    @property
    def path_id(self) -> str:
        """The id of a record in the address."""
        found: str = self.path_params["id"]
        return found

    @property
    def client_address(self) -> str:
        """Where the request comes from."""
        return self.client.host if self.client else ""

    @property
    def origin(self) -> str:
        """The address that people see before every path, as in links and square codes."""
        return find_site_address(self)

    @property
    def alarm_cutoff(self) -> datetime:
        """What came in before that time and was seen by nobody alarms."""
        return self.now - self.context.policy.alarm_delay

    @property
    def _is_demo_clinic(self) -> bool:
        if self.signed_in is None:
            return False
        known = self.context.demo_clinics
        if self.clinic not in known:
            known[self.clinic] = clinics.is_demo_clinic(self.store, self.clinic)
        return known[self.clinic]

    def reading_scope(self) -> AbstractContextManager[Scope]:
        """Reads the rows of the clinic of who is signed in."""
        return self.store.reading_scope(self.clinic)

    def read_date_order(self) -> str:
        """In which order the clinic types the numbers of a day."""
        with self.reading_scope() as scope:
            return clinics.load_clinic(scope).date_order

    def writing_scope(self) -> AbstractContextManager[WritingScope]:
        """Also writes them, now and by who is signed in; all or nothing."""
        return self.store.writing_scope(self.clinic, self.now, self.staff_id)

    def raw_field(self, name: str) -> str:
        """What was typed, letter by letter, as for a password."""
        return next(iter(self.form_fields.get(name, [])), "")

    def chosen_values(self, name: str) -> list[str]:
        """All values of a field that may be ticked more than once."""
        return self.form_fields.get(name, [])

    def typed_field(self, name: str) -> str:
        """What was typed as one line, without what cannot be seen."""
        return strip_invisible(self.raw_field(name)).strip()

    def typed_fields(self, *names: str) -> dict[str, str]:
        """The same of several fields, by name."""
        return {name: self.typed_field(name) for name in names}

    def format_time(self, at: datetime, time_zone: str) -> str:
        """A time on the clinic's clock and calendar, in the language of the page."""
        return format_local_time(at, time_zone, self.context.language)

    def format_clock(self, at: datetime | None, time_zone: str) -> str:
        """The same in short, with the day only where it is another one; "" for no time."""
        return format_clock_time(at, time_zone, self.now, self.context.language) if at else ""

    def format_wait(self, wait: timedelta) -> str:
        """How long something took: in minutes, hours or days, whichever reads best."""
        minutes = round(wait.total_seconds() / 60)
        if minutes < 100:
            return self.translate("agreement.minutes", number=minutes)
        hours = round(minutes / 60)
        if hours < 48:
            return self.translate("agreement.hours", number=hours)
        return self.translate("agreement.days", number=round(hours / 24))

    def translate(self, key: str, **more: object) -> Markup:
        """The words of a page for staff."""
        return translator_for(self.context, None)[0](key, **more)

    def render_page(
        self,
        template: str,
        *,
        problems: Mapping[str, str] | None = None,
        status: int = 200,
        **values: Any,
    ) -> Response:
        """One page. `problems`: the id of a field -> the key of the words for what is wrong."""
        who = self.signed_in
        if who is not None and "frame" not in values:
            with self.reading_scope() as scope:
                values["frame"] = read_staff_frame(
                    self, scope, clinics.load_clinic(scope).time_zone
                )
        return render_page(
            self,
            template,
            status=422 if problems else status,
            error=bool(problems),
            problems=problems or {},
            who=who,
            for_show=self._is_demo_clinic,
            asks_for_code=who is not None
            and not who.by_provider
            and not who.proved_recently(self.now),
            **values,
        )


def read_staff_frame(request: StaffRequest, scope: Scope, time_zone: str) -> StaffFrame:
    """What stands around a page; read with the page where that reads the clinic itself."""
    since = alarms.find_oldest_emergency(scope, request.now, request.alarm_cutoff)
    undelivered = alarms.find_undelivered_since(scope, request.now)
    notices = read_notices(request, scope)
    return build_staff_frame(request, time_zone, since, undelivered, notices)


def read_notices(request: StaffRequest, scope: Scope) -> StaffNotices:
    """What else waits for who is signed in; it asks nothing for a role that may answer nothing."""
    may = request.signed_in_staff.has_permission
    if not (may("see_reports") or may("export_person")):
        return StaffNotices()
    found = staff_notices.count_notices(scope, request.staff_id)
    return StaffNotices(
        requests=found.requests if may("export_person") else 0,
        rules=found.rules if may("see_reports") else 0,
    )


def build_staff_frame(
    request: StaffRequest,
    time_zone: str,
    since: datetime | None,
    undelivered: datetime | None,
    notices: StaffNotices,
) -> StaffFrame:
    """The same in words. `since`: when an emergency came in that nobody saw for too long."""
    who = request.signed_in_staff
    return StaffFrame(
        alarm=request.format_clock(since, time_zone),
        undelivered=request.format_clock(undelivered, time_zone),
        left=math.floor((who.ends_at - request.now).total_seconds()),
        ends=request.format_clock(who.ends_at, time_zone),
        who=who.staff,
        notices=notices,
        withdrawn=request.app.state.withdrawals.closes(request.context.rulebook.version),
    )
