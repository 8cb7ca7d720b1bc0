"""A row for every table, each fitting the others, to try migrations and the database's guards."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine

from app.store.db.encryption import KeyEncryptionKeys
from app.store.db.patient_tables import Person
from app.store.db.tables import ServerTable

KEYRING = KeyEncryptionKeys({b"now.": bytes(range(32))}, b"s" * 32, b"a" * 32)
THEN = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
HASH = "0" * 64
HERE = {"clinic_id": "c1"}
ASKED = {"idempotency_key": "k1"}
RULEBOOK = {"rulebook_version": "1.0.0", "rulebook_sha256": HASH}

A_ROW_OF: dict[str, dict[str, Any]] = {
    "served_rulebook": {"version": "1.0.0", "sha256": HASH, "first_served_at": THEN},
    "withdrawal": {
        "id": "w1",
        "rulebook_version": "1.0.0",
        "reason": "wrong",
        "made_by": "Ada",
        "made_at": THEN,
        "ended_by": None,
        "ended_at": None,
    },
    "signpost": {"word_print": HASH, "kind": "staff", "leads_to_clinic": "c1", "record_id": "s1"},
    "share_code": {
        **RULEBOOK,
        "code_print": HASH,
        "wrapped_key": b"w",
        "answers_sealed": b"a",
        "region": "uk",
        "made_at": THEN,
        "expires_at": THEN,
    },
    "bucket": {"key_hash": HASH, "full_at": 2**40},
    "lease": {"job": "retention", "holder": "one", "until": THEN},
    "clinic": {
        **HERE,
        "name": "Hill",
        "region": "uk",
        "time_zone": "Europe/London",
        "opening_hours": [[["09:00", "17:00"]]] * 5 + [[], []],
        "made_at": THEN,
    },
    "identity_provider": {
        **HERE,
        "issuer": "https://sign-in.example",
        "client_id": "calcinosis",
        "client_secret_sealed": b"s",
        "groups_claim": "groups",
        "roles": {"nurse": "triage"},
    },
    "record_key": {**HERE, "record_id": "u1", "wrapped": b"w"},
    "staff": {
        **HERE,
        "id": "s1",
        "name": "Kim",
        "role": "nurse",
        "email_sealed": b"e",
        "email_print": HASH,
        "made_at": THEN,
    },
    "staff_invite": {
        **HERE,
        "token_hash": HASH,
        "staff_id": "s1",
        "made_by": "command",
        "made_at": THEN,
        "expires_at": THEN,
    },
    "clinic_text": {
        **HERE,
        "id": "t1",
        "title": "Bring your tablets",
        "body": "Bring all your tablets with you.",
        "changed_by": "s1",
        "changed_at": THEN,
    },
    "recovery_code": {**HERE, "staff_id": "s1", "code_print": HASH},
    "staff_session": {
        **HERE,
        "token_hash": HASH,
        "staff_id": "s1",
        "stage": "full",
        "browser": "",
        "started_at": THEN,
        "seen_at": THEN,
    },
    "doorbell": {**HERE, "rung": 1},
    "audit_entry": {
        **HERE,
        "number": 1,
        "at": "2026-01-31T23:59:00.000000+00:00",
        "actor": "s1",
        "action": "view",
        "subject_kind": "submission",
        "subject_id": "u1",
        "place": "",
        "facts": "{}",
        "mac": HASH,
    },
    "audit_head": {**HERE, "number": 1, "mac": HASH, "seal": HASH},
    "person": {
        **HERE,
        "id": "p1",
        "reference_print": HASH,
        "reference_sealed": b"r",
        "name_sealed": b"n",
        "made_at": THEN,
    },
    "invitation": {
        **HERE,
        **ASKED,
        "id": "i1",
        "person_id": "p1",
        "token_hash": HASH,
        "code_print": HASH,
        "appointment_on": date(2026, 2, 20),
        "made_by": "s1",
        "made_at": THEN,
        "expires_at": THEN,
    },
    "submission": {
        **HERE,
        **ASKED,
        "id": "u1",
        "arrived": 1,
        "arrived_at": THEN,
        "reference": "ABC-DEF",
        "source": "invitation",
        "invitation_id": "i1",
        "about": "me",
        "region": "uk",
    },
    "assessment_version": {
        **HERE,
        **ASKED,
        **RULEBOOK,
        "id": "v1",
        "submission_id": "u1",
        "number": 1,
        "kind": "first",
        "made_at": THEN,
        "urgency": 3,
        "rules": ["U3"],
        "body_sealed": b"b",
    },
    "review_entry": {
        **HERE,
        **ASKED,
        "id": "e1",
        "submission_id": "u1",
        "number": 1,
        "kind": "claim",
        "author_id": "s1",
        "at": THEN,
        "version_id": "v1",
        "rulebook_sha256": HASH,
        "urgency": 3,
    },
    "worklist_row": {
        **HERE,
        "submission_id": "u1",
        "rank": 1,
        "due_at": THEN,
        "arrived": 1,
        "arrived_at": THEN,
        "owner_id": "s1",
        "person_id": "p1",
        "rulebook_sha256": HASH,
        "line_sealed": b"l",
        "forget_at": THEN,
    },
    "outbox_message": {
        **HERE,
        "id": "m1",
        "submission_id": "u1",
        "kind": "webhook",
        "made_at": THEN,
        "due_at": THEN,
    },
    "patient_message": {
        **HERE,
        "id": "pm1",
        "invitation_id": "i1",
        "kind": "invitation",
        "channel": "email",
        "made_at": THEN,
        "due_at": THEN,
    },
    "person_request": {
        **HERE,
        "id": "q1",
        "kind": "erase",
        "person_id": "p1",
        "asked_by": "s1",
        "asked_at": THEN,
    },
    "raised_rule": {**HERE, "rule": "U3", "at": THEN, "number": 3},
    "tally": {**HERE, "day": date(2026, 1, 31), "subject": "left:skin", "number": 2},
}


def fill(engine: Engine) -> None:
    """Put a row into every table that has none."""
    with engine.begin() as connection:
        for table in Person.metadata.sorted_tables:
            if connection.execute(table.select()).first() is None:
                connection.execute(table.insert(), A_ROW_OF[table.name])


def read_columns(row: ServerTable) -> dict[str, Any]:
    """What stands in a row, by column."""
    return {name: getattr(row, name) for name in row.__table__.columns.keys()}  # noqa: SIM118
