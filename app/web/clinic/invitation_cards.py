"""What pages about invitations share: an invitation in words, who is known, the key of a form."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from app.documents.patient_list.rows import ListedPatient, read_patient
from app.documents.receipt import QrCode, make_qr_code
from app.presentation.dates import LONG_DAY, format_day
from app.presentation.invitation_checks import ListChecker
from app.store import clinics, invitation_lists
from app.store.db.scope import Scope
from app.store.invitations import InvitationSummary
from app.store.opening_hours import is_closed_day
from app.web.staff_request import StaffRequest


@dataclass(frozen=True, slots=True)
class InvitationCard:
    """The ways in of one invitation, in words. `square` is None where it is not shown."""

    invited: InvitationSummary
    link: str
    until: str
    day: str
    square: QrCode | None = None
    message_at: str = ""

    @property
    def progress(self) -> str:
        """How far its person came, as a key of words; "" where they did not begin."""
        invited = self.invited
        began = "invitations.stopped" if invited.stopped_at else "invitations.began"
        return began if invited.stopped_at or invited.begun_at else ""

    @property
    def message(self) -> str:
        """What became of the newest message to this person, as a key of words."""
        row = self.invited.message
        if row is None:
            return "message.state.none"
        if row.ended == "stopped":
            why = row.fault if row.fault in ("barred", "given_up") else "stopped"
            return f"message.state.{why}"
        return f"message.state.{row.ended or ('late' if row.fault else 'waiting')}"


def build_cards(
    request: StaffRequest,
    scope: Scope,
    found: list[InvitationSummary],
    *,
    squares: bool = False,
    pattern: str = LONG_DAY,
) -> list[InvitationCard]:
    """These invitations in words; `pattern`: how the day of the visit is written."""
    zone, language = clinics.load_clinic(scope).time_zone, request.context.language
    cards = []
    for one in found:
        link, until = f"{request.origin}/i/{one.token}", request.format_time(one.expires_at, zone)
        day = format_day(one.appointment_on, language, pattern)
        square = make_qr_code(link) if squares else None
        sent = one.message.ended_at if one.message else None
        message_at = request.format_time(sent, zone) if sent else ""
        cards.append(InvitationCard(one, link, until, day, square, message_at))
    return cards


def load_list_checker(request: StaffRequest, references: Iterable[str]) -> ListChecker:
    """What looks at patients of these references before anybody is invited."""
    with request.reading_scope() as scope:
        clinic = clinics.load_clinic(scope)
        known = invitation_lists.find_known_patients(scope, request.now, references)
    today = request.now.astimezone(ZoneInfo(clinic.time_zone)).date()
    language = request.context.language
    return ListChecker(known, today, partial(is_closed_day, clinic), clinic.time_zone, language)


def read_batch_key(request: StaffRequest) -> str:
    """What tells this form from others, in letters that an address can hold."""
    typed = re.sub(r"[^A-Za-z0-9_-]", "", request.typed_field("key"))[:50]
    return typed or secrets.token_urlsafe(12)


def read_typed_patient(request: StaffRequest) -> ListedPatient:
    """Who is meant by a form, with what is wrong; the day is read in the order of the clinic."""
    typed = request.typed_fields("reference", "name", "day", "kind", "contact")
    return read_patient(*typed.values(), order=request.read_date_order())
