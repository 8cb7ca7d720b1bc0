"""What a closing would leave without help: the signs, what the patient was told, what was tried.

It knows no rule, and not who may close.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from app.presentation.submission import FiredRule
from app.store import review_steps
from app.store.accounts import sessions
from app.store.permissions import role_allows
from app.triage.terms import Urgency
from app.web.access import StaffRequest
from app.web.clinic.submission_view import SubmissionView

FITTING = {Urgency.same_day: {"other_service": "review.close.other_service_today"}}
"""How an end is named where the level asks for more than its usual words say."""


@dataclass(frozen=True, slots=True)
class UnmetNeeds:
    """`signs`: rules that call for help today or now. `patient_heading`: what the patient reads."""

    signs: tuple[FiredRule, ...]
    patient_heading: str
    in_vain: int


class SecondPeople(NamedTuple):
    """Who else may agree: the names of those who are signed in now, and whether there is anyone."""

    present_names: tuple[str, ...]
    anyone_eligible: bool


def find_second_people(staff_request: StaffRequest, view: SubmissionView) -> SecondPeople:
    """Who could agree, besides who is at work."""
    with staff_request.store.reading_scope(staff_request.signed_in_staff.clinic) as scope:
        present = sessions.list_present_staff(scope, staff_request.now)
    others = (
        m for m in view.members if m.id != staff_request.signed_in_staff.staff and not m.disabled_at
    )
    able = [m for m in others if m.joined_at and role_allows(m.role, "second_person")]
    return SecondPeople(tuple(m.name for m in able if m.id in present), bool(able))


def find_unmet_needs(view: SubmissionView) -> UnmetNeeds:
    """What stays without help if this is closed as it is."""
    grave = {level.name for level in Urgency if level >= Urgency.same_day}
    level, own = view.record.listed.level, view.patient_assessment
    card = (
        view.patient_presenter.build_card(own)
        if own.urgency == level
        else view.patient_presenter.build_level_card(level.name)
    )
    return UnmetNeeds(
        tuple(rule for rule in view.presenter.fired_rules() if rule.level in grave),
        card.heading,
        review_steps.count_failed_calls((e.kind, e.outcome) for e in view.record.actions),
    )
