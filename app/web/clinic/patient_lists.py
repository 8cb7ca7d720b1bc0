"""Many patients invited at once: a file or lines, a look at what was understood, then all of them.

Nothing is kept before the last step; what was read waits in the page itself.
"""

import csv
import io
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.documents.patient_list import columns, rows, table
from app.documents.patient_list.columns import COLUMN_FIELDS, ListLayout
from app.documents.patient_list.table import ListTable, UnreadableList
from app.documents.patient_list.text_file import read_text
from app.documents.typed_days import DAY_FIRST, MONTH_FIRST
from app.presentation.clinic_contact import ClinicContact
from app.presentation.dates import format_day
from app.presentation.invitation_checks import FILE_WORDS, CheckedPatient
from app.store import clinics, invitations
from app.store.db import audit
from app.store.db.scope import Scope, WritingScope
from app.store.invitations import MAX_PER_BATCH
from app.store.patient_messages import can_send, find_channel
from app.store.people import NameMismatch
from app.web.clinic.invitation_cards import (
    InvitationCard,
    build_cards,
    load_list_checker,
    read_batch_key,
)
from app.web.pages import see_other
from app.web.staff_request import StaffRequest
from app.web.wire import build_download, escape_formula, find_file

ROW_FIELDS = ("line", "reference", "name", "day", "kind", "contact")
_ORDERS = (DAY_FIRST, MONTH_FIRST)


@dataclass(frozen=True, slots=True)
class ListReading:
    """How a list was understood. `order`: "" where people have to say which number is the day."""

    table: ListTable
    layout: ListLayout
    order: str
    ambiguous: bool


def show_list_form(request: StaffRequest, problem: str = "", number: int = 0) -> Response:
    """GET /invitations/list: a file to choose, or lines to type."""
    problems = {"file" if find_file(request, "file") else "lines": problem} if problem else None
    return request.render_page(
        "nurse/list_form.html",
        problems=problems,
        typed=request.raw_field("lines"),
        most=MAX_PER_BATCH,
        number=number,
    )


def submit_list(request: StaffRequest) -> Response:
    """POST /invitations/list: what was understood, to be looked at and put right."""
    try:
        reading = _read_list(request)
    except UnreadableList as refused:
        return show_list_form(request, FILE_WORDS[refused.problem])
    layout = reading.layout
    lacking = [name for name in ("reference", "name") if getattr(layout, name) is None]
    patients = rows.list_patients(reading.table, layout, order=reading.order or DAY_FIRST)
    if not patients:
        return show_list_form(request, "list.file.headings")
    if len(patients) > MAX_PER_BATCH:
        return show_list_form(request, "list.file.many", len(patients))
    open_question = bool(lacking) or not reading.order
    checker = load_list_checker(request, [one.reference for one in patients])
    checked = [] if open_question else checker.check_patients(patients)
    ticked = {n for n, one in enumerate(checked) if not (one.refused or one.asked)}
    return _show_preview(request, checked, ticked, reading=reading, number=len(patients))


def submit_batch(request: StaffRequest) -> Response:
    """POST /invitations/batch: the patients that are ticked; all of them or none."""
    key, own_key = read_batch_key(request), f"{request.staff_id}:{read_batch_key(request)}"
    with request.reading_scope() as scope:
        if invitations.find_batch_rows(scope, own_key):
            return _see_batch(key)  # sent again: its patients would look invited already
    contacts = request.chosen_values("contact") or [""] * MAX_PER_BATCH
    columns_typed = [*(request.chosen_values(name) for name in ROW_FIELDS[:-1]), contacts]
    typed = list(zip(*columns_typed, strict=False))
    order = request.read_date_order()
    patients = [
        rows.read_patient(*texts, line=int(line[:9]) if line.isdecimal() else n, order=order)
        for n, (line, *texts) in enumerate(typed[:MAX_PER_BATCH], 1)
    ]
    ticked = {int(n) for n in request.chosen_values("invite") if n.isdecimal() and len(n) < 4}
    chosen = [one for n, one in enumerate(patients) if n in ticked]
    if not patients:
        return show_list_form(request, "list.nobody")
    checker = load_list_checker(request, [one.reference for one in patients])
    of_chosen = checker.check_patients(chosen)
    checked = _merge_checks(checker.check_patients(patients), of_chosen, ticked)
    if not chosen or any(one.refused for one in of_chosen):
        problem = "list.refused" if chosen else "list.nobody"
        return _show_preview(request, checked, ticked, problems={"rows": problem})
    who = request.signed_in_staff
    guests = [one.invitee for one in of_chosen]
    try:
        invitations.invite_patients(
            request.store, who.clinic, request.now, who.staff, guests, own_key
        )
    except NameMismatch:  # a colleague added the other person just now
        checker = load_list_checker(request, [one.reference for one in patients])
        checked = checker.check_patients(patients)
        return _show_preview(request, checked, ticked, problems={"rows": "list.refused"})
    return _see_batch(key)


def show_batch(request: StaffRequest) -> Response:
    """GET /invitations/batch/{key}: link and code of each who was invited together."""
    key = request.path_params["key"]
    with request.reading_scope() as scope:
        ways = _load_batch(request, scope)
    return request.render_page("nurse/batch.html", ways=ways, key=key, enter=f"{request.origin}/i")


def show_batch_slips(request: StaffRequest) -> Response:
    """GET /invitations/batch/{key}/slips: one slip of paper for each; printing is noted."""
    with request.writing_scope() as scope:
        ways = _load_batch(request, scope, squares=True)
        contact = ClinicContact.from_clinic(clinics.load_clinic(scope))
        _audit_batch_use(request, scope, "printed", len(ways))
    return request.render_page(
        "nurse/slips.html", ways=ways, contact=contact, enter=f"{request.origin}/i"
    )


