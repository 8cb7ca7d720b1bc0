"""What a closing would leave without help: the signs, what the patient was told, what was tried.

It knows no rule, and not who may close.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from app.store import reviews
from app.store.accounts import sessions
from app.store.permissions import may
from app.triage.terms import Urgency
from app.web.access import Desk
from app.web.clinic.nurse_words import Rule
from app.web.clinic.seen import Seen

FITTING = {Urgency.same_day: {"other_service": "review.close.other_service_today"}}
"""How an end is named where the level asks for more than its usual words say."""


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """`signs`: the rules that call for help today or now. `told`: what the patient reads now."""

    signs: tuple[Rule, ...]
    told: str
    in_vain: int


class SecondPeople(NamedTuple):
    """Who else may agree: the names of those who are signed in now, and whether there is anyone."""

    here: tuple[str, ...]
    anyone: bool


def second_people(desk: Desk, here: Seen) -> SecondPeople:
    """Who could agree, besides who is at work."""
    with desk.store.reading(desk.who.clinic) as scope:
        present = sessions.present(scope, desk.now)
    others = (m for m in here.members if m.id != desk.who.staff and not m.disabled_at)
    able = [m for m in others if m.joined_at and may(m.role, "second_person")]
    return SecondPeople(tuple(m.name for m in able if m.id in present), bool(able))


def left_open(here: Seen) -> LeftOpen:
    """What stays without help if this is closed as it is."""
    grave = {level.name for level in Urgency if level >= Urgency.same_day}
    level, own = here.record.line.level, here.own_assessment
    card = here.own.card(own) if own.urgency == level else here.own.card_of(level.name)
    return LeftOpen(
        tuple(rule for rule in here.told.rules() if rule.level in grave),
        card.heading,
        reviews.calls_in_vain((e.kind, e.outcome) for e in here.record.entries),
    )
