"""Tables of what staff decide about submissions, and of what they see first."""

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from app.store.db.tables.base import (
    ClinicTable,
    clinic_foreign_key,
    row_foreign_key,
    urgency_check,
    word_check,
)

REVIEW_KINDS = (
    "claim",
    "release",
    "hand_over",
    "note",
    "call",
    "identify",
    "agree",
    "raise",
    "lower",
    "second_yes",
    "second_no",
    "close",
    "ask_close",
    "close_yes",
    "close_no",
)
SECOND_PERSON_STATES = ("second_look", "second_close")
"""What waits for a second person: a lowering, or a closing."""
STATES = ("new", "claimed", *SECOND_PERSON_STATES, "closed")
DESTINATION_KINDS = ("webhook", "email")


class ReviewEntry(ClinicTable, table=True):
    """One thing that someone did with a submission. Added, never changed.

    `number` counts within the submission: of two people who write after the same entry, the
    second is refused and learns who was first.
    """

    __tablename__ = "review_entry"
    __table_args__ = (
        row_foreign_key("submission", "submission_id"),
        row_foreign_key("staff", "author_id"),
        row_foreign_key("assessment_version", "version_id"),
        row_foreign_key("staff", "to_staff_id"),
        UniqueConstraint("clinic_id", "submission_id", "number"),
        UniqueConstraint("clinic_id", "idempotency_key"),
        Index("ix_review_entry_at", "clinic_id", "at"),
        Index("ix_review_entry_version", "clinic_id", "version_id"),  # or erasing one reads all
        word_check("kind", REVIEW_KINDS),
        urgency_check(),
    )

    id: str = Field(primary_key=True)
    submission_id: str
    number: int
    kind: str
    author_id: str
    at: datetime
    version_id: str  # the assessment that was looked at
    rulebook_sha256: str
    urgency: int  # the level that counts from here on
    reason: str | None = None  # coded: why lowered
    rule: str | None = None  # the rule whose finding is set aside
    outcome: str | None = None  # of a call, or the disposition that is meant or agreed to
    to_staff_id: str | None = None  # handed over to
    answers_number: int | None = None  # the entry that a second person speaks to
    words_sealed: bytes | None = None
    idempotency_key: str


class WorklistRow(ClinicTable, table=True):
    """A submission as the worklist shows it, kept in step in the transaction of each change.

    Order: `rank` (0 is emergency), `due_at`, `arrived`. `line` holds, sealed, the words shown.
    """

    __tablename__ = "worklist_row"
    __table_args__ = (
        row_foreign_key("submission", "submission_id"),
        row_foreign_key("person", "person_id"),
        row_foreign_key("staff", "owner_id"),
        # Five give the order; by the others, counts and filters need not read the rows.
        Index(
            "ix_worklist_row_order",
            *("clinic_id", "closed", "rank", "due_at", "arrived"),
            *("arrived_at", "first_seen_at", "forget_at", "owner_id", "state"),
        ),
        Index("ix_worklist_row_done", "clinic_id", "closed_at"),
        Index("ix_worklist_row_reference", "clinic_id", "reference_print"),
        Index("ix_worklist_row_person", "clinic_id", "person_id"),
        # Trap: with the clinic first, SQLite would read the worklist by it, and sort all of it.
        Index("ix_worklist_row_forget", "forget_at", "clinic_id"),
        word_check("state", STATES),
    )

    submission_id: str = Field(primary_key=True)
    closed: bool = False
    rank: int
    due_at: datetime
    arrived: int
    arrived_at: datetime
    state: str = "new"
    owner_id: str | None = None
    person_id: str | None = None
    reference_print: str | None = None
    first_seen_at: datetime | None = None
    alarmed_at: datetime | None = None
    waits_since: datetime | None = None  # since when a second person is asked to close it
    closed_at: datetime | None = None
    last_version: int = 1
    last_entry: int = 0
    rulebook_sha256: str
    line_sealed: bytes
    forget_at: datetime


class OutboxMessage(ClinicTable, table=True):
    """An alarm on its way to one place, until the other side took it or it is no longer needed.

    Nothing here is to be sealed: address and reference are read when it is sent. `due_at` is the
    next try, and while one sends it the end of that claim; `id` stays the same on every try.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        row_foreign_key("submission", "submission_id"),
        word_check("kind", DESTINATION_KINDS),
        word_check("ended", ("taken", "stopped")),
        Index("ix_outbox_message_due", "clinic_id", "ended_at", "due_at"),
        Index("ix_outbox_message_submission", "clinic_id", "submission_id"),
    )

    id: str = Field(primary_key=True)
    submission_id: str
    kind: str
    made_at: datetime
    due_at: datetime
    tries: int = 0
    fault: str | None = None  # why the last try failed, in a word
    ended: str | None = None
    ended_at: datetime | None = None


class PersonRequest(ClinicTable, table=True):
    """A wish to export or erase all of a person, which a second member of staff must agree to.

    No foreign key to the person: the row tells of it after the person is gone.
    """

    __tablename__ = "person_request"
    __table_args__ = (
        row_foreign_key("staff", "asked_by"),
        row_foreign_key("staff", "answered_by"),
        word_check("kind", ("export", "erase")),
    )

    id: str = Field(primary_key=True)
    kind: str
    person_id: str
    asked_by: str
    asked_at: datetime
    answered_by: str | None = None
    answered_at: datetime | None = None
    agreed: bool | None = None
    done_at: datetime | None = None


class Tally(ClinicTable, table=True):
    """How often something happened on a day, such as a question left unanswered."""

    __tablename__ = "tally"
    __table_args__ = (clinic_foreign_key(),)

    day: date = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    number: int