def export_batch(request: StaffRequest) -> Response:
    """GET /invitations/batch/{key}/csv: the same as a file for the clinic's own system; noted."""
    with request.writing_scope() as scope:
        ways = _load_batch(request, scope)
        _audit_batch_use(request, scope, "exported", len(ways))
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["reference", "name", "day", "visit", "link", "code", "good_until"])
    for way in ways:
        found = way.invited
        day = found.appointment_on.isoformat() if found.appointment_on else ""
        words = [found.person.reference, found.person.name, day, found.appointment_kind]
        ends = found.expires_at.isoformat(timespec="minutes")
        lines.writerow([*map(escape_formula, words), way.link, found.code, ends])
    # A mark at the start, without which spreadsheets on Windows misread letters with accents.
    marked = text.getvalue().encode("utf-8-sig")
    return build_download(request, marked, "text/csv", "invitations.csv")


def _see_batch(key: str) -> Response:
    return see_other(f"/invitations/batch/{key}")


def _read_list(request: StaffRequest) -> ListReading:
    """The list with what was chosen of its columns and days. Raises UnreadableList."""
    carried, content = request.raw_field("table"), find_file(request, "file")
    if carried:
        found = table.restore_table(carried)
        layout = _read_layout(request, found)
    else:
        found = rows.read_file(content) if content else read_text(request.raw_field("lines"))
        layout = columns.find_layout(found)
    order = rows.find_list_order(found, layout)
    chosen = request.raw_field("order")
    ambiguous = order == "unclear"
    if ambiguous:
        return ListReading(found, layout, chosen if chosen in _ORDERS else "", ambiguous)
    return ListReading(found, layout, "day_first" if order == "clear" else order, ambiguous)


def _read_layout(request: StaffRequest, found: ListTable) -> ListLayout:
    """The columns that were chosen; a column that the list does not have counts as none."""
    width = max(len(line.cells) for line in found.lines)

    def read_column(name: str) -> int | None:
        value = request.raw_field(f"column-{name}")
        return int(value) if value.isdecimal() and len(value) < 4 and int(value) < width else None

    layout = columns.find_layout(found)
    above = layout.lines_above
    if (headings := request.raw_field("headings")) in ("0", "1"):
        above = max(above, 1) if headings == "1" else 0
    return ListLayout(
        reference=read_column("reference"),
        name=read_column("name"),
        surname=read_column("surname"),
        day=read_column("day"),
        kind=read_column("kind"),
        contact=read_column("contact"),
        lines_above=above,
    )


def _show_preview(
    request: StaffRequest,
    checked: list[CheckedPatient],
    ticked: set[int],
    *,
    reading: ListReading | None = None,
    number: int = 0,
    problems: dict[str, str] | None = None,
) -> Response:
    """What was understood: `reading` is None where only the patients are looked at again."""
    carried = table.write_table(reading.table) if reading else ""
    return request.render_page(
        "nurse/list.html",
        problems=problems,
        checked=checked,
        ticked=ticked,
        number=number,
        reading=reading,
        carried=carried,
        writes=_count_messages(request, checked, ticked),
        headings=columns.name_headings(reading.table, reading.layout) if reading else [],
        fields=COLUMN_FIELDS,
        samples=_sample_days(request, reading) if reading and reading.ambiguous else {},
        key=read_batch_key(request) if problems else secrets.token_urlsafe(12),
    )


def _count_messages(
    request: StaffRequest, checked: list[CheckedPatient], ticked: set[int]
) -> int | None:
    """How many of those that are ticked can be written to; None where the clinic does not write."""
    with request.reading_scope() as scope:
        clinic = clinics.load_clinic(scope)
    if not clinic.sends_messages:
        return None
    channels = [find_channel(one.patient.contact) for n, one in enumerate(checked) if n in ticked]
    return sum(can_send(clinic, channel) for channel in channels)


def _sample_days(request: StaffRequest, reading: ListReading) -> Mapping[str, tuple[str, str]]:
    """For each order: a day as the list writes it, and as it is read then."""
    samples = {}
    for order in _ORDERS:
        found = rows.list_patients(reading.table, reading.layout, order=order)
        days = ((one.day, one.appointment_on) for one in found if one.appointment_on)
        unlike = [(text, on) for text, on in days if on.day != on.month]
        if unlike:
            text, on = unlike[0]
            samples[order] = (text, format_day(on, request.context.language))
    return samples


def _merge_checks(
    every: list[CheckedPatient], of_chosen: list[CheckedPatient], ticked: set[int]
) -> list[CheckedPatient]:
    """Those that are ticked as they stand among themselves: who is twice, is so among these."""
    chosen = iter(of_chosen)
    return [next(chosen) if n in ticked else one for n, one in enumerate(every)]


def _load_batch(
    request: StaffRequest, scope: Scope, *, squares: bool = False
) -> list[InvitationCard]:
    """Raises HTTPException where nobody was invited under this key by who asks."""
    own_key = f"{request.staff_id}:{request.path_params['key']}"
    found = invitations.list_batch_invitations(scope, request.now, own_key)
    if not found:
        raise HTTPException(404)
    return build_cards(request, scope, found, squares=squares)


def _audit_batch_use(request: StaffRequest, scope: WritingScope, action: str, number: int) -> None:
    subject = ("invitations", request.path_params["key"])
    audit.record_event(scope, action, subject, request.client_address, number=number)
