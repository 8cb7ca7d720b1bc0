"""Tables of the people whom a clinic invites, and of what they hand to it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.db.tables.base import (
    ClinicTable,
    clinic_foreign_key,
    row_foreign_key,
    urgency_check,
    word_check,
)

SOURCES = ("invitation", "share", "assisted")
VERSION_KINDS = ("first", "changed", "nurse")


class Person(ClinicTable):
    """A patient, as the clinic names them: a reference, and a first name or initials.

    `markers` are words for staff alone: interpreter, access needs, safeguarding.
    """

    __tablename__ = "person"
    __table_args__ = (clinic_foreign_key(), UniqueConstraint("clinic_id", "reference_print"))

    id: Mapped[str] = mapped_column(primary_key=True)
    reference_print: Mapped[str]
    reference_sealed: Mapped[bytes]
    name_sealed: Mapped[bytes]
    markers_sealed: Mapped[bytes | None]
    made_at: Mapped[datetime]


class Invitation(ClinicTable):
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

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str]
    token_hash: Mapped[str]
    code_print: Mapped[str]
    appointment_on: Mapped[date | None]
    appointment_kind_sealed: Mapped[bytes | None]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    idempotency_key: Mapped[str]


class Submission(ClinicTable):
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

    id: Mapped[str] = mapped_column(primary_key=True)
    arrived: Mapped[int]  # counts up within the clinic; orders by itself, whatever clocks did
    arrived_at: Mapped[datetime]
    reference: Mapped[str]  # what the person is told, to name it on the phone
    source: Mapped[str]
    invitation_id: Mapped[str | None]
    taken_by: Mapped[str | None]  # who of the staff took the share code or asked the questions
    about: Mapped[str]  # who answered, for whom
    region: Mapped[str]
    idempotency_key: Mapped[str]


class AssessmentVersion(ClinicTable):
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

    id: Mapped[str] = mapped_column(primary_key=True)
    submission_id: Mapped[str]
    number: Mapped[int]  # from 1, within the submission
    kind: Mapped[str]
    author_id: Mapped[str | None]  # who of the staff; None: the person
    made_at: Mapped[datetime]
    rulebook_version: Mapped[str]
    rulebook_sha256: Mapped[str]
    urgency: Mapped[int]
    rules: Mapped[list[Any]] = mapped_column(JSON)
    body_sealed: Mapped[bytes]
    idempotency_key: Mapped[str]
