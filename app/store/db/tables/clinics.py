"""Tables of clinics and of those who work there, and of what is kept of their doings."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index
from sqlmodel import Field

from app.store.db.tables.base import ClinicTable, clinic_foreign_key, row_foreign_key, word_check

ROLES = ("nurse", "lead", "admin", "auditor")


class Clinic(ClinicTable, table=True):
    """A clinic and what it has chosen.

    `opening_hours` holds seven lists, Monday first, of ["09:00", "17:00"]; `closed_days` dates.
    `targets` holds, by level, the minutes to a review that the clinic chose over the rulebook's.
    """

    __tablename__ = "clinic"
    __table_args__ = (word_check("may_lower", ("nurse", "lead")),)

    name: str = Field(unique=True)
    region: str
    time_zone: str
    opening_hours: list[Any] = Field(sa_type=JSON)
    closed_days: list[Any] = Field(sa_type=JSON, default_factory=list)
    targets: dict[str, Any] = Field(sa_type=JSON, default_factory=dict)
    may_lower: str = "nurse"
    second_person_from: int | None = 3  # lowering from this level or above needs two; None: never
    invitation_days: int = 14
    unreviewed_days: int = 30
    reviewed_days: int = 90
    alarm_webhook_sealed: bytes | None = None
    alarm_email_sealed: bytes | None = None
    for_show: bool = False  # holds made-up people only
    made_at: datetime


class RecordKey(ClinicTable, table=True):
    """The wrapped key of one record. Without it, what was sealed for the record is gone."""

    __tablename__ = "record_key"
    __table_args__ = (clinic_foreign_key(),)

    record_id: str = Field(primary_key=True)
    wrapped: bytes


class Staff(ClinicTable, table=True):
    """Someone who works at a clinic. Never deleted, only disabled: decisions name their author."""

    __tablename__ = "staff"
    __table_args__ = (clinic_foreign_key(), word_check("role", ROLES))

    id: str = Field(primary_key=True)
    name: str
    role: str
    email_sealed: bytes
    email_print: str
    password_hash: str | None = None
    totp_sealed: bytes | None = None
    totp_step: int = 0  # the step of the last code taken; a code counts once
    made_at: datetime
    joined_at: datetime | None = None
    disabled_at: datetime | None = None


class StaffInvite(ClinicTable, table=True):
    """A link that lets someone choose a password and a second factor, once."""

    __tablename__ = "staff_invite"
    __table_args__ = (row_foreign_key("staff", "staff_id"),)

    token_hash: str = Field(primary_key=True)
    staff_id: str
    made_by: str  # who of the staff, or "command"
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class RecoveryCode(ClinicTable, table=True):
    """One of the codes that stand in for a lost second factor, each once."""

    __tablename__ = "recovery_code"
    __table_args__ = (row_foreign_key("staff", "staff_id"),)

    staff_id: str = Field(primary_key=True)
    code_print: str = Field(primary_key=True)
    used_at: datetime | None = None


class StaffSession(ClinicTable, table=True):
    """Someone signed in on one browser. Deleted when it ends."""

    __tablename__ = "staff_session"
    __table_args__ = (
        row_foreign_key("staff", "staff_id"),
        word_check("stage", ("factor", "full")),
        Index("ix_staff_session_staff", "clinic_id", "staff_id"),
    )

    token_hash: str = Field(primary_key=True)
    staff_id: str
    stage: str
    browser: str
    started_at: datetime
    seen_at: datetime
    proved_at: datetime | None = None  # when the second factor was last shown


class ChangeCounter(ClinicTable, table=True):
    """How often something changed on the clinic's worklist; open pages watch it."""

    __tablename__ = "doorbell"
    __table_args__ = (clinic_foreign_key(),)

    rung: int


class AuditEntry(ClinicTable, table=True):
    """Who did what, when. The chain of `mac` shows any later change; holds no answers.

    Refers to nothing by a foreign key: it outlives all that it speaks of.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "clinic_id", "subject_kind", "subject_id"),)

    number: int = Field(primary_key=True)
    at: str  # ISO 8601 in UTC: what stands here is what the mac covers
    actor: str
    action: str
    subject_kind: str
    subject_id: str
    place: str
    facts: str  # JSON
    mac: str


class AuditHead(ClinicTable, table=True):
    """The newest entry of a clinic's audit, so that one cut off at the end is missed."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("number >= 0", name="number"),)

    number: int
    mac: str
    seal: str
