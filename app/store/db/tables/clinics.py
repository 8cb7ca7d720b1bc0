"""Tables of clinics and of those who work there, and of what is kept of their doings."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.store.db.tables.base import ClinicTable, clinic_foreign_key, row_foreign_key, word_check

UNREVIEWED_DAYS, REVIEWED_DAYS = 30, 90
"""How long a submission is kept without a review, and after one, unless the clinic says."""
ROLES = ("nurse", "lead", "admin", "auditor")


class Clinic(ClinicTable):
    """A clinic and what it has chosen.

    `opening_hours` holds seven lists, Monday first, of ["09:00", "17:00"]; `closed_days` dates.
    `targets` holds, by level, the minutes to a review that the clinic chose over the rulebook's.
    """

    __tablename__ = "clinic"
    __table_args__ = (word_check("may_lower", ("nurse", "lead")),)

    name: Mapped[str] = mapped_column(unique=True)
    region: Mapped[str]
    time_zone: Mapped[str]
    opening_hours: Mapped[list[Any]] = mapped_column(JSON)
    closed_days: Mapped[list[Any]] = mapped_column(JSON, default=list)
    targets: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    may_lower: Mapped[str] = mapped_column(default="nurse")
    # Lowering from this level or above needs two; None: never.
    second_person_from: Mapped[int | None] = mapped_column(default=3)
    invitation_days: Mapped[int] = mapped_column(default=14)
    unreviewed_days: Mapped[int] = mapped_column(default=UNREVIEWED_DAYS)
    reviewed_days: Mapped[int] = mapped_column(default=REVIEWED_DAYS)
    alarm_webhook_sealed: Mapped[bytes | None]
    alarm_email_sealed: Mapped[bytes | None]
    for_show: Mapped[bool] = mapped_column(default=False)  # holds made-up people only
    made_at: Mapped[datetime]


class RecordKey(ClinicTable):
    """The wrapped key of one record. Without it, what was sealed for the record is gone."""

    __tablename__ = "record_key"
    __table_args__ = (clinic_foreign_key(),)

    record_id: Mapped[str] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes]


class Staff(ClinicTable):
    """Someone who works at a clinic. Never deleted, only disabled: decisions name their author."""

    __tablename__ = "staff"
    __table_args__ = (clinic_foreign_key(), word_check("role", ROLES))

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    email_sealed: Mapped[bytes]
    email_print: Mapped[str]
    password_hash: Mapped[str | None]
    totp_sealed: Mapped[bytes | None]
    totp_step: Mapped[int] = mapped_column(default=0)  # of the last code taken: it counts once
    made_at: Mapped[datetime]
    joined_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class StaffInvite(ClinicTable):
    """A link that lets someone choose a password and a second factor, once."""

    __tablename__ = "staff_invite"
    __table_args__ = (row_foreign_key("staff", "staff_id"),)

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    staff_id: Mapped[str]
    made_by: Mapped[str]  # who of the staff, or "command"
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RecoveryCode(ClinicTable):
    """One of the codes that stand in for a lost second factor, each once."""

    __tablename__ = "recovery_code"
    __table_args__ = (row_foreign_key("staff", "staff_id"),)

    staff_id: Mapped[str] = mapped_column(primary_key=True)
    code_print: Mapped[str] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None]


class StaffSession(ClinicTable):
    """Someone signed in on one browser. Deleted when it ends."""

    __tablename__ = "staff_session"
    __table_args__ = (
        row_foreign_key("staff", "staff_id"),
        word_check("stage", ("factor", "full")),
        Index("ix_staff_session_staff", "clinic_id", "staff_id"),
    )

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    staff_id: Mapped[str]
    stage: Mapped[str]
    browser: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    proved_at: Mapped[datetime | None]  # when the second factor was last shown


class ChangeCounter(ClinicTable):
    """How often something changed on the clinic's worklist; open pages watch it."""

    __tablename__ = "doorbell"
    __table_args__ = (clinic_foreign_key(),)

    rung: Mapped[int]


class AuditEntry(ClinicTable):
    """Who did what, when. The chain of `mac` shows any later change; holds no answers.

    Refers to nothing by a foreign key: it outlives all that it speaks of.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "clinic_id", "subject_kind", "subject_id"),)

    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[str]  # ISO 8601 in UTC: what stands here is what the mac covers
    actor: Mapped[str]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    place: Mapped[str]
    facts: Mapped[str]  # JSON
    mac: Mapped[str]


class AuditHead(ClinicTable):
    """The newest entry of a clinic's audit, so that one cut off at the end is missed."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("number >= 0", name="number"),)

    number: Mapped[int]
    mac: Mapped[str]
    seal: Mapped[str]
