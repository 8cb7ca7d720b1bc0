"""The tables of the server, of clinics and of those who work there, and what all tables share.

Times come in and go out with their zone, kept in UTC. A column that ends in `_sealed` holds what
app/store/db/encryption.py made of a text; one that ends in `_hash` or `_print` a hash of something
that must not stand in clear. No row of a `ServerTable` tells of a person without the keys. A
change here needs a migration; `alembic check` tells.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKeyConstraint, Index, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

UNREVIEWED_DAYS, REVIEWED_DAYS = 30, 90
"""How long a submission is kept without a review, and after one, unless the clinic says."""
ROLES = ("nurse", "lead", "admin", "auditor")

# Without fixed names a migration could not name, and so not drop, a constraint again.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class ServerTable(DeclarativeBase):
    """A table of the whole server, whose columns are typed both on the class and on a row."""

    metadata = SQLModel.metadata
    # SQLAlchemy reads a plain dict here, once, when a class of tables is made; nobody changes it.
    type_annotation_map = {str: AutoString(), datetime: UTCDateTime()}  # noqa: RUF012


class ClinicTable(ServerTable):
    """A table of clinic data: the clinic leads its key. Only a Scope reads or writes it."""

    __abstract__ = True

    clinic_id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)


def clinic_foreign_key() -> ForeignKeyConstraint:
    """The clinic is one that we know."""
    return ForeignKeyConstraint(["clinic_id"], ["clinic.clinic_id"])


def row_foreign_key(table: str, column: str) -> ForeignKeyConstraint:
    """The column names a row of that table, of the same clinic."""
    return ForeignKeyConstraint(["clinic_id", column], [f"{table}.clinic_id", f"{table}.id"])


def word_check(column: str, words: Iterable[str]) -> CheckConstraint:
    """The column holds one of these words."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def urgency_check() -> CheckConstraint:
    """The column `urgency` holds a level from 0, self_care, to 4, emergency."""
    return CheckConstraint("urgency BETWEEN 0 AND 4", name="urgency")


class Clinic(ClinicTable):
    """A clinic and what it has chosen.

    `opening_hours` holds seven lists, Monday first, of ["09:00", "17:00"]; `closed_days` dates.
    `targets` holds, by level, the minutes to a review that the clinic chose over the rulebook's.
    `closed_reasons` says why, by closed day; `holidays_checked` holds, by year, what was proposed
    as public holidays when someone went through them.
    """

    __tablename__ = "clinic"
    __table_args__ = (word_check("may_lower", ("nurse", "lead")),)

    name: Mapped[str] = mapped_column(unique=True)
    region: Mapped[str]
    time_zone: Mapped[str]
    telephone: Mapped[str | None]  # as patients read it
    address: Mapped[str | None]  # lines
    date_order: Mapped[str] = mapped_column(default="day_first", server_default="day_first")
    opening_hours: Mapped[list[Any]] = mapped_column(JSON)
    closed_days: Mapped[list[Any]] = mapped_column(JSON, default=list)
    closed_reasons: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    holiday_area: Mapped[str | None]
    holidays_checked: Mapped[dict[str, Any] | None] = mapped_column(JSON)
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
    # Whether it writes to people whom it invites, and how many days before a visit once more.
    sends_messages: Mapped[bool] = mapped_column(default=False, server_default=false())
    reminder_days: Mapped[int | None]
    message_webhook_sealed: Mapped[bytes | None]  # its own service for text messages


class IdentityProvider(ClinicTable):
    """Where a clinic's staff sign in elsewhere. `roles` holds the group of each role."""

    __tablename__ = "identity_provider"
    __table_args__ = (clinic_foreign_key(),)

    issuer: Mapped[str]
    client_id: Mapped[str]
    client_secret_sealed: Mapped[bytes]
    groups_claim: Mapped[str]
    roles: Mapped[dict[str, Any]] = mapped_column(JSON)


class RecordKey(ClinicTable):
    """The wrapped key of one record. Without it, what was sealed for the record is gone."""

    __tablename__ = "record_key"
    __table_args__ = (clinic_foreign_key(),)

    record_id: Mapped[str] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes]


class Staff(ClinicTable):
    """Someone who works at a clinic. Never deleted, only disabled: decisions name their author."""

    __tablename__ = "staff"
    __table_args__ = (
        clinic_foreign_key(),
        word_check("role", ROLES),
        Index("ix_staff_subject", "clinic_id", "subject_print", unique=True),
    )

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
    subject_print: Mapped[str | None]  # whom the clinic's identity provider means by this row


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
    refresh_sealed: Mapped[bytes | None]  # by which the identity provider is asked again
    confirmed_at: Mapped[datetime | None]  # when that provider last said yes; None: local


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


class ClinicText(ClinicTable):
    """A text of the clinic's own that a nurse can begin with. For one outcome, or for any."""

    __tablename__ = "clinic_text"
    __table_args__ = (row_foreign_key("staff", "changed_by"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str]
    outcome: Mapped[str | None]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class ServedRulebook(ServerTable):
    """A rulebook that this server has answered with, and since when."""

    __tablename__ = "served_rulebook"

    version: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    first_served_at: Mapped[datetime]


class BlindIndexEntry(ServerTable):
    """Where a word typed outside any clinic leads: a sign-in name or an invitation's code.

    It names a clinic and a record there; what that record is worth, the clinic's tables say.
    """

    __tablename__ = "signpost"
    __table_args__ = (word_check("kind", ("staff", "code")),)

    word_print: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    leads_to_clinic: Mapped[str]
    record_id: Mapped[str]


class ShareCode(ServerTable):
    """A self-check that a person wants to hand to a clinic; which one is not known yet.

    It carries its own wrapped key, since it belongs to no clinic before it is taken.
    """

    __tablename__ = "share_code"

    code_print: Mapped[str] = mapped_column(primary_key=True)
    wrapped_key: Mapped[bytes]
    answers_sealed: Mapped[bytes]
    region: Mapped[str]
    rulebook_version: Mapped[str]
    rulebook_sha256: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    taken_at: Mapped[datetime | None]


class Bucket(ServerTable):
    """A bucket of tokens that fills up evenly, told by the moment at which it is full again."""

    __tablename__ = "bucket"

    key_hash: Mapped[str] = mapped_column(primary_key=True)
    full_at: Mapped[int] = mapped_column(BigInteger, index=True)  # microseconds since 1970


class Lease(ServerTable):
    """Which server does a recurring job now, so that no two do it at once."""

    __tablename__ = "lease"

    job: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]


class Withdrawal(ServerTable):
    """That a rulebook gives no advice any more, or that the checker is closed to everybody.

    `rulebook_version`: None where it is the whole checker. What was withdrawn stays a row.
    """

    __tablename__ = "withdrawal"

    id: Mapped[str] = mapped_column(primary_key=True)
    rulebook_version: Mapped[str | None]
    reason: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    ended_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
