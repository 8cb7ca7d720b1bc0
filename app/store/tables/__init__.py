"""The tables, all of them. A change here needs a migration; `alembic check` tells."""

from sqlmodel import SQLModel

from app.store.tables.base import ClinicTable
from app.store.tables.clinics import (
    ROLES,
    AuditEntry,
    AuditHead,
    Clinic,
    Doorbell,
    RecordKey,
    RecoveryCode,
    Staff,
    StaffInvite,
    StaffSession,
)
from app.store.tables.patients import AssessmentVersion, Invitation, Person, Submission
from app.store.tables.reviews import (
    OutboxMessage,
    PersonRequest,
    ReviewEntry,
    Tally,
    WorklistRow,
)
from app.store.tables.server import Bucket, Lease, ServedRulebook, ShareCode, Signpost

__all__ = [
    "ROLES",
    "AssessmentVersion",
    "AuditEntry",
    "AuditHead",
    "Bucket",
    "Clinic",
    "ClinicTable",
    "Doorbell",
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
    "ShareCode",
    "Signpost",
    "Staff",
    "StaffInvite",
    "StaffSession",
    "Submission",
    "Tally",
    "WorklistRow",
]
