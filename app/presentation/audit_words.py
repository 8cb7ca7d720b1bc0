"""The audit in words: what was done, by whom, to what. Knows keys of words, and no entries."""

from __future__ import annotations

from app.store.db.patient_tables import REVIEW_KINDS

KINDS = {
    "all": "audit.kind.all",
    "looks": "audit.kind.looks",
    "decisions": "audit.kind.decisions",
    "patients": "audit.kind.patients",
    "doors": "audit.kind.doors",
    "staff": "audit.kind.staff",
    "refused": "audit.kind.refused",
    "keeping": "audit.kind.keeping",
}
LOOKS = {
    "submission_viewed": "audit.done.viewed",
    "submission_printed": "audit.done.printed",
    "copy_printed": "audit.done.copy",
    "printed": "audit.done.invitations_printed",
    "exported": "audit.done.invitations_file",
    "person_found": "audit.done.found",
    "person_exported": "audit.done.exported",
    "cases_taken": "audit.done.cases",
    "audit_taken": "audit.done.taken",
}
_REVIEWS = {
    "claim": "audit.done.claim",
    "release": "audit.done.release",
    "hand_over": "audit.done.hand_over",
    "note": "audit.done.note",
    "call": "audit.done.call",
    "identify": "audit.done.identify",
    "agree": "audit.done.agree",
    "raise": "audit.done.raise",
    "lower": "audit.done.lower",
    "second_yes": "audit.done.second_yes",
    "second_no": "audit.done.second_no",
    "close": "audit.done.close",
    "ask_close": "audit.done.ask_close",
    "close_yes": "audit.done.close_yes",
    "close_no": "audit.done.close_no",
}
DECISIONS = {
    **{f"review_{kind}": _REVIEWS[kind] for kind in REVIEW_KINDS},
    "findings_added": "audit.done.findings",
    "marks_changed": "audit.done.marks",
}
PATIENTS = {
    "patient_invited": "audit.done.invited",
    "invitation_revoked": "audit.done.revoked",
    "submission_arrived": "audit.done.arrived",
    "answers_changed": "audit.done.changed",
}
DOORS = {
    "tablet_begun": "audit.done.tablet_begun",
    "tablet_ended": "audit.done.tablet_ended",
    "password_given": "audit.done.password",
    "signed_in": "audit.done.signed_in",
    "proved_again": "audit.done.proved",
    "signed_out": "audit.done.signed_out",
    "session_ended": "audit.done.session_ended",
    "password_changed": "audit.done.password_changed",
}
STAFF = {
    "clinic_added": "audit.done.clinic",
    "demo_filled": "audit.done.demo",
    "staff_invited": "audit.done.staff_invited",
    "staff_invited_again": "audit.done.staff_again",
    "staff_joined": "audit.done.staff_joined",
    "staff_disabled": "audit.done.staff_disabled",
    "staff_enabled": "audit.done.staff_enabled",
    "alarm_places_chosen": "audit.done.alarm_places",
    "alarm_raised": "audit.done.alarm",
    "alarm_sent": "audit.done.alarm_sent",
    "alarm_not_sent": "audit.done.alarm_not_sent",
    "alarm_stopped": "audit.done.alarm_stopped",
}
REFUSED = {
    "page_refused": "audit.done.page_refused",
    "sign_in_refused": "audit.done.sign_in_refused",
    "second_factor_refused": "audit.done.factor_refused",
}
KEEPING = {
    "retention_run": "audit.done.retention",
    "person_export_asked": "audit.done.export_asked",
    "person_export_agreed": "audit.done.export_agreed",
    "person_export_refused": "audit.done.export_refused",
    "person_erase_asked": "audit.done.erase_asked",
    "person_erase_agreed": "audit.done.erase_agreed",
    "person_erase_refused": "audit.done.erase_refused",
    "person_erased": "audit.done.erased",
}
BY_KIND = {
    "looks": LOOKS,
    "decisions": DECISIONS,
    "patients": PATIENTS,
    "doors": DOORS,
    "staff": STAFF,
    "refused": REFUSED,
    "keeping": KEEPING,
}
ACTIONS = {action: words for actions in BY_KIND.values() for action, words in actions.items()}
NOBODY = {
    "patient": "audit.by.patient",
    "command": "audit.by.command",
    "job": "audit.by.job",
    "nobody": "audit.by.nobody",
}
"""Who can act without being of the staff."""
