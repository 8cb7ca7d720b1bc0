"""A submission on paper: the sheet for the record, and the patient's own copy.

Each look, and each sheet, is noted in the audit. It knows no rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import qr_code, write
from app.store.reviews import CLOSINGS, by_two
from app.triage.terms import Urgency
from app.web.access import Desk, guarded
from app.web.caution import Group
from app.web.clinic.account import told
from app.web.clinic.nurse_words import Told
from app.web.clinic.review_words import INSTEAD, NOTED
from app.web.clinic.seen import Seen, needed, seen, shown
from app.web.clinic.submission import in_words

AGREED = {
    "appointment_kept": "copy.agreed.appointment_kept",
    "brought_forward": "copy.agreed.brought_forward",
    "other_service": "copy.agreed.other_service",
    "emergency_service": "copy.agreed.emergency_service",
    "seen_today": "copy.agreed.seen_today",
    "advice_given": "copy.agreed.advice_given",
    "not_reached": "copy.agreed.not_reached",
}
_LAST = 6  # things that were done, on paper
_NOTE = 200  # letters of a note, on paper
_DENSE_NET = 1000  # letters of a safety net from which on the copy is set smaller
_ROOMY, _DENSE = 2000, 2600  # letters up to which the sheet is set larger, or from which smaller


def routes() -> list[Route]:
    """The sheets."""
    return [
        guarded("GET", "/submissions/{id}/print", sheet),
        guarded("GET", "/submissions/{id}/copy", copy),
    ]


def sheet(desk: Desk) -> Response:
    """GET /submissions/{id}/print: all that matters on one A4."""
    here = seen(desk, "submission_printed")
    told_, values = here.told, in_words(desk, here)
    # A receipt has no place for blood results, so with them it would say something else.
    whole = here.own_rulebook and not here.record.newest.labs
    receipt = write(told_.teller.rulebook, told_.answers, told_.assessment) if whole else ""
    values["entries"] = [
        (entry, by, at, words, _shortened(entry.words))
        for entry, by, at, words in values["entries"][-_LAST:]
    ]
    return desk.show(
        "nurse/print.html",
        region=here.record.region,
        receipt=receipt,
        code=qr_code(receipt) if receipt else None,
        printed=told(desk.now, here.clinic.time_zone),
        clinic=here.clinic.name,
        earlier=max(0, len(here.record.entries) - _LAST),
        size=_size(told_, [*values["entries"], *values["versions"]]),
        **values,
    )


def copy(desk: Desk) -> Response:
    """GET /submissions/{id}/copy: what the patient takes home; nothing that is for staff alone."""
    here = seen(desk, "copy_printed")
    record, teller = here.record, here.own
    level = record.line.level
    same = level == here.own_assessment.urgency
    card = teller.card(here.own_assessment) if same else teller.card_of(level.name)
    closed = record.done(*CLOSINGS) if record.line.state == "closed" else None
    agreed = str(closed.outcome) if closed else ""
    noted, by_when, grave = agreed in by_two(level), needed(desk, here), level >= Urgency.same_day
    return desk.show(
        "nurse/copy.html",
        region=record.region,
        id=record.line.submission,
        clinic=here.clinic.name,
        reference=record.sent_as,
        card=card,
        same=same,
        agreed=(NOTED if noted else AGREED).get(agreed, ""),
        instead=INSTEAD[level.name] if noted else "",
        wait_for_visit=not (grave and by_when.forward),
        decided=told(closed.at, here.clinic.time_zone) if closed else "",
        visit=by_when.visit if agreed in ("", "appointment_kept") else "",
        likely=here.own_assessment.likely_type,
        likely_words=teller.words.types[here.own_assessment.likely_type],
        **_safety_net(here, level),
    )


def _safety_net(here: Seen, level: Urgency) -> dict[str, Any]:
    """What the patient was told to watch for, as far as it is graver than the level now."""
    found = shown(here)
    watch = found["watch"]
    graver = {one.name for one in Urgency if one > level}
    lines: dict[tuple[str, str], list[str]] = {}
    for group in (*watch.first, *watch.more):
        if group.level in graver:
            lines.setdefault((group.level, group.heading), []).extend(group.lines)
    emergency = level is Urgency.emergency
    kept = watch._replace(first=[Group(*key, tuple(some)) for key, some in lines.items()])
    letters = sum(len(line) for some in lines.values() for line in some)
    return {
        "about": found["about"],
        "watch": kept,
        "emergency_now": emergency,
        "dense": letters > _DENSE_NET,
    }


def _size(told_: Told, more: Sequence[object]) -> str:
    """How large the sheet is set: as large as what it has to say leaves room for."""
    at_levels = [*told_.raises(), *told_.lowers()]
    said = [*told_.positives(), *told_.denied(), *(s for one in at_levels for s in one.answers)]
    letters = sum(len(str(one)) for one in said)
    if letters + _NOTE * len(more) <= _ROOMY:
        return "roomy"
    return "dense" if letters > _DENSE else "usual"


def _shortened(words: str) -> str:
    return words if len(words) <= _NOTE else f"{words[:_NOTE]} ..."
