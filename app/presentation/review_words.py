"""The codes of reviews and of the audit with the keys of their words. Knows no entries."""

from app.store.db.patient_tables import REVIEW_KINDS
from app.store.review_steps import (
    CALL_OUTCOMES,
    DISPOSITIONS,
    IDENTIFIERS,
    IDENTITY_OUTCOMES,
    LOWER_REASONS,
    RAISE_REASONS,
    TRACES,
)
from app.triage.terms import Urgency

OUTCOMES = {
    **{outcome: f"review.call.{outcome}" for outcome in CALL_OUTCOMES},
    **{outcome: f"review.close.{outcome}" for outcome in DISPOSITIONS},
    **{outcome: f"review.identify.{outcome}" for outcome in IDENTITY_OUTCOMES},
}
DECIDED = {end: f"handed.decided.{end}" for end in DISPOSITIONS}
"""How its person is told what was decided."""
NOTED = {end: f"handed.noted.{end}" for end in DISPOSITIONS if end != "emergency_service"}
"""How its person is told of an end without the help that the level asks for."""
INSTEAD = {level: f"handed.instead.{level}" for level in ("emergency", "same_day")}
"""What its person is told besides, by level: that the end changes nothing for them."""
AGREED = {end: f"copy.agreed.{end}" for end in DISPOSITIONS}
"""What was agreed, on the sheet that a person takes home."""
RAISE_REASON_WORDS = {reason: f"review.raise.{reason}" for reason in RAISE_REASONS}
REASONS = RAISE_REASON_WORDS | {reason: f"review.lower.{reason}" for reason in LOWER_REASONS}
"""Why a level was lowered or raised; "other" is one word for both."""
TRACE_WORDS = {trace: f"review.trace.{trace}" for trace in TRACES}
LAPSE_REASONS = {why: f"review.lapse.{why}" for why in ("signed_out", "idle", "worse")}
IDENTIFIER_WORDS = {identifier: f"identify.{identifier}" for identifier in IDENTIFIERS}
FITTING = {Urgency.same_day: {"other_service": "review.close.other_service_today"}}
"""How an end is named where the level asks for more than its usual words say."""

AUDIT_ACTIONS: dict[str, tuple[str, ...]] = {
    "all": (),
    "looks": (
        *("submission_viewed", "submission_printed", "submission_exported"),
        *("copy_printed", "printed", "exported"),
        *("person_found", "person_exported", "cases_taken", "audit_taken"),
        *("downtime_list_taken", "report_taken"),
    ),
    "decisions": (*(f"review_{kind}" for kind in REVIEW_KINDS), "findings_added", "marks_changed"),
    "patients": (
        *("patient_invited", "invitation_revoked", "submission_arrived", "answers_changed"),
        *("message_made", "message_sent", "message_bounced", "message_stopped"),
    ),
    "doors": (
        *("tablet_begun", "tablet_ended", "password_given", "signed_in", "proved_again"),
        *("signed_out", "session_ended", "password_changed"),
    ),
    "staff": (
        *("clinic_added", "demo_filled", "staff_invited", "staff_invited_again", "staff_joined"),
        *(
            "staff_disabled",
            "staff_enabled",
            "clinic_changed",
            "due_times_changed",
            "alarm_places_chosen",
        ),
        *("alarm_raised", "alarm_sent", "alarm_not_sent", "alarm_stopped"),
        *("text_added", "text_changed", "text_retired"),
        *("provider_chosen", "provider_removed", "role_changed", "provider_said_no"),
        *("backup_taken", "backup_restored", "advice_withdrawn", "advice_given_again"),
        *("rule_often_raised", "raised_rule_mailed", "raised_rule_seen"),
    ),
    "refused": ("page_refused", "sign_in_refused", "second_factor_refused"),
    "keeping": (
        *("retention_run", "person_export_asked", "person_export_agreed", "person_export_refused"),
        *("person_erase_asked", "person_erase_agreed", "person_erase_refused", "person_erased"),
    ),
}
"""The kinds of actions in the audit, in the order of the page; "all" leaves none out."""
ACTIONS = {
    action: f"audit.done.{action}" for actions in AUDIT_ACTIONS.values() for action in actions
}
NOBODY = {who: f"audit.by.{who}" for who in ("patient", "command", "job", "nobody")}
"""Who can act without being of the staff."""


def problem_key(problem: str) -> str:
    """The key of the words for why a step was refused; "" where nothing is wrong."""
    return f"review.problem.{problem}" if problem else ""
