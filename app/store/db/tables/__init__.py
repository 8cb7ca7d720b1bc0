"""The tables, all of them. A change here needs a migration; `alembic check` tells."""

from sqlmodel import SQLModel

from app.store.db.tables.base import ClinicTable, ServerTable
from app.store.db.tables.clinics import (
    ROLES,
    AuditEntry,
    AuditHead,
    ChangeCounter,
    Clinic,
    RecordKey,
    RecoveryCode,
    Staff,
    StaffInvite,
    StaffSession,
)
from app.store.db.tables.patients import AssessmentVersion, Invitation, Person, Submission
from app.store.db.tables.reviews import (
    OutboxMessage,
    PersonRequest,
    ReviewEntry,
    Tally,
    WorklistRow,
)
from app.store.db.tables.server import BlindIndexEntry, Bucket, Lease, ServedRulebook, ShareCode

__all__ = [
    "ROLES",
    "AssessmentVersion",
    "AuditEntry",
    "AuditHead",
    "BlindIndexEntry",
    "Bucket",
    "ChangeCounter",
    "Clinic",
    "ClinicTable",
    "Invitation",
    "Lease",
    "OutboxMessage",
    "Person",
    "PersonRequest",
    "RecordKey",
    "RecoveryCode",
    "ReviewEntry",
    "SQLModel",
    "ServedRulebook",
    "ServerTable",
    "ShareCode",
    "Staff",
    "StaffInvite",
    "StaffSession",
    "Submission",
    "Tally",
    "WorklistRow",
]
