"""One submission as a nurse reads it: the level and why at a glance, everything else below.

Every look is noted. It shows what the rules of that day made of the answers, and knows no rule.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from app.store import reviews
from app.store.permissions import may
from app.store.reviews import (
    CALLS,
    DECISIONS,
    LOWER_REASONS,
    SAME_PERSON,
    TRIES,
    Entry,
)
from app.store.tables.reviews import WAITING
from app.triage.terms import Urgency
from app.web.access import Desk, guarded
from app.web.clinic.account import told
from app.web.clinic.left_open import FITTING, left_open, second_people
from app.web.clinic.review_words import KINDS, OUTCOMES, REASONS
from app.web.clinic.sbar import text
from app.web.clinic.seen import (
    Seen,
    answered_by,
    needed,
    other_lines,
    own_words,
    said_of,
    seen,
    shown,
)
from app.web.clinic.stepping import typed_words
from app.web.clinic.worklist import row as line_in_words
from app.web.pages import floor, see_other, voice


def routes() -> list[Route]:
    """The pages on which one submission is read."""
    return [
        guarded("GET", "/submissions/{id}", page),
        guarded("GET", "/submissions/{id}/lower", lower_page),
    ]


def page(desk: Desk, problem: str = "", at: str = "actions", first: str = "") -> Response:
    """GET /submissions/{id}: all that is known; looking is noted in the audit."""
    here = seen(desk)
    level = here.record.line.level
    return desk.show(
        "nurse/submission.html",
        problems={at: problem} if problem else None,
        first=first,
        typed=typed_words(desk, "words"),
        colleagues=second_people(desk, here) if here.record.line.state == "second_close" else None,
        region=here.record.region,
        calls=named(desk, CALLS, OUTCOMES),
        dispositions=named(desk, reviews.alone(level), OUTCOMES | FITTING.get(level, {})),
        others=other_lines(desk, here),
        shown=shown(here),
        sbar=text(desk, here),
        sbar_full=text(desk, here, full=True),
        **in_words(desk, here),
        **steps_now(desk, here),
    )


def lower_page(desk: Desk, problem: str = "", first: str = "") -> Response:
    """GET /submissions/{id}/lower: stops, and names the signs that would be set aside."""
    here = seen(desk)
    level = here.record.line.level
    below = [lower for lower in reversed(Urgency) if lower < level]
    if not below:
        return see_other(f"/submissions/{here.record.line.submission}")
    decides = [
        rule for rule in here.told.rules() if rule.level == here.told.assessment.urgency.name
    ]
    return desk.show(
        "nurse/lower.html",
        problems={"lower": problem} if problem else None,
        first=first,
        typed=typed_words(desk, "words"),
        decides=decides,
        levels=[(lower.name, here.told.badge(lower)) for lower in below],
        lower_reasons=named(desk, LOWER_REASONS, REASONS),
        second_needed=_second_needed(here, level),
        **in_words(desk, here),
        **steps_now(desk, here),
    )


def in_words(desk: Desk, here: Seen) -> dict[str, Any]:
    """What every page and paper about a submission says of it."""
    record, told_ = here.record, here.told
    rules_level = record.newest.urgency
    return {
        "id": record.line.submission,
        "row": line_in_words(desk, here.clinic, here.names, record.line),
        "needed": needed(desk, here),
        "answered_by": answered_by(here),
        "arrived": told(record.arrived_at, here.clinic.time_zone),
        "patient_reference": record.sent_as,
        "level": record.line.level,
        "state": record.line.state,
        "rules_badge": here.told.badge(rules_level) if rules_level != record.line.level else "",
        "own_rulebook": here.own_rulebook,
        "rulebook": told_.teller.rulebook,
        "told": told_,
        "likely": told_.assessment.likely_type,
        "likely_words": told_.teller.words.types[told_.assessment.likely_type],
        "kinds": told_.teller.kinds(told_.assessment),
        "look_alikes": [
            (told_.teller.words.look_alikes[alike.id], told_.short.evidence(alike.because))
            for alike in told_.assessment.look_alikes
        ],
        "versions": said_of(desk, here),
        "given": own_words(desk, here),
        "labs": here.labs,
        "entries": [
            (
                entry,
                here.names.get(entry.by, ""),
                told(entry.at, here.clinic.time_zone),
                KINDS[entry.kind],
            )
            for entry in record.entries
        ],
        "left_open": left_open(here),
        "outcomes": OUTCOMES,
        "reason_words": REASONS,
    }


def steps_now(desk: Desk, here: Seen) -> dict[str, Any]:
    """What can be done now, and by whom."""
    record, who = here.record, desk.who
    lowered, asked, checked = map(record.done, ("lower", "ask_close", "identify"))
    decided = any(e.kind in DECISIONS and e.version == record.newest.id for e in record.entries)
    others = [m for m in here.members if m.id != who.staff and not m.disabled_at]
    return {
        "mine": record.line.owner in (None, who.staff),
        "owner": record.line.owner,
        "own_lowering": lowered is not None and lowered.by == who.staff,
        "lowering": _lowering(here, lowered) if lowered else None,
        "own_asking": asked is not None and asked.by == who.staff,
        "asked": asked,
        "asked_by": here.names.get(asked.by, "") if asked else "",
        "waits": record.line.state in WAITING,
        "by_two": reviews.by_two(record.line.level),
        "decided": decided,
        "identified": checked is not None and checked.outcome == SAME_PERSON,
        "tied": record.line.person is not None,
        "wrong_person": bool(record.line.told.get("wrong_person")),
        "in_vain": reviews.calls_in_vain((e.kind, e.outcome) for e in record.entries),
        "tries": TRIES,
        "last": record.entries[-1].number if record.entries else 0,
        "key": secrets.token_urlsafe(12),
        "can_take": [(m.id, m.name) for m in others if may(m.role, "review")],
    }


def _lowering(here: Seen, lowered: Entry) -> dict[str, str]:
    """To which level someone wants to lower, and which sign would be set aside."""
    rules = here.told.teller.words.rules
    rule = lowered.rule or ""
    reason = here.told.teller.fill(rules[rule].reason) if rule in rules else ""
    return {"badge": here.told.badge(Urgency[str(lowered.outcome)]), "reason": reason}


def _second_needed(here: Seen, level: Urgency) -> bool:
    least = here.clinic.second_person_from
    return least is not None and level >= least


def named(desk: Desk, codes: Iterable[str], words: Mapping[str, str]) -> list[tuple[str, str]]:
    """Codes with their words, to choose from."""
    say, _ = voice(floor(desk.request), None)
    return [(code, say(words[code])) for code in codes]
