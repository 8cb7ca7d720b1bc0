"""Tables of the people whom a clinic invites, and of what they hand to it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field

from app.store.db.tables.base import (
    ClinicTable,
    clinic_foreign_key,
    row_foreign_key,
    urgency_check,
    word_check,
)

SOURCES = ("invitation", "share", "assisted")
VERSION_KINDS = ("first", "changed", "nurse")


class Person(ClinicTable, table=True):
    """A patient, as the clinic names them: a reference, and a first name or initials.

    `markers` are words for staff alone: interpreter, access needs, safeguarding.
    """

    __tablename__ = "person"
    __table_args__ = (clinic_foreign_key(), UniqueConstraint("clinic_id", "reference_print"))

    id: str = Field(primary_key=True)
    reference_print: str
    reference_sealed: bytes
    name_sealed: bytes
    markers_sealed: bytes | None = None
    made_at: datetime


class Invitation(ClinicTable, table=True):
    """A link and a code for one self-check, good until finished, revoked or expired.

    The link goes on to show its person what became of it, until the submission is forgotten.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        row_foreign_key("person", "person_id"),
        row_foreign_key("staff", "made_by"),
        UniqueConstraint("clinic_id", "token_hash"),
        UniqueConstraint("clinic_id", "idempotency_key"),
        Index("ix_invitation_person", "clinic_id", "person_id"),
        Index("ix_invitation_open", "clinic_id", "finished_at", "expires_at"),
    )

    id: str = Field(primary_key=True)
    person_id: str
    token_hash: str
    code_print: str
    appointment_on: date | None = None
    appointment_kind_sealed: bytes | None = None
    made_by: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    finished_at: datetime | None = None
    idempotency_key: str


class Submission(ClinicTable, table=True):
    """Answers handed to a clinic; what was answered stands in its versions. Never changed."""

    __tablename__ = "submission"
    __table_args__ = (
        clinic_foreign_key(),
        row_foreign_key("invitation", "invitation_id"),
        UniqueConstraint("clinic_id", "arrived"),
        UniqueConstraint("clinic_id", "reference"),
        UniqueConstraint("clinic_id", "invitation_id"),  # an invitation is finished once
        UniqueConstraint("clinic_id", "idempotency_key"),
        word_check("source", SOURCES),
    )

    id: str = Field(primary_key=True)
    arrived: int  # counts up within the clinic; orders by itself, whatever clocks did
    arrived_at: datetime
    reference: str  # what the person is told, to name it on the phone
    source: str
    invitation_id: str | None = None
    taken_by: str | None = None  # who of the staff took the share code or asked the questions
    about: str  # who answered, for whom
    region: str
    idempotency_key: str


class AssessmentVersion(ClinicTable, table=True):
    """Answers as they stood once, and what the rules made of them. Added, never changed.

    `rules` are the ids of the deciding rules, for counting; everything else is in the sealed body.
    """

    __tablename__ = "assessment_version"
    __table_args__ = (
        row_foreign_key("submission", "submission_id"),
        row_foreign_key("staff", "author_id"),
        UniqueConstraint("clinic_id", "submission_id", "number"),
        UniqueConstraint("clinic_id", "idempotency_key"),
        word_check("kind", VERSION_KINDS),
        urgency_check(),
    )

    id: str = Field(primary_key=True)
    submission_id: str
    number: int  # from 1, within the submission
    kind: str
    author_id: str | None = None  # who of the staff; None: the person
    made_at: datetime
    rulebook_version: str
    rulebook_sha256: str
    urgency: int
    rules: list[Any] = Field(sa_type=JSON)
    body_sealed: bytes
    idempotency_key: str
